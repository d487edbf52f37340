/* SPDX-License-Identifier: Apache-2.0 */
/* CONNECT to DATA_TYPES: both halves against each other, every prefix, relay edits whole and split, native services. */
#include "wire/negotiate.h"

#include "tests/support/exact.h"
#include "wire/negotiate_ano.h"
#include "wire/negotiate_relay.h"
#include "wire/negotiate_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char descriptor[] =
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=orders)(CID=(PROGRAM=app)(HOST=h1)(USER=u))))";

static struct wire_packet packet_of(struct buffer *buffer)
{
    struct wire_packet packet;
    assert_int_equal(wire_packet_next(buffer->data + buffer->start, buffer_size(buffer), false, 1 << 20, &packet), WIRE_DECODED);
    return packet;
}

/* ---- connect ---- */

static void test_connect_comes_back(void **state)
{
    (void)state;
    struct buffer out;
    struct wire_connect connect;
    buffer_init(&out, 0);
    wire_connect_write(&out, view_text(descriptor), 65536, true);
    struct wire_packet packet = packet_of(&out);
    assert_int_equal(wire_connect_decode(&packet, &connect), WIRE_DECODED);
    assert_int_equal(connect.version, 319);
    assert_int_equal(connect.sdu, 65536);
    assert_true(connect.redirected && !connect.descriptor_follows);
    assert_int_equal(connect.flags0 & 0x05, 0x04); /* native services are off */
    assert_int_equal(connect.options & 0x0400, 0); /* no out-of-band breaks */
    assert_true(view_equal(connect.descriptor, view_text(descriptor)));
    buffer_release(&out);
}

static void test_long_descriptor_follows(void **state)
{
    (void)state;
    char text[20001];
    memset(text, 'x', sizeof text);
    struct buffer out;
    struct wire_connect connect;
    buffer_init(&out, 0);
    wire_connect_write(&out, view_of(text, 20000), 8192, false);
    struct wire_packet packet = packet_of(&out);
    assert_int_equal(wire_connect_decode(&packet, &connect), WIRE_DECODED);
    assert_true(connect.descriptor_follows);
    assert_int_equal(connect.descriptor_size, 20000);
    buffer_consume(&out, packet.size);
    size_t joined = 0;
    while (buffer_size(&out)) {
        packet = packet_of(&out);
        assert_int_equal(packet.type, WIRE_DATA);
        joined += packet.payload.size;
        buffer_consume(&out, packet.size);
    }
    assert_int_equal(joined, 20000);
    buffer_release(&out);
}

/* Changes one 16-bit field of a good CONNECT and says what the decoder thinks of it. */
static enum wire_status connect_with(size_t offset, uint16_t value)
{
    struct buffer out;
    struct wire_connect connect;
    buffer_init(&out, 0);
    wire_connect_write(&out, view_text(descriptor), 8192, false);
    out.data[offset] = (uint8_t)(value >> 8);
    out.data[offset + 1] = (uint8_t)value;
    uint8_t *exact = exact_copy(out.data, buffer_size(&out));
    struct wire_packet packet;
    assert_int_equal(wire_packet_next(exact, buffer_size(&out), false, 1 << 20, &packet), WIRE_DECODED);
    enum wire_status status = wire_connect_decode(&packet, &connect);
    free(exact);
    buffer_release(&out);
    return status;
}

static void test_connect_with_wrong_lengths(void **state)
{
    (void)state;
    enum { LENGTH = 24, OFFSET = 26 };
    assert_int_equal(connect_with(LENGTH, sizeof descriptor - 1), WIRE_DECODED);
    assert_int_equal(connect_with(LENGTH, sizeof descriptor), WIRE_MALFORMED); /* one byte beyond the packet */
    assert_int_equal(connect_with(LENGTH, 65535), WIRE_MALFORMED);
    assert_int_equal(connect_with(OFFSET, 33), WIRE_MALFORMED); /* into the fixed fields */
    assert_int_equal(connect_with(OFFSET, 75), WIRE_MALFORMED);
    assert_int_equal(connect_with(OFFSET, 65535), WIRE_DECODED); /* as if it followed */
}

