/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a session: its state, and what its files (session*.c) ask of each other. Nobody else includes this. */
#ifndef ENGINE_SESSION_PRIVATE_H
#define ENGINE_SESSION_PRIVATE_H

#include "engine/outstanding.h"
#include "engine/record.h"
#include "engine/rows.h"
#include "engine/session.h"
#include "engine/settings.h"
#include "wire/value.h"
#include <stdio.h>
#include <strings.h>

/* Client cursor ids for statements that were first parsed on the target start here: far above what a source hands out (open_cursors). */
enum { TARGET_CURSOR_FIRST = 0x4000 };
enum { SESSION_TABLES_MAX = 64, SESSION_SAVEPOINT_MAX = 64 };

enum call_state {
    CALL_NONE,
    CALL_RELAYED,     /* the source is answering */
    CALL_WAIT_INTENT, /* the journal is making the intent durable */
    CALL_WAIT_FENCE,  /* a read waits for the mirror */
    CALL_WAIT_LEASE,  /* waits for a target connection */
    CALL_SERVING,     /* the target is working */
    CALL_HELD,        /* a switch is going on, or the target was lost */
    CALL_PREPARING,   /* hidden calls on the source before the client's own (parse, replay) */
    CALL_STATE_COUNT
};
enum {
    HELD_LOOK_US = 200000 /* a held call looks again */,
    LOST_ALONE_US = 1000000 /* held this long with a healthy target: the transaction is not coming back */,
    DOUBT_US = 3000000 /* a commit in doubt is waited for this long, to come back through the healthy target's stream */
};
enum call_kind {
    KIND_OTHER,
    KIND_QUERY,
    KIND_DML,
    KIND_PLSQL,
    KIND_DDL,
    KIND_COMMIT,
    KIND_ROLLBACK,
    KIND_SAVEPOINT,
    KIND_ROLLBACK_TO,
    KIND_SESSION,
    KIND_FETCH,
    KIND_LOB,
    KIND_LOGOFF,
    KIND_DISTRIBUTED /* start, end, prepare, commit, .. of a branch of a distributed transaction */
};

/* A result that the target gave for one cursor: rows stay in libpq's memory until the cursor is run again or closed. */
struct target_result {
    struct pg_result result;
    bool held; /* result is ours to free */
    uint32_t next_row;
    bool done; /* end of data was told */
};
/* The engine's half of a cursor (wire_cursor.owner). */
struct session_cursor {
    struct session *session;
    struct statement *statement;
    uint32_t source_id; /* only of cursors that were first parsed on the target: their id on the source connection; 0: not parsed there */
    bool source_stale;  /* binds or defines changed in a served call: the source has older ones */
    bool on_target;     /* the current result is the target's */
    struct target_result target;
};

/* One served LOB value: what a locator stands for. */
struct session_lob {
    uint64_t id;
    bool binary, temporary;
    struct buffer bytes; /* UTF-8 or raw */
    struct session_lob *next;
    size_t cost;
};
/* A temporary LOB that the client makes on the source: followed so that a bind of its locator can be recorded. */
struct source_lob {
    uint8_t locator[256];
    size_t locator_size;
    bool binary;
    struct buffer bytes; /* UTF-16BE or raw, as sent */
    bool broken;
    struct source_lob *next;
};

struct savepoint {
    char name[64];
    uint32_t ordinal;
    size_t log_size;
};
struct transaction {
    bool counted;    /* in engine->transactions_open */
    bool open;       /* a statement that writes or locks ran and no commit since */
    bool seen_open;  /* the source said at the end of the call before that a transaction is open */
    bool wrote;      /* records exist */
    bool locked;     /* a query locked rows on the target: no record of it exists */
    bool journalled; /* records stand in the journal (abort must be told) */
    uint64_t id;     /* journal-wide; 0: none yet */
    uint64_t csn;    /* of the intent under way; 0: none */
    uint64_t since_us;
    uint32_t ordinal; /* next statement's number */
    uint32_t block;   /* ordinal after the first PL/SQL block of which nobody knows what it does; 0: none ran */
    uint32_t tables[SESSION_TABLES_MAX];
    uint32_t table_count;
    bool unknown_tables;
    struct savepoint savepoints[SESSION_SAVEPOINT_MAX];
    uint32_t savepoint_count;
    struct buffer log; /* target primary: u32 size + record, each; for replay on the source */
    enum engine_side side;
};

/* What the calls that could not be read may have changed in the transaction at hand. */
enum { UNREAD_TABLES_MAX = 8 };
struct unread {
    bool any, all;   /* all: any table may be among them */
    bool answer_due; /* the last of them was sent, and the source has not spoken since */
    bool part;       /* the beginning of a request was sent on before its end was seen */
    char tables[UNREAD_TABLES_MAX][129];
    uint32_t table_count;
};

