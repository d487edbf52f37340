/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as requests of one session. Input: form of the session, then messages, each with a size before it (u16). A message that
 * reads well must read the same in pieces, and its beginnings must wait for the rest.
 */
#include "tests/support/wire_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_cursor(struct wire_cursor_table *table, uint32_t id, const char *sql, const uint8_t *types, uint32_t count,
                       const uint8_t *directions)
{
    struct wire_oac binds[8];
    struct wire_cursor *cursor = wire_cursor_make(table, view_text(sql));
    for (uint32_t i = 0; i < count; i++) binds[i] = wire_oac_of(types[i], 100 + 8000 * i);
    if (count > 2) binds[count - 1].flags |= WIRE_OAC_ARRAY;
    wire_cursor_set_binds(cursor, binds, count);
    if (directions) wire_cursor_set_directions(cursor, directions, count);
    wire_cursor_bind_id(table, cursor, id);
}

static struct wire_cursor_table *make_table(void)
{
    struct wire_cursor_table *table = wire_cursor_table_new(20, NULL);
    add_cursor(table, 1, "select * from t", NULL, 0, NULL);
    add_cursor(table, 2, "insert into t values(:a,:b)", (const uint8_t[]){2, 1}, 2, NULL);
    add_cursor(table, 3, "begin p(:a,:b,:c); end;", (const uint8_t[]){102, 8, 1}, 3, (const uint8_t[]){WIRE_OUT, WIRE_IN, WIRE_IN_OUT});
    add_cursor(table, 4, "update t set a=:a returning b into :b", (const uint8_t[]){112, 2}, 2, NULL);
    add_cursor(table, 5, "select :a, :b from dual", (const uint8_t[]){119, 109}, 2, NULL);
    return table;
}

static void check_beginnings(const struct wire_session *session, struct wire_cursor_table *table, struct view message)
{
    struct arena arena;
    struct wire_request request;
    struct wire_request_progress progress = {0};
    enum wire_status status = WIRE_NEED_MORE;
    arena_init(&arena, 1 << 20);
    size_t step = message.size / 16 + 1;
    for (size_t at = step - 1; at < message.size; at += step) {
        uint8_t *exact = exact_copy(message.data, at);
        arena_reset(&arena);
        status = wire_request_decode_more(session, table, &arena, view_of(exact, at), &progress, &request, NULL);
        if (status != WIRE_NEED_MORE && status != WIRE_DECODED) abort();
        if (status == WIRE_DECODED) wire_request_abandon(table, &request);
        free(exact);
    }
    arena_reset(&arena);
    if (wire_request_decode_more(session, table, &arena, message, &progress, &request, NULL) != WIRE_DECODED) abort();
    wire_request_abandon(table, &request);
    arena_release(&arena);
}

static void use_values(const struct wire_session *session, const struct wire_request *request, struct arena *arena)
{
    const struct wire_cursor *cursor = request->cursor;
    const struct wire_oac *binds = request->execute.has_binds ? request->execute.binds : cursor->binds;
    uint32_t count = request->execute.has_binds ? request->execute.bind_count : cursor->bind_count;
    for (uint32_t row = 0; row < request->execute.row_count; row++)
        for (uint32_t i = 0; i < count; i++)
            (void)wire_bind_value(session, &binds[i], &request->execute.rows[(size_t)row * count + i], arena);
}

static uint32_t same_id(void *context, uint32_t id)
{
    (void)context;
    return id;
}

static void take_message(const struct wire_session *session, struct wire_cursor_table *table, struct view message)
{
    struct arena arena;
    struct wire_request request;
    struct error error;
    uint8_t *exact = exact_copy(message.data, message.size);
    message = view_of(exact, message.size);
    arena_init(&arena, 1 << 20);
    uint32_t before = wire_cursor_count(table);
    enum wire_status status = wire_request_decode(session, table, &arena, message, &request, &error);
    if (status != WIRE_DECODED && wire_cursor_count(table) != before) abort();
    if (status == WIRE_DECODED) {
        struct buffer out;
        buffer_init(&out, 0);
        if (!session->native_encoding && !wire_request_rewrite_ids(&request, same_id, NULL, &out)) abort();
        buffer_release(&out);
        bool executes =
            request.function == WIRE_FN_EXECUTE || request.function == WIRE_FN_REEXECUTE || request.function == WIRE_FN_REEXECUTE_FETCH;
        if (executes) use_values(session, &request, &arena);
        wire_request_abandon(table, &request);
        check_beginnings(session, table, message);
        arena_reset(&arena);
        if (wire_request_decode(session, table, &arena, message, &request, &error) != WIRE_DECODED) abort();
    }
    if (status != WIRE_NEED_MORE) wire_request_commit(table, &request);
    arena_release(&arena);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    struct wire_session session = wire_session_of(wire_form_of_byte(data[0]));
    struct wire_cursor_table *table = make_table();
    session.strings_32k = data[0] & 0x80;
    session.limits.rows_max = 1000;
    for (size_t at = 1; at + 2 <= size;) {
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        if (length > size - at) length = size - at;
        take_message(&session, table, view_of(data + at, length));
        at += length;
    }
    wire_cursor_table_free(table);
    return 0;
}
