/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions that no COMMIT or ROLLBACK of the client ends: PL/SQL blocks with a COMMIT inside, DDL, distributed transactions. docs/journal.md has the rules. The source tells at the
 * end of each call whether a transaction is open; where it was open before and is not any more, something ended it, and nobody says how.
 */
#include "engine/session_private.h"

#include "engine/feed.h"
#include "sql/token.h"

/* What was recorded is in doubt: an intent with a CSN, after the fact, and an outcome that is not known. The mirror reads the rows. */
static void settle_unseen(struct session *s, enum journal_outcome outcome)
{
    if (s->tx.journalled) session_intent_late(s, outcome);
    s->tx.open = false;
}

bool session_feed_sees(const struct session *s, uint64_t since_us)
{
    return feed_covers_any(atomic_load_explicit(&s->engine->feed_set, memory_order_acquire), since_us);
}

bool session_ended_unseen(const struct session *s)
{
    return s->tx.open && s->tx.seen_open && !s->call.end.transaction_open;
}

/* ---- blocks ---- */

/* Supplied packages that write no row: all of one, or a member. What they do besides (locks, output, the session's labels) is the source's own affair. Drivers, pools and mappers
 * run such blocks with each new connection; SQLAlchemy asks for the transaction's number, which begins one, but writes nothing. */
static bool member_writes_nothing(struct view package, struct view member)
{
    static const struct {
        const char *package, *member; /* NULL: any */
    } known[] = {
        {"DBMS_APPLICATION_INFO", NULL},
        {"DBMS_ASSERT", NULL},
        {"DBMS_LOCK", NULL},
        {"DBMS_OUTPUT", NULL},
        {"DBMS_RANDOM", NULL},
        {"DBMS_SESSION", NULL},
        {"DBMS_TRANSACTION", "LOCAL_TRANSACTION_ID"},
        {"DBMS_TRANSACTION", "STEP_ID"},
        {"DBMS_UTILITY", "FORMAT_CALL_STACK"},
        {"DBMS_UTILITY", "FORMAT_ERROR_BACKTRACE"},
        {"DBMS_UTILITY", "FORMAT_ERROR_STACK"},
        {"DBMS_UTILITY", "GET_CPU_TIME"},
        {"DBMS_UTILITY", "GET_TIME"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!view_equal_ignoring_case(package, view_text(known[i].package))) continue;
        if (!known[i].member || view_equal_ignoring_case(member, view_text(known[i].member))) return true;
    }
    return false;
}

