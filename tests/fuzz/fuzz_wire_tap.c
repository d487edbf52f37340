/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the tap with a conversation. The first byte says where it begins (before CONNECT, behind ACCEPT, logged in at some field
 * version); then packets follow, each with a byte for side and type, two for its length, and its body. Whatever comes, the tap must
 * answer, stay within its limits, and never change the length of a packet.
 */
#include "wire/negotiate_session.h"
#include "wire/tap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum; /* reported views must be readable */

static void look(struct view view)
{
    for (size_t i = 0; i < view.size; i++) sum += view.data[i];
}

static void on_row(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    (void)context;
    CHECK(cursor);
    for (uint32_t i = 0; i < count; i++) {
        look(cells[i].raw);
        look(cells[i].lob_data);
    }
}

static void on_end(void *context, const struct wire_end *end)
{
    (void)context;
    look(end->message);
    for (uint32_t i = 0; end->batch_messages && i < end->batch_count; i++) look(end->batch_messages[i]); /* they may be missing */
}

static const struct wire_reply_events events = {.row = on_row, .end = on_end};

static void adopt(struct wire_tap *tap, uint8_t choice)
{
    static const uint8_t field_versions[] = {7, 8, 11, 12, 14, 18, 20, 24};
    struct wire_session session;
    struct wire_login_info info = {.user = "FUZZ"};
    struct wire_accept accept = {.version = 318, .sdu = 8192};
    wire_session_init(&session, &wire_tap_session(tap)->limits);
    wire_session_set_accept(&session, &accept);
    session.field_version = field_versions[choice & 7];
    session.conversion_length = choice & 8;
    session.sb1_universal = choice & 16;
    session.strings_32k = choice & 32;
    session.status_has_call_status = session.status_has_sequence = true;
    session.client_charset = session.server_charset = 873;
    session.native_encoding = choice & 64;
    if (choice & 64) session.encoding = choice & 8 ? WIRE_ENCODING_STRUCT : WIRE_ENCODING_FIXED;
    wire_tap_adopt(tap, &session, &info);
}

static void begin(struct wire_tap *tap, uint8_t choice)
{
    if (choice & 0x80) {
        adopt(tap, choice);
        return;
    }
    wire_tap_set_edit(tap, choice & 0x40);
    if (choice & 0x20) return;
    struct buffer out;
    struct wire_packet packet;
    buffer_init(&out, 0);
    wire_accept_write(&out, choice & 0x10 ? 318 : 319, 8192);
    CHECK(wire_packet_next(out.data, buffer_size(&out), false, 1 << 20, &packet) == WIRE_DECODED);
    (void)wire_tap_server(tap, &packet);
    buffer_release(&out);
}

static void look_at_request(struct wire_tap *tap, bool serve)
{
    struct wire_request *request = wire_tap_request(tap);
    CHECK(request && !request->undecoded);
    if (request->function == WIRE_FN_EXECUTE) {
        look(request->execute.sql);
        uint32_t binds = request->execute.row_count && request->cursor
                             ? (request->execute.has_binds ? request->execute.bind_count : request->cursor->bind_count)
                             : 0;
        for (size_t i = 0; i < (size_t)binds * request->execute.row_count; i++) look(request->execute.rows[i].raw);
    }
    if (serve)
        wire_tap_served(tap);
    else
        wire_tap_sent(tap);
}

static void one_packet(struct wire_tap *tap, uint8_t kind, const uint8_t *body, size_t size)
{
    static const enum wire_packet_type types[] = {WIRE_DATA,   WIRE_DATA,      WIRE_DATA,     WIRE_DATA,   WIRE_MARKER,  WIRE_CONNECT,
                                                  WIRE_ACCEPT, WIRE_REFUSE,    WIRE_REDIRECT, WIRE_RESEND, WIRE_CONTROL, WIRE_NULL,
                                                  WIRE_ABORT,  WIRE_ATTENTION, WIRE_DATA,     WIRE_DATA};
    bool server = kind & 0x80, large = wire_tap_session(tap)->large;
    enum wire_packet_type type = types[kind & 15];
    struct buffer out;
    struct wire_packet packet;
    buffer_init(&out, 0);
    if (type == WIRE_DATA && size < 8000)
        wire_packet_write_data(&out, view_of(body, size), large, 8192, kind & 0x40 && size == 0 ? WIRE_DATA_EOF : 0);
    else
        wire_packet_write(&out, type, kind & 0x40 ? 2 : 0, view_of(body, size), large);
    uint8_t *exact = malloc(buffer_size(&out) + 1);
    if (buffer_size(&out)) memcpy(exact, buffer_view(&out).data, buffer_size(&out));
    if (!out.failed && wire_packet_next(exact, buffer_size(&out), large, 1 << 24, &packet) == WIRE_DECODED) {
        size_t before = packet.size;
        enum wire_tap_event event = server ? wire_tap_server(tap, &packet) : wire_tap_client(tap, &packet);
        CHECK(packet.size == before && packet.bytes == exact);
        if (event == WIRE_TAP_REQUEST) look_at_request(tap, kind & 0x20);
        if (event == WIRE_TAP_OPAQUE) CHECK(wire_tap_opaque_reason(tap)[0]);
    }
    free(exact);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    struct wire_limits limits = wire_limits_default;
    limits.call_max = 1 << 16;
    limits.cursor_max = 50;
    struct wire_tap *tap = wire_tap_new(&limits, &events, NULL, NULL);
    begin(tap, data[0]);
    for (size_t at = 1; at + 3 <= size;) {
        size_t length = (size_t)data[at + 1] << 8 | data[at + 2], left = size - at - 3;
        if (length > left) length = left;
        one_packet(tap, data[at], data + at + 3, length);
        at += 3 + length;
    }
    wire_tap_free(tap);
    return 0;
}
