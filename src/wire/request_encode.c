/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, encoding: what a thin client sends, in the form that this connection has agreed on. */
#include "wire/request.h"

#include "wire/message.h"
#include "wire/primitive.h"
#include "wire/value_text.h"

enum {
    LONG_MAX_SIZE = 0x7FFFFFFF,
    I4_COUNT = 13,
    FLAG_ROW_COUNTS = 0x4000,
    FLAG_IMPLICIT_RESULTS = 0x8000,
    COMMIT_AFTER = 1,
    IMAGE_LOCATOR_SIZE = 40,
};

static void write_function(const struct wire_session *session, uint8_t message, uint8_t function, uint8_t sequence, struct buffer *out)
{
    buffer_u8(out, message);
    buffer_u8(out, function);
    buffer_u8(out, sequence);
    if (session->field_version >= WIRE_FIELD_TOKEN) wire_write_ub8(out, 0);
}

static void write_pointer(struct buffer *out, uint32_t size)
{
    buffer_u8(out, size > 0);
    wire_write_ub4(out, size);
}

/* ---- descriptors and bind rows ---- */

static void write_oac(const struct wire_session *session, const struct wire_oac *oac, struct buffer *out)
{
    buffer_u8(out, oac->type);
    buffer_u8(out, oac->flags);
    buffer_u8(out, 0); /* precision and scale: servers take 0 only, and 0 is one byte in both forms */
    buffer_u8(out, 0);
    wire_write_ub4(out, oac->size_max);
    wire_write_ub4(out, oac->elements_max);
    wire_write_ub8(out, oac->continue_flags);
    wire_write_ub4(out, 0); /* type id of objects, its version */
    wire_write_ub4(out, 0);
    wire_write_ub2(out, oac->charset);
    buffer_u8(out, oac->form);
    wire_write_ub4(out, oac->characters_max);
    if (session->field_version >= WIRE_FIELD_SIGNATURE) wire_write_ub4(out, 0);
}

/* The locator by which an image (JSON, VECTOR) is bound by value: only its size is in it. */
static void write_image_locator(uint64_t size, struct buffer *out)
{
    static const uint8_t start[] = {0, 38, 0, 4, 0x61, 0x08, 0, 0, 0, 1};
    wire_write_ub4(out, IMAGE_LOCATOR_SIZE);
    buffer_u8(out, IMAGE_LOCATOR_SIZE);
    buffer_append(out, start, sizeof start);
    buffer_u64(out, size);
    for (size_t i = sizeof start + 8; i < IMAGE_LOCATOR_SIZE; i++) buffer_u8(out, 0);
}

static void write_bind(const struct wire_session *session, uint8_t type, const struct wire_bind *bind, struct buffer *out)
{
    bool null = !bind->present || bind->null;
    if (wire_type_is_cursor(type)) {
        buffer_u8(out, 1); /* a new one */
        buffer_u8(out, 0);
    } else if (null && type == WIRE_TYPE_BOOLEAN) {
        buffer_u8(out, 253);
        buffer_u8(out, 1);
    } else if (null) {
        buffer_u8(out, 0);
    } else if (wire_type_is_lob(type)) {
        wire_write_ub4(out, (uint32_t)bind->raw.size);
        wire_write_long_clr(out, bind->raw, session->small_chunks);
    } else {
        if (wire_type_is_image(type)) write_image_locator(bind->raw.size, out);
        wire_write_long_clr(out, bind->raw, session->small_chunks);
    }
}

static void write_bind_or_array(const struct wire_session *session, const struct wire_oac *oac, const struct wire_bind *bind,
                                struct buffer *out)
{
    if (!(oac->flags & WIRE_OAC_ARRAY)) {
        write_bind(session, oac->type, bind, out);
        return;
    }
    wire_write_ub4(out, bind->element_count);
    for (uint32_t i = 0; i < bind->element_count; i++) write_bind(session, oac->type, &bind->elements[i], out);
}

