/* SPDX-License-Identifier: Apache-2.0 */
/* Records of write statements to bytes and back; docs/journal.md ("What the engine writes") has the layout. */
#include "engine/record.h"

#include "base/reader.h"

enum { RECORD_VERSION = 1 };
enum { RESULT_ROWID = 1, RESULT_PARTIAL = 2, ROWID_SIZE = 18 };
enum { INTENT_AUTO_COMMIT = 1, INTENT_TARGET_PRIMARY = 2, INTENT_UNKNOWN_TABLES = 4, INTENT_RECORD = 8, INTENT_UNSURE = 16 };

/* ---- writing ---- */

static void put_u64(struct buffer *out, uint64_t n)
{
    buffer_u32le(out, (uint32_t)n);
    buffer_u32le(out, (uint32_t)(n >> 32));
}

static void put_text(struct buffer *out, struct view text)
{
    buffer_u32le(out, (uint32_t)text.size);
    buffer_append_view(out, text);
}

static void put_values(struct buffer *out, const struct value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) value_encode(out, &values[i]);
}

static void put_result(struct buffer *out, const struct record_result *result)
{
    put_u64(out, result->affected);
    buffer_u8(out, (uint8_t)((result->has_rowid ? RESULT_ROWID : 0) | (result->partial ? RESULT_PARTIAL : 0)));
    if (result->has_rowid) {
        uint8_t rowid[ROWID_SIZE] = {0};
        memcpy(rowid, result->rowid, strnlen(result->rowid, ROWID_SIZE));
        buffer_append(out, rowid, ROWID_SIZE);
    }
    buffer_u32le(out, result->good_iterations);
    buffer_u32le(out, result->failed_count);
    for (uint32_t i = 0; i < result->failed_count; i++) buffer_u32le(out, result->failed[i]);
    buffer_u32le(out, result->returned_rows);
    buffer_u32le(out, result->returned_binds);
    put_values(out, result->returned, (size_t)result->returned_rows * result->returned_binds);
    buffer_u32le(out, result->image_rows);
    buffer_u32le(out, result->image_columns);
    put_values(out, result->images, (size_t)result->image_rows * result->image_columns);
}

void record_encode(struct buffer *out, const struct record *record, const struct record_result *result)
{
    buffer_u8(out, RECORD_VERSION);
    buffer_u32le(out, record->flags);
    buffer_u32le(out, record->ordinal);
    put_u64(out, record->session);
    put_text(out, record->schema);
    put_text(out, record->text);
    buffer_u32le(out, record->bind_count);
    buffer_u32le(out, record->row_count);
    put_values(out, record->binds, (size_t)record->row_count * record->bind_count);
    buffer_u8(out, result != NULL);
    if (result) put_result(out, result);
}

void record_encode_outcome(struct buffer *out, enum journal_outcome outcome, const struct record_result *result)
{
    buffer_u8(out, (uint8_t)outcome);
    buffer_u8(out, result != NULL);
    if (result) put_result(out, result);
}

void record_encode_intent(struct buffer *out, const struct record_intent *intent)
{
    buffer_u8(out, RECORD_VERSION);
    buffer_u8(out, (uint8_t)((intent->auto_commit ? INTENT_AUTO_COMMIT : 0) | (intent->target_primary ? INTENT_TARGET_PRIMARY : 0) |
                             (intent->unknown_tables ? INTENT_UNKNOWN_TABLES : 0) | (intent->has_record ? INTENT_RECORD : 0) |
                             (intent->unsure ? INTENT_UNSURE : 0)));
    if (intent->has_record) record_encode(out, &intent->record, NULL);
}

/* ---- reading ---- */

static uint64_t take_u64(struct reader *in)
{
    uint64_t low = reader_u32le(in);
    return low | (uint64_t)reader_u32le(in) << 32;
}

static struct view take_text(struct reader *in)
{
    return reader_bytes(in, reader_u32le(in));
}

/* A value has at least one byte, so a count that the bytes cannot hold is told before anything is allocated. */
static struct value *take_values(struct reader *in, struct arena *arena, uint64_t rows, uint64_t columns)
{
    if (rows == 0 || columns == 0) return NULL;
    if (rows > UINT32_MAX || columns > UINT32_MAX || rows * columns > reader_left(in)) {
        reader_malformed(in);
        return NULL;
    }
    struct value *values = arena_try(arena, sizeof *values * (size_t)(rows * columns));
    if (!values) {
        reader_malformed(in);
        return NULL;
    }
    for (uint64_t i = 0; i < rows * columns; i++) {
        if (reader_ok(in) && value_decode(in, &values[i])) continue;
        reader_malformed(in);
        return NULL;
    }
    return values;
}

