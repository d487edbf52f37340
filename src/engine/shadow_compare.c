/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of results: cell by cell in order, or row hashes as a multiset. */
#include "engine/shadow_compare.h"

#include "base/memory.h"
#include "base/reader.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double number_to_double(struct view bytes)
{
    char text[NUMBER_TEXT_MAX + 1];
    size_t size = number_to_text(bytes, text);
    text[size < NUMBER_TEXT_MAX ? size : NUMBER_TEXT_MAX - 1] = 0;
    return strtod(text, NULL);
}

static bool as_double(const struct value *value, double *out)
{
    switch (value->type) {
    case VALUE_NUMBER: *out = number_to_double(value->bytes); return true;
    case VALUE_FLOAT:
    case VALUE_DOUBLE: *out = value->real; return true;
    case VALUE_BOOLEAN: *out = value->boolean; return true;
    default: return false;
    }
}

/* NUMBER with floats by value, else as value_equal */
static bool compare_cells(const struct value *source, const struct value *target)
{
    if (source->type == target->type) return value_equal(source, target);
    double a, b;
    if (!as_double(source, &a) || !as_double(target, &b)) return false;
    if (source->type == VALUE_FLOAT || target->type == VALUE_FLOAT) return (float)a == (float)b || (isnan(a) && isnan(b));
    return a == b || (isnan(a) && isnan(b));
}

/* One captured cell: the mark that a length stands for a LOB, then the value. */
static bool cell_read(struct reader *r, bool *length, struct value *value)
{
    *length = reader_u8(r) != 0;
    return value_decode(r, value);
}

static uint64_t text_units(struct view text)
{
    uint64_t units = 0;
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] & 0xC0) != 0x80) units += text.data[i] >= 0xF0 ? 2 : 1;
    return units;
}

static struct value result_cell(const struct pg_result *result, uint32_t row, uint32_t column, bool length, struct arena *arena)
{
    uint32_t type = pg_result_column(result, column).type;
    struct value value = pg_value_from_text(type, pg_result_text(result, row, column), pg_result_null(result, row, column), arena);
    if (length && value.type != VALUE_NULL)
        return value_number_i64(arena, (int64_t)(value.type == VALUE_TEXT ? text_units(value.bytes) : value.bytes.size));
    if (value.type == VALUE_TEXT && type == PG_OID_BPCHAR) return value_text(capture_trim(value.bytes));
    if (value.type == VALUE_DATETIME) {
        value.datetime.nanosecond -= value.datetime.nanosecond % 1000;
        value.datetime.zone_minutes = 0;
    }
    return value;
}

