/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, decoding: executions (the full one and the two short ones), descriptors, and bind rows. */
#include "base/limit.h"
#include "wire/message.h"
#include "wire/request_decode.h"
#include "wire/value.h"
#include "wire/value_text.h"

enum { OAC_SIZE_MIN = 12, I4_MAX = 64 };

/* ---- descriptors ---- */

/* Clients that say signed bytes as universal integers do so for the types that have a scale. */
static bool scale_is_universal(const struct wire_session *session, uint8_t type)
{
    switch (type) {
    case WIRE_TYPE_NUMBER:
    case WIRE_TYPE_TIMESTAMP:
    case WIRE_TYPE_TIMESTAMP_TZ:
    case WIRE_TYPE_INTERVAL_DS:
    case WIRE_TYPE_TIMESTAMP_DESCRIPTOR:
    case WIRE_TYPE_TIMESTAMP_TZ_DESCRIPTOR:
    case WIRE_TYPE_INTERVAL_DS_DESCRIPTOR:
    case WIRE_TYPE_TIMESTAMP_LTZ:
    case WIRE_TYPE_TIMESTAMP_LTZ_DESCRIPTOR: return session->sb1_universal;
    default: return false;
    }
}

static void read_oac(struct request_decoder *d, struct wire_oac *oac)
{
    struct reader *in = &d->in;
    oac->type = reader_u8(in);
    oac->flags = reader_u8(in);
    oac->precision = reader_u8(in);
    oac->scale = scale_is_universal(d->session, oac->type) ? (int16_t)wire_read_sb4(in) : (int8_t)reader_u8(in);
    oac->size_max = wire_read_ub4(in);
    oac->elements_max = wire_read_ub4(in);
    oac->continue_flags = wire_read_ub8(in);
    request_dalc(d);   /* type id of objects */
    wire_read_ub4(in); /* its version */
    oac->charset = wire_read_ub2(in);
    oac->form = reader_u8(in);
    oac->characters_max = wire_read_ub4(in);
    if (d->session->field_version >= WIRE_FIELD_SIGNATURE) wire_read_ub4(in);
}

static struct wire_oac *request_oacs(struct request_decoder *d, uint32_t count)
{
    if (!request_room(d, count, OAC_SIZE_MIN)) return NULL;
    struct wire_oac *oacs = request_array(d, count, sizeof *oacs);
    for (uint32_t i = 0; oacs && i < count && request_ok(d); i++) read_oac(d, &oacs[i]);
    return oacs;
}

/* ---- one bind value ---- */

static void read_cursor_bind(struct request_decoder *d, struct wire_bind *bind)
{
    uint8_t first = reader_u8(&d->in);
    bind->null = first == 0;
    if (!reader_ok(&d->in) || first == 0) return;
    uint8_t second = reader_u8(&d->in);
    if (first != 1 || second > 1) request_unknown(d, "a cursor bind of unknown form");
    if (request_ok(d) && second == 1) wire_read_ub4(&d->in); /* an open cursor: its id */
}

static void read_locator_bind(struct request_decoder *d, struct wire_bind *bind)
{
    bind->null = wire_read_ub4(&d->in) == 0;
    if (reader_ok(&d->in) && !bind->null) bind->raw = request_clr(d).bytes;
}

static void read_image_bind(struct request_decoder *d, struct wire_bind *bind)
{
    bind->null = wire_read_ub4(&d->in) == 0;
    if (!reader_ok(&d->in) || bind->null) return;
    request_clr(d);
    bind->raw = request_clr(d).bytes;
}

static void read_object_bind(struct request_decoder *d, struct wire_bind *bind)
{
    request_dalc(d); /* type, object, snapshot */
    request_dalc(d);
    request_dalc(d);
    wire_read_ub4(&d->in); /* version */
    bind->null = wire_read_ub4(&d->in) == 0;
    wire_read_ub4(&d->in); /* flags */
    if (reader_ok(&d->in) && !bind->null) bind->raw = request_clr(d).bytes;
}

