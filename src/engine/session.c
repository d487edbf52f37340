/* SPDX-License-Identifier: Apache-2.0 */
/* Session: life cycle, packets of both sides. */
#include "engine/session_private.h"

#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"

static const char *const call_state_names[CALL_STATE_COUNT] = {
    [CALL_NONE] = "idle",       [CALL_RELAYED] = "on-source", [CALL_WAIT_INTENT] = "journal", [CALL_WAIT_FENCE] = "fence",
    [CALL_WAIT_LEASE] = "pool", [CALL_SERVING] = "on-target", [CALL_HELD] = "held",           [CALL_PREPARING] = "preparing",
};

void session_close_later(struct session *s, uint32_t id)
{
    if (s->pending_close_count == LIMIT_CURSORS) return; /* more than can be open: a client that closes what it never had */
    if (s->pending_close_count == s->pending_close_room) {
        s->pending_close_room = s->pending_close_room ? s->pending_close_room * 2 : 32;
        s->pending_close = memory_resize(s->pending_close, s->pending_close_room * sizeof *s->pending_close);
    }
    s->pending_close[s->pending_close_count++] = id;
}

static void session_cursor_free(void *owner)
{
    struct session_cursor *cursor = owner;
    if (cursor->session && cursor->session->capture_cursor == cursor) session_capture_end(cursor->session, false, false);
    if (cursor->target.held) pg_result_free(&cursor->target.result);
    struct session *s = cursor->session;
    /* A target-parsed cursor that also stands on the source under another id. */
    if (cursor->source_id && s && s->source_open) session_close_later(s, cursor->source_id);
    memory_free(cursor);
}

struct session *session_new(struct engine *engine, uint64_t id, struct statement_cache *statements,
                            const struct session_environment *environment, void *context)
{
    struct session *s = memory_zero(1, sizeof *s);
    s->engine = engine;
    s->id = id;
    s->statements = statements;
    s->environment = environment;
    s->context = context;
    const struct wire_limits *limits = engine->options.wire_limits ? engine->options.wire_limits : &wire_limits_default;
    s->tap = wire_tap_new(limits, &session_reply_events, s, session_cursor_free);
    s->wire = wire_tap_session(s->tap);
    s->cursors = wire_tap_cursors(s->tap);
    buffer_init(&s->raw, limits->call_max + limits->packet_max); /* one that is over its limit, with the packet that made it so */
    buffer_init(&s->pending_piggybacks, 64 * 1024);
    buffer_init(&s->output, 0);
    buffer_init(&s->packets, 0);
    buffer_init(&s->record, 0);
    buffer_init(&s->mapped_reply, 0);
    buffer_init(&s->tx.log, limits->call_max);
    arena_init(&s->call.arena, 0);
    capture_init(&s->capture, engine->options.capture_max);
    s->hidden_cursors = wire_cursor_table_new(limits->cursor_max, NULL);
    atomic_fetch_add_explicit(&engine->sessions, 1, memory_order_relaxed);
    engine_count(engine, COUNT_SESSIONS_OPENED, 1);
    return s;
}

static void release_outstanding(struct session *s)
{
    while (s->outstanding) {
        struct target_call *call = s->outstanding;
        s->outstanding = call->next;
        call->session = NULL; /* its result, when it comes, finds nobody and frees it */
        call->next = NULL;
        call->link = NULL;
    }
}

void session_free(struct session *s)
{
    if (!s) return;
    session_capture_end(s, false, true);
    session_target_abandon(s);
    release_outstanding(s);
    if (s->call.state == CALL_WAIT_LEASE) s->environment->target_cancel_lease(s->context);
    if (s->lease) s->environment->target_return(s->context, s->lease, s->lease_exclusive, s->lease_exclusive);
    session_transaction_end(s);
    session_lobs_release(s);
    s->source_open = false;
    wire_tap_free(s->tap);
    wire_server_login_free(s->login);
    wire_reply_decoder_free(s->hidden_decoder);
    wire_cursor_table_free(s->hidden_cursors);
    row_maps_free(s->row_maps);
    buffer_release(&s->raw);
    buffer_release(&s->pending_piggybacks);
    memory_free(s->pending_close);
    buffer_release(&s->output);
    buffer_release(&s->packets);
    buffer_release(&s->record);
    buffer_release(&s->mapped_reply);
    buffer_release(&s->tx.log);
    arena_release(&s->call.arena);
    capture_release(&s->capture);
    atomic_fetch_sub_explicit(&s->engine->sessions, 1, memory_order_relaxed);
    engine_count(s->engine, COUNT_SESSIONS_CLOSED, 1);
    memory_free(s);
}