static bool is_late(const struct wire_session *session, const struct wire_execute_spec *spec, const struct wire_oac *oac)
{
    if (wire_type_is_long(oac->type)) return true;
    if (spec->plsql || wire_type_is_cursor(oac->type) || wire_type_is_lob(oac->type) || wire_type_is_image(oac->type)) return false;
    return oac->size_max > wire_string_limit(session);
}

struct row_rule {
    bool short_form, with_returns;
};

static bool is_sent(const struct wire_execute_spec *spec, struct row_rule rule, uint32_t row, uint32_t i)
{
    if (!rule.with_returns && i + spec->return_binds >= spec->bind_count) return false;
    if (spec->binds[i].flags == WIRE_OAC_REPEATED) return false; /* it has the value of another */
    return !rule.short_form || spec->rows[(size_t)row * spec->bind_count + i].present;
}

static void write_row(const struct wire_session *session, const struct wire_execute_spec *spec, struct row_rule rule, uint32_t row,
                      struct buffer *out)
{
    static const struct wire_bind absent = {.present = false};
    buffer_u8(out, WIRE_MESSAGE_ROW);
    for (int late = 0; late < 2; late++)
        for (uint32_t i = 0; i < spec->bind_count; i++) {
            if (!is_sent(spec, rule, row, i) || is_late(session, spec, &spec->binds[i]) != (late == 1)) continue;
            bool returned = i + spec->return_binds >= spec->bind_count;
            write_bind_or_array(session, &spec->binds[i], returned ? &absent : &spec->rows[(size_t)row * spec->bind_count + i], out);
        }
}

static void write_rows(const struct wire_session *session, const struct wire_execute_spec *spec, struct row_rule rule, struct buffer *out)
{
    for (uint32_t row = 0; row < spec->row_count; row++) {
        bool any = false;
        for (uint32_t i = 0; i < spec->bind_count && !any; i++) any = is_sent(spec, rule, row, i);
        if (any) write_row(session, spec, rule, row, out);
    }
}

static bool binds_can_be_said(const struct wire_execute_spec *spec)
{
    for (uint32_t i = 0; i < spec->bind_count; i++)
        if (spec->binds[i].type == WIRE_TYPE_OBJECT || spec->binds[i].type == 0) return false;
    return spec->return_binds <= spec->bind_count;
}

/* ---- executions ---- */

static void write_header(const struct wire_session *session, const struct wire_execute_spec *spec, uint32_t sql_size, struct buffer *out)
{
    uint8_t version = session->field_version;
    uint32_t counts = spec->dml_row_counts ? (spec->execution_count ? spec->execution_count : 1) : 0;
    bool binds = spec->options & WIRE_OPTION_BIND, defines = spec->options & WIRE_OPTION_DEFINE;
    wire_write_ub4(out, spec->options);
    wire_write_ub4(out, spec->cursor_id);
    write_pointer(out, sql_size);
    buffer_u8(out, 1);
    wire_write_ub4(out, I4_COUNT);
    buffer_u16(out, 0);
    wire_write_ub4(out, 0);
    wire_write_ub4(out, spec->prefetch_rows);
    wire_write_ub4(out, LONG_MAX_SIZE);
    write_pointer(out, binds ? spec->bind_count : 0);
    for (int i = 0; i < 5; i++) buffer_u8(out, 0);
    write_pointer(out, defines ? spec->define_count : 0);
    if (version >= WIRE_FIELD_REGISTRATION) {
        wire_write_ub4(out, 0);
        buffer_u8(out, 0);
        buffer_u8(out, 1);
    }
    if (version >= WIRE_FIELD_BLV) {
        write_pointer(out, 0);
        write_pointer(out, 0);
        wire_write_ub4(out, 0);
    }
    if (version >= WIRE_FIELD_ROW_COUNTS) {
        write_pointer(out, counts);
        buffer_u8(out, counts > 0);
    }
    if (version >= WIRE_FIELD_SIGNATURE) {
        write_pointer(out, 0);
        write_pointer(out, 0);
        buffer_u8(out, 0);
    }
    if (version >= WIRE_FIELD_CHUNK_IDS) write_pointer(out, 0);
}

