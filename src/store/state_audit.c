/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State: the audit log. A row's hash is SHA-256 over the hash of the row before (64 hexadecimal digits; zeros before the first), then
 * id and time as decimal text and the four texts, each with its length in decimal and ':' before it, so that no two rows read the same.
 */
#include "store/state_database.h"

#include "base/crypto.h"
#include <inttypes.h>

enum { HASH_SIZE = 2 * CRYPTO_SHA256_SIZE + 1 };

struct audit_row {
    int64_t id, time_us;
    const char *author, *action, *reason, *detail;
};

static void hash_row(const char *previous, const struct audit_row *row, char out[HASH_SIZE])
{
    const char *texts[] = {row->author, row->action, row->reason, row->detail};
    uint8_t digest[CRYPTO_SHA256_SIZE];
    struct buffer bytes;
    buffer_init(&bytes, 0);
    buffer_printf(&bytes, "%s%" PRId64 ":%" PRId64 ":", previous, row->id, row->time_us);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buffer_printf(&bytes, "%zu:", strlen(texts[i]));
        buffer_append_text(&bytes, texts[i]);
    }
    crypto_sha256(buffer_view(&bytes), digest);
    crypto_hex_lower(view_of(digest, sizeof digest), out);
    buffer_release(&bytes);
}

static void first_hash(char out[HASH_SIZE])
{
    memset(out, '0', HASH_SIZE - 1);
    out[HASH_SIZE - 1] = 0;
}

static bool last_row(struct state *state, int64_t *id, char hash[HASH_SIZE], struct error *error)
{
    struct state_statement statement = state_begin(state, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1");
    *id = 0;
    first_hash(hash);
    if (state_step(&statement)) {
        *id = state_column_i64(&statement, 0);
        state_column_text(&statement, 1, hash, HASH_SIZE);
    }
    return state_finish(&statement, "audit", error);
}

bool state_audit(struct state *state, const char *author, const char *action, const char *reason, const char *detail_json,
                 struct error *error)
{
    struct audit_row row = {.time_us = state_now_us(),
                            .author = author ? author : "",
                            .action = action ? action : "",
                            .reason = reason ? reason : "",
                            .detail = detail_json ? detail_json : ""};
    char previous[HASH_SIZE], hash[HASH_SIZE];
    pthread_mutex_lock(&state->lock); /* nobody adds a row between the look and the insert */
    bool good = last_row(state, &row.id, previous, error);
    if (good) {
        row.id++;
        hash_row(previous, &row, hash);
        struct state_statement statement =
            state_begin(state, "INSERT INTO audit (id, time_us, author, action, reason, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)");
        state_bind_i64(&statement, row.id);
        state_bind_i64(&statement, row.time_us);
        state_bind_text(&statement, row.author);
        state_bind_text(&statement, row.action);
        state_bind_text(&statement, row.reason);
        state_bind_text(&statement, row.detail);
        state_bind_text(&statement, hash);
        state_step(&statement);
        good = state_finish(&statement, "audit", error);
    }
    pthread_mutex_unlock(&state->lock);
    return good;
}

static void read_row(const struct state_statement *statement, struct audit_row *row)
{
    *row = (struct audit_row){.id = state_column_i64(statement, 0),
                              .time_us = state_column_i64(statement, 1),
                              .author = state_column_string(statement, 2),
                              .action = state_column_string(statement, 3),
                              .reason = state_column_string(statement, 4),
                              .detail = state_column_string(statement, 5)};
}

void state_audit_each(struct state *state, uint32_t limit, state_audit_visit *visit, void *context)
{
    struct state_statement statement =
        state_begin(state, "SELECT id, time_us, author, action, reason, detail, hash FROM audit ORDER BY id DESC LIMIT ?");
    state_bind_i64(&statement, limit ? (int64_t)limit : -1);
    while (state_step(&statement)) {
        struct audit_row row;
        read_row(&statement, &row);
        visit(context, row.time_us, row.author, row.action, row.reason, row.detail, state_column_string(&statement, 6));
    }
    state_finish(&statement, "audit", NULL);
}

bool state_audit_verify(struct state *state, uint64_t *rows, struct error *error)
{
    char previous[HASH_SIZE], hash[HASH_SIZE];
    struct state_statement statement =
        state_begin(state, "SELECT id, time_us, author, action, reason, detail, hash FROM audit ORDER BY id");
    int64_t expected = 1, broken = 0;
    first_hash(previous);
    while (!broken && state_step(&statement)) {
        struct audit_row row;
        read_row(&statement, &row);
        hash_row(previous, &row, hash);
        if (row.id != expected || strcmp(hash, state_column_string(&statement, 6)) != 0) broken = row.id;
        memcpy(previous, hash, sizeof previous);
        if (!broken) expected++;
    }
    if (rows) *rows = (uint64_t)(expected - 1);
    if (!state_finish(&statement, "audit", error)) return false;
    if (!broken) return true;
    return error_set(error, ERROR_CORRUPT,
                     "audit log: row %" PRId64 " does not follow from the one before: it, or one before it, was changed or removed",
                     broken);
}