struct call {
    enum call_state state;
    enum call_kind kind;
    const struct engine_policy *policy; /* under which it was routed */
    struct session_cursor *cursor;
    struct wire_cursor *wire_cursor;
    struct statement *statement;
    const struct sql_plan *plan;
    uint64_t started_us, held_us, sent_us;
    uint64_t rows_us; /* a served call that carries its commit: when its statement had run */
    uint64_t fence;
    uint64_t number;
    bool commits;    /* ends the transaction if it succeeds */
    bool mapped;     /* relayed with another cursor id */
    bool fallback;   /* the target was tried and failed: relay only */
    bool read_begun; /* engine_read_begin was answered with true, the read is not sent yet */
    bool shadow;     /* its result is being captured */
    bool intent_sent;
    bool tap_told;    /* the tap knows that the request was served */
    bool began;       /* this call sends BEGIN on its lease */
    bool break_due;   /* the client's break came while it waited here for something that cannot be broken off: told when it goes on */
    bool cancelled;   /* the client gave up: what runs on the target was told to end */
    bool sending;     /* results that fail at once wait until all is sent */
    uint32_t retries; /* reads that a cancel request for another one hit */
    int stage;        /* of a served write: see session_write.c */
    uint32_t images_capacity;
    struct record_result result; /* gathered from the reply; arrays in arena */
    struct arena arena;
    uint32_t returned_capacity;
    uint32_t iteration; /* served array DML: next row */
    uint64_t affected;
    uint64_t *counts;
    uint32_t count_count;
    uint32_t *failed_errors;
    char **failed_texts;
    uint32_t failed_capacity; /* batch errors of a served array DML */
    struct error target_error;
    char target_constraint[129];
    uint32_t expected_results; /* target results to come for this call */
    bool statement_failed;
    struct wire_end end; /* relayed: how it ended */
    bool ended;
};

struct session {
    struct engine *engine;
    const struct session_environment *environment;
    void *context;
    struct statement_cache *statements;
    uint64_t id;
    struct wire_tap *tap;
    struct wire_session *wire;
    struct wire_cursor_table *cursors;
    struct buffer raw;  /* the request at hand as it came, packets and all */
    size_t login_bytes; /* from the client before its log-in was over */
    bool client_gone, source_open, source_opening, logged_in, server_mode, closing;
    bool reset_due;                  /* we broke off and reset for the client: its answer to the reset is not the source's */
    struct wire_server_login *login; /* server mode: source detached */
    char schema[129];
    struct settings settings;
    bool settings_sent; /* in the transaction at hand on the lease */
    struct transaction tx;
    struct unread unread;
    struct call call;
    struct pg *lease;
    bool lease_exclusive;
    bool target_began;               /* BEGIN was sent on the lease */
    uint32_t cancels;                /* cancel requests under way: nothing is sent on the lease before they are over */
    struct target_call *outstanding; /* target calls whose results have not come */
    struct capture capture;
    struct session_cursor *capture_cursor;
    struct shadow_job *capture_job; /* a read being captured, over its fetches */
    struct session_lob *lobs;
    uint64_t next_lob;
    size_t lob_bytes;
    struct source_lob *source_lobs; /* the newest first */
    size_t source_lob_bytes;
    uint32_t *pending_close; /* source ids to close with the next relayed request; as many as may be open (LIMIT_CURSORS) */
    uint32_t pending_close_count, pending_close_room;
    struct buffer pending_piggybacks; /* raw piggybacks of served calls that the source has not seen */
    struct buffer output;             /* reply under construction (payload) */
    struct buffer packets;            /* the same, framed */
    struct buffer record;             /* the journal record under construction */
    uint8_t sequence;                 /* of our hidden requests */
    /* hidden calls */
    struct wire_cursor_table *hidden_cursors;
    struct wire_reply_decoder *hidden_decoder;
    struct wire_request hidden_request;
    bool hidden_active;
    struct wire_end hidden_end;
    struct record_result hidden_result;
    uint64_t hidden_affected;
    void (*hidden_done)(struct session *session);
    struct buffer mapped_reply;
    uint32_t mapped_to;
    uint64_t doubt_csn; /* a commit whose answer was lost with the target; 0: none. The call is over if it turns out to stand */
    bool doomed;        /* the transaction was lost with the target and could not be done again: the next call is told so */
    size_t replay_at;
    uint32_t replay_image, replay_row;
    uint64_t replay_affected;
    int replay_stage;
    bool replaying, replay_idle;
    struct row_maps *row_maps;
    uint64_t calls;
    enum engine_side last_side;
};

