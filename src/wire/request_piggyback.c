/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, decoding: the messages that ride before a function and have no reply of their own. */
#include "wire/message.h"
#include "wire/request_decode.h"

enum { PIGGYBACKS_MAX = 64, CONTEXT_PAIRS_MAX = 4096 };

static void read_cursor_ids(struct request_decoder *d, struct wire_piggyback *out)
{
    wire_struct_begin(&d->in);
    wire_read_pointer(&d->in);
    out->ids_at = d->in.at;
    uint32_t count = wire_read_ub4(&d->in);
    wire_struct_end(&d->in);
    if (!request_room(d, count, 1)) return;
    out->ids = request_array(d, count, sizeof *out->ids);
    if (!out->ids) return;
    for (uint32_t i = 0; i < count && request_ok(d); i++) out->ids[i] = wire_read_ub4(&d->in);
    out->id_count = count;
}

struct text_field {
    bool there;
    uint32_t size;
};

static struct text_field read_text_field(struct request_decoder *d)
{
    bool pointer = wire_read_pointer(&d->in);
    uint32_t size = wire_read_ub4(&d->in);
    return (struct text_field){.there = pointer && size, .size = size};
}

static struct view read_text(struct request_decoder *d, struct text_field field)
{
    return field.there ? request_chr(d, field.size) : view_of(NULL, 0);
}

static void read_end_to_end(struct request_decoder *d, struct wire_piggyback *out)
{
    if (d->in.encoding == WIRE_ENCODING_STRUCT) { /* seen in part only */
        request_unknown(d, "end-to-end attributes in a structure of OCI");
        return;
    }
    wire_read_pointer(&d->in);
    wire_read_pointer(&d->in);
    wire_read_ub4(&d->in); /* which attributes */
    struct text_field client = read_text_field(d), module = read_text_field(d), action = read_text_field(d), context = read_text_field(d);
    reader_u8(&d->in); /* the call's number, in a width of its own */
    if (wire_reader_native(&d->in))
        wire_read_ub2(&d->in);
    else
        wire_read_ub4(&d->in);
    struct text_field info = read_text_field(d);
    (void)read_text_field(d);
    (void)read_text_field(d);
    struct text_field operation = read_text_field(d);
    out->text = read_text(d, client);
    out->module = read_text(d, module);
    out->action = read_text(d, action);
    (void)read_text(d, context);
    out->client_info = read_text(d, info);
    (void)read_text(d, operation);
}

static void read_schema(struct request_decoder *d, struct wire_piggyback *out)
{
    reader_u8(&d->in);
    wire_read_ub4(&d->in);
    out->text = request_clr(d).bytes;
}

static void read_context(struct request_decoder *d, struct wire_piggyback *out)
{
    (void)out;
    reader_u8(&d->in);
    uint32_t size = wire_read_ub4(&d->in);
    reader_u8(&d->in);
    uint32_t pairs = wire_read_ub4(&d->in);
    wire_read_ub2(&d->in); /* flags */
    reader_u8(&d->in);
    if (pairs > CONTEXT_PAIRS_MAX) request_limit(d, "pairs of one application context");
    (void)request_chr(d, size);
    for (uint32_t i = 0; i < pairs && request_ok(d); i++) {
        request_dalc(d);
        request_dalc(d);
        wire_read_ub4(&d->in);
    }
}

static void read_session_state(struct request_decoder *d, struct wire_piggyback *out)
{
    out->bits = wire_read_ub8(&d->in);
}

static void read_free_lobs(struct request_decoder *d, struct wire_piggyback *out)
{
    struct wire_lob_request lob;
    bool frees = request_lob_body(d, &lob) && (lob.operation == WIRE_LOB_FREE_TEMPORARY || lob.operation == WIRE_LOB_FREE_TEMPORARY_ARRAY);
    if (frees) out->text = lob.source;
}

static void read_pipeline(struct request_decoder *d, struct wire_piggyback *out)
{
    (void)out;
    wire_read_ub2(&d->in);
    reader_skip(&d->in, 2);
}

