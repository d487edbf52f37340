/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that could not be read: they are forwarded, and what they may have changed is a gap. A gap is written when the call is sent, so that
 * the gate closes at once, when it is answered, and again when its transaction is over, because a verify before that would not have seen the change.
 */
#include "engine/session_private.h"

#include "base/log.h"

static void remember_table(struct unread *unread, const char *name)
{
    for (uint32_t i = 0; i < unread->table_count; i++)
        if (strcmp(unread->tables[i], name) == 0) return;
    if (unread->table_count == UNREAD_TABLES_MAX) {
        unread->all = true;
        return;
    }
    snprintf(unread->tables[unread->table_count++], sizeof unread->tables[0], "%.128s", name);
}

/* The tables that a statement writes, if its text is known and says it. */
static void remember_plan(struct unread *unread, const struct sql_plan *plan)
{
    bool any = false;
    unread->any = true;
    for (uint32_t i = 0; plan && plan->class_ != SQL_CLASS_OPAQUE && i < plan->table_count; i++) {
        if (!plan->tables[i].written || !plan->tables[i].table) continue;
        any = true;
        remember_table(unread, plan->tables[i].table->name);
    }
    if (!any) unread->all = true;
}

static void write_gaps(struct session *s, const struct unread *unread, const char *reason)
{
    if (unread->all) engine_gap(s->engine, NULL, reason);
    for (uint32_t i = 0; !unread->all && i < unread->table_count; i++) engine_gap(s->engine, unread->tables[i], reason);
}

/* A call whose function is known to change nothing, whatever else stands in it. */
static bool changes_nothing(const struct wire_request *request, const struct sql_plan *plan)
{
    if (request->function == WIRE_FN_FETCH || request->function == WIRE_FN_PING || request->function == WIRE_FN_VERSION) return true;
    return plan && plan->kind == SQL_SELECT && !plan->for_update && !request->execute.commit;
}

static void remember_request(struct session *s)
{
    const struct wire_request *request = wire_tap_request(s->tap);
    const struct sql_plan *plan = NULL;
    if (request && request->execute.sql.size) {
        struct statement *statement = statement_of(s->statements, request->execute.sql, s->schema);
        plan = statement ? statement_plan(statement) : NULL;
    }
    if (request && changes_nothing(request, plan)) return;
    struct unread unread = {.any = false};
    remember_plan(&unread, plan);
    if (!request || (request->execute.commit && s->tx.wrote)) unread.all = true; /* what ran before it is committed with it, unseen */
    write_gaps(s, &unread, wire_tap_opaque_reason(s->tap));
    remember_plan(&s->unread, plan);
    s->unread.all = s->unread.all || unread.all;
    s->unread.answer_due = true;
}

/*
 * The layouts of OCI's encodings are known from recordings of other releases. If one of them is longer here than the request is, waiting for its end would be for ever:
 * what has come is sent on, and only the last piece waits for what the call needs (the source does nothing before it has all).
 */
void session_unread_part(struct session *s)
{
    const struct engine_policy *policy = engine_policy(s->engine);
    if (!s->wire->native_encoding || !s->source_open || policy->primary == SIDE_TARGET || policy->hold) return;
    session_send(s, PEER_SOURCE, buffer_view(&s->raw));
    buffer_clear(&s->raw);
    s->unread.part = true;
}

/* The source answers what we took for a part: it was all of a request, and we have not read it. */
static void part_was_all(struct session *s)
{
    s->unread.part = false;
    if (s->call.state != CALL_NONE) return;
    engine_count(s->engine, COUNT_OPAQUE_CALLS, 1);
    if (!engine_policy(s->engine)->mirror) return;
    remember_plan(&s->unread, NULL);
    s->unread.answer_due = true;
}

void session_unread_answered(struct session *s)
{
    if (s->unread.part) part_was_all(s);
    if (!s->unread.answer_due) return;
    s->unread.answer_due = false;
    write_gaps(s, &s->unread, wire_tap_opaque_reason(s->tap));
}

void session_unread_login(struct session *s)
{
    if (s->logged_in || wire_tap_state(s->tap) != WIRE_TAP_LOST) return;
    LOG(LOG_WARNING, "session.unreadable", log_u64("session", s->id), log_text("reason", wire_tap_opaque_reason(s->tap)));
    s->logged_in = true;
}

void session_unread_request(struct session *s)
{
    engine_count(s->engine, COUNT_OPAQUE_CALLS, 1);
    const struct engine_policy *policy = engine_policy(s->engine);
    if (policy->primary == SIDE_TARGET || !s->source_open) {
        session_answer_error(s, 3115, "ORA-03115: unsupported network datatype or representation\n", 0);
        return;
    }
    if (policy->mirror) remember_request(s);
    LOG(LOG_WARNING, "call.opaque", log_u64("session", s->id), log_text("reason", wire_tap_opaque_reason(s->tap)));
    session_send(s, PEER_SOURCE, buffer_view(&s->raw));
    buffer_clear(&s->raw);
}

/* A request with more bytes than we keep of one: what has come is sent on unread, and so is the rest. */
void session_unread_too_long(struct session *s)
{
    LOG(LOG_WARNING, "session.limit", log_u64("session", s->id), log_text("limit", "CALL_BYTES"));
    wire_tap_give_up(s->tap);
    session_unread_request(s);
}

void session_unread_reply(struct session *s)
{
    struct call *call = &s->call;
    engine_count(s->engine, COUNT_OPAQUE_CALLS, 1);
    if (call->policy && call->policy->mirror && call->kind != KIND_QUERY && call->kind != KIND_FETCH) {
        remember_plan(&s->unread, call->plan);
        if (call->commits)
            session_unread_settle(s, true);
        else
            write_gaps(s, &s->unread, wire_tap_opaque_reason(s->tap));
    }
    session_outcome(s, JOURNAL_UNKNOWN);
}

void session_unread_settle(struct session *s, bool committed)
{
    if (s->unread.any && committed) write_gaps(s, &s->unread, "a transaction with a call that could not be read has ended");
    s->unread = (struct unread){.any = false};
}
