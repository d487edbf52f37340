/* SPDX-License-Identifier: Apache-2.0 */
/* TTC primitives: known bytes, round trips, every prefix, impossible lengths. */
#include "wire/primitive.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct buffer written;

static int setup(void **state)
{
    (void)state;
    buffer_init(&written, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_release(&written);
    return 0;
}

static void assert_written(const char *hex)
{
    uint8_t expected[64];
    size_t size = exact_hex(hex, expected, sizeof expected);
    assert_int_equal(buffer_size(&written), size);
    assert_memory_equal(buffer_view(&written).data, expected, size);
    buffer_clear(&written);
}

static struct reader reader_hex(const char *hex)
{
    static uint8_t bytes[64];
    return reader_of(view_of(bytes, exact_hex(hex, bytes, sizeof bytes)));
}

static void test_integers_are_written_shortest(void **state)
{
    (void)state;
    wire_write_ub4(&written, 0);
    assert_written("00");
    wire_write_ub2(&written, 0x1234);
    assert_written("02 12 34");
    wire_write_ub4(&written, 0x00123456);
    assert_written("03 12 34 56");
    wire_write_ub8(&written, UINT64_MAX);
    assert_written("08 ff ff ff ff ff ff ff ff");
    wire_write_sb4(&written, -127);
    assert_written("81 7f");
    wire_write_sb4(&written, INT32_MIN);
    assert_written("84 80 00 00 00");
    wire_write_sb8(&written, INT64_MIN);
    assert_written("88 80 00 00 00 00 00 00 00");
    wire_write_sb8(&written, 255);
    assert_written("01 ff");
}

static void test_integers_come_back(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 1, -1, 127, 128, -128, 255, 256, 65535, 65536, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        wire_write_sb8(&written, values[i]);
        struct reader r = reader_of(buffer_view(&written));
        assert_true(wire_read_sb8(&r) == values[i]);
        assert_true(reader_ok(&r) && reader_left(&r) == 0);
        buffer_clear(&written);
    }
}

static void test_integer_longer_than_its_type_is_malformed(void **state)
{
    (void)state;
    struct reader r = reader_hex("03 00 00 01");
    (void)wire_read_ub2(&r);
    assert_true(r.malformed);
    r = reader_hex("05 00 00 00 00 01");
    (void)wire_read_ub4(&r);
    assert_true(r.malformed);
    r = reader_hex("09 00 00 00 00 00 00 00 00 01");
    (void)wire_read_ub8(&r);
    assert_true(r.malformed);
    r = reader_hex("81 01"); /* unsigned with a sign */
    (void)wire_read_ub4(&r);
    assert_true(r.malformed);
    r = reader_hex("04 80 00 00 00"); /* 2^31 without a sign */
    (void)wire_read_sb4(&r);
    assert_true(r.malformed);
    r = reader_hex("84 80 00 00 01");
    (void)wire_read_sb4(&r);
    assert_true(r.malformed);
}

static void test_integer_prefix_needs_more(void **state)
{
    (void)state;
    const uint8_t bytes[] = {4, 1, 2, 3, 4};
    for (size_t size = 0; size < sizeof bytes; size++) {
        uint8_t *exact = exact_copy(bytes, size);
        struct reader r = reader_of(view_of(exact, size));
        assert_int_equal(wire_read_ub4(&r), 0);
        assert_true(r.short_read && !r.malformed);
        free(exact);
    }
}

/* Writes `size` bytes, reads them back from an exact block, then every prefix. */
static void check_clr(size_t size, bool every_prefix)
{
    struct arena arena;
    uint8_t *value = memory_alloc(size + 1);
    for (size_t i = 0; i < size; i++) value[i] = (uint8_t)(i * 7 + 3);
    arena_init(&arena, 0);
    buffer_clear(&written);
    wire_write_clr(&written, view_of(value, size));
    struct view whole = buffer_view(&written);
    uint8_t *exact = exact_copy(whole.data, whole.size);
    struct reader r = reader_of(view_of(exact, whole.size));
    struct wire_clr clr = wire_read_clr(&r, &arena, size + 1);
    assert_true(reader_ok(&r) && reader_left(&r) == 0);
    assert_true(view_equal(clr.bytes, view_of(value, size)));
    assert_int_equal(clr.null, size == 0);
    r = reader_of(view_of(exact, whole.size));
    wire_skip_clr(&r, size + 1);
    assert_true(reader_ok(&r) && reader_left(&r) == 0);
    free(exact);
    for (size_t cut = 0; cut < whole.size; cut += every_prefix ? 1 : 997) {
        exact = exact_copy(whole.data, cut);
        r = reader_of(view_of(exact, cut));
        arena_reset(&arena);
        (void)wire_read_clr(&r, &arena, size + 1);
        assert_true(r.short_read && !r.malformed);
        assert_int_equal(arena.used, 0); /* nothing is joined before all of it is there */
        r = reader_of(view_of(exact, cut));
        wire_skip_clr(&r, size + 1);
        assert_true(r.short_read && !r.malformed);
        free(exact);
    }
    memory_free(value);
    arena_release(&arena);
}