static void test_short_connect_is_malformed(void **state)
{
    (void)state;
    for (size_t size = WIRE_HEADER_SIZE; size < 34; size++) {
        uint8_t bytes[34] = {0, (uint8_t)size, 0, 0, WIRE_CONNECT};
        uint8_t *exact = exact_copy(bytes, size);
        struct wire_packet packet;
        struct wire_connect connect;
        assert_int_equal(wire_packet_next(exact, size, false, 1000, &packet), WIRE_DECODED);
        assert_int_equal(wire_connect_decode(&packet, &connect), WIRE_MALFORMED);
        free(exact);
    }
}

static void assert_found(const char *text, const char *path, const char *expected)
{
    struct view value = view_text("untouched");
    bool found = wire_descriptor_find(view_text(text), path, &value);
    assert_int_equal(found, expected != NULL);
    if (expected && !view_equal(value, view_text(expected))) fail_msg("%s: '" VIEW_FORMAT "'", path, VIEW_ARGUMENTS(value));
}

static void test_descriptor_paths(void **state)
{
    (void)state;
    assert_found(descriptor, "DESCRIPTION.CONNECT_DATA.SERVICE_NAME", "orders");
    assert_found(descriptor, "description.connect_data.cid.program", "app");
    assert_found(descriptor, "DESCRIPTION.CONNECT_DATA.SID", NULL);
    assert_found(descriptor, "DESCRIPTION.ADDRESS.PORT", "1521");
    assert_found("( Description = (CONNECT_DATA = ( SID = \"a(b\" ) ) )", "DESCRIPTION.CONNECT_DATA.SID", "a(b");
    assert_found("(D=(A=(X=1))(A=(Y=2)))", "D.A.Y", "2"); /* the second of the same name */
    assert_found("(D=(PROGRAM=C:\\Program Files (x86)\\a)(S=1))", "D.S", "1");
    assert_found("(D=(P=5\" disk)(S=1))", "D.S", "1");
    assert_found("(D=(S=1)", "D.S", NULL); /* never closed */
    assert_found("", "D", NULL);
    assert_found("(D)", "D", NULL);
    assert_found("))((", "D", NULL);
}

static void test_accept_in_all_versions(void **state)
{
    (void)state;
    static const uint16_t versions[] = {314, 315, 317, 318, 319}, sizes[] = {32, 41, 41, 45, 61};
    for (size_t i = 0; i < 5; i++) {
        struct buffer out;
        struct wire_accept accept;
        buffer_init(&out, 0);
        wire_accept_write(&out, versions[i], 32768);
        assert_int_equal(buffer_size(&out), sizes[i]);
        struct wire_packet packet = packet_of(&out);
        assert_int_equal(wire_accept_decode(&packet, &accept), WIRE_DECODED);
        assert_int_equal(accept.version, versions[i]);
        assert_int_equal(accept.sdu, 32768);
        assert_int_equal(accept.flags2, 0);
        assert_int_equal(accept.options & 0x0400, 0);
        assert_true(accept.flags0 & 4 && accept.flags1 & 8);
        for (size_t cut = WIRE_HEADER_SIZE; cut < 24; cut++) { /* a packet that says it is shorter */
            uint8_t *exact = exact_copy(out.data, cut);
            exact[1] = (uint8_t)cut;
            struct wire_packet shorter;
            assert_int_equal(wire_packet_next(exact, cut, false, 1000, &shorter), WIRE_DECODED);
            assert_int_equal(wire_accept_decode(&shorter, &accept), WIRE_MALFORMED);
            free(exact);
        }
        buffer_release(&out);
    }
}

static void test_refuse_inline_and_following(void **state)
{
    (void)state;
    struct buffer out;
    struct view text;
    int number;
    buffer_init(&out, 0);
    wire_refuse_write(&out, 12514, "no such service");
    struct wire_packet packet = packet_of(&out);
    assert_int_equal(wire_refuse_decode(&packet, &number, &text), WIRE_DECODED);
    assert_int_equal(number, 12514);
    buffer_clear(&out);

    uint8_t header[12];
    exact_hex("00 0c 00 00 04 02 00 00 22 00 00 00", header, sizeof header);
    assert_int_equal(wire_packet_next(header, sizeof header, false, 1000, &packet), WIRE_DECODED);
    assert_int_equal(wire_refuse_decode(&packet, &number, &text), WIRE_NEED_MORE);
    wire_packet_write_data(&out, view_text("(DESCRIPTION=(ERR=12505))"), false, 8192, 0);
    packet = packet_of(&out);
    assert_int_equal(wire_refuse_decode(&packet, &number, &text), WIRE_DECODED);
    assert_int_equal(number, 12505);

    header[11] = 1; /* a text of one byte that is not there */
    assert_int_equal(wire_packet_next(header, sizeof header, false, 1000, &packet), WIRE_DECODED);
    assert_int_equal(wire_refuse_decode(&packet, &number, &text), WIRE_MALFORMED);
    buffer_release(&out);
}

