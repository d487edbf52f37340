/* SPDX-License-Identifier: Apache-2.0 */
/* Session: the route of each call: relayed to the source, served from the target, or held. */
#include "engine/session_private.h"

bool session_kind_writes(const struct call *call)
{
    switch (call->kind) {
    case KIND_DML:
    case KIND_PLSQL:
    case KIND_DDL:
    case KIND_DISTRIBUTED:
    case KIND_SAVEPOINT: return true;
    case KIND_QUERY: return call->plan && call->plan->for_update;
    case KIND_OTHER: return call->plan && (call->plan->kind == SQL_LOCK_TABLE || call->plan->kind == SQL_SET_TRANSACTION);
    default: return false;
    }
}

void session_hold(struct session *s)
{
    if (s->call.state != CALL_HELD) {
        s->call.held_us = session_now(s);
        engine_count(s->engine, COUNT_HELD, 1);
    }
    s->call.state = CALL_HELD;
}

static void route_source_primary(struct session *s)
{
    struct call *call = &s->call;
    switch (call->kind) {
    case KIND_FETCH:
        if (call->cursor && call->cursor->on_target)
            session_serve_fetch(s);
        else
            session_relay(s);
        return;
    case KIND_LOB:
        if (session_lob_is_ours(wire_tap_request(s->tap)->lob.source))
            session_serve_lob(s);
        else
            session_relay(s);
        return;
    case KIND_QUERY:
        if (call->commits && call->policy->mirror && session_intent(s)) return; /* a query may carry the commit of what ran before it */
        if (!call->fallback && session_may_serve(s)) {
            session_serve(s);
            return;
        }
        session_relay(s);
        return;
    case KIND_DML:
    case KIND_PLSQL:
    case KIND_DDL:
    case KIND_COMMIT:
        if (call->policy->mirror && session_intent(s)) return;
        session_relay(s);
        return;
    default: session_relay(s); return;
    }
}

/* The source session keeps following as long as it is there, so that a rollback finds it as the client left it. */
static void relay_if_open(struct session *s, void (*otherwise)(struct session *s))
{
    if (s->source_open)
        session_relay(s);
    else
        otherwise(s);
}

static void route_target_primary(struct session *s)
{
    struct call *call = &s->call;
    if (call->policy->target_down) {
        session_hold(s);
        return;
    }
    switch (call->kind) {
    case KIND_FETCH:
        if (call->cursor && !call->cursor->on_target && s->source_open)
            session_relay(s);
        else
            session_serve_fetch(s);
        return;
    case KIND_LOB:
        if (s->source_open && !session_lob_is_ours(wire_tap_request(s->tap)->lob.source) &&
            wire_tap_request(s->tap)->lob.operation != WIRE_LOB_CREATE_TEMPORARY)
            session_relay(s);
        else
            session_serve_lob(s);
        return;
    case KIND_QUERY: session_serve(s); return;
    case KIND_DML: session_write(s); return;
    case KIND_COMMIT: session_target_commit(s); return;
    case KIND_ROLLBACK: session_target_rollback(s); return;
    case KIND_LOGOFF: relay_if_open(s, session_answer_status); return;
    case KIND_SESSION: relay_if_open(s, session_target_control); return;
    default: session_target_control(s); return;
    }
}

void session_route(struct session *s)
{
    struct call *call = &s->call;
    call->policy = engine_policy(s->engine);
    if (session_kind_writes(call) && !s->tx.counted) {
        if (!session_transaction_enter(s)) {
            session_hold(s);
            return;
        }
        call->policy = engine_policy(s->engine);
    }
    if (s->tx.counted && s->tx.side == SIDE_TARGET && !s->lease && session_target_given_up(s)) return;
    if (s->tx.counted && engine_policy_moving(call->policy)) { /* others' transactions are still being done again on the source */
        session_hold(s);
        return;
    }
    if (session_tell_doomed(s)) return;
    enum engine_side primary = s->tx.counted ? s->tx.side : call->policy->primary;
    if (call->held_us) {
        engine_held(s->engine, session_now(s) - call->held_us);
        call->held_us = 0;
    }
    s->last_side = primary;
    if (primary == SIDE_SOURCE)
        route_source_primary(s);
    else if (s->wire->native_encoding)
        session_refuse_native(s);
    else
        route_target_primary(s);
}
