/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the reply to some call. Input: form of the session, kind of call, size of the pieces, bytes. Read whole and in
 * pieces the same must come out, and nothing may happen twice.
 */
#include "tests/support/wire_replies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wire_column column_of(uint8_t type, uint32_t size)
{
    return (struct wire_column){.oac = {.type = type, .size_max = size, .form = type == 1 ? 1 : 0}, .name = (char *)(uintptr_t) "C"};
}

static struct wire_cursor *make_cursor(struct wire_cursor_table *table, uint8_t kind)
{
    static const char *const statements[] = {"select * from t", "begin p(:a,:b,:c,:d); end;",
                                             "update t set a=:a returning b,c,d into :b,:c,:d", "insert into t values(:a,:b,:c,:d)"};
    struct wire_cursor *cursor = wire_cursor_make(table, view_text(statements[kind & 3]));
    struct wire_oac binds[] = {wire_oac_of(2, 22), wire_oac_of(1, 20), wire_oac_of(WIRE_TYPE_CURSOR, 0), wire_oac_of(112, 0)};
    struct wire_column columns[] = {column_of(1, 0),   column_of(2, 22),   column_of(1, 10),   column_of(8, 0),    column_of(11, 10),
                                    column_of(102, 1), column_of(112, 10), column_of(119, 10), column_of(109, 10), column_of(208, 0)};
    struct wire_oac defines[10] = {{.type = 0}};
    defines[6] = (struct wire_oac){.type = 112, .continue_flags = WIRE_CONTINUE_LOB_PREFETCH, .characters_max = 10};
    binds[1].flags |= WIRE_OAC_ARRAY;
    if (kind & 4) wire_cursor_set_columns(cursor, columns, 10);
    if (kind & 8) wire_cursor_set_defines(cursor, defines, 10);
    wire_cursor_set_binds(cursor, binds, 4);
    if (kind & 16) wire_cursor_set_directions(cursor, (const uint8_t[]){WIRE_IN, WIRE_OUT, WIRE_OUT, WIRE_IN_OUT}, 4);
    if (kind & 32) wire_cursor_bind_id(table, cursor, 3);
    return cursor;
}

static void begin(struct wire_listener *l, const struct wire_session *session, uint8_t kind, uint8_t function)
{
    static const uint8_t functions[] = {WIRE_FN_EXECUTE, WIRE_FN_FETCH,  WIRE_FN_REEXECUTE, WIRE_FN_LOB,
                                        WIRE_FN_VERSION, WIRE_FN_COMMIT, WIRE_FN_AUTH,      WIRE_FN_TPC_SWITCH};
    wire_listen_open(l, *session);
    l->request = (struct wire_request){.function = functions[function & 7], .cursor = make_cursor(l->bench.cursors, kind)};
    if (l->request.function == WIRE_FN_EXECUTE) {
        l->request.execute.dml_row_counts = function & 8;
        l->request.execute.has_defines = function & 16;
    }
    if (l->request.function == WIRE_FN_LOB)
        l->request.lob = (struct wire_lob_request){
            .operation = function & 8 ? 0x110 : 2, .source_length = 5, .has_amount = function & 16, .has_flag = function & 32};
    wire_reply_begin(l->decoder, &l->request);
}

static enum wire_status feed(struct wire_listener *l, struct view bytes)
{
    uint8_t *exact = exact_copy(bytes.data, bytes.size);
    enum wire_status status = wire_reply_feed(l->decoder, view_of(exact, bytes.size), NULL);
    free(exact);
    while (wire_reply_flushed(l->decoder)) buffer_append_text(&l->lines, "turn\n");
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) return 0;
    struct wire_session session = wire_session_of(wire_form_of_byte(data[0]));
    session.status_has_call_status = !(data[3] & 0x80);
    session.end_of_response = data[3] & 0x40;
    session.limits.rows_max = 1000;
    session.limits.call_max = 1 << 20;
    struct view bytes = view_of(data + 4, size - 4);
    size_t piece = 1 + data[3] % 32;
    struct wire_listener whole, pieces;
    begin(&whole, &session, data[1], data[2]);
    begin(&pieces, &session, data[1], data[2]);
    enum wire_status status = feed(&whole, bytes), status_of_pieces = WIRE_NEED_MORE;
    bool flushed = strstr(wire_listen_lines(&whole), "turn\n") != NULL;
    for (size_t at = 0; at < bytes.size && status_of_pieces == WIRE_NEED_MORE; at += piece)
        status_of_pieces = feed(&pieces, view_of(bytes.data + at, bytes.size - at < piece ? bytes.size - at : piece));
    /* In pieces a reply may be over, or hand its turn over, before bytes that do not belong to it come. */
    bool same = status == status_of_pieces || (status == WIRE_UNKNOWN && status_of_pieces == WIRE_DECODED);
    if (!flushed && !same) abort();
    if (!flushed && strcmp((const char *)buffer_view(&whole.lines).data, wire_listen_lines(&pieces)) != 0) abort();
    if (!flushed && status == WIRE_DECODED && wire_cursor_count(whole.bench.cursors) != wire_cursor_count(pieces.bench.cursors)) abort();
    struct buffer out;
    buffer_init(&out, 0);
    if (!session.native_encoding) (void)wire_reply_rewrite_id(&session, &whole.request, whole.request.cursor, bytes, 3, 4, &out);
    buffer_release(&out);
    wire_listen_close(&whole);
    wire_listen_close(&pieces);
    return 0;
}
