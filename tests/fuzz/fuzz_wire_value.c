/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a value of any type: what has a meaning keeps it through the encoder and back. Input: type, form and charset, bytes. */
#include "tests/support/exact.h"
#include "tests/support/wire_session.h"
#include "wire/primitive.h"
#include "wire/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct wire_session *session, uint8_t type, uint8_t form, const struct value *value, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, 0);
    if (wire_value_encode(session, type, form, value, &out)) {
        struct reader r = reader_of(buffer_view(&out));
        struct wire_clr clr = type == WIRE_TYPE_UROWID ? wire_read_dalc(&r, arena, 1 << 20) : wire_read_clr(&r, arena, 1 << 20);
        struct value again = wire_value_decode(session, type, form, clr.bytes, arena);
        if (!reader_ok(&r) || reader_left(&r) || !value_equal(value, &again)) abort();
    } else if (buffer_size(&out)) {
        abort(); /* what is refused leaves nothing behind */
    }
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t charsets[] = {873, 873, 871, 1, 31, 46, 178, 2000};
    if (size < 2) return 0;
    struct wire_session session = wire_session_19c();
    struct arena arena;
    uint8_t type = data[0], form = data[1] & 1 ? WIRE_FORM_NATIONAL : WIRE_FORM_DATABASE;
    session.client_charset = charsets[data[1] >> 1 & 7];
    session.database_zone_minutes = (int16_t)((data[1] >> 4) * 60 - 7 * 60);
    arena_init(&arena, 1 << 20);
    uint8_t *raw = exact_copy(data + 2, size - 2);
    struct value value = wire_value_decode(&session, type, form, view_of(raw, size - 2), &arena);
    if (value.type != VALUE_UNSUPPORTED && value.type != VALUE_NULL) check_round_trip(&session, type, form, &value, &arena);
    for (unsigned other = 0; other < 256; other++) { /* every conversion: exact, refused, but never a broken CLR */
        struct buffer out;
        buffer_init(&out, 0);
        if (value.type != VALUE_UNSUPPORTED && wire_value_encode(&session, (uint8_t)other, form, &value, &out)) {
            struct reader r = reader_of(buffer_view(&out));
            if (other == WIRE_TYPE_UROWID)
                (void)wire_read_dalc(&r, &arena, 1 << 20);
            else
                (void)wire_read_clr(&r, &arena, 1 << 20);
            if (!reader_ok(&r) || reader_left(&r)) abort();
        }
        buffer_release(&out);
    }
    free(raw);
    arena_release(&arena);
    return 0;
}
