/* SPDX-License-Identifier: Apache-2.0 */
/* TNS framing: both length forms, cuts, limits, and what the writers make. */
#include "wire/packet.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PACKET_MAX = 1 << 21 };

static void check_prefixes(const struct buffer *packet, bool large)
{
    struct view whole = buffer_view(packet);
    struct wire_packet out;
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *exact = exact_copy(whole.data, size);
        assert_int_equal(wire_packet_next(exact, size, large, PACKET_MAX, &out), WIRE_NEED_MORE);
        free(exact);
    }
    uint8_t *exact = exact_copy(whole.data, whole.size);
    assert_int_equal(wire_packet_next(exact, whole.size, large, PACKET_MAX, &out), WIRE_DECODED);
    assert_int_equal(out.size, whole.size);
    free(exact);
}

static void test_data_both_forms(void **state)
{
    (void)state;
    for (int large = 0; large <= 1; large++) {
        struct buffer out;
        buffer_init(&out, 0);
        wire_packet_write_data(&out, view_text("hello"), large, 8192, WIRE_DATA_END_OF_REQUEST);
        check_prefixes(&out, large);
        struct wire_packet packet;
        assert_int_equal(wire_packet_next(out.data, buffer_size(&out), large, PACKET_MAX, &packet), WIRE_DECODED);
        assert_int_equal(packet.type, WIRE_DATA);
        assert_int_equal(packet.data_flags, WIRE_DATA_END_OF_REQUEST);
        assert_true(view_equal(packet.payload, view_text("hello")));
        buffer_release(&out);
    }
}

static void test_header_bytes(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    wire_packet_write_marker(&out, false, WIRE_MARKER_RESET);
    wire_packet_write_marker(&out, true, WIRE_MARKER_INTERRUPT);
    uint8_t expected[64];
    size_t size = exact_hex("00 0b 00 00 0c 00 00 00 01 00 02  00 00 00 0b 0c 00 00 00 01 00 03", expected, sizeof expected);
    assert_int_equal(buffer_size(&out), size);
    assert_memory_equal(out.data, expected, size);
    buffer_release(&out);
}

static void test_set_up_packets_keep_the_short_length(void **state)
{
    (void)state;
    static const enum wire_packet_type types[] = {WIRE_CONNECT, WIRE_ACCEPT, WIRE_REFUSE, WIRE_REDIRECT, WIRE_RESEND};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct buffer out;
        struct wire_packet packet;
        buffer_init(&out, 0);
        wire_packet_write(&out, types[i], 4, view_text("x"), true);
        assert_int_equal(out.data[1], 9);
        assert_int_equal(wire_packet_next(out.data, buffer_size(&out), true, PACKET_MAX, &packet), WIRE_DECODED);
        assert_int_equal(packet.flags, 4);
        buffer_release(&out);
    }
}

static void test_split_at_the_sdu(void **state)
{
    (void)state;
    enum { SDU = 100, SIZE = 1000 };
    uint8_t payload[SIZE], joined[SIZE];
    for (size_t i = 0; i < SIZE; i++) payload[i] = (uint8_t)i;
    struct buffer out;
    buffer_init(&out, 0);
    wire_packet_write_data(&out, view_of(payload, SIZE), true, SDU, WIRE_DATA_END_OF_RESPONSE);
    size_t at = 0, filled = 0, packets = 0;
    while (at < buffer_size(&out)) {
        struct wire_packet packet;
        assert_int_equal(wire_packet_next(out.data + at, buffer_size(&out) - at, true, PACKET_MAX, &packet), WIRE_DECODED);
        assert_true(packet.size <= SDU);
        memcpy(joined + filled, packet.payload.data, packet.payload.size);
        filled += packet.payload.size;
        at += packet.size;
        packets++;
        assert_int_equal(packet.data_flags, filled == SIZE ? WIRE_DATA_END_OF_RESPONSE : 0);
    }
    assert_int_equal(packets, (SIZE + SDU - 11) / (SDU - 10));
    assert_memory_equal(joined, payload, SIZE);
    buffer_release(&out);
}

static void test_empty_data_is_one_packet(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    wire_packet_write_data(&out, view_of(NULL, 0), true, 8192, WIRE_DATA_EOF);
    assert_int_equal(buffer_size(&out), WIRE_DATA_HEADER_SIZE);
    check_prefixes(&out, true);
    buffer_release(&out);
}

static void test_impossible_lengths_are_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool large;
    } cases[] = {
        {"00 07 00 00 0c 00 00 00 01 00 02", false},                                          /* less than a header */
        {"00 00 00 00 06 00 00 00 00 00", false},                                             /* none */
        {"00 09 00 00 06 00 00 00 00", false},                                                /* DATA without room for its flags */
        {"00 00 00 07 0c 00 00 00", true},           {"ff ff ff ff 06 00 00 00 00 00", true}, /* over the limit */
        {"00 20 00 01 06 00 00 00 00 00", true},                                              /* by one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[32];
        struct wire_packet packet;
        size_t size = exact_hex(cases[i].hex, bytes, sizeof bytes);
        assert_int_equal(wire_packet_next(bytes, size, cases[i].large, PACKET_MAX, &packet), WIRE_MALFORMED);
    }
    uint8_t whole[10] = {0, 0x20, 0, 0, 6};
    struct wire_packet packet;
    assert_int_equal(wire_packet_next(whole, sizeof whole, true, PACKET_MAX, &packet), WIRE_NEED_MORE); /* exactly the limit */
}

static void test_short_form_never_overflows(void **state)
{
    (void)state;
    uint8_t *payload = memory_zero(1, 70000);
    struct buffer out;
    buffer_init(&out, 0);
    wire_packet_write_data(&out, view_of(payload, 70000), false, 2097152, 0);
    struct wire_packet packet;
    assert_int_equal(wire_packet_next(out.data, buffer_size(&out), false, PACKET_MAX, &packet), WIRE_DECODED);
    assert_int_equal(packet.size, 65535);
    buffer_clear(&out);
    wire_packet_write(&out, WIRE_REFUSE, 0, view_of(payload, 70000), true);
    assert_true(out.failed);
    buffer_release(&out);
    memory_free(payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_both_forms),
        cmocka_unit_test(test_header_bytes),
        cmocka_unit_test(test_set_up_packets_keep_the_short_length),
        cmocka_unit_test(test_split_at_the_sdu),
        cmocka_unit_test(test_empty_data_is_one_packet),
        cmocka_unit_test(test_impossible_lengths_are_malformed),
        cmocka_unit_test(test_short_form_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