uint64_t session_now(const struct session *s)
{
    return s->environment->now_us(s->context);
}

void session_send(struct session *s, enum session_peer peer, struct view bytes)
{
    if (bytes.size == 0) return;
    if (peer == PEER_CLIENT && s->client_gone) return;
    if (peer == PEER_SOURCE && !s->source_open) return;
    s->environment->send(s->context, peer, bytes);
}

/*
 * Nothing of a session that ends may stay undecided. A commit under way: nobody will hear of it, the mirror asks the rows themselves. One that waits for its intent on
 * the target was not sent and will not be: left unknown it would be waited for in the stream, and the journal kept, until the roles change.
 */
static void settle(struct session *s)
{
    bool unsent = s->call.state == CALL_WAIT_INTENT && s->tx.side == SIDE_TARGET;
    if (s->tx.csn)
        session_outcome(s, unsent ? JOURNAL_ROLLED_BACK : JOURNAL_UNKNOWN);
    else if (s->tx.open)
        session_transaction_abort(s);
}

void session_end(struct session *s)
{
    if (s->closing) return;
    s->closing = true;
    settle(s);
    s->environment->close(s->context, PEER_SOURCE);
    s->environment->close(s->context, PEER_CLIENT);
}

/* ---- calls ---- */

static void begin_call(struct session *s)
{
    struct call *call = &s->call;
    struct arena arena = call->arena;
    arena_reset(&arena);
    uint64_t number = call->number + 1;
    memset(call, 0, sizeof *call);
    call->arena = arena;
    call->number = number;
    call->started_us = session_now(s);
    s->calls++;
    engine_count(s->engine, COUNT_CALLS, 1);
    session_classify(s);
    session_route(s);
}

static void answer_late_break(struct session *s);

void session_finish_call(struct session *s)
{
    struct call *call = &s->call;
    call->state = CALL_NONE;
    call->cursor = NULL;
    call->wire_cursor = NULL;
    buffer_clear(&s->raw);
    if (!s->tx.open) session_transaction_end(s);
    bool broken = call->break_due; /* it was answered here, and its answer is on its way */
    call->break_due = false;
    if (broken) answer_late_break(s);
    const struct wire_request *request = wire_tap_request(s->tap);
    if (request && request->function == WIRE_FN_LOGOFF && !s->source_open) session_end(s);
}

/* ---- packets of the client ---- */

/* Break and reset, which the client answers with a reset. */
static void break_off(struct session *s)
{
    buffer_clear(&s->packets);
    wire_packet_write_marker(&s->packets, s->wire->large, WIRE_MARKER_BREAK);
    wire_packet_write_marker(&s->packets, s->wire->large, WIRE_MARKER_RESET);
    session_send(s, PEER_CLIENT, buffer_view(&s->packets));
    buffer_clear(&s->packets);
    s->reset_due = true;
}

/* A break for which there is no call any more: the same exchange, as the source would do it, and its end. */
static void answer_late_break(struct session *s)
{
    struct buffer framed;
    break_off(s);
    wire_error_write(s->wire, 1013, "ORA-01013: user requested cancel of current operation\n", 0, 0, s->tx.open, 0, &s->packets);
    buffer_init(&framed, 0);
    wire_packet_write_data(&framed, buffer_view(&s->packets), s->wire->large, s->wire->sdu, 0);
    session_send(s, PEER_CLIENT, buffer_view(&framed));
    buffer_release(&framed);
    buffer_clear(&s->packets);
}

void session_break_forward(struct session *s)
{
    if (!s->call.break_due) return;
    s->call.break_due = false;
    buffer_clear(&s->packets);
    wire_packet_write_marker(&s->packets, s->wire->large, WIRE_MARKER_INTERRUPT);
    session_send(s, PEER_SOURCE, buffer_view(&s->packets));
    buffer_clear(&s->packets);
}