static bool word_writes_nothing(struct view word)
{
    static const char *const words[] = {"BEGIN", "END", "TRUE", "FALSE", "NULL", "SYSDATE", "SYSTIMESTAMP", "USER"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (view_equal_ignoring_case(word, view_text(words[i]))) return true;
    return false;
}

/* Only calls of those packages, with literals, binds and their own constants as arguments: any other name could be a function that writes. */
static bool session_block_writes_nothing(struct view text)
{
    struct lexer lexer = lexer_of(text);
    lexer.plain = true;
    struct token t = lexer_next(&lexer), next = lexer_next(&lexer);
    for (; t.kind != TOKEN_END; t = next, next = lexer_next(&lexer)) {
        if (t.kind == TOKEN_BAD || t.kind == TOKEN_QUOTED) return false;
        if (t.kind != TOKEN_WORD) continue;
        bool dotted = next.kind == TOKEN_OPERATOR && next.code == OPERATOR_DOT;
        if (dotted && view_equal_ignoring_case(t.text, view_text("SYS"))) {
            next = lexer_next(&lexer); /* SYS.PACKAGE */
            continue;
        }
        if (dotted) {
            struct token member = lexer_next(&lexer);
            if (member.kind != TOKEN_WORD || !member_writes_nothing(t.text, member.text)) return false;
            next = lexer_next(&lexer);
            continue;
        }
        bool argument = next.kind == TOKEN_OPERATOR && next.code == OPERATOR_ARROW;
        if (!argument && !word_writes_nothing(t.text)) return false;
    }
    return true;
}

/* A block is open to doubt if nobody has said what it does. */
static bool is_opaque(struct session *s)
{
    const struct call *call = &s->call;
    if (!call->policy->mirror || (call->plan && call->plan->class_ != SQL_CLASS_OPAQUE)) return false;
    const struct wire_cursor *cursor = call->wire_cursor;
    if (!cursor || !cursor->sql) return true;
    return !session_block_writes_nothing(view_of(cursor->sql, cursor->sql_size)) && !session_block_only_sets(s, false);
}

static void block_with_commit_over(struct session *s, bool good)
{
    bool still_open = !good && s->call.end.transaction_open;
    if (!good && is_opaque(s) && (still_open || !session_feed_sees(s, s->call.sent_us)))
        engine_gap(s->engine, NULL, "a PL/SQL block that failed may have committed inside");
    session_outcome(s, good ? JOURNAL_COMMITTED : still_open ? JOURNAL_NOT_COMMITTED : JOURNAL_UNKNOWN);
    if (!still_open) s->tx.open = false;
}

void session_block_over(struct session *s, bool good)
{
    struct call *call = &s->call;
    if (call->commits) {
        block_with_commit_over(s, good);
        return;
    }
    bool opaque = is_opaque(s), known = call->plan && call->plan->overridden, ended = session_ended_unseen(s);
    bool nothing = !opaque && !known && call->plan && call->plan->class_ == SQL_CLASS_OPAQUE; /* it writes nothing */
    bool unopened = !s->tx.open && !call->end.transaction_open;
    /* With key feeds it is recorded as a commit, of unknown tables: readers wait for it, and the mirror takes the keys that the feeds noted. */
    bool seen = opaque && (ended || unopened) && session_feed_sees(s, call->sent_us);
    /* It failed, or left nothing open: it changed nothing, or what it changed was committed inside. */
    if (opaque && (ended || unopened || !good) && !seen) engine_gap(s->engine, NULL, "a PL/SQL block may have committed inside");
    if (seen || (good && !nothing && (!unopened || known))) session_record_dml(s);
    if (unopened && (seen || (good && known)))
        settle_unseen(s, JOURNAL_COMMITTED); /* the override says what it does, its commit included */
    else if (ended)
        settle_unseen(s, JOURNAL_UNKNOWN);
    else if (opaque && s->tx.open && !s->tx.block)
        s->tx.block = s->tx.ordinal; /* it may have committed and begun anew: told when the rest is rolled back */
}

/* ---- DDL ---- */

/* The source commits before it runs one, and again after it; one that it could not read has committed nothing. */
void session_ddl_over(struct session *s, bool good)
{
    struct call *call = &s->call;
    bool still_open = !good && call->end.transaction_open, told = s->wire->status_has_call_status;
    session_outcome(s, still_open ? JOURNAL_NOT_COMMITTED : good || told ? JOURNAL_COMMITTED : JOURNAL_UNKNOWN);
    if (still_open) return;
    if (!good && !told && s->tx.open && call->policy->mirror)
        engine_gap(s->engine, NULL, "DDL failed, and the driver does not let the source say whether it committed before");
    s->tx.open = false;
    if (good && call->policy->mirror) engine_gap(s->engine, NULL, "DDL ran on the source: the target's schema must follow");
}

/* ---- distributed transactions ---- */

/* A branch is detached, and committed or rolled back later, by a call in any session or by somebody else. What was recorded of it here is in doubt from now on. */
void session_distributed_over(struct session *s)
{
    struct call *call = &s->call;
    bool state = wire_tap_request(s->tap)->function == WIRE_FN_TPC_STATE;
    if (call->policy->mirror && (state || s->tx.journalled))
        engine_gap(s->engine, NULL, "a distributed transaction: its commit is not seen here, verify every table");
    settle_unseen(s, JOURNAL_UNKNOWN);
}

/* A transaction without session (23ai) is joined and left by a piggyback, before or behind the statement that it stands with. */
bool session_switches_transaction(const struct wire_request *request)
{
    for (uint32_t i = 0; i < request->piggyback_count; i++)
        if (request->piggybacks[i].function == WIRE_FN_TPC_SWITCH) return true;
    return false;
}

/* ---- whatever else ---- */

void session_unseen_end(struct session *s)
{
    if (s->call.policy->mirror && s->tx.journalled) engine_gap(s->engine, NULL, "a transaction ended by a call that should not end one");
    settle_unseen(s, JOURNAL_UNKNOWN);
}
