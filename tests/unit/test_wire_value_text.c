/* SPDX-License-Identifier: Apache-2.0 */
/* Character sets of values: UTF-8 as it stands, UTF-16BE, CESU-8 and single bytes, both ways. */
#include "wire/value.h"

#include "tests/support/exact.h"
#include "tests/support/wire_session.h"
#include "wire/value_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct arena arena;
static struct buffer written;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    buffer_init(&written, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    buffer_release(&written);
    return 0;
}

static const struct known {
    uint16_t charset;
    const char *hex, *utf8;
} known[] = {
    {873, "68 c3 a9 e2 82 ac", "h\xc3\xa9\xe2\x82\xac"},
    {2000, "00 6e 00 e9 20 ac", "n\xc3\xa9\xe2\x82\xac"},
    {2000, "d8 3d de 00", "\xf0\x9f\x98\x80"},
    {871, "ed a0 bd ed b8 80", "\xf0\x9f\x98\x80"},
    {871, "41 ed a0 bd ed b8 80 42",
     "A\xf0\x9f\x98\x80"
     "B"},
    {31, "e9 a4", "\xc3\xa9\xc2\xa4"},
    {46, "e9 a4", "\xc3\xa9\xe2\x82\xac"},
    {178, "80 e9 9f", "\xe2\x82\xac\xc3\xa9\xc5\xb8"},
    {1, "41 7e", "A~"},
};

static void test_known_texts_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t bytes[32];
        size_t size = exact_hex(known[i].hex, bytes, sizeof bytes);
        uint8_t *raw = exact_copy(bytes, size);
        struct view utf8;
        assert_true(wire_text_decode(known[i].charset, view_of(raw, size), &arena, &utf8));
        assert_true(view_equal(utf8, view_text(known[i].utf8)));
        buffer_clear(&written);
        assert_true(wire_text_encode(known[i].charset, view_text(known[i].utf8), &written));
        assert_true(view_equal(buffer_view(&written), view_of(bytes, size)));
        free(raw);
    }
}

static const struct known bad[] = {
    {873, "c3", NULL},
    {873, "ff", NULL},
    {873, "c0 80", NULL},
    {873, "ed a0 80", NULL},
    {873, "f4 90 80 80", NULL},
    {873, "e2 28 a1", NULL},
    {873, "41 41 41 41 41 41 41 41 80", NULL},
    {2000, "00", NULL},
    {2000, "d8 3d", NULL},
    {2000, "de 00 00 41", NULL},
    {2000, "d8 3d 00 41", NULL},
    {871, "ed a0 bd", NULL},
    {871, "ed b8 80", NULL},
    {871, "ed a0 bd 41 41 41", NULL},
    {1, "80", NULL},
    {178, "81", NULL},
    {999, "41", NULL},
};

static void test_what_is_no_text_is_said_to_be_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[32];
        size_t size = exact_hex(bad[i].hex, bytes, sizeof bytes);
        uint8_t *raw = exact_copy(bytes, size);
        struct view utf8;
        assert_false(wire_text_decode(bad[i].charset, view_of(raw, size), &arena, &utf8));
        free(raw);
    }
}

static void test_characters_that_a_charset_lacks(void **state)
{
    (void)state;
    static const uint16_t charsets[] = {1, 31, 46, 178};
    for (size_t i = 0; i < 4; i++) {
        assert_false(wire_text_encode(charsets[i], view_text("ok \xe4\xb8\xad"), &written));
        assert_int_equal(buffer_size(&written), 0);
    }
    assert_false(wire_text_encode(31, view_text("\xe2\x82\xac"), &written)); /* the euro is no Latin-1 */
    assert_false(wire_text_encode(46, view_text("\xc2\xa4"), &written));     /* nor the currency sign Latin-9 */
    assert_false(wire_text_encode(873, view_text("\xff"), &written));
    assert_false(wire_text_encode(2000, view_text("\xff"), &written));
}

