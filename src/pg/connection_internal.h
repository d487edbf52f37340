/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of pg share about a connection; for nobody else. */
#ifndef PG_CONNECTION_INTERNAL_H
#define PG_CONNECTION_INTERNAL_H

#include "base/buffer.h"
#include "base/map.h"
#include "pg/connection.h"
#include <libpq-fe.h>

enum pg_item_kind { PG_ITEM_PREPARE, PG_ITEM_QUERY, PG_ITEM_SYNC, PG_ITEM_FORGET /* a deallocation: nobody waits for it */ };

/* A prepared statement. In the group that prepares it, it may be used before the answer is there; a later group cannot know
 * whether that group fails before the preparation, so until the answer it prepares again, under a name of its own. */
enum { PG_STATEMENT_NAME_SIZE = 24 };
struct pg_statement {
    uint64_t serial; /* its name at the server is "us" and this number; 0: not prepared */
    char name[PG_STATEMENT_NAME_SIZE];
    uint64_t group;     /* in which it is being prepared */
    bool ready;         /* the server said so */
    uint32_t preparing; /* answers that are awaited */
    uint64_t last_use;
};

struct pg_item { /* something sent, in the order in which results come */
    pg_on_result *done;
    void *context;
    struct pg_statement *statement; /* PREPARE */
    uint64_t serial;                /* PREPARE */
    enum pg_item_kind kind;
};

struct pg {
    PGconn *handle;
    PGcancel *cancel;
    enum pg_state state;
    PostgresPollingStatusType polling; /* while connecting */
    pg_on_state *on_state;
    void *context;
    struct pg_item *items; /* ring; capacity is a power of two */
    size_t capacity, first, count;
    uint32_t in_flight;
    bool unsynced; /* something was sent after the last sync */
    bool unflushed;
    struct error group_error;  /* of the group whose results are being read */
    bool group_prepare_failed; /* the error is about the text of the statement that comes next */
    uint64_t group, next_serial, uses;
    struct map statements;
    struct buffer scratch; /* parameters as libpq wants them */
    uint32_t depth;        /* of callbacks */
    bool closing;
    uint32_t patience_ms; /* of the blocking calls; 0: none */
};

/* ---- connection.c ---- */
void pg_lose(struct pg *pg, const char *what);                                /* everything outstanding fails; the state becomes LOST */
PGconn *pg_open(const char *conninfo, bool replication, struct error *error); /* starts connecting */
bool pg_fail(struct error *error, enum error_code code, PGconn *handle, const char *what);

/* ---- pipeline.c ---- */
bool pg_pipeline_leave(struct pg *pg, struct error *error);      /* nothing may be outstanding */
void pg_pipeline_read(struct pg *pg);                            /* takes what has come; runs callbacks */
void pg_pipeline_fail(struct pg *pg, const struct error *error); /* answers all that is outstanding */
void pg_pipeline_release(struct pg *pg);

/* ---- result.c ---- */
void pg_result_init(struct pg_result *result, PGresult *handle);

/* ---- wait.c ---- */
/* PQexec with an end to its patience (timeout_ms 0: none). NULL and *expired: there was no answer in time, the handle is of no more use. */
PGresult *pg_exec_patiently(PGconn *handle, const char *text, uint32_t timeout_ms, bool *expired);
/* Waits until the socket can do what is wanted (PG_WANT_*); false: time is over (timeout_ms < 0: none). */
bool pg_wait_socket(int descriptor, int wants, int64_t timeout_ms);
/* The same for several; descriptors below 0 are left out. */
bool pg_wait_sockets(const int *descriptors, const int *wants, uint32_t count, int64_t timeout_ms);

#endif
