/* SPDX-License-Identifier: Apache-2.0 */
/* A tap under test: what it reported, and packets shown to it however they are cut. Include after cmocka's own headers. */
#ifndef TESTS_SUPPORT_TAP_SEEN_H
#define TESTS_SUPPORT_TAP_SEEN_H

#include "tests/support/exact.h"
#include "tests/support/login_pair.h"
#include "wire/tap.h"

struct seen {
    struct wire_tap *tap;
    unsigned events[2][WIRE_TAP_EOF + 1]; /* by direction: 0 the client's packets */
    unsigned rows, ends, describes;
    uint32_t error;
    unsigned owners_freed;
};

static inline void on_row(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    struct seen *seen = context;
    (void)cells;
    assert_non_null(cursor);
    assert_int_equal(count, 1);
    seen->rows++;
}

static inline void on_describe(void *context, struct wire_cursor *cursor)
{
    (void)cursor;
    ((struct seen *)context)->describes++;
}

static inline void on_end(void *context, const struct wire_end *end)
{
    struct seen *seen = context;
    seen->ends++;
    seen->error = end->error;
}

static const struct wire_reply_events seen_events = {.row = on_row, .describe = on_describe, .end = on_end};

static inline void seen_begin(struct seen *seen, const struct wire_limits *limits)
{
    *seen = (struct seen){0};
    seen->tap = wire_tap_new(limits, &seen_events, seen, NULL);
}

/* Shows the tap every packet of `from`, cut anew into DATA packets with at most `piece` bytes of payload (0: as they are). */
static inline enum wire_tap_event pass(struct seen *seen, bool server, struct buffer *from, struct buffer *to, size_t piece)
{
    enum wire_tap_event last = WIRE_TAP_PASS;
    while (buffer_size(from)) {
        struct wire_packet packet;
        bool large = wire_tap_session(seen->tap)->large;
        if (wire_packet_next(from->data + from->start, buffer_size(from), large, 1 << 24, &packet) != WIRE_DECODED)
            fail_msg("not a packet");
        struct buffer cut;
        buffer_init(&cut, 0);
        if (packet.type == WIRE_DATA && piece && packet.payload.size)
            wire_packet_write_data(&cut, packet.payload, large, (uint32_t)(piece + WIRE_DATA_HEADER_SIZE), packet.data_flags);
        else
            buffer_append(&cut, packet.bytes, packet.size);
        buffer_consume(from, packet.size);
        while (buffer_size(&cut)) {
            struct wire_packet part;
            assert_int_equal(wire_packet_next(cut.data + cut.start, buffer_size(&cut), large, 1 << 24, &part), WIRE_DECODED);
            uint8_t *exact = exact_copy(part.bytes, part.size);
            part.payload.data = exact + (part.size - part.payload.size);
            part.bytes = exact;
            last = server ? wire_tap_server(seen->tap, &part) : wire_tap_client(seen->tap, &part);
            seen->events[server][last]++;
            if (last == WIRE_TAP_REQUEST) wire_tap_sent(seen->tap);
            if (to) buffer_append(to, part.bytes, part.size);
            buffer_consume(&cut, part.size);
            free(exact);
        }
        buffer_release(&cut);
    }
    return last;
}

static inline enum wire_tap_event data(struct seen *seen, bool server, struct buffer *packets, const char *hex, size_t piece)
{
    uint8_t bytes[200];
    wire_packet_write_data(packets, view_of(bytes, exact_hex(hex, bytes, sizeof bytes)), true, 8192, 0);
    return pass(seen, server, packets, NULL, piece);
}

#endif
