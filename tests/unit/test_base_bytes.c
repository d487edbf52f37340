/* SPDX-License-Identifier: Apache-2.0 */
/* Views, arenas, buffers and readers: their limits, and what happens at them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/reader.h"

#include <stdlib.h>

static void views_compare_and_trim(void **state)
{
    (void)state;
    assert_true(view_equal(view_text(""), view_of(NULL, 0)));
    assert_true(view_equal_ignoring_case(view_text("Select"), view_text("sELECT")));
    assert_false(view_equal_ignoring_case(view_text("a["), view_text("A{"))); /* only letters have cases */
    assert_int_equal(view_compare(view_text("ab"), view_text("abc")), -1);
    assert_int_equal(view_compare(view_text("b"), view_text("abc")), 1);
    assert_int_equal(view_compare(view_text("\xff"), view_text("a")), 1); /* bytes are not signed */
    assert_true(view_equal(view_trim(view_text(" \t a b \r\n")), view_text("a b")));
    assert_int_equal(view_trim(view_text("  \n")).size, 0);
    assert_true(view_starts_with(view_text("abc"), "ab"));
    assert_false(view_starts_with(view_text("a"), "ab"));
    assert_true(view_hash(view_text("a")) != view_hash(view_text("b")));
}

static void views_become_numbers_only_if_they_are(void **state)
{
    (void)state;
    uint64_t u;
    int64_t i;
    assert_true(view_to_u64(view_text("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_true(view_to_i64(view_text("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_true(view_to_i64(view_text("+9223372036854775807"), &i) && i == INT64_MAX);
    static const char *const bad[] = {"", "-", "+", "18446744073709551616", "99999999999999999999999", "1 ", " 1", "0x1", "1.0"};
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        assert_false(view_to_u64(view_text(bad[n]), &u));
        assert_false(view_to_i64(view_text(bad[n]), &i));
    }
    assert_false(view_to_u64(view_text("-1"), &u));
    assert_false(view_to_i64(view_text("9223372036854775808"), &i));
    assert_false(view_to_i64(view_text("-9223372036854775809"), &i));
}

static void an_arena_gives_aligned_memory_until_its_limit(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 100000);
    for (size_t size = 0; size < 300; size++) {
        uint8_t *bytes = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)bytes % 16, 0);
        memset(bytes, 0xAA, size);
    }
    assert_null(arena_try(&arena, 100000));
    assert_true(arena.exhausted);
    assert_int_equal(arena_copy(&arena, view_of("x", 100001)).size, 0);
    assert_null(arena_try(&arena, SIZE_MAX));
    arena_reset(&arena);
    assert_false(arena.exhausted);
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_try(&arena, 100000));
    assert_null(arena_try(&arena, 1));
    arena_release(&arena);
}

static void an_arena_keeps_its_memory_in_a_steady_state(void **state)
{
    (void)state;
    struct arena arena;
    struct arena_block *kept = NULL;
    arena_init(&arena, 0);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++) (void)arena_alloc(&arena, 1000);
        arena_reset(&arena);
        if (round == 10) kept = arena.blocks;
        if (round > 10) assert_ptr_equal(arena.blocks, kept);
    }
    assert_non_null(kept);
    arena_release(&arena);
    assert_null(arena.blocks);
}

/* A few bytes behind a large piece, as in an outcome behind a LOB: a block of twice its size for them would be waste. */
static void a_large_piece_has_a_block_of_its_own_size(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    uint8_t *small = arena_alloc(&arena, 100), *large = arena_alloc(&arena, 60000);
    memset(small, 1, 100);
    memset(large, 2, 60000);
    uint8_t *more = arena_alloc(&arena, 100);
    assert_true(more > small && more < small + 4096); /* what the first block has left is used */
    assert_true(arena.held < 60000 + 5000);
    arena_release(&arena);
    assert_int_equal(arena.held, 0);
    (void)arena_alloc(&arena, 60000);
    (void)arena_alloc(&arena, 100);
    assert_true(arena.held < 60000 + 5000);
    arena_reset(&arena);
    assert_true(arena.held >= 60000 && arena.held < 60000 + 100); /* the largest is kept */
    arena_release(&arena);
}

static void an_arena_makes_texts(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 64);
    assert_string_equal(arena_string(&arena, view_of("abcdef", 3)), "abc");
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_printf(&arena, "%100d", 7), ""); /* over the limit */
    assert_true(arena.exhausted);
    uint8_t *zeros = arena_zero(&arena, 16);
    for (int i = 0; i < 16; i++) assert_int_equal(zeros[i], 0);
    arena_release(&arena);
}