static void take_failed(struct reader *in, struct arena *arena, struct record_result *result)
{
    result->failed_count = reader_u32le(in);
    if (result->failed_count == 0) return;
    if (result->failed_count > reader_left(in) / 4 || !(result->failed = arena_try(arena, sizeof(uint32_t) * result->failed_count))) {
        reader_malformed(in);
        result->failed_count = 0;
        return;
    }
    for (uint32_t i = 0; i < result->failed_count; i++) result->failed[i] = reader_u32le(in);
}

static void take_result(struct reader *in, struct arena *arena, struct record_result *result)
{
    result->affected = take_u64(in);
    uint8_t bits = reader_u8(in);
    result->has_rowid = bits & RESULT_ROWID;
    result->partial = bits & RESULT_PARTIAL;
    if (result->has_rowid) {
        struct view rowid = reader_bytes(in, ROWID_SIZE);
        if (rowid.size == ROWID_SIZE) memcpy(result->rowid, rowid.data, ROWID_SIZE);
    }
    result->good_iterations = reader_u32le(in);
    take_failed(in, arena, result);
    result->returned_rows = reader_u32le(in);
    result->returned_binds = reader_u32le(in);
    result->returned = take_values(in, arena, result->returned_rows, result->returned_binds);
    result->image_rows = reader_u32le(in);
    result->image_columns = reader_u32le(in);
    result->images = take_values(in, arena, result->image_rows, result->image_columns);
}

static void take_record(struct reader *in, struct arena *arena, struct record *record, struct record_result *result, bool *has_result)
{
    memset(record, 0, sizeof *record);
    memset(result, 0, sizeof *result);
    if (reader_u8(in) != RECORD_VERSION) reader_malformed(in);
    record->flags = reader_u32le(in);
    record->ordinal = reader_u32le(in);
    record->session = take_u64(in);
    record->schema = take_text(in);
    record->text = take_text(in);
    record->bind_count = reader_u32le(in);
    record->row_count = reader_u32le(in);
    record->binds = take_values(in, arena, record->row_count, record->bind_count);
    *has_result = reader_u8(in) != 0;
    if (*has_result && reader_ok(in)) take_result(in, arena, result);
}

/* Nothing may be missing and nothing may be left over. */
static bool taken_whole(struct reader *in, const char *what, struct error *error)
{
    if (reader_ok(in) && reader_left(in) == 0) return true;
    return error_set(error, ERROR_CORRUPT,
                     "the journal holds a%s that cannot be read: byte %zu of %zu; it was written by another version, or damaged", what,
                     in->at, in->size);
}

bool record_decode(struct view payload, struct arena *arena, struct record *record, struct record_result *result, bool *has_result,
                   struct error *error)
{
    struct reader in = reader_of(payload);
    take_record(&in, arena, record, result, has_result);
    return taken_whole(&in, " write statement", error);
}

bool record_decode_outcome(struct view payload, struct arena *arena, enum journal_outcome *outcome, struct record_result *result,
                           bool *has_result, struct error *error)
{
    struct reader in = reader_of(payload);
    memset(result, 0, sizeof *result);
    uint8_t byte = reader_u8(&in);
    if (byte < JOURNAL_COMMITTED || byte > JOURNAL_NOT_COMMITTED) reader_malformed(&in);
    *outcome = reader_ok(&in) ? (enum journal_outcome)byte : JOURNAL_UNKNOWN;
    *has_result = reader_u8(&in) != 0;
    if (*has_result && reader_ok(&in)) take_result(&in, arena, result);
    return taken_whole(&in, "n outcome", error);
}

bool record_decode_intent(struct view payload, struct arena *arena, struct record_intent *intent, struct error *error)
{
    struct reader in = reader_of(payload);
    memset(intent, 0, sizeof *intent);
    if (reader_u8(&in) != RECORD_VERSION) reader_malformed(&in);
    uint8_t bits = reader_u8(&in);
    intent->auto_commit = bits & INTENT_AUTO_COMMIT;
    intent->target_primary = bits & INTENT_TARGET_PRIMARY;
    intent->unknown_tables = bits & INTENT_UNKNOWN_TABLES;
    intent->has_record = bits & INTENT_RECORD;
    intent->unsure = bits & INTENT_UNSURE;
    if (intent->has_record && reader_ok(&in)) {
        struct record_result result;
        bool has_result;
        take_record(&in, arena, &intent->record, &result, &has_result);
        if (has_result) reader_malformed(&in); /* what an intent's statement brought comes with the outcome */
    }
    return taken_whole(&in, "n intent", error);
}