static void client_marker(struct session *s, struct wire_packet *packet)
{
    bool reset = packet->payload.size >= 3 && packet->payload.data[2] == WIRE_MARKER_RESET;
    (void)wire_tap_client(s->tap, packet);
    if (reset && s->reset_due) {
        s->reset_due = false;
        return;
    }
    switch (s->call.state) {
    case CALL_RELAYED:
    case CALL_NONE:
        if (s->source_open) {
            session_send(s, PEER_SOURCE, view_of(packet->bytes, packet->size));
            return;
        }
        break;
    case CALL_PREPARING:
    case CALL_WAIT_INTENT: s->call.break_due = s->call.break_due || !reset; return; /* the call goes on, and the break follows it */
    default: break;
    }
    if (reset) return; /* the client's half of the reset */
    if (s->call.state == CALL_NONE) {
        answer_late_break(s);
        return;
    }
    break_off(s);
    if (s->call.state == CALL_SERVING) {
        session_target_cancel(s);
    } else {
        struct error error;
        error_set(&error, ERROR_CANCELLED, "user requested cancel of current operation");
        session_target_failed(s, &error);
    }
}

/* An end of file, also in the middle of a call: then it alone goes on, and only behind what was sent; what waits here goes its own way. */
static void client_goodbye(struct session *s, size_t at)
{
    bool waits = s->call.state != CALL_NONE && s->call.state != CALL_RELAYED;
    struct view packet = view_of(s->raw.data + s->raw.start + at, buffer_size(&s->raw) - at);
    if (!waits) session_send(s, PEER_SOURCE, packet);
    s->raw.end -= packet.size;
    if (!s->source_open) session_end(s);
}

static void ready_packet(struct session *s, struct wire_packet *packet)
{
    s->reset_due = false;
    if (buffer_size(&s->raw) + packet->size > s->wire->limits.call_max && !wire_tap_request(s->tap)) session_unread_too_long(s);
    struct wire_packet copy = *packet;
    size_t at = buffer_size(&s->raw), head = (size_t)(packet->payload.data - packet->bytes);
    buffer_append(&s->raw, packet->bytes, packet->size);
    if (s->raw.failed) {
        LOG(LOG_ERROR, "session.limit", log_u64("session", s->id), log_text("limit", "CALL_BYTES"));
        session_end(s);
        return;
    }
    copy.bytes = s->raw.data + s->raw.start + at;
    copy.payload.data = copy.bytes + head;
    switch (wire_tap_client(s->tap, &copy)) {
    case WIRE_TAP_PART: session_unread_part(s); return;
    case WIRE_TAP_REQUEST: begin_call(s); return;
    case WIRE_TAP_OPAQUE: session_unread_request(s); return;
    case WIRE_TAP_EOF: client_goodbye(s, at); return;
    default:
        session_send(s, PEER_SOURCE, buffer_view(&s->raw));
        buffer_clear(&s->raw);
        return;
    }
}

static void client_packet(struct session *s, struct wire_packet *packet)
{
    if (packet->type == WIRE_MARKER && s->logged_in) {
        client_marker(s, packet);
        return;
    }
    if (s->logged_in) {
        ready_packet(s, packet);
        return;
    }
    s->login_bytes += packet->size;
    if (s->login_bytes > LIMIT_LOGIN_BYTES) {
        LOG(LOG_WARNING, "session.limit", log_u64("session", s->id), log_text("limit", "LOGIN_BYTES"));
        session_end(s);
        return;
    }
    if (session_refuse_encryption(s, packet)) return;
    (void)wire_tap_client(s->tap, packet);
    session_send(s, PEER_SOURCE, view_of(packet->bytes, packet->size));
    session_unread_login(s);
}

bool session_logged_in(const struct session *s)
{
    return s->logged_in;
}

bool session_wants_client_input(const struct session *s)
{
    return !s->closing && (s->server_mode || s->source_open) && s->call.state == CALL_NONE;
}