/* One target statement under way; outlives the session if need be. */
struct target_call {
    struct session *session;
    uint64_t number;
    void (*done)(struct session *session, struct pg_result *result, uint64_t tag);
    uint64_t tag;
    struct engine *reading; /* its end ends an engine_read_begin */
    struct target_call *next, **link;
};

/* session.c */
void session_end(struct session *s);         /* both connections are closed; what was not decided is settled */
void session_finish_call(struct session *s); /* the reply went out: ready for the next request */
uint64_t session_now(const struct session *s);
void session_send(struct session *s, enum session_peer peer, struct view bytes);
void session_break_forward(struct session *s); /* the call was sent to the source: a break that came before follows it */
/* session_route.c */
void session_route(struct session *s); /* decide and start (again, after a hold) */
void session_hold(struct session *s);  /* the call waits for another policy */
bool session_kind_writes(const struct call *call);
/* session_lost.c: the target is lost under a transaction or a call */
bool session_commit_sent(const struct session *s); /* session_write.c: COMMIT went to the target, its answer has not come */
void session_target_lost(struct session *s, enum journal_outcome outcome); /* the call waits; outcome: of a commit under way */
bool session_target_given_up(
    struct session *s); /* no lease any more. True: the call waits, or the transaction is being replayed on the source */
bool session_tell_doomed(struct session *s); /* true: the client was told that its transaction is gone */
/* session_classify.c */
void session_classify(struct session *s);  /* fills call.kind, statement, plan, cursor, commits */
bool session_may_serve(struct session *s); /* may the target answer this read while the source is primary? */
/* session_relay.c */
void session_relay(struct session *s);
bool session_source_data(struct session *s, struct wire_packet *packet); /* true: consumed here, do not forward */
extern const struct wire_reply_events session_reply_events;
void session_reply_over(struct session *s); /* a relayed reply ended */
/* session_capture.c: reads that are to be compared */
void session_capture_begin(struct session *s);
void session_capture_row(struct session *s, const struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count);
void session_capture_end(struct session *s, bool complete, bool failed); /* hands it over, or drops it */
void session_close_later(struct session *s, uint32_t id);                /* a cursor of the source, with the next call that goes there */
void session_keep_piggybacks(struct session *s);                         /* of a served call: for the source, later */
/* session_hidden.c */
void session_hidden_execute(struct session *s, struct view sql, const struct value *binds, uint32_t bind_count, uint32_t options,
                            void (*done)(struct session *));
void session_hidden_send(struct session *s, struct buffer *payload, const struct wire_request *request, void (*done)(struct session *));
bool session_hidden_data(struct session *s, struct view payload); /* true: consumed */
bool session_hidden_scout(struct session *s, struct view payload,
                          bool first); /* follows a mapped reply; true: it is over, hidden_end is set */
/* session_record.c */
void session_record_dml(struct session *s); /* a write succeeded inside a transaction: journal it */
/* Before a call that commits is relayed; on the target when its statement has run. False: there is nothing to make durable. */
bool session_intent(struct session *s); /* true: waiting for the journal */
void session_outcome(struct session *s, enum journal_outcome outcome);
void session_intent_late(struct session *s, enum journal_outcome outcome); /* intent and outcome of what the source has ended already */
void session_transaction_begin(struct session *s);
void session_transaction_side(struct session *s, enum engine_side side);
bool session_transaction_enter(struct session *s); /* counts it; false: a switch holds new transactions */
void session_transaction_end(struct session *s);
void session_transaction_abort(struct session *s); /* rolled back: its records are void */
void session_savepoint(struct session *s, const char *name);
void session_rollback_to(struct session *s, const char *name);
/* session_end.c: what ends transactions besides COMMIT and ROLLBACK */
/* Does a key feed note what calls that began after `since_us` did? Then it is recorded, and the mirror looks for the keys, instead of a gap. */
bool session_feed_sees(const struct session *s, uint64_t since_us);
bool session_ended_unseen(const struct session *s); /* the source had one open before this call, and has none now */
void session_unseen_end(struct session *s);         /* .. and nothing that we know of ends one */
void session_block_over(struct session *s, bool good);
void session_ddl_over(struct session *s, bool good);
void session_distributed_over(struct session *s);
bool session_switches_transaction(const struct wire_request *request); /* by a piggyback */
/* session_block.c: settings that a PL/SQL block makes */
void session_block_settings(struct session *s, bool good);   /* it ran on the source; good: without an error */
bool session_block_only_sets(struct session *s, bool apply); /* true: the block at hand does nothing else; apply: they are set */
/* session_serve.c: reads from the target */
void session_serve(struct session *s);
void session_serve_fetch(struct session *s);
void session_target_failed(struct session *s, const struct error *error);

