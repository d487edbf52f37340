/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a session's transaction and call when the target is lost under them: kept, brought over to the source, or told to the client as gone. */
#include "engine/session_private.h"

#include "base/log.h"

/* The call is done again elsewhere: nothing of the first attempt may be left in its result. */
static void forget_attempt(struct call *call)
{
    memset(&call->result, 0, sizeof call->result);
    call->returned_capacity = call->images_capacity = call->failed_capacity = 0;
    call->counts = NULL;
    call->count_count = call->iteration = 0;
    call->stage = 0;
    call->rows_us = 0;
    call->statement_failed = false;
}

/*
 * The target has lost the transaction at hand, or the call that was to begin one, and nothing of this was told to the client. What the transaction did is
 * kept, to be done again on the source; its records so far are void under the old id.
 */
void session_target_lost(struct session *s, enum journal_outcome outcome)
{
    struct call *call = &s->call;
    session_lease_return(s, true);
    if (s->tx.csn) { /* whatever the target did, it is done again on the source; its rows are reconciled */
        bool wrote = buffer_size(&s->tx.log) > 0;
        s->doubt_csn = outcome == JOURNAL_UNKNOWN ? s->tx.csn : 0;
        session_outcome(s, outcome);
        s->tx.open = wrote;
        call->intent_sent = false;
    } else if (s->tx.journalled) {
        s->environment->journal(s->context, JOURNAL_ABORT, s->tx.id, 0, view_of(NULL, 0), false);
        s->tx.id = 0;
        s->tx.journalled = false;
    }
    call->held_us = session_now(s);
    call->state = CALL_HELD;
    if (!s->doubt_csn) forget_attempt(call);
    engine_count(s->engine, COUNT_HELD, 1);
    atomic_store(&s->engine->target_healthy, false);
    s->environment->wake_after(s->context, HELD_LOOK_US);
}

void session_lease_lost(struct session *s, struct pg *pg)
{
    if (s->lease != pg || s->call.state == CALL_SERVING) return; /* results tell a call under way */
    if (s->call.state == CALL_WAIT_INTENT && s->tx.csn) {        /* the commit was not sent */
        session_target_lost(s, JOURNAL_ROLLED_BACK);
        return;
    }
    session_lease_return(s, true);
    if (s->tx.journalled) s->environment->journal(s->context, JOURNAL_ABORT, s->tx.id, 0, view_of(NULL, 0), false);
    s->tx.journalled = false;
    s->tx.id = 0;
}

static void session_doom(struct session *s)
{
    LOG(LOG_WARNING, "session.transaction_lost", log_u64("session", s->id), log_u64("statements", s->tx.ordinal));
    buffer_clear(&s->tx.log);
    s->doomed = true;
    session_transaction_abort(s);
}

/* The commit whose answer was lost came back through the stream: it stands on both sides, and the client gets the answer it would have had. */
static void committed_after_all(struct session *s)
{
    LOG(LOG_INFO, "session.commit_stands", log_u64("session", s->id), log_u64("csn", s->doubt_csn));
    s->doubt_csn = 0;
    buffer_clear(&s->tx.log);
    s->tx.open = false;
    if (s->call.kind == KIND_DML)
        session_answer_dml(s);
    else
        session_answer_ok(s, 44);
}

/* The target is there, but this connection's transaction is not. True: the client has its answer. */
static bool lost_alone(struct session *s)
{
    if (!s->doubt_csn) {
        session_doom(s);
        return false;
    }
    s->doubt_csn = 0;
    forget_attempt(&s->call);
    buffer_clear(&s->tx.log);
    session_transaction_abort(s);
    session_answer_error(s, 25408, "ORA-25408: can not safely replay call\n",
                         0); /* whether the commit stands is for the application to find out */
    return true;
}

/* A transaction that was on the target has lost its connection there. True: the call waits, or the transaction is being replayed on the source. */
bool session_target_given_up(struct session *s)
{
    const struct engine_policy *policy = s->call.policy;
    if (s->doubt_csn && !outstanding_has(s->engine->outstanding, s->doubt_csn)) {
        committed_after_all(s);
        return true;
    }
    if (policy->primary == SIDE_TARGET) {
        if (!policy->target_down && !s->tx.open && !s->doubt_csn) return false; /* it has not begun yet */
        bool back = !policy->target_down && !policy->hold && atomic_load(&s->engine->target_healthy);
        if (back && s->call.held_us && session_now(s) > s->call.held_us + (s->doubt_csn ? DOUBT_US : LOST_ALONE_US)) return lost_alone(s);
        session_hold(s);
        s->environment->wake_after(s->context, HELD_LOOK_US);
        return true;
    }
    if (s->doubt_csn) { /* the stream has ended without it: it is done again here, and its rows are written to the target from here */
        s->doubt_csn = 0;
        forget_attempt(&s->call);
    }
    if (session_replay_needed(s) && s->source_open) {
        session_replay(s);
        return true;
    }
    if (s->tx.locked)
        session_doom(s); /* what the query locked was free meanwhile */
    else
        session_transaction_side(s, SIDE_SOURCE);
    s->tx.open = false; /* nothing was done there */
    return false;
}

/* The transaction is gone on both sides: the client must roll back. A rollback of its own is what it asked for, a logoff needs nothing. */
bool session_tell_doomed(struct session *s)
{
    struct call *call = &s->call;
    bool tells = session_kind_writes(call) || call->kind == KIND_COMMIT || call->kind == KIND_QUERY;
    if (!s->doomed || (!tells && call->kind != KIND_ROLLBACK)) return false;
    s->doomed = false;
    if (!tells) return false;
    session_answer_error(s, 25402, "ORA-25402: transaction must roll back\n", 0);
    return true;
}