static void test_redirect_comes_back(void **state)
{
    (void)state;
    struct buffer out;
    struct view address, text;
    buffer_init(&out, 0);
    wire_redirect_write(&out, view_text("(ADDRESS=(HOST=b)(PORT=2))"), view_text(descriptor));
    struct wire_packet packet = packet_of(&out);
    assert_int_equal(wire_redirect_decode(&packet, &address, &text), WIRE_NEED_MORE);
    buffer_consume(&out, packet.size);
    packet = packet_of(&out);
    assert_int_equal(packet.data_flags, WIRE_DATA_EOF);
    assert_int_equal(wire_redirect_decode(&packet, &address, &text), WIRE_DECODED);
    assert_true(view_equal(address, view_text("(ADDRESS=(HOST=b)(PORT=2))")));
    assert_true(view_equal(text, view_text(descriptor)));
    buffer_release(&out);

    uint8_t old[] = {0, 13, 0, 0, WIRE_REDIRECT, 0, 0, 0, 0, 3, 'a', 'b', 'c'}; /* the old form: data in the same packet */
    assert_int_equal(wire_packet_next(old, sizeof old, false, 1000, &packet), WIRE_DECODED);
    assert_int_equal(wire_redirect_decode(&packet, &address, &text), WIRE_DECODED);
    assert_true(view_equal(address, view_text("abc")) && text.size == 0);
}

/* ---- relay edits ---- */

static void test_relay_edits_connect_and_accept(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    wire_connect_write(&out, view_text(descriptor), 8192, false);
    struct wire_packet packet = packet_of(&out);
    packet.bytes[12] |= 0x04; /* out-of-band breaks */
    packet.bytes[32] = packet.bytes[33] = 0x81;
    packet.bytes[73] = 1;
    wire_relay_edit_connect(&packet);
    assert_int_equal(packet.bytes[12] & 4, 0);
    assert_int_equal(packet.bytes[32], 0x84);
    assert_int_equal(packet.bytes[33], 0x84);
    assert_int_equal(packet.bytes[73], 0);
    buffer_clear(&out);

    wire_accept_write(&out, 319, 8192);
    packet = packet_of(&out);
    exact_hex("1a 00 00 01", packet.bytes + 41, 4);
    packet.bytes[10] = 0x0c;
    packet.bytes[22] = 0x51;
    packet.bytes[23] = 0x01;
    wire_relay_edit_accept(&packet);
    struct wire_accept accept;
    assert_int_equal(wire_accept_decode(&packet, &accept), WIRE_DECODED);
    assert_int_equal(accept.flags2, 0x08000000); /* the rest is left alone */
    assert_int_equal(accept.options & 0x0400, 0);
    assert_int_equal(accept.flags0, 0x45);
    assert_int_equal(accept.flags1, 0x09);
    assert_int_equal(accept.version, 319);
    buffer_release(&out);
}

/* A PROTOCOL reply of a newer server: our own, with more in its capabilities. */
static void write_new_protocol_reply(struct buffer *out)
{
    buffer_append(out, "\x01\x06\x00test", 8);
    buffer_u16le(out, 873);
    buffer_u8(out, 1);
    buffer_u16le(out, 2);
    buffer_append(out, "0123456789", 10);
    buffer_u16(out, 13);
    buffer_append(out, "\0\0\0\0\1\0\0\x03\x69\x07\xd0\3\0", 13);
    buffer_u8(out, 60);
    for (int i = 0; i < 60; i++) buffer_u8(out, i == 7 ? 25 : 0xff);
    buffer_u8(out, 8);
    buffer_append(out, "\2\1\0\1\x18\0\x7f\1", 8);
}

