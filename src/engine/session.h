/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session: one client connection and, while Oracle is attached, its one source connection. It does no I/O: bytes, ticks and completions go in, and it asks
 * its environment for what it wants done. The worker is one environment; the simulator and the tests are others.
 *
 * A call is relayed (raw bytes to the source, raw reply to the client, both seen by the tap), served (answered from the target), or held (kept until a switch
 * is over). One call at a time: Oracle Net is half duplex; what a client sends early waits.
 *
 * Commit protocol with the source as primary: DML is recorded when its reply arrives; before a commit is forwarded the intent is durable (I2); the outcome is
 * recorded when the reply arrives and the commit is acknowledged in the engine before the client sees it (I5).
 * With the target as primary the same records are written around the target's commit (I8), with the row images that RETURNING brought.
 *
 * The target lost while it is primary: calls in flight are kept; once the source is primary again an open transaction is replayed there from its records and
 * the call at hand is run there. The client sees a pause.
 */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "engine/shadow.h"
#include "pg/connection.h"
#include "wire/tap.h"

enum session_peer { PEER_CLIENT, PEER_SOURCE };
struct session;
struct target_call;

struct session_environment {
    void (*send)(void *context, enum session_peer peer, struct view bytes);
    void (*close)(void *context, enum session_peer peer); /* after what was sent; PEER_CLIENT ends the session */
    bool (*source_connect)(void *context);                /* opens the source connection; session_source_opened follows */
    void (*journal)(void *context, enum journal_kind kind, uint64_t transaction, uint64_t csn, struct view payload,
                    bool notify); /* notify: session_journal_done follows */
    /* A target connection: shared (one group of a read) or exclusive (a transaction). session_target_granted follows, now or later. */
    void (*target_lease)(void *context, bool exclusive);
    void (*target_return)(void *context, struct pg *pg, bool exclusive, bool broken);
    void (*target_cancel_lease)(void *context);
    void (*target_cancel)(void *context, struct pg *pg,
                          bool notify);                       /* ends what runs there; notify: session_cancel_sent follows, never at once */
    void (*target_flush)(void *context, struct pg *pg);       /* something was sent: watch the socket for it */
    void (*wake_after)(void *context, uint64_t microseconds); /* session_tick follows; 0: no more */
    void (*wait_applied)(void *context);                      /* session_applied follows when applied has moved */
    uint64_t (*now_us)(void *context);
    void (*shadow)(void *context, struct shadow_job *job);
};

struct session *session_new(struct engine *engine, uint64_t id, struct statement_cache *statements,
                            const struct session_environment *environment, void *context);
void session_free(struct session *session); /* both connections are gone */
/* Bytes received and not consumed; answers how many were consumed. The bytes may be edited in place. */
size_t session_client_input(struct session *session, uint8_t *bytes, size_t size);
size_t session_source_input(struct session *session, uint8_t *bytes, size_t size);
void session_client_closed(struct session *session, const struct error *why);
void session_source_opened(struct session *session);
void session_source_closed(struct session *session, const struct error *why);
void session_journal_done(struct session *session, uint64_t csn, bool refused);
void session_target_granted(struct session *session, struct pg *pg, const struct error *error /* pg NULL */);
void session_cancel_sent(struct session *session);
void session_lease_lost(struct session *session, struct pg *pg); /* an exclusive connection died between calls */
void session_policy_changed(struct session *session);
void session_applied(struct session *session);
void session_tick(struct session *session);
bool session_logged_in(const struct session *session);
bool session_wants_client_input(const struct session *session); /* false: a call is going on; only markers are looked at */

struct session_view {
    char user[64], program[64], state[24], last_side[8], statement[200];
    uint64_t id, transaction_since_us, calls;
    bool transaction_open;
};
void session_describe(const struct session *session, struct session_view *out);

#endif