static enum compare_outcome compare_ordered(const struct capture *capture, const struct pg_result *result, struct buffer *why)
{
    struct reader r = reader_of(buffer_view(&capture->rows));
    struct arena arena;
    arena_init(&arena, 0);
    enum compare_outcome outcome = COMPARE_EQUAL;
    for (uint32_t row = 0; row < capture->row_count && outcome == COMPARE_EQUAL; row++) {
        for (uint32_t column = 0; column < capture->columns; column++) {
            bool length;
            struct value source;
            if (!cell_read(&r, &length, &source)) {
                outcome = COMPARE_IMPOSSIBLE;
                break;
            }
            struct value target = result_cell(result, row, column, length, &arena);
            if (compare_cells(&source, &target)) continue;
            outcome = COMPARE_DIFFERENT;
            if (!why) break;
            buffer_printf(why, "row %u, column %s: source ", row + 1, pg_result_column(result, column).name);
            value_print(why, &source, 100);
            buffer_append_text(why, ", target ");
            value_print(why, &target, 100);
            break;
        }
        if (row % 32 == 31) arena_reset(&arena);
    }
    arena_release(&arena);
    return outcome;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Hashes of values that compare equal across types must be equal: all numbers hash as their double when the other side has floats. */
static uint64_t cell_hash(const struct value *value, uint64_t seed)
{
    return value_hash(value, seed);
}

static enum compare_outcome compare_multiset(const struct capture *capture, const struct pg_result *result, struct buffer *why)
{
    uint32_t n = capture->row_count;
    uint64_t *source = memory_zero(n + 1, sizeof *source), *target = memory_zero(n + 1, sizeof *target);
    struct reader r = reader_of(buffer_view(&capture->rows));
    struct arena arena;
    arena_init(&arena, 0);
    bool good = true;
    for (uint32_t row = 0; row < n && good; row++) {
        source[row] = target[row] = 17;
        for (uint32_t column = 0; column < capture->columns && good; column++) {
            bool length;
            struct value value;
            good = cell_read(&r, &length, &value);
            if (!good) break;
            struct value other = result_cell(result, row, column, length, &arena);
            source[row] = cell_hash(&value, source[row]);
            target[row] = cell_hash(&other, target[row]);
        }
        if (row % 32 == 31) arena_reset(&arena);
    }
    arena_release(&arena);
    qsort(source, n, sizeof *source, compare_u64);
    qsort(target, n, sizeof *target, compare_u64);
    bool equal = memcmp(source, target, sizeof *source * n) == 0;
    memory_free(source);
    memory_free(target);
    if (!good) return COMPARE_IMPOSSIBLE;
    if (!equal && why) buffer_append_text(why, "the rows are not the same set");
    return equal ? COMPARE_EQUAL : COMPARE_DIFFERENT;
}

enum compare_outcome compare_capture(const struct capture *capture, const struct pg_result *result, bool ordered, struct buffer *why)
{
    if (capture->row_count && capture->columns != result->columns) {
        if (why) buffer_printf(why, "columns: source %u, target %u", capture->columns, result->columns);
        return COMPARE_DIFFERENT;
    }
    if (!capture->complete && !ordered) return COMPARE_IMPOSSIBLE;
    bool counts = capture->complete ? capture->row_count == result->rows : capture->row_count <= result->rows;
    if (!counts) {
        if (why) buffer_printf(why, "rows: source %u%s, target %u", capture->row_count, capture->complete ? "" : " or more", result->rows);
        return COMPARE_DIFFERENT;
    }
    if (ordered || capture->row_count <= 1) return compare_ordered(capture, result, why);
    enum compare_outcome in_order = compare_ordered(capture, result, NULL);
    return in_order == COMPARE_EQUAL ? COMPARE_EQUAL : compare_multiset(capture, result, why);
}

bool compare_captures(const struct capture *a, const struct capture *b, bool ordered)
{
    if (a->row_count != b->row_count || a->columns != b->columns) return false;
    if (view_equal(buffer_view(&a->rows), buffer_view(&b->rows))) return true;
    (void)ordered;
    return false;
}

void compare_print_capture(struct buffer *out, const struct capture *capture, uint32_t rows)
{
    struct reader r = reader_of(buffer_view(&capture->rows));
    for (uint32_t row = 0; row < rows && row < capture->row_count; row++) {
        for (uint32_t column = 0; column < capture->columns; column++) {
            bool length;
            struct value value;
            if (!cell_read(&r, &length, &value)) return;
            if (column) buffer_append_text(out, ", ");
            if (length) buffer_append_text(out, "LOB of ");
            value_print(out, &value, 100);
        }
        buffer_append_text(out, " | ");
    }
    buffer_printf(out, "%u rows%s", capture->row_count, capture->complete ? "" : " fetched");
}

void compare_print_result(struct buffer *out, const struct pg_result *result, uint32_t rows)
{
    struct arena arena;
    arena_init(&arena, 0);
    for (uint32_t row = 0; row < rows && row < result->rows; row++) {
        for (uint32_t column = 0; column < result->columns; column++) {
            struct value value = result_cell(result, row, column, false, &arena);
            if (column) buffer_append_text(out, ", ");
            value_print(out, &value, 100);
        }
        buffer_append_text(out, " | ");
    }
    buffer_printf(out, "%u rows", result->rows);
    arena_release(&arena);
}

void compare_print_job(const struct shadow_job *job, char *out, size_t size)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_text(&text, job->plan->source_text);
    struct reader r = reader_of(buffer_view(&job->binds));
    for (uint32_t i = 0; i < job->bind_count; i++) {
        struct value value;
        if (!value_decode(&r, &value)) break;
        buffer_printf(&text, "%s%u=", i ? ", " : "  -- binds ", i + 1);
        value_print(&text, &value, 60);
    }
    snprintf(out, size, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
    buffer_release(&text);
}
