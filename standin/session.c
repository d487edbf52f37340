/* SPDX-License-Identifier: Apache-2.0 */
/* Session settings and transactions. */
#include "standin/server.h"
#include "standin/statement.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void copy_setting(char *to, size_t size, const char *value)
{
    snprintf(to, size, "%s", value);
}

void session_defaults(struct client *client)
{
    copy_setting(client->date_format, FORMAT_SIZE, "DD-MON-RR");
    copy_setting(client->timestamp_format, FORMAT_SIZE, "DD-MON-RR HH.MI.SSXFF AM");
    copy_setting(client->timestamp_tz_format, FORMAT_SIZE, "DD-MON-RR HH.MI.SSXFF AM TZR");
    copy_setting(client->zone_name, FORMAT_SIZE, "+00:00");
    client->byte_semantics = true;
}

struct plan_session client_plan_session(const struct client *client)
{
    return (struct plan_session){.user = client->user,
                                 .schema = client->schema,
                                 .date_format = client->date_format,
                                 .timestamp_format = client->timestamp_format,
                                 .timestamp_tz_format = client->timestamp_tz_format,
                                 .zone_minutes = client->zone_minutes,
                                 .zone_name = client->zone_name,
                                 .session_id = client->session_id,
                                 .client_identifier = client->client_identifier,
                                 .module = client->module,
                                 .byte_semantics = client->byte_semantics};
}

/* A region's offset as it is today: enough for CURRENT_DATE, which is all it is used for. */
static bool region_minutes(const char *name, int *minutes)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%.90s", name);
    FILE *file = strstr(name, "..") ? NULL : fopen(path, "r");
    if (!file) return false;
    fclose(file);
    pthread_mutex_lock(&lock);
    setenv("TZ", name, 1);
    tzset();
    time_t now = time(NULL);
    struct tm fields;
    localtime_r(&now, &fields);
    *minutes = (int)(fields.tm_gmtoff / 60);
    unsetenv("TZ");
    tzset();
    pthread_mutex_unlock(&lock);
    return true;
}

static void set_zone(struct client *client, const char *value, struct plan_error *error)
{
    int hours, minutes = 0;
    char sign;
    if (sscanf(value, " %c%2d:%2d", &sign, &hours, &minutes) >= 2 && (sign == '+' || sign == '-')) {
        client->zone_minutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
        char plain[32];
        snprintf(plain, sizeof plain, "%c%02d:%02d", client->zone_minutes < 0 ? '-' : '+', hours, minutes);
        copy_setting(client->zone_name, FORMAT_SIZE, plain);
        return;
    } else if (strcmp(value, "UTC") == 0 || strcmp(value, "GMT") == 0 || strcmp(value, "LOCAL") == 0 || strcmp(value, "DBTIMEZONE") == 0) {
        client->zone_minutes = 0;
    } else if (!region_minutes(value, &client->zone_minutes)) {
        error->ora = 1882;
        snprintf(error->text, sizeof error->text, "ORA-01882: timezone region not found");
        return;
    }
    copy_setting(client->zone_name, FORMAT_SIZE, value);
}

static bool schema_exists(const struct client *client, const char *name)
{
    bool found = strcmp(name, "SYS") == 0;
    for (uint32_t i = 0; i < client->server->user_count; i++) found |= strcmp(client->server->users[i].name, name) == 0;
    return found;
}

/* What NLS_SESSION_PARAMETERS answers. */
static void show_setting(struct client *client, const char *name, const char *value, struct plan_error *error)
{
    static const char *const variables[][2] = {{"NLS_DATE_FORMAT", "date_format"},
                                               {"NLS_TIMESTAMP_FORMAT", "timestamp_format"},
                                               {"NLS_TIMESTAMP_TZ_FORMAT", "timestamp_tz_format"},
                                               {"NLS_LENGTH_SEMANTICS", "length_semantics"}};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (strcmp(variables[i][0], name) != 0) continue;
        struct buffer sql;
        struct engine_error failed;
        buffer_init(&sql, 0);
        buffer_printf(&sql, "SET @standin_%s = ", variables[i][1]);
        engine_quote(&sql, view_text(value));
        buffer_u8(&sql, 0);
        if (client_free_engine(client, error) && !engine_run(&client->engine, (const char *)sql.data + sql.start, NULL, &failed))
            error_from_engine(client, NULL, &failed, error);
        buffer_release(&sql);
    }
}

