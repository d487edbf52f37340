/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of requests and replies share: a table, an arena and a buffer, and messages read from blocks of their exact size. */
#ifndef TESTS_SUPPORT_WIRE_MESSAGES_H
#define TESTS_SUPPORT_WIRE_MESSAGES_H

#include "tests/support/exact.h"
#include "tests/support/wire_session.h"
#include "wire/request.h"

struct wire_bench {
    struct wire_session session;
    struct wire_cursor_table *cursors;
    struct arena arena;
    struct buffer message;
    struct wire_request request;
    struct error error;
    uint8_t *exact;
};

static inline void wire_bench_open(struct wire_bench *bench, struct wire_session session)
{
    *bench = (struct wire_bench){.session = session, .cursors = wire_cursor_table_new(session.limits.cursor_max, NULL)};
    arena_init(&bench->arena, 64 << 20);
    buffer_init(&bench->message, 0);
}

static inline void wire_bench_close(struct wire_bench *bench)
{
    wire_cursor_table_free(bench->cursors);
    arena_release(&bench->arena);
    buffer_release(&bench->message);
    free(bench->exact);
}

/* Decodes the first `size` bytes of the message out of a block of just that size. The block lives until the next one. */
static inline enum wire_status wire_bench_decode_part(struct wire_bench *bench, size_t size)
{
    free(bench->exact);
    bench->exact = exact_copy(buffer_view(&bench->message).data, size);
    arena_reset(&bench->arena);
    return wire_request_decode(&bench->session, bench->cursors, &bench->arena, view_of(bench->exact, size), &bench->request, &bench->error);
}

static inline enum wire_status wire_bench_decode(struct wire_bench *bench)
{
    return wire_bench_decode_part(bench, buffer_size(&bench->message));
}

static inline void wire_bench_add_hex(struct wire_bench *bench, const char *hex)
{
    uint8_t bytes[1024];
    buffer_append(&bench->message, bytes, exact_hex(hex, bytes, sizeof bytes));
}

/* A bind with that raw value; NULL: null. */
static inline struct wire_bind wire_bind_of(const char *text)
{
    return (struct wire_bind){.present = true, .null = text == NULL, .raw = view_text(text)};
}

static inline struct wire_oac wire_oac_of(uint8_t type, uint32_t size_max)
{
    return (struct wire_oac){.type = type, .flags = 1, .size_max = size_max, .form = type == WIRE_TYPE_VARCHAR ? 1 : 0};
}

/* Puts a cursor of that statement and binds into the table, as an earlier call would have. */
static inline struct wire_cursor *wire_bench_cursor(struct wire_bench *bench, uint32_t id, const char *sql, const struct wire_oac *binds,
                                                    uint32_t count)
{
    struct wire_cursor *cursor = wire_cursor_make(bench->cursors, view_text(sql));
    wire_cursor_set_binds(cursor, binds, count);
    wire_cursor_bind_id(bench->cursors, cursor, id);
    return cursor;
}

#endif