static void assert_lowered(const uint8_t *before, const uint8_t *after, size_t size, size_t capabilities_at)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t expected = before[i];
        if (i == capabilities_at + 7) expected = WIRE_RELAY_FIELD_VERSION_MAX;
        if (i == capabilities_at + 40) expected &= (uint8_t)~0x20;
        if (i == capabilities_at + 44) expected &= (uint8_t)~0x16;
        if (after[i] != expected) fail_msg("byte %zu: %02x instead of %02x", i, after[i], expected);
    }
}

static void test_relay_edits_messages_however_they_are_split(void **state)
{
    (void)state;
    struct buffer original;
    buffer_init(&original, 0);
    write_new_protocol_reply(&original);
    size_t size = buffer_size(&original), at = 8 + 2 + 1 + 2 + 10 + 2 + 13 + 1;
    for (size_t piece = 1; piece <= size; piece++) {
        uint8_t *bytes = exact_copy(original.data, size);
        struct wire_relay_walker walker;
        wire_relay_walker_init(&walker, WIRE_RELAY_PROTOCOL_REPLY);
        for (size_t i = 0; i < size; i += piece) wire_relay_walker_feed(&walker, bytes + i, size - i < piece ? size - i : piece);
        assert_true(wire_relay_walker_done(&walker));
        assert_lowered(original.data, bytes, size, at);
        free(bytes);
    }
    uint8_t *bytes = exact_copy(original.data, size);
    assert_true(wire_relay_edit_protocol_reply(bytes, size));
    assert_lowered(original.data, bytes, size, at);
    free(bytes);
    for (size_t cut = 0; cut < at + 60; cut++) { /* not whole: left as it was */
        bytes = exact_copy(original.data, cut);
        assert_false(wire_relay_edit_protocol_reply(bytes, cut));
        if (cut) assert_memory_equal(bytes, original.data, cut);
        free(bytes);
    }
    buffer_release(&original);
}

static void test_relay_lowers_data_types(void **state)
{
    (void)state;
    struct wire_session session;
    struct buffer out;
    wire_session_init(&session, NULL);
    buffer_init(&out, 0);
    wire_data_types_request_write(&session, &out);
    size_t size = buffer_size(&out);
    uint8_t *bytes = exact_copy(out.data, size);
    assert_int_equal(bytes[7 + 7], 24);
    bytes[7 + 40] |= 0x20;
    bytes[7 + 44] |= 0xff;
    uint8_t *before = exact_copy(bytes, size);
    assert_true(wire_relay_edit_data_types(bytes, size));
    assert_lowered(before, bytes, size, 7);
    assert_false(wire_relay_edit_data_types((uint8_t[]){3, 1, 2}, 3));
    free(before);
    free(bytes);
    buffer_release(&out);
}

/* ---- native services ---- */

static void test_native_services_decline(void **state)
{
    (void)state;
    struct buffer out;
    size_t used;
    buffer_init(&out, 0);
    wire_ano_write_decline(&out);
    struct view reply = buffer_view(&out);
    assert_true(wire_ano_is_request(reply));
    assert_int_equal(wire_ano_measure(reply, &used), WIRE_DECODED);
    assert_int_equal(used, reply.size);
    assert_false(wire_ano_is_active(reply));
    for (size_t cut = 0; cut < reply.size; cut++) {
        uint8_t *exact = exact_copy(reply.data, cut);
        assert_int_equal(wire_ano_measure(view_of(exact, cut), &used), WIRE_NEED_MORE);
        (void)wire_ano_is_active(view_of(exact, cut));
        free(exact);
    }
    out.data[reply.size - 1] = 6; /* integrity with an algorithm */
    assert_true(wire_ano_is_active(reply));
    buffer_release(&out);
}

static void test_native_services_required(void **state)
{
    (void)state;
    uint8_t bytes[80];
    size_t size =
        exact_hex("de ad be ef 00 28 13 00 00 00 00 01 00  00 02 00 02 00 00 00 00  00 04 00 05 13 00 00 00  00 03 00 01 11 06 00", bytes,
                  sizeof bytes);
    assert_false(wire_ano_encryption_required(view_of(bytes, size)));
    bytes[size - 1] = 7;
    assert_true(wire_ano_encryption_required(view_of(bytes, size)));
    size_t used;
    bytes[5] = 12; /* less than its own header */
    assert_int_equal(wire_ano_measure(view_of(bytes, size), &used), WIRE_MALFORMED);
    bytes[0] = 1;
    assert_int_equal(wire_ano_measure(view_of(bytes, size), &used), WIRE_MALFORMED);
}