static void a_buffer_keeps_what_is_put_in_while_its_front_goes(void **state)
{
    (void)state;
    struct buffer buffer;
    uint32_t put = 0, taken = 0;
    srand(3);
    buffer_init(&buffer, 0);
    for (int round = 0; round < 20000; round++) {
        for (int n = rand() % 50; n > 0; n--) buffer_u32(&buffer, put++);
        struct reader reader = reader_of(buffer_view(&buffer));
        size_t count = buffer_size(&buffer) / 4;
        if (count) count = (size_t)rand() % count;
        for (size_t n = 0; n < count; n++) assert_int_equal(reader_u32(&reader), taken++);
        buffer_consume(&buffer, count * 4);
    }
    assert_int_equal(buffer_size(&buffer), 4 * (put - taken));
    assert_true(buffer.capacity <= 16 * 1024); /* it does not grow with what has passed through */
    buffer_release(&buffer);
}

static void a_buffer_over_its_maximum_fails_for_good(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    buffer_append_text(&buffer, "12345678");
    buffer_u16(&buffer, 0x4142);
    assert_false(buffer.failed);
    buffer_u8(&buffer, 'x');
    assert_true(buffer.failed);
    assert_true(view_equal(buffer_view(&buffer), view_text("12345678AB")));
    buffer_consume(&buffer, 5);
    buffer_u8(&buffer, 'x');
    assert_int_equal(buffer_size(&buffer), 5); /* there would be room, but something is missing already */
    buffer_printf(&buffer, "%s", "y");
    assert_null(buffer_reserve(&buffer, 1));
    buffer_clear(&buffer);
    assert_false(buffer.failed);
    buffer_printf(&buffer, "%010d", 42);
    assert_true(view_equal(buffer_view(&buffer), view_text("0000000042")));
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    buffer_release(&buffer);
}

static void integers_go_in_and_out_in_both_orders(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 0);
    buffer_u8(&buffer, 0x01);
    buffer_u16(&buffer, 0x0203);
    buffer_u32(&buffer, 0x04050607);
    buffer_u64(&buffer, 0x08090A0B0C0D0E0F);
    buffer_u16le(&buffer, 0x1110);
    buffer_u32le(&buffer, 0x15141312);
    static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15};
    assert_true(view_equal(buffer_view(&buffer), view_of(expected, sizeof expected)));
    buffer_consume(&buffer, 1);
    buffer_patch_u16(&buffer, 0, 0xAABB);
    struct reader reader = reader_of(buffer_view(&buffer));
    assert_int_equal(reader_peek(&reader), 0xAA);
    assert_int_equal(reader_u16(&reader), 0xAABB);
    assert_int_equal(reader_u32(&reader), 0x04050607);
    assert_true(reader_u64(&reader) == 0x08090A0B0C0D0E0F);
    assert_int_equal(reader_u16le(&reader), 0x1110);
    assert_int_equal(reader_u32le(&reader), 0x15141312);
    assert_int_equal(reader_left(&reader), 0);
    assert_true(reader_ok(&reader));
    buffer_release(&buffer);
}

static void a_short_read_sticks(void **state)
{
    (void)state;
    struct reader reader = reader_of(view_of("\x01\x02\x03", 3));
    assert_int_equal(reader_u16(&reader), 0x0102);
    assert_int_equal(reader_u16(&reader), 0);
    assert_false(reader_ok(&reader));
    assert_int_equal(reader_u8(&reader), 0); /* though a byte is left */
    assert_int_equal(reader_bytes(&reader, 0).size, 0);
    reader = reader_of(view_of("abc", 3));
    assert_int_equal(reader_bytes(&reader, SIZE_MAX).size, 0);
    assert_true(reader.short_read);
    reader = reader_of(view_of(NULL, 0));
    assert_int_equal(reader_bytes(&reader, 0).size, 0);
    assert_true(reader_ok(&reader));
    reader_malformed(&reader);
    assert_false(reader_ok(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_and_trim),
        cmocka_unit_test(views_become_numbers_only_if_they_are),
        cmocka_unit_test(an_arena_gives_aligned_memory_until_its_limit),
        cmocka_unit_test(an_arena_keeps_its_memory_in_a_steady_state),
        cmocka_unit_test(a_large_piece_has_a_block_of_its_own_size),
        cmocka_unit_test(an_arena_makes_texts),
        cmocka_unit_test(a_buffer_keeps_what_is_put_in_while_its_front_goes),
        cmocka_unit_test(a_buffer_over_its_maximum_fails_for_good),
        cmocka_unit_test(integers_go_in_and_out_in_both_orders),
        cmocka_unit_test(a_short_read_sticks),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