size_t session_client_input(struct session *s, uint8_t *bytes, size_t size)
{
    size_t used = 0;
    const struct wire_limits *limits = &s->wire->limits;
    while (used < size && !s->closing) {
        if (s->login) {
            used += session_server_login(s, bytes + used, size - used);
            if (s->login) break;
            continue;
        }
        if (!s->source_open && !s->server_mode) break;
        struct wire_packet packet;
        enum wire_status status = wire_packet_next(bytes + used, size - used, s->wire->large, limits->packet_max, &packet);
        if (status == WIRE_NEED_MORE) break;
        if (status != WIRE_DECODED) {
            LOG(LOG_WARNING, "session.malformed", log_u64("session", s->id), log_text("side", "client"), log_text("what", "packet"));
            session_end(s);
            break;
        }
        bool end = packet.type == WIRE_DATA && (packet.data_flags & WIRE_DATA_EOF);
        bool turn = s->call.state == CALL_RELAYED && wire_tap_client_turn(s->tap); /* the server asked for the rest of the out binds */
        if (s->call.state != CALL_NONE && packet.type != WIRE_MARKER && !end && !turn) break; /* half duplex: it waits for the answer */
        if (turn) {
            used += packet.size;
            (void)wire_tap_client(s->tap, &packet);
            session_send(s, PEER_SOURCE, view_of(packet.bytes, packet.size));
            continue;
        }
        used += packet.size;
        client_packet(s, &packet);
    }
    return used;
}

/* ---- packets of the source ---- */

static void source_packet(struct session *s, struct wire_packet *packet)
{
    if (session_source_data(s, packet)) return;
    enum wire_tap_event event = wire_tap_server(s->tap, packet);
    if (packet->type == WIRE_DATA) session_unread_answered(s);
    session_unread_login(s);
    if (event == WIRE_TAP_LOGGED_IN) {
        s->logged_in = true;
        snprintf(s->schema, sizeof s->schema, "%.128s", s->wire->user);
        session_settings_alter(s, view_text(wire_tap_login(s->tap)->alter_session));
        LOG(LOG_INFO, "session.logged_in", log_u64("session", s->id), log_text("user", s->wire->user), log_text("driver", s->wire->driver),
            log_u64("field_version", s->wire->field_version));
    }
    if (event == WIRE_TAP_REPLY_END && s->call.state == CALL_RELAYED) {
        session_reply_over(s);
        session_send(s, PEER_CLIENT, view_of(packet->bytes, packet->size));
        session_finish_call(s);
        return;
    }
    if (event == WIRE_TAP_OPAQUE && s->call.state == CALL_RELAYED) {
        session_unread_reply(s);
        session_finish_call(s); /* the tap resynchronises at the next request, which must not be sent together with this one */
    }
    session_send(s, PEER_CLIENT, view_of(packet->bytes, packet->size));
}

size_t session_source_input(struct session *s, uint8_t *bytes, size_t size)
{
    size_t used = 0;
    while (used < size && !s->closing) {
        struct wire_packet packet;
        enum wire_status status = wire_packet_next(bytes + used, size - used, s->wire->large, s->wire->limits.packet_max, &packet);
        if (status == WIRE_NEED_MORE) break;
        if (status != WIRE_DECODED) {
            LOG(LOG_ERROR, "session.malformed", log_u64("session", s->id), log_text("side", "source"), log_text("what", "packet"));
            session_end(s);
            break;
        }
        used += packet.size;
        source_packet(s, &packet);
    }
    return used;
}

/* ---- ends and events ---- */

void session_client_closed(struct session *s, const struct error *why)
{
    (void)why;
    s->client_gone = true;
    settle(s);
    s->closing = true;
}

void session_source_opened(struct session *s)
{
    s->source_open = true;
    s->source_opening = false;
}

void session_source_closed(struct session *s, const struct error *why)
{
    bool was_open = s->source_open;
    s->source_open = false;
    s->source_opening = false;
    const struct engine_policy *policy = engine_policy(s->engine);
    if (!s->logged_in) {
        if (!was_open && session_enter_server_mode(s)) return;
        if (!was_open) {
            buffer_clear(&s->packets);
            wire_refuse_write(&s->packets, 12541, "TNS:no listener (the source cannot be reached)");
            session_send(s, PEER_CLIENT, buffer_view(&s->packets));
        }
        session_end(s);
        return;
    }
    if (s->call.state == CALL_RELAYED) session_outcome(s, JOURNAL_UNKNOWN);
    if (policy->primary == SIDE_TARGET && s->call.state != CALL_RELAYED && s->call.state != CALL_PREPARING) {
        s->server_mode = true; /* the session lives on without Oracle */
        LOG(LOG_INFO, "session.source_gone", log_u64("session", s->id));
        return;
    }
    const struct wire_request *last = wire_tap_request(s->tap);
    bool goodbye = last && last->function == WIRE_FN_LOGOFF; /* then the source closes, as it should */
    LOG(goodbye ? LOG_DEBUG : LOG_WARNING, "session.source_lost", log_u64("session", s->id), log_text("why", why ? why->text : ""));
    session_end(s); /* the client sees what Oracle would show: the connection is gone */
}