/* ---- PROTOCOL and DATA_TYPES ---- */

typedef enum wire_status (*decoder)(struct wire_session *session, struct view message, size_t *used);

static void check_message(decoder decode, const struct wire_session *start, struct view message, struct wire_session *out)
{
    size_t used = 0;
    for (size_t cut = 0; cut < message.size; cut++) {
        struct wire_session session = *start;
        uint8_t *exact = exact_copy(message.data, cut);
        enum wire_status status = decode(&session, view_of(exact, cut), &used);
        if (status != WIRE_NEED_MORE) fail_msg("prefix of %zu bytes: %d", cut, status);
        free(exact);
    }
    uint8_t *exact = exact_copy(message.data, message.size);
    *out = *start;
    assert_int_equal(decode(out, view_of(exact, message.size), &used), WIRE_DECODED);
    assert_int_equal(used, message.size);
    free(exact);
}

static void test_both_halves_agree(void **state)
{
    (void)state;
    struct wire_session server, client, out;
    struct buffer message;
    wire_session_init(&server, NULL);
    wire_session_init(&client, NULL);
    buffer_init(&message, 0);

    wire_protocol_request_write(&message, "some-driver");
    check_message(wire_protocol_request_decode, &server, buffer_view(&message), &out);
    server = out;
    assert_string_equal(server.driver, "some-driver");

    buffer_clear(&message);
    wire_protocol_reply_write(&server, &message);
    check_message(wire_protocol_reply_decode, &client, buffer_view(&message), &out);
    client = out;
    assert_int_equal(client.server_charset, 873);
    assert_int_equal(client.national_charset, 2000);
    assert_int_equal(client.field_version, 0); /* not before both sides are known */

    buffer_clear(&message);
    wire_data_types_request_write(&client, &message);
    check_message(wire_data_types_request_decode, &server, buffer_view(&message), &out);
    server = out;
    assert_int_equal(server.field_version, 12);
    assert_int_equal(client.field_version, 12);
    assert_true(server.conversion_length && !server.sb1_universal && server.strings_32k && !server.native_encoding);
    assert_true(server.status_has_call_status && server.status_has_sequence && !server.end_of_response);
    assert_int_equal(server.client_charset, 873);

    struct buffer reply;
    buffer_init(&reply, 0);
    wire_data_types_reply_write(&server, buffer_view(&message), &reply);
    check_message(wire_data_types_reply_decode, &client, buffer_view(&reply), &out);
    buffer_release(&reply);
    buffer_release(&message);
}

/* A small DATA_TYPES request with what the drivers differ in. */
static void write_request(struct buffer *out, uint8_t flags, uint8_t field_version, bool zone, bool zone_version, bool national,
                          const char *list)
{
    uint8_t compile[41] = {6, [7] = field_version, [15] = 1, [16] = 0x10, [27] = 1};
    if (zone_version) compile[37] = 2;
    uint8_t bytes[64];
    buffer_u8(out, 2);
    buffer_u16le(out, 873);
    buffer_u16le(out, 873);
    buffer_u8(out, flags);
    buffer_u8(out, sizeof compile);
    buffer_append(out, compile, sizeof compile);
    buffer_u8(out, 7);
    buffer_append(out, zone ? "\2\1\0\0\0\0\4" : "\2\0\0\0\0\0\4", 7);
    if (zone) buffer_append(out, "\x80\0\0\0\x3c\x3c\x3c\x80\0\0\0", 11);
    if (zone && zone_version) buffer_u32(out, 32);
    if (national) buffer_append(out, "\xd0\x07", 2);
    buffer_append(out, bytes, exact_hex(list, bytes, sizeof bytes));
}

static void test_data_types_as_drivers_differ(void **state)
{
    (void)state;
    static const char universal[] = "00 01 00 01 00 01 00 00  00 1b 00 1b 00 01 00 00  00 0d 00 00  00 00";
    static const char native[] = "00 19 00 19 00 18 00 00  00 1b 00 1b 00 0a 00 00  00 00";
    for (unsigned which = 0; which < 16; which++) {
        struct wire_session start, out;
        struct buffer message;
        wire_session_init(&start, NULL);
        buffer_init(&message, 0);
        write_request(&message, which & 1 ? 3 : 1, 12, which & 2, which & 4, which & 8, universal);
        check_message(wire_data_types_request_decode, &start, buffer_view(&message), &out);
        assert_int_equal(out.conversion_length, which & 1);
        assert_true(out.sb1_universal && !out.native_encoding);
        buffer_clear(&message);
        write_request(&message, 3, 12, which & 2, which & 4, which & 8, native);
        check_message(wire_data_types_request_decode, &start, buffer_view(&message), &out);
        assert_true(out.native_encoding && !out.sb1_universal);
        buffer_release(&message);
    }
}

