/* SPDX-License-Identifier: Apache-2.0 */
/* The shadow's connection to the source: settings, and a read done again. */
#include "engine/shadow_source.h"

#include "base/log.h"
#include "base/reader.h"
#include <stdio.h>

enum { CONNECT_TIMEOUT_MS = 3000 };

void shadow_source_close(struct shadow_source *source)
{
    source_close(source->connection);
    source->connection = NULL;
    source->settings = (struct settings){.altered = false};
    source->schema[0] = 0;
}

/* A setting cannot be taken back to what it was, and a cursor keeps the schema it was parsed under: then another connection is made. */
static bool fits(const struct shadow_source *source, const struct shadow_job *job)
{
    if (source->schema[0] && strcmp(source->schema, job->statement->schema) != 0) return false;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (source->settings.values[i][0] && !job->settings.values[i][0]) return false;
    return true;
}

static bool say(struct shadow_source *source, const char *statement)
{
    struct error error;
    if (source_run(source->connection, statement, NULL, 0, 0, 0, NULL, NULL, NULL, &error)) return true;
    LOG_RATED(LOG_WARNING, "shadow.settings", log_failure(&error), log_text("statement", statement));
    shadow_source_close(source);
    return false;
}

static bool say_schema(struct shadow_source *source, const char *schema)
{
    char text[200];
    if (!schema[0] || source->schema[0]) return true;
    snprintf(text, sizeof text, "ALTER SESSION SET CURRENT_SCHEMA = \"%s\"", schema);
    if (!say(source, text)) return false;
    snprintf(source->schema, sizeof source->schema, "%s", schema);
    return true;
}

static bool shadow_source_as(struct shadow_source *source, const struct shadow_job *job)
{
    struct error error;
    struct buffer statement;
    if (source->connection && !fits(source, job)) shadow_source_close(source);
    if (!source->connection) source->connection = source_open(source->options, CONNECT_TIMEOUT_MS, &error);
    if (!source->connection || !say_schema(source, job->statement->schema)) return false;
    buffer_init(&statement, 0);
    bool good = true;
    for (int i = 0; i < SETTING_COUNT && good; i++) {
        if (strcmp(source->settings.values[i], job->settings.values[i]) == 0) continue;
        if (settings_source_statement(&job->settings, (enum setting)i, &statement))
            good = say(source, (const char *)statement.data + statement.start);
    }
    buffer_release(&statement);
    if (good) source->settings = job->settings;
    return good;
}

struct rerun {
    struct capture capture;
    uint32_t limit;
    struct statement *statement;
};

static bool rerun_row(void *context, const struct value *values, uint32_t count)
{
    struct rerun *rerun = context;
    struct statement_describe *describe = atomic_load(&rerun->statement->describe);
    rerun->capture.columns = count;
    for (uint32_t i = 0; i < count; i++) {
        struct value value = values[i];
        if (describe && i < describe->count) value = capture_normal(&describe->columns[i].oac, value);
        buffer_u8(&rerun->capture.rows, 0);
        value_encode(&rerun->capture.rows, &value);
    }
    rerun->capture.row_count++;
    return !rerun->limit || rerun->capture.row_count < rerun->limit;
}

bool shadow_source_read(struct shadow_source *source, const struct shadow_job *job, struct arena *arena, struct capture *out)
{
    if (!shadow_source_as(source, job)) return false;
    struct rerun rerun = {.statement = job->statement, .limit = job->capture.complete ? 0 : job->capture.row_count};
    capture_init(&rerun.capture, source->options->capture_max * 4);
    struct value *values = arena_zero(arena, sizeof *values * (job->bind_count + 1));
    struct reader r = reader_of(buffer_view(&job->binds));
    for (uint32_t i = 0; i < job->bind_count; i++)
        if (!value_decode(&r, &values[i])) return false;
    struct error error;
    struct source_result result;
    if (!source_run(source->connection, job->plan->source_text, values, job->bind_count, 1, 100, rerun_row, &rerun, &result, &error)) {
        if (error.code != ERROR_SOURCE) shadow_source_close(source);
        capture_release(&rerun.capture);
        return false;
    }
    if (!source_rollback(source->connection, &error)) shadow_source_close(source);
    rerun.capture.complete = job->capture.complete;
    rerun.capture.columns = rerun.capture.columns ? rerun.capture.columns : job->capture.columns;
    *out = rerun.capture;
    return true;
}