static void test_clr_comes_back_at_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 251, 252, 253, 254, 255, 256, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) check_clr(sizes[i], true);
    static const size_t large[] = {32766, 32767, 32768, 65534, 65535, 70000};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) check_clr(large[i], false);
}

static void test_clr_known_bytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct reader r = reader_hex("fe 01 02 61 62 01 01 63 00 05");
    struct wire_clr clr = wire_read_clr(&r, &arena, 10);
    assert_true(view_equal(clr.bytes, view_text("abc")));
    assert_int_equal(reader_u8(&r), 5);

    r = reader_hex("fe 01 02 61 62 00"); /* one chunk is not copied */
    clr = wire_read_clr(&r, &arena, 10);
    assert_ptr_equal(clr.bytes.data, r.data + 3);

    r = reader_hex("ff 05");
    assert_true(wire_read_clr(&r, &arena, 10).null);
    r = reader_hex("fd 01 05"); /* the null of types whose empty bytes mean something */
    assert_true(wire_read_clr(&r, &arena, 10).null);
    assert_int_equal(reader_u8(&r), 5);
    r = reader_hex("fd 02");
    (void)wire_read_clr(&r, &arena, 10);
    assert_true(r.malformed);
    arena_release(&arena);
}

static void test_clr_over_its_limit_is_malformed(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4);
    struct reader r = reader_hex("0b 61");
    (void)wire_read_clr(&r, &arena, 10);
    assert_true(r.malformed);
    r = reader_hex("0b 61");
    wire_skip_clr(&r, 10);
    assert_true(r.malformed);
    r = reader_hex("fe 01 06 61 61 61 61 61 61 01 05"); /* refused at the header of the chunk that is too much */
    (void)wire_read_clr(&r, &arena, 10);
    assert_true(r.malformed);
    r = reader_hex("fe 04 ff ff ff ff 61");
    (void)wire_read_clr(&r, &arena, 10);
    assert_true(r.malformed);
    r = reader_hex("fe 01 03 61 61 61 01 03 61 61 61 00"); /* within the value's limit, over the arena's */
    (void)wire_read_clr(&r, &arena, 10);
    assert_true(r.malformed && arena.exhausted);
    arena_release(&arena);
}

static void test_dalc_takes_the_inner_length(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct reader r = reader_hex("01 24 02 61 62 07");
    struct wire_clr clr = wire_read_dalc(&r, &arena, 10);
    assert_true(view_equal(clr.bytes, view_text("ab")));
    assert_int_equal(reader_u8(&r), 7);
    r = reader_hex("00 07");
    assert_true(wire_read_dalc(&r, &arena, 10).null);
    assert_int_equal(reader_u8(&r), 7);
    wire_write_dalc(&written, view_text("ab"));
    assert_written("01 02 02 61 62");
    wire_write_dalc(&written, view_of(NULL, 0));
    assert_written("00");
    arena_release(&arena);
}

static void test_failed_buffer_stays_failed(void **state)
{
    (void)state;
    struct buffer small;
    buffer_init(&small, 100);
    uint8_t zeros[300] = {0};
    wire_write_clr(&small, view_of(zeros, sizeof zeros));
    assert_true(small.failed);
    buffer_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_integers_are_written_shortest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_integers_come_back, setup, teardown),
        cmocka_unit_test(test_integer_longer_than_its_type_is_malformed),
        cmocka_unit_test(test_integer_prefix_needs_more),
        cmocka_unit_test_setup_teardown(test_clr_comes_back_at_every_size, setup, teardown),
        cmocka_unit_test(test_clr_known_bytes),
        cmocka_unit_test(test_clr_over_its_limit_is_malformed),
        cmocka_unit_test_setup_teardown(test_dalc_takes_the_inner_length, setup, teardown),
        cmocka_unit_test(test_failed_buffer_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