static void read_scalar_bind(struct request_decoder *d, uint8_t type, struct wire_bind *bind)
{
    bind->present = true;
    if (wire_type_is_cursor(type)) {
        read_cursor_bind(d, bind);
    } else if (wire_type_is_lob(type)) {
        read_locator_bind(d, bind);
    } else if (wire_type_is_image(type)) {
        read_image_bind(d, bind);
    } else if (type == WIRE_TYPE_OBJECT) {
        read_object_bind(d, bind);
    } else {
        struct wire_clr clr = request_clr(d);
        bind->null = clr.null;
        bind->raw = clr.bytes;
    }
}

/* An index-by table is a count and that many values. */
static void read_bind(struct request_decoder *d, const struct wire_oac *oac, struct wire_bind *bind)
{
    if (!(oac->flags & WIRE_OAC_ARRAY)) {
        read_scalar_bind(d, oac->type, bind);
        return;
    }
    uint32_t count = wire_read_ub4(&d->in);
    bind->present = true;
    bind->null = count == 0;
    if (!request_room(d, count, 1) || count == 0) return;
    if (count > d->session->limits.rows_max) request_limit(d, "elements of one index-by table");
    bind->elements = request_ok(d) ? request_array(d, count, sizeof *bind->elements) : NULL;
    for (uint32_t i = 0; bind->elements && i < count && request_ok(d); i++) read_scalar_bind(d, oac->type, &bind->elements[i]);
    bind->element_count = count;
}

/* ---- rows ---- */

/* How the values of one row stand in the message: which binds have one, and which of them stand last. */
struct row_plan {
    const struct wire_oac *binds;
    uint32_t count;
    uint32_t *order;    /* binds in the order of their values */
    uint32_t *first_of; /* NULL: no bind is repeated; else where a bind without value of its own finds it */
    uint32_t sent;
};

/* Values that may be long stand behind all others: LONG types always, in SQL also what is declared beyond the string limit. */
static bool is_late(const struct request_decoder *d, const struct wire_oac *oac)
{
    if (wire_type_is_long(oac->type)) return true;
    if (d->kind.plsql || wire_type_is_cursor(oac->type) || wire_type_is_lob(oac->type) || wire_type_is_image(oac->type)) return false;
    return oac->size_max > wire_string_limit(d->session);
}

/* Left out: binds behind RETURNING .. INTO unless the client asked for an I/O vector, and in the short forms what is only OUT. */
static bool is_sent(const struct request_decoder *d, uint32_t i, uint32_t count)
{
    const struct wire_execute *execute = &d->out->execute;
    const uint8_t *directions = execute->has_binds || !d->out->cursor ? NULL : d->out->cursor->directions;
    if (execute->short_form && directions && directions[i] == WIRE_OUT) return false;
    bool asked = !execute->short_form && (execute->options & WIRE_OPTION_IO_VECTOR);
    return asked || i + d->kind.return_binds < count;
}

static bool is_repeated(const struct wire_oac *oac)
{
    return oac->flags == WIRE_OAC_REPEATED;
}

/* Which value a bind takes that is sent without one is said by the names in the statement. */
static bool plan_repeated(struct request_decoder *d, struct row_plan *plan)
{
    const struct wire_cursor *cursor = d->out->cursor;
    bool any = false;
    for (uint32_t i = 0; i < plan->count; i++) any = any || is_repeated(&plan->binds[i]);
    if (!any) return true;
    if (plan->count > LIMIT_REPEATED_BINDS) {
        request_unknown(d, "a repeated bind among very many");
        return false;
    }
    struct view sql = d->sql                  ? view_of(d->sql, d->sql_size)
                      : cursor && cursor->sql ? view_of(cursor->sql, cursor->sql_size)
                                              : view_of(NULL, 0);
    plan->first_of = request_array(d, plan->count, sizeof *plan->first_of);
    if (!plan->first_of) return false;
    bool good = wire_statement_same_names(sql, plan->first_of, plan->count) == plan->count;
    for (uint32_t i = 0; i < plan->count; i++)
        good = good && (!is_repeated(&plan->binds[i]) || !is_repeated(&plan->binds[plan->first_of[i]]));
    if (!good) request_unknown(d, "a repeated bind whose first is not known");
    return good;
}

