/* SPDX-License-Identifier: Apache-2.0 */
/* One recorded write of the primary target onto the source: from its row images where the record has them, else the source statement with its binds. */
#include "engine/reverse_private.h"

#include "base/memory.h"
#include "engine/record.h"
#include "engine/statement.h"
#include <string.h>

void reverse_write_of(struct row_maps *maps, struct statement_cache *statements, const struct record *record,
                      const struct record_result *result, bool has_result, struct reverse_write *out)
{
    char schema[130];
    size_t size = record->schema.size < sizeof schema - 1 ? record->schema.size : sizeof schema - 1;
    memcpy(schema, record->schema.data ? (const void *)record->schema.data : "", size);
    schema[size] = 0;
    struct statement *statement = statement_of(statements, record->text, schema);
    const struct sql_plan *plan = statement ? statement_plan(statement) : NULL;
    *out = (struct reverse_write){.record = record, .result = has_result ? result : NULL, .plan = plan};
    if (plan && plan->written) out->map = row_map_of(maps, plan->written);
    out->by_image = out->result && result->image_rows && out->map && out->map->key && out->map->column_count == result->image_columns &&
                    !plan->key_changes;
}

void reverse_image(const struct reverse_write *write, uint32_t at, struct value *key, struct row *row)
{
    *row = (struct row){
        .values = &write->result->images[(size_t)at * write->result->image_columns], .found = write->plan->kind != SQL_DELETE, .key = key};
    for (unsigned k = 0; k < write->map->key->column_count; k++) key[k] = row->values[write->map->key_at[k]];
}

static bool run_images(struct source *source, const struct reverse_write *write, struct error *error)
{
    for (uint32_t r = 0; r < write->result->image_rows; r++) {
        struct value key[ROWS_KEY_MAX];
        struct row row;
        reverse_image(write, r, key, &row);
        if (!reverse_write_row(source, write->map, &row, error)) return false;
    }
    return true;
}

/* Array DML of which some executions failed, or that stopped at one: only those that were done. */
static bool was_done(const struct reverse_write *write, uint32_t iteration)
{
    const struct record_result *result = write->result;
    if (!result) return true;
    if (result->partial && iteration >= result->good_iterations) return false;
    for (uint32_t f = 0; f < result->failed_count; f++)
        if (result->failed[f] == iteration) return false;
    return true;
}

static bool run_text(struct source *source, const struct reverse_write *write, struct error *error)
{
    const struct record *record = write->record;
    bool one_by_one = write->result && (write->result->failed_count || write->result->partial);
    uint32_t rows = record->row_count ? record->row_count : 1, step = one_by_one ? 1 : rows;
    uint64_t affected = 0;
    bool good = true;
    char *text = memory_string_of(record->text.data, record->text.size);
    for (uint32_t at = 0; good && at < rows; at += step) {
        struct source_result ran = {0};
        if (one_by_one && !was_done(write, at)) continue;
        const struct value *binds = record->bind_count ? record->binds + (size_t)at * record->bind_count : NULL;
        good = source_run(source, text, binds, record->bind_count, step, 0, NULL, NULL, &ran, error);
        affected += ran.affected;
    }
    memory_free(text);
    if (good && write->result && affected != write->result->affected)
        return error_set(error, ERROR_STATE, "the statement touched %llu rows on the source, %llu were acknowledged",
                         (unsigned long long)affected, (unsigned long long)write->result->affected);
    return good;
}

bool reverse_write_run(struct source *source, const struct reverse_write *write, struct error *error)
{
    if (write->by_image) return run_images(source, write, error);
    if (write->result && write->result->affected == 0) return true;
    return run_text(source, write, error);
}

/* What the source answers once more if it is asked once more. */
enum { ORA_BUSY = 54, ORA_DEADLOCK = 60, ORA_CANCELLED = 1013, ORA_DDL_LOCK = 4021, ORA_SERIALIZE = 8177, ORA_LOCK_TIME = 30006 };
bool reverse_is_refusal(const struct error *error)
{
    switch (error->code) {
    case ERROR_SOURCE:
        switch (error->native) {
        case ORA_BUSY:
        case ORA_DEADLOCK:
        case ORA_CANCELLED:
        case ORA_DDL_LOCK:
        case ORA_SERIALIZE:
        case ORA_LOCK_TIME: return false;
        default: return true;
        }
    case ERROR_STATE:
    case ERROR_LIMIT:
    case ERROR_TRANSLATION:
    case ERROR_CORRUPT:
    case ERROR_INTERNAL: return true;
    default: return false;
    }
}
