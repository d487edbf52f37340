/* SPDX-License-Identifier: Apache-2.0 */
/* Records: whole round trips, every shorter prefix refused, no byte of garbage gets through as something else than an error or a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "engine/record.h"

static struct record sample_record(struct arena *arena)
{
    struct value *binds = arena_zero(arena, sizeof *binds * 6);
    binds[0] = value_number_i64(arena, 42);
    binds[1] = value_text(view_text("grüße"));
    binds[2] = value_null();
    binds[3] = value_number_text(arena, view_text("-12.5"));
    binds[4] =
        (struct value){.type = VALUE_DATETIME, .datetime = {.year = 2026, .month = 1, .day = 31, .hour = 5, .nanosecond = 123456789}};
    binds[5] = value_bytes(view_of("\0\1\2", 3));
    return (struct record){.flags = RECORD_INCOMPLETE,
                           .ordinal = 7,
                           .session = UINT64_C(0x123456789ABCDEF),
                           .schema = view_text("APP"),
                           .text = view_text("INSERT INTO t VALUES (:1, :2, :3)"),
                           .bind_count = 3,
                           .row_count = 2,
                           .binds = binds};
}

static struct record_result sample_result(struct arena *arena)
{
    static uint32_t failed[] = {1, 5};
    struct value *returned = arena_zero(arena, sizeof *returned * 2), *images = arena_zero(arena, sizeof *images * 3);
    returned[0] = value_number_i64(arena, 1);
    returned[1] = value_number_i64(arena, 2);
    images[0] = value_text(view_text("a"));
    images[2] = (struct value){.type = VALUE_DOUBLE, .real = 0.1};
    return (struct record_result){.affected = UINT64_C(1) << 40,
                                  .has_rowid = true,
                                  .rowid = "AAAR3sAAEAAAACXAAA",
                                  .returned_rows = 2,
                                  .returned_binds = 1,
                                  .returned = returned,
                                  .image_rows = 1,
                                  .image_columns = 3,
                                  .images = images,
                                  .failed_count = 2,
                                  .failed = failed,
                                  .partial = true,
                                  .good_iterations = 9};
}

static void assert_values(const struct value *a, const struct value *b, size_t count)
{
    for (size_t i = 0; i < count; i++) assert_true(value_equal(&a[i], &b[i]));
}

static void assert_result(const struct record_result *a, const struct record_result *b)
{
    assert_true(a->affected == b->affected && a->has_rowid == b->has_rowid && a->partial == b->partial &&
                a->good_iterations == b->good_iterations);
    assert_string_equal(a->rowid, b->rowid);
    assert_int_equal(a->failed_count, b->failed_count);
    for (uint32_t i = 0; i < a->failed_count; i++) assert_int_equal(a->failed[i], b->failed[i]);
    assert_true(a->returned_rows == b->returned_rows && a->returned_binds == b->returned_binds);
    assert_values(a->returned, b->returned, (size_t)a->returned_rows * a->returned_binds);
    assert_true(a->image_rows == b->image_rows && a->image_columns == b->image_columns);
    assert_values(a->images, b->images, (size_t)a->image_rows * a->image_columns);
}

static void a_record_comes_back_whole(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct record in = sample_record(&arena), out;
    struct record_result result = sample_result(&arena), result_out;
    for (int with = 0; with < 2; with++) {
        struct buffer bytes;
        buffer_init(&bytes, 0);
        record_encode(&bytes, &in, with ? &result : NULL);
        bool has_result;
        struct error error;
        assert_true(record_decode(buffer_view(&bytes), &arena, &out, &result_out, &has_result, &error));
        assert_int_equal(has_result, with);
        assert_true(out.flags == in.flags && out.ordinal == 7 && out.session == in.session && out.bind_count == 3 && out.row_count == 2);
        assert_true(view_equal(out.schema, in.schema) && view_equal(out.text, in.text));
        assert_values(out.binds, in.binds, 6);
        if (with) assert_result(&result, &result_out);
        for (size_t cut = 0; cut < buffer_size(&bytes); cut++) {
            assert_false(record_decode(view_of(bytes.data + bytes.start, cut), &arena, &out, &result_out, &has_result, &error));
            assert_int_equal(error.code, ERROR_CORRUPT);
        }
        buffer_u8(&bytes, 0);
        assert_false(record_decode(buffer_view(&bytes), &arena, &out, &result_out, &has_result, &error));
        buffer_release(&bytes);
    }
    arena_release(&arena);
}

static void outcomes_and_intents_come_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct record_result result = sample_result(&arena), out;
    struct buffer bytes;
    buffer_init(&bytes, 0);
    struct error error;
    bool has_result;
    enum journal_outcome outcome;
    for (int kind = JOURNAL_COMMITTED; kind <= JOURNAL_NOT_COMMITTED; kind++) {
        buffer_clear(&bytes);
        record_encode_outcome(&bytes, (enum journal_outcome)kind, kind == JOURNAL_COMMITTED ? &result : NULL);
        assert_true(record_decode_outcome(buffer_view(&bytes), &arena, &outcome, &out, &has_result, &error));
        assert_int_equal(outcome, kind);
        assert_int_equal(has_result, kind == JOURNAL_COMMITTED);
        if (has_result) assert_result(&result, &out);
    }
    assert_false(record_decode_outcome(view_of("\0\0", 2), &arena, &outcome, &out, &has_result, &error));
    assert_false(record_decode_outcome(view_of("\5\0", 2), &arena, &outcome, &out, &has_result, &error));

    for (unsigned bits = 0; bits < 16; bits++) {
        struct record_intent intent = {.auto_commit = bits & 1,
                                       .target_primary = bits & 2,
                                       .unknown_tables = bits & 4,
                                       .has_record = bits & 8},
                             back;
        if (intent.has_record) intent.record = sample_record(&arena);
        buffer_clear(&bytes);
        record_encode_intent(&bytes, &intent);
        assert_true(record_decode_intent(buffer_view(&bytes), &arena, &back, &error));
        assert_true(back.auto_commit == intent.auto_commit && back.target_primary == intent.target_primary &&
                    back.unknown_tables == intent.unknown_tables && back.has_record == intent.has_record);
        if (back.has_record) assert_values(back.record.binds, intent.record.binds, 6);
    }
    buffer_release(&bytes);
    arena_release(&arena);
}

static void damaged_bytes_are_refused_or_harmless(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct random_generator random;
    random_seed(&random, 11);
    struct record in = sample_record(&arena), out;
    struct record_result result = sample_result(&arena), result_out;
    struct buffer bytes;
    buffer_init(&bytes, 0);
    record_encode(&bytes, &in, &result);
    size_t size = buffer_size(&bytes);
    uint8_t *copy = arena_alloc(&arena, size);
    struct arena scratch;
    arena_init(&scratch, 1 << 16);
    int refused = 0;
    for (int i = 0; i < 20000; i++) {
        memcpy(copy, bytes.data + bytes.start, size);
        for (uint64_t flips = 1 + random_below(&random, 4); flips > 0; flips--)
            copy[random_below(&random, size)] = (uint8_t)random_next(&random);
        bool has_result;
        arena_reset(&scratch);
        if (!record_decode(view_of(copy, size), &scratch, &out, &result_out, &has_result, NULL))
            refused++;
        else
            assert_true((uint64_t)out.bind_count * out.row_count <= size &&
                        (uint64_t)result_out.returned_rows * result_out.returned_binds <= size);
    }
    assert_true(refused > 100);
    buffer_release(&bytes);
    arena_release(&scratch);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back_whole),
        cmocka_unit_test(outcomes_and_intents_come_back),
        cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