static bool plan_rows(struct request_decoder *d, struct row_plan *plan)
{
    const struct wire_execute *execute = &d->out->execute;
    const struct wire_cursor *cursor = d->out->cursor;
    *plan = (struct row_plan){.binds = execute->has_binds || !cursor ? execute->binds : cursor->binds,
                              .count = execute->has_binds || !cursor ? execute->bind_count : cursor->bind_count};
    if (plan->count == 0) return true;
    if (d->kind.return_binds > plan->count) {
        request_unknown(d, "fewer binds than the statement returns into");
        return false;
    }
    plan->order = request_array(d, plan->count, sizeof *plan->order);
    if (!plan->order || !plan_repeated(d, plan)) return false;
    for (int late = 0; late < 2; late++)
        for (uint32_t i = 0; i < plan->count; i++)
            if (is_sent(d, i, plan->count) && !is_repeated(&plan->binds[i]) && is_late(d, &plan->binds[i]) == (late == 1))
                plan->order[plan->sent++] = i;
    return true;
}

static void read_row(struct request_decoder *d, const struct row_plan *plan, struct wire_bind *row)
{
    reader_u8(&d->in);
    for (uint32_t i = 0; i < plan->sent && request_ok(d); i++) read_bind(d, &plan->binds[plan->order[i]], &row[plan->order[i]]);
    for (uint32_t i = 0; plan->first_of && i < plan->count; i++)
        if (is_repeated(&plan->binds[i])) row[i] = row[plan->first_of[i]];
}

/* Walks over a value without keeping it. */
static void skip_scalar(struct request_decoder *d, uint8_t type)
{
    bool plain = !wire_type_is_cursor(type) && !wire_type_is_lob(type) && !wire_type_is_image(type) && type != WIRE_TYPE_OBJECT;
    if (plain) {
        wire_skip_clr(&d->in, d->session->limits.value_max);
        return;
    }
    struct wire_bind unused = {.present = false};
    read_scalar_bind(d, type, &unused);
}

static void skip_row(struct request_decoder *d, const struct row_plan *plan)
{
    reader_u8(&d->in);
    for (uint32_t i = 0; i < plan->sent && request_ok(d); i++) {
        const struct wire_oac *oac = &plan->binds[plan->order[i]];
        uint32_t elements = oac->flags & WIRE_OAC_ARRAY ? wire_read_ub4(&d->in) : 1;
        for (uint32_t k = 0; k < elements && request_ok(d); k++) skip_scalar(d, oac->type);
    }
}

/*
 * Counts the rows without keeping any, from where the last look at this message had come to. The number that the client
 * announced says when to wait for more; how many there are is said by the rows themselves.
 */
static uint32_t count_rows(struct request_decoder *d, const struct row_plan *plan, uint32_t expected)
{
    struct wire_request_progress *progress = d->progress;
    size_t start = d->in.at;
    uint32_t count = 0;
    if (progress && progress->rows_at == start && progress->at >= start && progress->at <= d->in.size) {
        d->in.at = progress->at;
        count = progress->rows;
    }
    while (request_ok(d) && (count < expected || reader_left(&d->in)) && reader_peek(&d->in) == WIRE_MESSAGE_ROW) {
        size_t row_at = d->in.at;
        skip_row(d, plan);
        if (!request_ok(d)) {
            d->in.at = row_at;
            break;
        }
        if (++count > d->session->limits.rows_max) request_limit(d, "rows of one array execution");
    }
    if (progress) *progress = (struct wire_request_progress){.rows_at = start, .at = d->in.at, .rows = count};
    if (request_ok(d)) d->in.at = start;
    return count;
}

static void read_rows(struct request_decoder *d, const struct row_plan *plan, uint32_t count)
{
    struct wire_execute *execute = &d->out->execute;
    if ((uint64_t)count * plan->count > SIZE_MAX / sizeof *execute->rows) request_limit(d, "values of one call");
    execute->rows = request_ok(d) ? request_array(d, (size_t)count * plan->count, sizeof *execute->rows) : NULL;
    if (!execute->rows) return;
    for (uint32_t i = 0; i < count && request_ok(d); i++) read_row(d, plan, execute->rows + (size_t)i * plan->count);
    execute->row_count = count;
}

