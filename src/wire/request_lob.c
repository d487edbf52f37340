/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, decoding: operations on LOBs by their locators. */
#include "wire/message.h"
#include "wire/request_decode.h"

enum { LOCATOR_MAX = 1 << 20, SCN_MAX = 64, ARRAY_FIELDS = 3 };
enum { FILE_OPEN = 0x100, FILE_CLOSE = 0x200, FILE_IS_OPEN = 0x400, FILE_EXISTS = 0x800 };

/* Operations whose reply is known; another one could end anywhere. */
static bool operation_is_known(uint32_t operation)
{
    static const uint32_t known[] = {
        WIRE_LOB_LENGTH,     WIRE_LOB_READ, WIRE_LOB_TRIM,  WIRE_LOB_WRITE,   WIRE_LOB_CREATE_TEMPORARY,     WIRE_LOB_FREE_TEMPORARY,
        WIRE_LOB_CHUNK_SIZE, WIRE_LOB_OPEN, WIRE_LOB_CLOSE, WIRE_LOB_IS_OPEN, WIRE_LOB_FREE_TEMPORARY_ARRAY, FILE_OPEN,
        FILE_CLOSE,          FILE_IS_OPEN,  FILE_EXISTS,
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == operation) return true;
    return false;
}

static void read_data(struct request_decoder *d, struct wire_lob_request *lob)
{
    if (reader_u8(&d->in) != WIRE_MESSAGE_LOB_DATA) {
        if (reader_ok(&d->in)) reader_malformed(&d->in);
        return;
    }
    lob->data = request_clr(d).bytes;
    lob->has_data = true;
}

struct lob_pointers {
    bool source, destination, scn;
    uint32_t scn_count;
};

static void read_fixed(struct request_decoder *d, struct wire_lob_request *lob, struct lob_pointers *pointers)
{
    struct reader *in = &d->in;
    pointers->source = reader_u8(in);
    lob->source_length = wire_read_ub4(in);
    pointers->destination = reader_u8(in);
    lob->destination_length = wire_read_ub4(in);
    wire_read_ub4(in); /* short offsets, of old clients */
    wire_read_ub4(in);
    lob->has_charset = reader_u8(in);
    reader_u8(in); /* short amount */
    lob->has_flag = reader_u8(in);
    lob->operation = wire_read_ub4(in);
    pointers->scn = reader_u8(in);
    pointers->scn_count = wire_read_ub4(in);
    lob->source_offset = wire_read_ub8(in);
    lob->destination_offset = wire_read_ub8(in);
    lob->has_amount = reader_u8(in);
    for (int i = 0; i < ARRAY_FIELDS && d->session->field_version >= WIRE_FIELD_LOB_ARRAYS; i++) {
        reader_u8(in);
        wire_read_ub4(in);
    }
}

bool request_lob_body(struct request_decoder *d, struct wire_lob_request *lob)
{
    struct lob_pointers pointers;
    *lob = (struct wire_lob_request){0};
    if (request_not_seen_native(d, "a LOB operation in OCI's own encoding")) return false;
    read_fixed(d, lob, &pointers);
    if (!request_ok(d)) return false;
    if (lob->source_length > LOCATOR_MAX || (pointers.destination && lob->destination_length > LOCATOR_MAX) ||
        pointers.scn_count > SCN_MAX) {
        reader_malformed(&d->in);
        return false;
    }
    if (!operation_is_known(lob->operation)) request_unknown(d, "a LOB operation that is not decoded");
    if (pointers.source)
        lob->source = reader_bytes(&d->in, lob->source_length);
    else
        lob->source_length = 0;
    if (pointers.destination) lob->destination = reader_bytes(&d->in, lob->destination_length);
    if (lob->has_charset) lob->charset = wire_read_ub4(&d->in);
    for (uint32_t i = 0; pointers.scn && i < pointers.scn_count; i++) wire_read_ub4(&d->in);
    /* Some clients send the data alone, the others an amount before it. */
    if (lob->has_amount) lob->amount = wire_read_ub8(&d->in);
    if (request_ok(d) && lob->operation == WIRE_LOB_WRITE) read_data(d, lob);
    return request_ok(d);
}

void request_lob(struct request_decoder *d, uint8_t function)
{
    (void)function;
    struct wire_lob_request lob;
    (void)request_lob_body(d, &lob);
    d->out->lob = lob;
}