static void test_every_byte_of_the_single_byte_sets(void **state)
{
    (void)state;
    static const uint16_t charsets[] = {1, 31, 46, 178};
    for (size_t i = 0; i < 4; i++)
        for (unsigned byte = 1; byte < 256; byte++) {
            uint8_t raw = (uint8_t)byte;
            struct view utf8;
            if (!wire_text_decode(charsets[i], view_of(&raw, 1), &arena, &utf8)) continue;
            buffer_clear(&written);
            assert_true(wire_text_encode(charsets[i], utf8, &written));
            assert_true(view_equal(buffer_view(&written), view_of(&raw, 1)));
        }
}

static void test_random_characters_through_utf16(void **state)
{
    (void)state;
    for (int round = 0; round < 5000; round++) {
        struct buffer utf8;
        size_t units = 0;
        buffer_init(&utf8, 0);
        for (int i = 0; i < 8; i++) {
            uint32_t c = rand() & 1 ? (uint32_t)rand() % 0x80 : (uint32_t)rand() % 0x110000;
            if (c >= 0xD800 && c <= 0xDFFF) c = 'x';
            units += c >= 0x10000 ? 2 : 1;
            if (c < 0x80)
                buffer_u8(&utf8, (uint8_t)c);
            else if (c < 0x800)
                buffer_u16(&utf8, (uint16_t)(0xC080 | (c >> 6) << 8 | (c & 0x3F)));
            else if (c < 0x10000) {
                buffer_u8(&utf8, (uint8_t)(0xE0 | c >> 12));
                buffer_u16(&utf8, (uint16_t)(0x8080 | (c >> 6 & 0x3F) << 8 | (c & 0x3F)));
            } else
                buffer_u32(&utf8, 0xF0808080 | (c >> 18) << 24 | (c >> 12 & 0x3F) << 16 | (c >> 6 & 0x3F) << 8 | (c & 0x3F));
        }
        buffer_clear(&written);
        assert_true(wire_text_is_utf8(buffer_view(&utf8)));
        assert_int_equal(wire_utf8_to_utf16be(buffer_view(&utf8), &written), units);
        assert_int_equal(buffer_size(&written), units * 2);
        struct view back = wire_utf16be_to_utf8(buffer_view(&written), &arena);
        assert_true(view_equal(back, buffer_view(&utf8)));
        buffer_release(&utf8);
        arena_reset(&arena);
    }
}

static void test_lenient_forms_put_replacement_characters(void **state)
{
    (void)state;
    static const uint8_t odd[] = {0xD8, 0x3D, 0x00, 0x41, 0x00};
    struct view utf8 = wire_utf16be_to_utf8(view_of(odd, sizeof odd), &arena);
    assert_true(view_equal(utf8, view_text("\xef\xbf\xbd"
                                           "A\xef\xbf\xbd")));
    assert_int_equal(wire_utf8_to_utf16be(view_text("a\xff"
                                                    "b"),
                                          &written),
                     3);
    assert_memory_equal(buffer_view(&written).data, "\0a\xff\xfd\0b", 6);
}

static void test_values_take_the_form_of_their_connection(void **state)
{
    (void)state;
    struct wire_session session = wire_session_19c();
    static const uint8_t utf16[] = {0x00, 0xe9}, latin9[] = {0xa4};
    struct value value = wire_value_decode(&session, 1, WIRE_FORM_NATIONAL, view_of(utf16, 2), &arena);
    assert_true(view_equal(value.bytes, view_text("\xc3\xa9")));
    assert_true(wire_value_encode(&session, 1, WIRE_FORM_NATIONAL, &value, &written));
    assert_memory_equal(buffer_view(&written).data, "\x02\x00\xe9", 3);
    session.client_charset = 46; /* go-ora with a server of WE8ISO8859P15 */
    value = wire_value_decode(&session, 1, WIRE_FORM_DATABASE, view_of(latin9, 1), &arena);
    assert_true(view_equal(value.bytes, view_text("\xe2\x82\xac")));
    session.national_charset = 999;
    assert_int_equal(wire_value_decode(&session, 1, WIRE_FORM_NATIONAL, view_of(utf16, 2), &arena).type, VALUE_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_known_texts_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_text_is_said_to_be_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_characters_that_a_charset_lacks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_of_the_single_byte_sets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_characters_through_utf16, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lenient_forms_put_replacement_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_take_the_form_of_their_connection, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