void session_setting(struct client *client, const char *name, const char *value, struct plan_error *error)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } texts[] = {{"NLS_DATE_FORMAT", client->date_format, FORMAT_SIZE},
                 {"NLS_TIMESTAMP_FORMAT", client->timestamp_format, FORMAT_SIZE},
                 {"NLS_TIMESTAMP_TZ_FORMAT", client->timestamp_tz_format, FORMAT_SIZE},
                 {"CURRENT_SCHEMA", client->schema, NAME_SIZE}};
    static const struct {
        const char *name, *allowed;
    } fixed[] = {{"NLS_COMP", "BINARY"}, {"NLS_SORT", "BINARY"}, {"NLS_NUMERIC_CHARACTERS", ".,"}, {"NLS_CALENDAR", "GREGORIAN"}};
    client->settings_version++;
    if (strcmp(name, "CURRENT_SCHEMA") == 0 && !schema_exists(client, value)) {
        error->ora = 1435;
        snprintf(error->text, sizeof error->text, "ORA-01435: user does not exist");
        return;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].name, name) == 0) copy_setting(texts[i].to, texts[i].size, value);
    }
    show_setting(client, name, value, error);
    if (strcmp(name, "TIME_ZONE") == 0) set_zone(client, value, error);
    if (strcmp(name, "NLS_LENGTH_SEMANTICS") == 0) client->byte_semantics = strcasecmp(value, "CHAR") != 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (strcmp(fixed[i].name, name) != 0 || strcasecmp(value, fixed[i].allowed) == 0) continue;
        error->ora = 439;
        snprintf(error->text, sizeof error->text, "ORA-00439: feature not enabled: stand-in does not support %s = %s", name, value);
    }
}

/* ---- transactions ---- */

static bool run(struct client *client, const char *sql, struct plan_error *error)
{
    struct engine_error failed;
    if (engine_run(&client->engine, sql, NULL, &failed)) return true;
    error_from_engine(client, NULL, &failed, error);
    return false;
}

static bool refuse_doomed(struct client *client, struct plan_error *error)
{
    if (!client->doomed) return true;
    error->ora = 60;
    snprintf(error->text, sizeof error->text,
             "ORA-00060: deadlock detected while waiting for resource (the whole transaction is gone: roll back)");
    return false;
}

bool client_free_engine(struct client *client, struct plan_error *error)
{
    struct statement *s = client->streaming;
    if (!s) return true;
    bool undefined = false;
    for (uint32_t i = 0; i < s->plan->column_count; i++) undefined |= sql_kind_is_lob(s->plan->columns[i].type.kind);
    if (undefined && s->cursor && s->cursor->define_count == 0) {
        /* How its rows are to be encoded is not known yet. */
        if (mysql_stmt_store_result(s->prepared)) {
            struct engine_error failed;
            engine_note_statement(s->prepared, &failed);
            error_from_engine(client, s->plan, &failed, error);
            statement_close_result(s);
            return false;
        }
        s->stored = true;
        client->streaming = NULL;
        return true;
    }
    return s->cursor && result_spool(s, s->cursor, 0, 0, error);
}

bool client_begin(struct client *client, struct plan_error *error)
{
    if (!refuse_doomed(client, error)) return false;
    if (client->in_transaction) return true;
    if (!client_free_engine(client, error) || !run(client, "START TRANSACTION", error)) return false;
    client->in_transaction = true;
    return true;
}

bool client_commit(struct client *client, struct plan_error *error)
{
    if (client->branch) {
        error->ora = 2089;
        snprintf(error->text, sizeof error->text, "ORA-02089: COMMIT is not allowed in a subordinate session");
        return false;
    }
    if (!refuse_doomed(client, error)) return false;
    if (!client->in_transaction) return true;
    if (!client_free_engine(client, error) || !run(client, "COMMIT", error)) return false;
    client->in_transaction = client->read_only = false;
    return true;
}

bool client_rollback(struct client *client, struct plan_error *error)
{
    bool open = client->in_transaction || client->doomed;
    client->in_transaction = client->doomed = client->read_only = false;
    if (!open) return true;
    return client_free_engine(client, error) && run(client, "ROLLBACK", error);
}
