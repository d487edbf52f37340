/* SPDX-License-Identifier: Apache-2.0 */
#include "control/override.h"

#include "base/log.h"
#include "pg/connection.h"

/* The target itself says whether it can run the operator's text, before any client's statement depends on it. */
bool override_prepare(struct daemon *daemon, const char *target, struct error *error)
{
    struct pg *pg = pg_connect(daemon->config.engine.target_conninfo, 3000, error);
    if (!pg) return false;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_text(&text, "SET search_path = ");
    pg_quote_identifier(&text, daemon->config.engine.target_schema);
    buffer_append_text(&text,
                       ", public; SET default_transaction_read_only = on"); /* a second statement after a semicolon must not run here */
    buffer_u8(&text, 0);
    bool good = pg_run(pg, (const char *)buffer_view(&text).data, NULL, error);
    buffer_clear(&text);
    buffer_append_text(&text, "PREPARE understudy_override AS ");
    buffer_append_text(&text, target);
    buffer_u8(&text, 0);
    good = good && pg_run(pg, (const char *)buffer_view(&text).data, NULL, error);
    buffer_release(&text);
    pg_close(pg);
    return good;
}

static bool is_good(void *context, const struct statement_override *override)
{
    struct error error = {0};
    if (override_prepare(context, override->target_text, &error)) return true;
    LOG(LOG_ERROR, "override.refused", log_id("fingerprint", override->fingerprint), log_failure(&error));
    return false;
}

bool override_reload(struct daemon *daemon, struct error *error)
{
    return statements_overrides_reload(daemon->engine.statements, daemon->config.engine.overrides_file, is_good, daemon, error);
}
