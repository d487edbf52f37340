/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences: the side that is not primary is kept ahead by a margin, so that a switch never hands out a number twice. */
#include "base/log.h"
#include "engine/reverse.h"
#include <stdio.h>
#include <stdlib.h>

enum { TARGET_MS = 3000 }; /* clients may wait while it is asked */

static bool source_last(struct source *source, const struct sql_sequence *sequence, int64_t *last, struct error *error)
{
    char text[500], number[64];
    snprintf(text, sizeof text, "SELECT LAST_NUMBER FROM ALL_SEQUENCES WHERE SEQUENCE_OWNER = '%s' AND SEQUENCE_NAME = '%s'",
             sequence->schema, sequence->name);
    if (!source_scalar(source, text, number, sizeof number, error)) return error_prefix(error, "sequence %s", sequence->name);
    *last = strtoll(number, NULL, 10);
    return true;
}

static bool target_last(struct pg *target, const struct sql_sequence *sequence, int64_t *last, struct error *error)
{
    struct buffer text;
    struct pg_result result;
    buffer_init(&text, 0);
    buffer_append_text(&text, "SELECT last_value FROM ");
    pg_quote_identifier(&text, sequence->target_schema);
    buffer_u8(&text, '.');
    pg_quote_identifier(&text, sequence->target);
    buffer_u8(&text, 0);
    bool good = pg_run(target, (const char *)text.data + text.start, &result, error);
    if (good) {
        good = result.rows == 1 && view_to_i64(pg_result_text(&result, 0, 0), last);
        pg_result_free(&result);
    }
    buffer_release(&text);
    return good || error_prefix(error, "sequence %s", sequence->target);
}

static bool set_target(struct pg *target, const struct sql_sequence *sequence, int64_t value, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_text(&text, "SELECT setval('");
    pg_quote_identifier(&text, sequence->target_schema);
    buffer_u8(&text, '.');
    pg_quote_identifier(&text, sequence->target);
    buffer_printf(&text, "', %lld)", (long long)value);
    buffer_u8(&text, 0);
    bool good = pg_run(target, (const char *)text.data + text.start, NULL, error);
    buffer_release(&text);
    return good;
}

static bool set_source(struct source *source, const struct sql_sequence *sequence, int64_t value, struct error *error)
{
    char text[500];
    struct source_result result;
    snprintf(text, sizeof text, "ALTER SEQUENCE \"%s\".\"%s\" RESTART START WITH %lld", sequence->schema, sequence->name, (long long)value);
    return source_run(source, text, NULL, 0, 0, 0, NULL, NULL, &result, error) || error_prefix(error, "%s", text);
}

bool sequences_advance(struct engine *engine, enum engine_side to, struct error *error)
{
    const struct sql_catalog *catalog = atomic_load(&engine->catalog);
    if (!catalog) return error_set(error, ERROR_STATE, "the dictionary has not been read yet");
    struct source *source = source_open(&engine->options, 3000, error);
    struct pg *target = source ? pg_connect(engine->options.target_conninfo, TARGET_MS, error) : NULL;
    if (target) pg_set_patience(target, TARGET_MS);
    bool good = target != NULL;
    for (uint32_t i = 0; good && i < sql_catalog_sequence_count(catalog); i++) {
        const struct sql_sequence *sequence = sql_catalog_sequence_at(catalog, i);
        int64_t there, here, margin = (int64_t)engine->options.sequence_margin * (sequence->increment > 0 ? sequence->increment : 1);
        if (!sequence->target[0]) continue;
        good = source_last(source, sequence, &there, error) && target_last(target, sequence, &here, error);
        if (!good) break;
        if (to == SIDE_TARGET && here < there) good = set_target(target, sequence, there + margin / 100, error);
        if (to == SIDE_SOURCE && there < here + margin / 2) good = set_source(source, sequence, here + margin, error);
    }
    if (source) source_close(source);
    if (target) pg_close(target);
    return good;
}