static void request_rows(struct request_decoder *d, uint32_t expected)
{
    struct row_plan plan;
    if (!request_ok(d) || !plan_rows(d, &plan) || plan.sent == 0) return;
    size_t start = d->in.at;
    bool follows = expected > 0 || reader_left(&d->in) > 0;
    if (!follows || reader_peek(&d->in) != WIRE_MESSAGE_ROW) return;
    if (expected == 1) { /* nearly always: read at once */
        read_rows(d, &plan, 1);
        if (!request_ok(d) || reader_left(&d->in) == 0 || reader_peek(&d->in) != WIRE_MESSAGE_ROW) return;
        d->in.at = start;
    }
    uint32_t count = count_rows(d, &plan, expected);
    if (request_ok(d)) read_rows(d, &plan, count);
}

/* ---- the full execution ---- */

struct execute_header {
    bool has_sql;
    uint32_t sql_size, i4_count;
};

/* A pointer and the number of things at it. */
static uint32_t read_counted(struct reader *in, bool *pointer)
{
    *pointer = wire_read_pointer(in);
    return wire_read_ub4(in);
}

static void read_header_end(struct request_decoder *d)
{
    struct reader *in = &d->in;
    bool unused;
    uint8_t version = d->session->field_version;
    if (version >= WIRE_FIELD_REGISTRATION) {
        wire_read_ub4(in);
        for (int i = 0; i < 2; i++) wire_read_pointer(in);
    }
    if (version >= WIRE_FIELD_BLV) {
        for (int i = 0; i < 2; i++) read_counted(in, &unused);
        wire_read_ub4(in);
    }
    if (version >= WIRE_FIELD_ROW_COUNTS) {
        read_counted(in, &d->out->execute.dml_row_counts);
        wire_read_pointer(in);
    }
    if (version >= WIRE_FIELD_SIGNATURE) {
        for (int i = 0; i < 2; i++) read_counted(in, &unused);
        wire_read_pointer(in);
    }
    if (version >= WIRE_FIELD_CHUNK_IDS) read_counted(in, &unused);
}

static void read_header(struct request_decoder *d, struct execute_header *header)
{
    enum { POINTERS = 5 };
    struct reader *in = &d->in;
    struct wire_execute *out = &d->out->execute;
    bool unused;
    wire_struct_begin(in);
    out->options = wire_read_ub4(in);
    d->out->cursor_id_at = in->at;
    out->cursor_id = wire_read_ub4(in);
    d->out->cursor_id_size = in->at - d->out->cursor_id_at;
    header->sql_size = read_counted(in, &header->has_sql);
    header->i4_count = read_counted(in, &unused);
    for (int i = 0; i < 2; i++) wire_read_pointer(in);
    out->prefetch_bytes = wire_read_ub4(in);
    out->prefetch_rows = wire_read_ub4(in);
    out->long_max = wire_read_ub4(in);
    out->bind_count = read_counted(in, &unused);
    for (int i = 0; i < POINTERS; i++) wire_read_pointer(in);
    out->define_count = read_counted(in, &unused);
    read_header_end(d);
    wire_struct_end(in);
}

/* The text as UTF-8 with a NUL behind it, in the arena: the table takes its own copy when the call is really sent. */
static void read_sql(struct request_decoder *d, const struct execute_header *header)
{
    if (!header->has_sql || header->sql_size == 0) return;
    struct view text = request_chr(d, header->sql_size), utf8;
    if (!request_ok(d)) return;
    while (text.size && text.data[text.size - 1] == 0) text.size--;
    if (!wire_text_decode(wire_text_charset(d->session, WIRE_FORM_DATABASE), text, d->arena, &utf8)) {
        request_unknown(d, "a statement that is no text of the client's character set");
        return;
    }
    d->sql = arena_try(d->arena, utf8.size + 1);
    if (!d->sql) {
        request_limit(d, "memory of one call");
        return;
    }
    if (utf8.size) memcpy(d->sql, utf8.data, utf8.size);
    d->sql[utf8.size] = '\0';
    d->sql_size = utf8.size;
    d->out->execute.sql = view_of(d->sql, d->sql_size);
    wire_cursor_classify(d->out->execute.sql, &d->kind);
}