static void test_missing_list_is_told_apart(void **state)
{
    (void)state;
    struct buffer message;
    struct wire_data_types types;
    size_t used;
    buffer_init(&message, 0);
    write_request(&message, 3, 7, true, true, true, "");
    assert_int_equal(wire_data_types_parse(buffer_view(&message), &types, &used), WIRE_NEED_MORE);
    assert_true(types.list_missing);
    buffer_u8(&message, 0);
    assert_int_equal(wire_data_types_parse(buffer_view(&message), &types, &used), WIRE_NEED_MORE);
    assert_false(types.list_missing);
    buffer_release(&message);
}

static void test_fast_auth_order_settles_the_same(void **state)
{
    (void)state;
    struct wire_session session;
    struct buffer request, reply;
    size_t used;
    wire_session_init(&session, NULL);
    session.version = 319;
    session.accept_flags2 = 0x12000000;
    buffer_init(&request, 0);
    buffer_init(&reply, 0);
    write_request(&request, 3, 24, false, false, false, "00 1b 00 1b 00 0a 00 00 00 00");
    request.data[7 + 40] = 0x20;
    assert_int_equal(wire_data_types_request_decode(&session, buffer_view(&request), &used), WIRE_DECODED);
    assert_int_equal(session.field_version, 0);
    write_new_protocol_reply(&reply);
    assert_int_equal(wire_protocol_reply_decode(&session, buffer_view(&reply), &used), WIRE_DECODED);
    assert_int_equal(session.field_version, 24);
    assert_true(session.end_of_response);
    buffer_release(&request);
    buffer_release(&reply);
}

static void test_malformed_negotiation(void **state)
{
    (void)state;
    struct wire_session session;
    size_t used;
    wire_session_init(&session, NULL);
    uint8_t many[300];
    memset(many, 6, sizeof many);
    many[0] = 1;
    assert_int_equal(wire_protocol_request_decode(&session, view_of(many, sizeof many), &used), WIRE_MALFORMED); /* endless versions */
    many[1] = 0;
    assert_int_equal(wire_protocol_request_decode(&session, view_of(many, sizeof many), &used), WIRE_MALFORMED); /* endless name */
    assert_int_equal(wire_protocol_request_decode(&session, view_text("\2"), &used), WIRE_MALFORMED);
    assert_int_equal(wire_protocol_reply_decode(&session, view_of(many + 1, 10), &used), WIRE_MALFORMED);
    assert_int_equal(wire_data_types_request_decode(&session, view_text("\1"), &used), WIRE_MALFORMED);
    uint8_t few[] = {2, 1, 1, 1, 1, 3, 2, 6, 1, 1, 2, 0, 0}; /* capabilities without a field version */
    assert_int_equal(wire_data_types_request_decode(&session, view_of(few, sizeof few), &used), WIRE_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_comes_back),
        cmocka_unit_test(test_long_descriptor_follows),
        cmocka_unit_test(test_connect_with_wrong_lengths),
        cmocka_unit_test(test_short_connect_is_malformed),
        cmocka_unit_test(test_descriptor_paths),
        cmocka_unit_test(test_accept_in_all_versions),
        cmocka_unit_test(test_refuse_inline_and_following),
        cmocka_unit_test(test_redirect_comes_back),
        cmocka_unit_test(test_relay_edits_connect_and_accept),
        cmocka_unit_test(test_relay_edits_messages_however_they_are_split),
        cmocka_unit_test(test_relay_lowers_data_types),
        cmocka_unit_test(test_native_services_decline),
        cmocka_unit_test(test_native_services_required),
        cmocka_unit_test(test_both_halves_agree),
        cmocka_unit_test(test_data_types_as_drivers_differ),
        cmocka_unit_test(test_missing_list_is_told_apart),
        cmocka_unit_test(test_fast_auth_order_settles_the_same),
        cmocka_unit_test(test_malformed_negotiation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