void session_target_cancel(struct session *s);  /* the client's break while the target works */
void session_target_abandon(struct session *s); /* the session ends while the target works */
bool session_target_send(struct session *s, const char *text, const char *name, const struct pg_parameter *parameters, uint32_t count,
                         void (*done)(struct session *, struct pg_result *, uint64_t), uint64_t tag);
const struct wire_oac *session_call_binds(struct session *s, uint32_t *count); /* the descriptors that hold for the call at hand */
void session_write_granted(struct session *s);
/* What the target must know of the session before the call's statement; NULL: nothing. Valid until the call is over. */
const char *session_settings_text(struct session *s);
void session_settings_alter(struct session *s, struct view statement);
void session_lease_return(struct session *s, bool broken);
void session_served(struct session *s); /* tells the tap, gives a new cursor its id */
struct value *session_bind_values(struct session *s, uint32_t row, struct arena *arena,
                                  struct error *error); /* one per source bind occurrence */
bool session_parameters(struct session *s, const struct sql_plan *plan, const struct value *values, struct arena *arena,
                        struct pg_parameter **out, struct error *error);
void session_statement_name(struct session *s, const struct sql_plan *plan, const struct pg_parameter *parameters, char kind, char out[64]);
/* session_write.c: writes and transactions on the target */
void session_write(struct session *s);
void session_keep_rows(struct session_cursor *cursor, struct pg_result *result); /* they become the cursor's; none is fetched yet */
void session_write_over(struct session *s);                                      /* all results of a stage have come */
bool session_write_may_stop(const struct session *s); /* false: it is committing or undoing, which is never cut short */
void session_target_commit(struct session *s);
void session_target_rollback(struct session *s);
void session_target_control(struct session *s); /* savepoints, SET TRANSACTION, ALTER SESSION .. */
void session_after_intent_target(struct session *s);
/* session_answer.c: replies that we make */
void session_answer_rows(struct session *s, bool describe);
void session_answer_dml(struct session *s);
void session_answer_ok(struct session *s, uint8_t command);
void session_answer_status(struct session *s);
void session_answer_error(struct session *s, uint32_t ora, const char *text, int32_t position);
void session_answer_sqlstate(struct session *s, const struct error *error, const char *constraint);
void session_answer_send(struct session *s);
/* session_refuse.c */
bool session_refuse_encryption(struct session *s, const struct wire_packet *packet); /* true: a CONNECT that insists on it was refused */
void session_refuse_native(struct session *s);                                       /* an OCI client's call, now that the target answers */
void session_refuse(struct session *s); /* the statement has no translation: the number the source would have given, where it is known */
/* session_lob.c */
void session_serve_lob(struct session *s);
struct view session_lob_locator(struct session *s, struct view bytes, bool binary, bool temporary, struct arena *arena);
bool session_lob_is_ours(struct view locator);
void session_source_lob_request(struct session *s); /* follow writes to temporary LOBs on the source */
void session_source_lob_result(struct session *s, struct view locator);
bool session_lob_bind(struct session *s, const struct wire_oac *oac, struct view locator, struct arena *arena, struct value *out);
/* Is a value bound that is a LOB of ours, which the source does not know? */
bool session_lob_bound(const struct wire_request *request, const struct wire_cursor *cursor);
/* LOBs that the client made while the target answered go to the source by value: as LONG, which it takes for a LOB column. False: one is not here any more. */
bool session_lobs_by_value(struct session *s, struct wire_execute_spec *spec);
void session_lobs_freed(struct session *s); /* by the piggybacks of the request */
void session_lobs_release(struct session *s);
/* session_replay.c: after the target was lost */
bool session_replay_needed(const struct session *s);
void session_replay_idle(struct session *s); /* the same between two calls of the client */
void session_replay(struct session *s);
/* session_unread.c: calls that could not be read, and what they leave behind */
void session_unread_request(struct session *s);
void session_unread_too_long(struct session *s); /* it cannot be read: forwarded, refused, or the end of the session */
void session_unread_part(struct session *s);     /* a piece of a request came */
void session_unread_answered(struct session *s); /* the source spoke: what the last of them did is done */
void session_unread_login(struct session *s); /* the log-in cannot be followed: from here on every packet is a call that cannot be read */
void session_unread_reply(struct session *s); /* the reply to a call that was read */
void session_unread_settle(struct session *s, bool committed); /* the transaction that such calls may belong to is over */
/* session_login.c: server mode */
size_t session_server_login(struct session *s, uint8_t *bytes, size_t size);
bool session_enter_server_mode(struct session *s);

#endif
