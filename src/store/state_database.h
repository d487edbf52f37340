/* SPDX-License-Identifier: Apache-2.0 */
/* What the state_*.c files share: the database behind the state, its statements, binding and reading. For nobody else. */
#ifndef STORE_STATE_DATABASE_H
#define STORE_STATE_DATABASE_H

#include "store/state.h"
#include <pthread.h>
#include <sqlite3.h>

struct state {
    sqlite3 *database;
    pthread_mutex_t lock; /* recursive: a visit may call back */
};

/* A statement in use: begin, bind in order of the parameters, step, finish. The lock is held from begin to finish. */
struct state_statement {
    struct state *state;
    sqlite3_stmt *handle;
    int bound;
    int result; /* SQLite's, of the last step */
};
struct state_statement state_begin(struct state *state, const char *sql);
void state_bind_text(struct state_statement *statement, const char *text);
void state_bind_view(struct state_statement *statement, struct view bytes); /* as a blob */
void state_bind_i64(struct state_statement *statement, int64_t number);
void state_bind_u64(struct state_statement *statement, uint64_t number); /* the same 64 bits */
bool state_step(struct state_statement *statement);                      /* true: there is a row */
/* True: all went well. */
bool state_finish(struct state_statement *statement, const char *what, struct error *error);

void state_column_text(const struct state_statement *statement, int column, char *out, size_t size); /* cut at a character */
const char *state_column_string(const struct state_statement *statement, int column);                /* "" for NULL; until the next step */
struct view state_column_view(const struct state_statement *statement, int column);                  /* until the next step */
int64_t state_column_i64(const struct state_statement *statement, int column);

bool state_execute(struct state *state, const char *sql, struct error *error);
int64_t state_now_us(void);

#endif