static void read_sessionless(struct request_decoder *d, struct wire_piggyback *out)
{
    (void)out;
    struct wire_request whole = *d->out;
    request_tpc(d, WIRE_FN_TPC_SWITCH);
    *d->out = whole; /* the fields belong to the function that follows */
}

/* JDBC, before it logs off: a text of numbers. Its length stands twice if texts have one. */
static void read_jdbc_text(struct request_decoder *d, struct wire_piggyback *out)
{
    reader_u8(&d->in);
    uint32_t size = wire_read_ub4(&d->in);
    if (reader_u8(&d->in) != 0) request_unknown(d, "a piggyback of unknown form");
    out->text = request_chr(d, size);
}

/* OCI before the first call of a session: which one, by number and serial number, and 1. */
static void read_switch_session(struct request_decoder *d, struct wire_piggyback *out)
{
    (void)out;
    wire_struct_begin(&d->in);
    for (int i = 0; i < 3; i++) wire_read_ub4(&d->in);
    wire_struct_end(&d->in);
}

static const struct piggyback_row {
    uint8_t function;
    bool native; /* seen in OCI's own encodings too */
    void (*read)(struct request_decoder *d, struct wire_piggyback *out);
} piggybacks[] = {
    {WIRE_FN_CLOSE_CURSORS, true, read_cursor_ids},
    {WIRE_FN_CANCEL_CURSORS, true, read_cursor_ids},
    {WIRE_FN_SWITCH_SESSION, true, read_switch_session},
    {WIRE_FN_END_TO_END, true, read_end_to_end},
    {WIRE_FN_SET_SCHEMA, false, read_schema},
    {WIRE_FN_APP_CONTEXT, false, read_context},
    {WIRE_FN_SESSION_STATE, false, read_session_state},
    {WIRE_FN_LOB, false, read_free_lobs},
    {WIRE_FN_PIPELINE_BEGIN, false, read_pipeline},
    {WIRE_FN_TPC_SWITCH, false, read_sessionless},
    {WIRE_FN_JDBC_BF, false, read_jdbc_text},
};

/* Room grows by doubling inside the arena; the few old arrays go with it. */
static struct wire_piggyback *add_piggyback(struct request_decoder *d)
{
    struct wire_request *out = d->out;
    uint32_t count = out->piggyback_count;
    if (count == PIGGYBACKS_MAX) {
        request_limit(d, "piggybacks of one call");
        return NULL;
    }
    if ((count & (count - 1)) == 0 && count != 1) {
        struct wire_piggyback *more = request_array(d, count ? (size_t)count * 2 : 2, sizeof *more);
        if (!more) return NULL;
        if (count) memcpy(more, out->piggybacks, count * sizeof *more);
        out->piggybacks = more;
    }
    out->piggyback_count = count + 1;
    return &out->piggybacks[count];
}

/* A side note that comes alone, or before a call, and has no answer. Only those that change nothing which is followed here. */
void request_one_way(struct request_decoder *d)
{
    uint8_t function = reader_peek(&d->in);
    if (reader_ok(&d->in) && function != WIRE_FN_SESSION_STATE && function != WIRE_FN_END_TO_END)
        request_unknown(d, "a one-way message that is not decoded");
    else
        request_piggyback(d);
}

void request_piggyback(struct request_decoder *d)
{
    size_t at = d->in.at - 1;
    wire_struct_begin(&d->in);
    uint8_t function = reader_u8(&d->in);
    reader_u8(&d->in); /* sequence */
    if (d->session->field_version >= WIRE_FIELD_TOKEN) wire_read_ub8(&d->in);
    if (!reader_ok(&d->in)) return;
    for (size_t i = 0; i < sizeof piggybacks / sizeof *piggybacks; i++) {
        if (piggybacks[i].function != function) continue;
        if (!piggybacks[i].native && request_not_seen_native(d, "a piggyback that was not seen in OCI's own encoding")) return;
        struct wire_piggyback *out = add_piggyback(d);
        if (!out) return;
        out->function = function;
        out->at = at;
        piggybacks[i].read(d, out);
        out->size = d->in.at - at;
        return;
    }
    request_unknown(d, "a piggyback that is not decoded");
}