static void read_i4(struct request_decoder *d, uint32_t count)
{
    struct wire_execute *out = &d->out->execute;
    if (count > I4_MAX) {
        request_unknown(d, "an execution of unknown form");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = wire_read_ub4(&d->in);
        if (i < sizeof out->i4 / sizeof *out->i4) out->i4[i] = n;
    }
    out->i4_count = count < sizeof out->i4 / sizeof *out->i4 ? count : sizeof out->i4 / sizeof *out->i4;
    out->execution_count = out->i4[1];
}

static void read_descriptors(struct request_decoder *d)
{
    struct wire_execute *out = &d->out->execute;
    out->has_binds = out->options & WIRE_OPTION_BIND;
    out->has_defines = out->options & WIRE_OPTION_DEFINE;
    if (!out->has_binds) out->bind_count = 0;
    if (!out->has_defines) out->define_count = 0;
    if (out->bind_count > d->session->limits.bind_max) request_limit(d, "binds of one statement");
    if (out->define_count > d->session->limits.column_max) request_limit(d, "columns of one result");
    /* Their values are what would be mirrored: without a recording that shows the layout, nothing is read into them. */
    if ((out->bind_count || out->define_count) && request_not_seen_native(d, "binds or defines in OCI's own encoding")) return;
    if (request_ok(d) && out->has_binds) out->binds = request_oacs(d, out->bind_count);
    if (request_ok(d) && out->has_defines) out->defines = request_oacs(d, out->define_count);
}

static void use_known_cursor(struct request_decoder *d, uint32_t id)
{
    request_use_cursor(d, id);
    const struct wire_cursor *cursor = d->out->cursor;
    if (!cursor) return;
    d->kind.plsql = cursor->plsql;
    d->kind.query = cursor->query;
    d->kind.dml = cursor->dml;
    d->kind.return_binds = cursor->return_binds;
}

void request_execute(struct request_decoder *d, uint8_t function)
{
    (void)function;
    struct wire_execute *out = &d->out->execute;
    struct execute_header header;
    read_header(d, &header);
    if (!request_ok(d)) return;
    read_sql(d, &header);
    read_i4(d, header.i4_count);
    out->commit = out->options & WIRE_OPTION_COMMIT;
    if (request_ok(d) && !d->sql) use_known_cursor(d, out->cursor_id);
    read_descriptors(d);
    bool with_rows = out->options & (WIRE_OPTION_BIND | WIRE_OPTION_EXECUTE);
    uint32_t iterations = d->kind.query || out->execution_count == 0 ? 1 : out->execution_count;
    request_rows(d, with_rows ? iterations : 0);
}

/* ---- the short executions ---- */

void request_reexecute(struct request_decoder *d, uint8_t function)
{
    enum { COMMIT_AFTER = 1 };
    struct wire_execute *out = &d->out->execute;
    out->short_form = true;
    wire_struct_begin(&d->in);
    d->out->cursor_id_at = d->in.at;
    out->cursor_id = wire_read_ub4(&d->in);
    d->out->cursor_id_size = d->in.at - d->out->cursor_id_at;
    out->execution_count = wire_read_ub4(&d->in);
    out->options = wire_read_ub4(&d->in);
    out->commit = wire_read_ub4(&d->in) & COMMIT_AFTER;
    if (!request_ok(d)) return;
    use_known_cursor(d, out->cursor_id);
    if (!d->out->cursor) return;
    if (d->out->cursor->directions_lost) {
        request_unknown(d, "a block whose OUT binds are not known");
        return;
    }
    bool query = d->kind.query || function == WIRE_FN_REEXECUTE_FETCH;
    if (query) out->prefetch_rows = out->execution_count;
    request_rows(d, query || out->execution_count == 0 ? 1 : out->execution_count);
}

struct value wire_bind_value(const struct wire_session *session, const struct wire_oac *oac, const struct wire_bind *bind,
                             struct arena *arena)
{
    if (!bind->present || bind->null) return value_null();
    bool opaque = (oac->flags & WIRE_OAC_ARRAY) && bind->elements;
    if (opaque || wire_type_is_cursor(oac->type)) return (struct value){.type = VALUE_UNSUPPORTED, .bytes = bind->raw};
    return wire_value_decode(session, oac->type, oac->form, bind->raw, arena);
}
