/* SPDX-License-Identifier: Apache-2.0 */
/* Server mode: the source is detached, so we answer the handshake and check passwords against the verifiers in the state store. */
#include "engine/session_private.h"

#include "base/log.h"
#include "base/random.h"

static bool find_user(void *context, struct view user, struct wire_verifier *out, bool *locked)
{
    struct session *s = context;
    char name[WIRE_NAME_MAX], spare4[600];
    if (user.size >= sizeof name) return false;
    memcpy(name, user.data, user.size);
    name[user.size] = 0;
    return state_user_get(s->engine->state, name, spare4, sizeof spare4, locked) && wire_verifier_from_spare4(view_text(spare4), out);
}

static bool know_service(void *context, struct view service)
{
    struct session *s = context;
    return service.size == 0 || view_equal_ignoring_case(service, view_text(s->engine->options.source_service));
}

bool session_enter_server_mode(struct session *s)
{
    const struct engine_policy *policy = engine_policy(s->engine);
    if (policy->primary != SIDE_TARGET || state_user_count(s->engine->state) == 0) return false;
    struct wire_server_login_options options = {
        .version_max = 318,
        .version_text = "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production",
        .version_number = 0x13030000,
        .database_name = s->engine->options.source_service,
        .instance_name = s->engine->options.source_service,
        .service_known = know_service,
        .user_find = find_user,
        .context = s,
        .session_id = (uint32_t)(s->id & 0xFFFF),
        .serial = (uint32_t)(s->id >> 16 & 0xFFFF) + 1,
    };
    memcpy(options.fake_seed, s->engine->fake_seed, sizeof options.fake_seed);
    s->login = wire_server_login_new(&options, &s->wire->limits);
    s->server_mode = true;
    return true;
}

size_t session_server_login(struct session *s, uint8_t *bytes, size_t size)
{
    size_t used = 0;
    struct error error = {0};
    buffer_clear(&s->output);
    enum wire_login_state state = wire_server_login_feed(s->login, bytes, size, &used, &s->output, &error);
    session_send(s, PEER_CLIENT, buffer_view(&s->output));
    buffer_clear(&s->output);
    if (state == WIRE_LOGIN_DONE) {
        wire_tap_adopt(s->tap, wire_server_login_session(s->login), wire_server_login_info(s->login));
        s->wire = wire_tap_session(s->tap);
        s->cursors = wire_tap_cursors(s->tap);
        snprintf(s->schema, sizeof s->schema, "%.128s", s->wire->user);
        s->logged_in = true;
        session_settings_alter(s, view_text(wire_tap_login(s->tap)->alter_session));
        LOG(LOG_INFO, "session.logged_in", log_u64("session", s->id), log_text("user", s->wire->user), log_text("driver", s->wire->driver),
            log_text("mode", "server"));
        wire_server_login_free(s->login);
        s->login = NULL;
    } else if (state == WIRE_LOGIN_REFUSED) {
        LOG(LOG_WARNING, "session.refused", log_u64("session", s->id), log_text("why", error.text));
        s->closing = true;
        s->environment->close(s->context, PEER_CLIENT);
    }
    return used;
}
