/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/captures/encode.h"

static bool write_execute(const struct wire_session *session, const struct wire_request *request, struct buffer *out)
{
    const struct wire_execute *x = &request->execute;
    const struct wire_cursor *cursor = request->cursor;
    if (!cursor || (x->row_count && !x->has_binds && !x->short_form))
        return false; /* rows for descriptors sent before: JDBC's form, not ours */
    struct wire_execute_spec spec = {
        .options = x->options,
        .cursor_id = x->cursor_id,
        .sql = x->sql,
        .prefetch_rows = x->prefetch_rows,
        .execution_count = x->execution_count,
        .binds = x->has_binds ? x->binds : NULL,
        .bind_count = x->has_binds ? x->bind_count : 0,
        .defines = x->has_defines ? x->defines : NULL,
        .define_count = x->has_defines ? x->define_count : 0,
        .rows = x->rows,
        .row_count = x->row_count,
        .return_binds = cursor->return_binds,
        .plsql = cursor->plsql,
        .query = cursor->query,
        .dml_row_counts = x->dml_row_counts,
    };
    if (!x->short_form) return wire_execute_write(session, request->sequence, &spec, out);
    spec.binds = cursor->binds;
    spec.bind_count = cursor->bind_count;
    spec.options = x->options | (x->commit ? WIRE_OPTION_COMMIT : 0);
    return wire_reexecute_write(session, request->sequence, request->function, &spec, out);
}

static bool write_request(const struct wire_session *session, const struct wire_request *request, struct buffer *out)
{
    switch (request->function) {
    case WIRE_FN_EXECUTE:
    case WIRE_FN_REEXECUTE:
    case WIRE_FN_REEXECUTE_FETCH: return write_execute(session, request, out);
    case WIRE_FN_FETCH: wire_fetch_write(session, request->sequence, request->fetch.cursor_id, request->fetch.rows, out); return true;
    case WIRE_FN_COMMIT:
    case WIRE_FN_ROLLBACK:
    case WIRE_FN_PING:
    case WIRE_FN_LOGOFF: wire_simple_write(session, request->sequence, request->function, out); return true;
    case WIRE_FN_LOB: wire_lob_write(session, request->sequence, &request->lob, out); return true;
    default: return false;
    }
}

/* ---- the fields, compared ---- */

static const char *compare_oacs(const struct wire_oac *a, const struct wire_oac *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (a[i].type != b[i].type || a[i].size_max != b[i].size_max || a[i].form != b[i].form || a[i].charset != b[i].charset ||
            a[i].elements_max != b[i].elements_max || a[i].continue_flags != b[i].continue_flags ||
            a[i].characters_max != b[i].characters_max)
            return "a descriptor";
    return NULL;
}

static const char *compare_rows(const struct wire_execute *a, const struct wire_execute *b, uint32_t binds)
{
    if (a->row_count != b->row_count) return "the number of bind rows";
    for (size_t i = 0; i < (size_t)a->row_count * binds; i++)
        if (a->rows[i].null != b->rows[i].null || !view_equal(a->rows[i].raw, b->rows[i].raw)) return "a bind value";
    return NULL;
}

static const char *compare_execute(const struct wire_request *first, const struct wire_request *second)
{
    const struct wire_execute *a = &first->execute, *b = &second->execute;
    if (a->cursor_id != b->cursor_id) return "the cursor id";
    if (!view_equal(a->sql, b->sql)) return "the statement";
    if (!a->short_form && a->options != b->options) return "the options"; /* in the short forms our client sets its own */
    if (a->prefetch_rows != b->prefetch_rows || a->execution_count != b->execution_count) return "the numbers of rows and executions";
    if (a->commit != b->commit || a->dml_row_counts != b->dml_row_counts) return "commit or row counts";
    if (a->has_binds != b->has_binds || a->has_defines != b->has_defines) return "binds or defines";
    if (a->has_binds && a->bind_count != b->bind_count) return "the number of binds";
    if (a->has_defines && a->define_count != b->define_count) return "the number of defines";
    const char *why = a->has_binds ? compare_oacs(a->binds, b->binds, a->bind_count) : NULL;
    if (!why && a->has_defines) why = compare_oacs(a->defines, b->defines, a->define_count);
    return why ? why : compare_rows(a, b, a->has_binds || !first->cursor ? a->bind_count : first->cursor->bind_count);
}

static const char *compare(const struct wire_request *a, const struct wire_request *b)
{
    if (a->function != b->function || a->sequence != b->sequence) return "function or sequence";
    switch (a->function) {
    case WIRE_FN_EXECUTE:
    case WIRE_FN_REEXECUTE:
    case WIRE_FN_REEXECUTE_FETCH: return compare_execute(a, b);
    case WIRE_FN_FETCH: return a->fetch.cursor_id == b->fetch.cursor_id && a->fetch.rows == b->fetch.rows ? NULL : "the fetch";
    case WIRE_FN_LOB:
        return a->lob.operation == b->lob.operation && view_equal(a->lob.source, b->lob.source) &&
                       a->lob.source_offset == b->lob.source_offset && a->lob.amount == b->lob.amount &&
                       view_equal(a->lob.data, b->lob.data)
                   ? NULL
                   : "the LOB operation";
    default: return NULL;
    }
}

enum encode_outcome encode_again(const struct wire_session *session, struct wire_cursor_table *cursors, const struct wire_request *request,
                                 const char **why)
{
    struct buffer written;
    struct arena arena;
    struct wire_request second = {0};
    struct error error;
    enum encode_outcome outcome = ENCODE_NONE;
    buffer_init(&written, 0);
    arena_init(&arena, 0);
    if (!session->native_encoding && write_request(session, request, &written)) {
        struct view original = view_of(request->message.data + request->function_at, request->message.size - request->function_at);
        if (view_equal(original, buffer_view(&written))) {
            outcome = ENCODE_SAME;
        } else if (wire_request_decode(session, cursors, &arena, buffer_view(&written), &second, &error) != WIRE_DECODED) {
            outcome = ENCODE_WRONG;
            *why = "it cannot be read again";
            wire_request_abandon(cursors, &second);
        } else {
            *why = compare(request, &second);
            outcome = *why ? ENCODE_WRONG : ENCODE_FIELDS;
            wire_request_abandon(cursors, &second);
        }
    }
    buffer_release(&written);
    arena_release(&arena);
    return outcome;
}