static void write_i4(const struct wire_execute_spec *spec, struct buffer *out)
{
    uint32_t i4[I4_COUNT] = {0};
    i4[0] = spec->sql.size > 0;
    i4[1] = spec->execution_count;
    i4[7] = spec->query;
    if (spec->options & WIRE_OPTION_EXECUTE) i4[9] |= FLAG_IMPLICIT_RESULTS;
    if (spec->dml_row_counts) i4[9] |= FLAG_ROW_COUNTS;
    for (int i = 0; i < I4_COUNT; i++) wire_write_ub4(out, i4[i]);
}

bool wire_execute_write(const struct wire_session *session, uint8_t sequence, const struct wire_execute_spec *spec, struct buffer *out)
{
    struct buffer converted;
    struct view sql = spec->sql;
    uint16_t charset = wire_text_charset(session, WIRE_FORM_DATABASE);
    if (!binds_can_be_said(spec)) return false;
    buffer_init(&converted, 0);
    bool good = charset == WIRE_CHARSET_UTF8 || wire_text_encode(charset, sql, &converted);
    if (good) {
        if (charset != WIRE_CHARSET_UTF8) sql = buffer_view(&converted);
        write_function(session, WIRE_MESSAGE_FUNCTION, WIRE_FN_EXECUTE, sequence, out);
        write_header(session, spec, (uint32_t)sql.size, out);
        if (sql.size && session->conversion_length)
            wire_write_long_clr(out, sql, session->small_chunks);
        else
            buffer_append_view(out, sql);
        write_i4(spec, out);
        for (uint32_t i = 0; (spec->options & WIRE_OPTION_BIND) && i < spec->bind_count; i++) write_oac(session, &spec->binds[i], out);
        for (uint32_t i = 0; (spec->options & WIRE_OPTION_DEFINE) && i < spec->define_count; i++)
            write_oac(session, &spec->defines[i], out);
        write_rows(session, spec, (struct row_rule){.with_returns = spec->options & WIRE_OPTION_IO_VECTOR}, out);
    }
    buffer_release(&converted);
    return good;
}

bool wire_reexecute_write(const struct wire_session *session, uint8_t sequence, uint8_t function, const struct wire_execute_spec *spec,
                          struct buffer *out)
{
    bool fetches = function == WIRE_FN_REEXECUTE_FETCH;
    if (!binds_can_be_said(spec)) return false;
    write_function(session, WIRE_MESSAGE_FUNCTION, function, sequence, out);
    wire_write_ub4(out, spec->cursor_id);
    wire_write_ub4(out, fetches ? spec->prefetch_rows : spec->execution_count);
    wire_write_ub4(out, fetches ? WIRE_OPTION_EXECUTE : 0);
    wire_write_ub4(out, spec->options & WIRE_OPTION_COMMIT ? COMMIT_AFTER : 0);
    write_rows(session, spec, (struct row_rule){.short_form = true}, out);
    return true;
}

/* ---- short calls ---- */

void wire_fetch_write(const struct wire_session *session, uint8_t sequence, uint32_t cursor_id, uint32_t rows, struct buffer *out)
{
    write_function(session, WIRE_MESSAGE_FUNCTION, WIRE_FN_FETCH, sequence, out);
    wire_write_ub4(out, cursor_id);
    wire_write_ub4(out, rows);
}

void wire_simple_write(const struct wire_session *session, uint8_t sequence, uint8_t function, struct buffer *out)
{
    write_function(session, WIRE_MESSAGE_FUNCTION, function, sequence, out);
}

