/* SPDX-License-Identifier: Apache-2.0 */
/* Settings on the shadow's connection to the source. */
#include "engine/shadow_source.h"

#include "base/log.h"
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

bool shadow_source_as(struct shadow_source *source, const struct shadow_job *job)
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