void session_journal_done(struct session *s, uint64_t csn, bool refused)
{
    if (s->call.state != CALL_WAIT_INTENT || s->tx.csn != csn) return;
    if (refused) engine_count(s->engine, COUNT_GAPS, 1); /* the journal keeps the gap; the client goes on (I1) */
    s->call.intent_sent = true;
    const struct engine_policy *policy = engine_policy(s->engine);
    if (s->tx.side == SIDE_TARGET && (policy->target_down || policy->primary == SIDE_SOURCE)) {
        session_target_lost(s, JOURNAL_ROLLED_BACK); /* not sent, and never will be */
        session_route(s);
        return;
    }
    if (s->tx.side == SIDE_TARGET)
        session_after_intent_target(s);
    else
        session_relay(s);
}

void session_policy_changed(struct session *s)
{
    const struct engine_policy *policy = engine_policy(s->engine);
    if (!policy->source_attached && s->source_open && s->call.state == CALL_NONE && s->logged_in) {
        s->source_open = false;
        s->server_mode = true;
        s->environment->close(s->context, PEER_SOURCE);
    }
    if (s->server_mode && s->logged_in && policy->primary == SIDE_SOURCE) { /* it has no connection to go back to */
        session_end(s);
        return;
    }
    bool lost = s->tx.counted && s->tx.side == SIDE_TARGET && (policy->target_down || policy->primary == SIDE_SOURCE);
    if (lost && s->lease) session_lease_lost(s, s->lease); /* a connection to a target that is out of reach may look well for long */
    if (policy->target_down && (s->call.state == CALL_SERVING || s->call.state == CALL_WAIT_LEASE)) {
        struct error error;
        error_set(&error, ERROR_TARGET_LOST, "the target was given up");
        session_target_failed(s, &error);
    }
    if (s->call.state == CALL_HELD)
        session_route(s);
    else if (s->call.state == CALL_WAIT_FENCE)
        session_applied(s);
    else if (lost && s->call.state == CALL_NONE && policy->primary == SIDE_SOURCE)
        session_replay_idle(s);
}

void session_tick(struct session *s)
{
    if (s->call.state == CALL_HELD) session_route(s); /* looks again */
    if (s->call.state != CALL_WAIT_FENCE) return;
    uint64_t now = session_now(s), until = s->call.sent_us + s->engine->options.fence_wait_us;
    if (now < until) { /* a timer may be early by its grain; nobody else would wake this call if the mirror stands still */
        s->environment->wake_after(s->context, until - now);
        return;
    }
    engine_count(s->engine, COUNT_FENCE_TIMEOUTS, 1);
    s->call.fallback = true;
    session_relay(s);
}

void session_applied(struct session *s)
{
    if (s->call.state != CALL_WAIT_FENCE) return;
    if (engine_policy(s->engine)->primary == SIDE_SOURCE && atomic_load(&s->engine->applied) < s->call.fence) {
        s->environment->wait_applied(s->context);
        return;
    }
    session_serve(s);
}

void session_describe(const struct session *s, struct session_view *out)
{
    memset(out, 0, sizeof *out);
    out->id = s->id;
    snprintf(out->user, sizeof out->user, "%.63s", s->wire->user);
    snprintf(out->program, sizeof out->program, "%.63s", s->wire->program);
    snprintf(out->state, sizeof out->state, "%s", call_state_names[s->call.state]);
    snprintf(out->last_side, sizeof out->last_side, "%s", s->last_side == SIDE_TARGET ? "target" : "source");
    if (s->call.statement)
        snprintf(out->statement, sizeof out->statement, "%.199s",
                 s->call.statement->fingerprint ? s->call.statement->fingerprint->text : "");
    out->transaction_open = s->tx.open;
    out->transaction_since_us = s->tx.open ? s->tx.since_us : 0;
    out->calls = s->calls;
}
