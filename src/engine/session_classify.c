/* SPDX-License-Identifier: Apache-2.0 */
/* What a call is: its kind, its statement with plan, and whether the target may answer it. */
#include "engine/session_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "wire/message.h"

static const struct {
    uint8_t function;
    enum call_kind kind;
} function_kinds[] = {
    {WIRE_FN_FETCH, KIND_FETCH},           {WIRE_FN_LOB, KIND_LOB},       {WIRE_FN_COMMIT, KIND_COMMIT},
    {WIRE_FN_ROLLBACK, KIND_ROLLBACK},     {WIRE_FN_LOGOFF, KIND_LOGOFF}, {WIRE_FN_TPC_SWITCH, KIND_DISTRIBUTED},
    {WIRE_FN_TPC_STATE, KIND_DISTRIBUTED},
};

static const enum call_kind statement_kinds[SQL_KIND_COUNT] = {
    [SQL_SELECT] = KIND_QUERY,
    [SQL_INSERT] = KIND_DML,
    [SQL_UPDATE] = KIND_DML,
    [SQL_DELETE] = KIND_DML,
    [SQL_MERGE] = KIND_DML,
    [SQL_INSERT_ALL] = KIND_DML,
    [SQL_PLSQL] = KIND_PLSQL,
    [SQL_DDL] = KIND_DDL,
    [SQL_COMMIT] = KIND_COMMIT,
    [SQL_ROLLBACK] = KIND_ROLLBACK,
    [SQL_ROLLBACK_TO] = KIND_ROLLBACK_TO,
    [SQL_SAVEPOINT] = KIND_SAVEPOINT,
    [SQL_SET_TRANSACTION] = KIND_OTHER,
    [SQL_LOCK_TABLE] = KIND_OTHER,
    [SQL_ALTER_SESSION] = KIND_SESSION,
    [SQL_EXPLAIN] = KIND_OTHER,
    [SQL_OTHER] = KIND_OTHER,
};

static struct session_cursor *cursor_owner(struct session *s, struct wire_cursor *cursor)
{
    if (!cursor) return NULL;
    if (!cursor->owner) {
        struct session_cursor *owner = memory_zero(1, sizeof *owner);
        owner->session = s;
        cursor->owner = owner;
    }
    return cursor->owner;
}

/*
 * Parse, describe or define only: nothing runs. A define carries no binds, so it must never run the statement again: it is answered from the rows
 * that the cursor holds, on the side where it was executed.
 */
static enum call_kind kind_unexecuted(struct session *s, const struct wire_request *request, const struct session_cursor *cursor)
{
    bool target_primary = engine_policy(s->engine)->primary == SIDE_TARGET;
    if (request->execute.sql.size == 0) return cursor->on_target || target_primary ? KIND_FETCH : KIND_OTHER;
    if (s->call.plan && s->call.plan->kind == SQL_SELECT && target_primary) return KIND_QUERY;
    return KIND_OTHER;
}

static void classify_execute(struct session *s, struct wire_request *request)
{
    struct call *call = &s->call;
    struct session_cursor *cursor = cursor_owner(s, request->cursor);
    call->cursor = cursor;
    call->wire_cursor = request->cursor;
    if (request->unknown_cursor) engine_count(s->engine, COUNT_UNKNOWN_CURSORS, 1);
    if (!cursor) return;
    if (request->cursor->sql && (!cursor->statement || request->execute.sql.size > 0))
        cursor->statement = statement_of(s->statements, view_of(request->cursor->sql, request->cursor->sql_size), s->schema);
    call->statement = cursor->statement;
    if (!request->cursor->sql) { /* a REF CURSOR's first fetch by execute */
        call->kind = KIND_FETCH;
        return;
    }
    call->plan = call->statement ? statement_plan(call->statement) : NULL;
    enum sql_kind kind = call->plan ? call->plan->kind : sql_kind_quick(view_of(request->cursor->sql, request->cursor->sql_size));
    call->kind = statement_kinds[kind];
    if (call->kind == KIND_OTHER && request->cursor->dml) call->kind = KIND_DML;
    if (!(request->execute.options & (WIRE_OPTION_EXECUTE | WIRE_OPTION_FETCH)) && !request->execute.short_form) {
        call->kind = kind_unexecuted(s, request, cursor);
        return;
    }
    if (!(request->execute.options & WIRE_OPTION_EXECUTE) && (request->execute.options & WIRE_OPTION_FETCH) &&
        request->execute.sql.size == 0 && cursor->on_target) {
        call->kind = KIND_FETCH; /* define and fetch */
        return;
    }
    call->commits = request->execute.commit || call->kind == KIND_DDL || call->kind == KIND_COMMIT;
}