void wire_lob_write(const struct wire_session *session, uint8_t sequence, const struct wire_lob_request *lob, struct buffer *out)
{
    write_function(session, WIRE_MESSAGE_FUNCTION, WIRE_FN_LOB, sequence, out);
    write_pointer(out, (uint32_t)lob->source.size);
    buffer_u8(out, lob->destination.size > 0);
    wire_write_ub4(out, lob->destination_length);
    wire_write_ub4(out, 0);
    wire_write_ub4(out, 0);
    buffer_u8(out, lob->has_charset);
    buffer_u8(out, 0);
    buffer_u8(out, lob->has_flag);
    wire_write_ub4(out, lob->operation);
    write_pointer(out, 0); /* system change numbers */
    wire_write_ub8(out, lob->source_offset);
    wire_write_ub8(out, lob->destination_offset);
    buffer_u8(out, lob->has_amount);
    for (int i = 0; i < 3 && session->field_version >= WIRE_FIELD_LOB_ARRAYS; i++) write_pointer(out, 0);
    buffer_append_view(out, lob->source);
    buffer_append_view(out, lob->destination);
    if (lob->has_charset) wire_write_ub4(out, lob->charset);
    if (lob->has_amount) wire_write_ub8(out, lob->amount);
    if (!lob->has_data) return;
    buffer_u8(out, WIRE_MESSAGE_LOB_DATA);
    wire_write_long_clr(out, lob->data, session->small_chunks);
}

void wire_close_cursors_write(const struct wire_session *session, uint8_t sequence, const uint32_t *ids, uint32_t count, struct buffer *out)
{
    write_function(session, WIRE_MESSAGE_PIGGYBACK, WIRE_FN_CLOSE_CURSORS, sequence, out);
    buffer_u8(out, 1);
    wire_write_ub4(out, count);
    for (uint32_t i = 0; i < count; i++) wire_write_ub4(out, ids[i]);
}

/* ---- a relayed request under other cursor ids ---- */

static void copy_part(const struct wire_request *request, size_t from, size_t to, struct buffer *out)
{
    buffer_append(out, request->message.data + from, to - from);
}

static void rewrite_list(const struct wire_request *request, const struct wire_piggyback *list, uint32_t (*map)(void *context, uint32_t id),
                         void *context, struct buffer *out)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->id_count; i++) kept += map(context, list->ids[i]) != 0;
    if (kept == 0) return; /* a list of nothing is not sent at all */
    copy_part(request, list->at, list->ids_at, out);
    wire_write_ub4(out, kept);
    for (uint32_t i = 0; i < list->id_count; i++) {
        uint32_t id = map(context, list->ids[i]);
        if (id) wire_write_ub4(out, id);
    }
}

static uint32_t function_cursor_id(const struct wire_request *request)
{
    return request->function == WIRE_FN_FETCH ? request->fetch.cursor_id : request->execute.cursor_id;
}

bool wire_request_rewrite_ids(const struct wire_request *request, uint32_t (*map)(void *context, uint32_t id), void *context,
                              struct buffer *out)
{
    uint32_t id = request->cursor_id_size ? function_cursor_id(request) : 0;
    uint32_t mapped = id ? map(context, id) : 0;
    if (id && !mapped) return false;
    size_t at = 0;
    for (uint32_t i = 0; i < request->piggyback_count; i++) {
        const struct wire_piggyback *piggyback = &request->piggybacks[i];
        if (!piggyback->ids_at) continue;
        copy_part(request, at, piggyback->at, out);
        rewrite_list(request, piggyback, map, context, out);
        at = piggyback->at + piggyback->size;
    }
    if (id) {
        copy_part(request, at, request->cursor_id_at, out);
        wire_write_ub4(out, mapped);
        at = request->cursor_id_at + request->cursor_id_size;
    }
    copy_part(request, at, request->message.size, out);
    return true;
}