void session_classify(struct session *s)
{
    struct wire_request *request = wire_tap_request(s->tap);
    struct call *call = &s->call;
    call->kind = KIND_OTHER;
    for (size_t i = 0; i < sizeof function_kinds / sizeof *function_kinds; i++)
        if (function_kinds[i].function == request->function) call->kind = function_kinds[i].kind;
    if (call->kind == KIND_LOGOFF && s->tx.open) call->kind = KIND_COMMIT; /* who says goodbye keeps its work: the server commits */
    if (call->kind == KIND_COMMIT) call->commits = true;
    for (uint32_t i = 0; i < request->piggyback_count; i++)
        if (request->piggybacks[i].function == WIRE_FN_SET_SCHEMA && request->piggybacks[i].text.size > 0)
            snprintf(s->schema, sizeof s->schema, VIEW_FORMAT,
                     (int)(request->piggybacks[i].text.size > 128 ? 128 : request->piggybacks[i].text.size),
                     (const char *)request->piggybacks[i].text.data);
    session_lobs_freed(s);
    switch (request->function) {
    case WIRE_FN_EXECUTE:
    case WIRE_FN_REEXECUTE:
    case WIRE_FN_REEXECUTE_FETCH: classify_execute(s, request); break;
    case WIRE_FN_FETCH:
        call->wire_cursor = request->cursor;
        call->cursor = request->cursor ? request->cursor->owner : NULL;
        if (call->cursor) call->statement = call->cursor->statement;
        break;
    default: break;
    }
    if (call->statement && call->kind != KIND_FETCH)
        atomic_fetch_add_explicit(&call->statement->fingerprint->executions, 1, memory_order_relaxed);
}

/* Binds that have no scalar value (LOB locators, cursors, index-by tables) keep a read on the source. */
static bool binds_are_scalar(struct session *s)
{
    uint32_t count;
    const struct wire_oac *binds = session_call_binds(s, &count);
    if (s->call.plan && count != s->call.plan->source_bind_count) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct wire_oac *oac = &binds[i];
        if ((oac->flags & WIRE_OAC_ARRAY) || wire_type_is_cursor(oac->type) || wire_type_is_lob(oac->type) ||
            wire_type_is_image(oac->type) || oac->type == WIRE_TYPE_OBJECT)
            return false;
    }
    return true;
}

static bool plan_is_servable(const struct call *call)
{
    const struct sql_plan *plan = call->plan;
    return plan && plan->pure && !plan->for_update && !plan->volatile_ && !plan->uses_rowid && plan->target_text &&
           (plan->state == SQL_EXACT || plan->state == SQL_APPROXIMATE) && plan->table_count > 0;
}

/* Spread evenly: each call draws by a mix of session and call number, so that a share is a share even with few sessions. */
static uint32_t draw_percent(const struct session *s)
{
    uint64_t x = s->id * 0x9E3779B97F4A7C15u + s->calls * 0xBF58476D1CE4E5B9u;
    x ^= x >> 31;
    x *= 0x94D049BB133111EBu;
    x ^= x >> 29;
    return (uint32_t)(x % 100);
}

static void not_comparable(struct session *s)
{
    engine_count(s->engine, COUNT_SHADOW_NOT_COMPARABLE, 1);
    atomic_store_explicit(&s->engine->foreign_setting, settings_foreign(&s->settings), memory_order_relaxed);
    atomic_fetch_add_explicit(&s->call.statement->fingerprint->not_comparable, 1, memory_order_relaxed);
    LOG_RATED(LOG_INFO, "shadow.not_comparable", log_u64("session", s->id), log_text("setting", settings_foreign(&s->settings)));
}

bool session_may_serve(struct session *s)
{
    struct call *call = &s->call;
    const struct engine_policy *policy = call->policy;
    struct wire_request *request = wire_tap_request(s->tap);
    call->shadow = false;
    if (!plan_is_servable(call) || !binds_are_scalar(s)) return false;
    if (settings_foreign(&s->settings)) { /* the target reads otherwise than this session would */
        if (policy->shadow) not_comparable(s);
        return false;
    }
    bool several = request->execute.row_count > 1;
    if (policy->shadow && !several && draw_percent(s) < s->engine->options.shadow_share) call->shadow = true;
    if (s->wire->native_encoding) return false; /* we have no rows in that encoding */
    if (policy->canary_percent == 0 || policy->hold || policy->target_down || several) return false;
    if (s->tx.open && s->tx.wrote) return false; /* it must see its own writes */
    if (!atomic_load_explicit(&s->engine->target_healthy, memory_order_relaxed)) return false;
    if (atomic_load_explicit(&call->statement->fingerprint->demoted, memory_order_relaxed)) return false;
    if (!atomic_load_explicit(&call->statement->describe, memory_order_acquire)) return false; /* the source describes it first */
    return draw_percent(s) < policy->canary_percent;
}
