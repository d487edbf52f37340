/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be in MariaDB before the first client: functions, schemas, the dictionary's views. */
#include "standin/server.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

__asm__(".section .rodata\n.global standin_views_sql\nstandin_views_sql:\n.incbin \"standin/sql/views.sql\"\n.byte 0\n"
        ".global standin_shim_sql\nstandin_shim_sql:\n.incbin \"standin/sql/shim.sql\"\n.byte 0\n.previous\n");
extern const char standin_views_sql[], standin_shim_sql[];

/* The functions of standin_udf.so: name, and what it answers. */
static const struct {
    const char *name, *result;
} functions[] = {
    {"ora_number_text", "STRING"}, {"ora_to_char_number", "STRING"}, {"ora_to_char_time", "STRING"},  {"ora_to_number", "DECIMAL"},
    {"ora_to_time", "STRING"},     {"ora_trunc_time", "STRING"},     {"ora_round_time", "STRING"},    {"ora_add_months", "STRING"},
    {"ora_plus_months", "STRING"}, {"ora_last_day", "STRING"},       {"ora_next_day", "STRING"},      {"ora_months_between", "DECIMAL"},
    {"ora_initcap", "STRING"},     {"ora_translate", "STRING"},      {"ora_trim_set", "STRING"},      {"ora_instr", "INTEGER"},
    {"ora_hex_to_raw", "STRING"},  {"ora_rowid_text", "STRING"},     {"ora_rowid_number", "INTEGER"}, {"ora_raise", "INTEGER"},
    {"ora_power", "DECIMAL"},      {"ora_cast_number", "DECIMAL"},   {"ora_scn", "INTEGER"},
};

static bool run(struct engine *engine, const char *sql, struct error *error)
{
    struct engine_error failed;
    if (engine_run(engine, sql, NULL, &failed)) return true;
    return error_set(error, ERROR_SOURCE, "%.200s: %s", sql, failed.text);
}

static bool make_functions(struct engine *engine, struct error *error)
{
    char sql[200];
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM mysql.func WHERE name = '%s'", functions[i].name);
        if (engine_number(engine, sql, 0)) continue;
        snprintf(sql, sizeof sql, "CREATE FUNCTION %s RETURNS %s SONAME 'standin_udf.so'", functions[i].name, functions[i].result);
        if (!run(engine, sql, error))
            return error_prefix(error, "cannot load standin_udf.so (run-mariadb start --udf FOLDER puts it in place)");
    }
    return true;
}

static bool make_schemas(struct server *server, struct engine *engine, struct error *error)
{
    char sql[2000];
    for (uint32_t i = 0; i < server->user_count; i++) {
        const struct server_user *user = &server->users[i];
        char spare4[1024];
        wire_verifier_to_spare4(&user->verifier, spare4, sizeof spare4);
        snprintf(sql, sizeof sql, "CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", user->name);
        if (!run(engine, sql, error)) return false;
        snprintf(sql, sizeof sql,
                 "INSERT INTO `SYS`.`STANDIN$USER` (USERNAME, SPARE4) VALUES ('%s', '%s') ON DUPLICATE KEY UPDATE SPARE4 = VALUES(SPARE4)",
                 user->name, spare4);
        if (!run(engine, sql, error)) return false;
    }
    return true;
}

static bool run_shim(struct engine *engine, struct error *error)
{
    const char *at = standin_shim_sql;
    while (at && *at) {
        const char *end = strstr(at, "\n;;\n");
        char *statement = end ? memory_string_of(at, (size_t)(end - at)) : memory_string(at);
        bool good = run(engine, statement, error);
        memory_free(statement);
        if (!good) return false;
        at = end ? end + 4 : NULL;
    }
    return true;
}

static struct plan *plan_view(struct server *server, struct view text, struct plan_error *failed)
{
    struct plan_session session = {.user = "SYS",
                                   .schema = "SYS",
                                   .date_format = "DD-MON-RR",
                                   .timestamp_format = "DD-MON-RR",
                                   .timestamp_tz_format = "DD-MON-RR",
                                   .zone_name = "+00:00",
                                   .byte_semantics = true};
    const struct dictionary *dictionary = dictionary_acquire(server->dictionary);
    struct plan *plan = plan_make(dictionary, &session, text, NULL, 0, failed);
    dictionary_release(dictionary);
    return plan;
}

static bool make_view(struct server *server, struct engine *engine, struct view text, struct error *error)
{
    struct plan_error failed;
    struct plan *plan = plan_view(server, text, &failed);
    /* It stands on a view that was just made: only then the dictionary is read again. */
    if (!plan && failed.ora == 942 && dictionary_store_reload(server->dictionary, error)) plan = plan_view(server, text, &failed);
    if (!plan)
        return error_set(error, ERROR_INTERNAL, "dictionary view: %.300s at %d: %.60s", failed.text, failed.position,
                         (const char *)text.data + failed.position);
    bool good = true;
    for (uint32_t i = 0; good && i < plan->step_count; i++) good = run(engine, plan->steps[i], error);
    plan_free(plan);
    return good;
}

/* The views are written in the legacy dialect and go through the front, so that their columns are described like any other. */
static bool make_views(struct server *server, struct engine *engine, struct error *error)
{
    char sql[200];
    int64_t version = (int64_t)(view_hash(view_text(standin_views_sql)) >> 2);
    if (engine_number(engine, "SELECT `VALUE` FROM `SYS`.`STANDIN$COUNTER` WHERE NAME = 'VERSION'", 0) == version) return true;
    const char *at = standin_views_sql;
    while (at && *at) {
        const char *end = strstr(at, "\n;;\n");
        struct view text = end ? view_of(at, (size_t)(end - at)) : view_text(at);
        if (!make_view(server, engine, text, error)) return false;
        at = end ? end + 4 : NULL;
    }
    snprintf(sql, sizeof sql, "REPLACE INTO `SYS`.`STANDIN$COUNTER` VALUES ('VERSION', %lld)", (long long)version);
    return run(engine, sql, error);
}

bool server_bootstrap(struct server *server, struct error *error)
{
    struct engine engine;
    if (!engine_connect(&engine, server->mariadb_socket, error)) return false;
    bool good = make_functions(&engine, error) && make_schemas(server, &engine, error) && run_shim(&engine, error) &&
                make_views(server, &engine, error);
    engine_close(&engine);
    return good && dictionary_store_reload(server->dictionary, error);
}

struct sequence_list {
    char (*names)[320];
    uint32_t count, capacity;
};

static void take_sequence(void *context, char **values, unsigned long *lengths)
{
    (void)lengths;
    struct sequence_list *list = context;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->names = memory_resize(list->names, list->capacity * sizeof *list->names);
    }
    snprintf(list->names[list->count++], sizeof *list->names, "%.149s`.`%.149s", values[0], values[1]);
}

void server_refresh_sequences(struct server *server)
{
    struct engine *engine = dictionary_store_lock(server->dictionary);
    struct sequence_list list = {0};
    struct engine_error ignored;
    (void)!engine_rows(engine, "SELECT SEQUENCE_OWNER, SEQUENCE_NAME FROM `SYS`.`STANDIN$SEQUENCE`", take_sequence, &list, &ignored);
    for (uint32_t i = 0; i < list.count; i++) {
        char owner[150], name[150];
        if (sscanf(list.names[i], "%149[^`]`.`%149[^`]", owner, name) != 2) continue;
        (void)!engine_runf(engine, &ignored,
                           "UPDATE `SYS`.`STANDIN$SEQUENCE` SET LAST_NUMBER = (SELECT next_not_cached_value FROM `%s`.`%s`) WHERE "
                           "SEQUENCE_OWNER = '%s' AND SEQUENCE_NAME = '%s'",
                           owner, name, owner, name);
    }
    memory_free(list.names);
    dictionary_store_unlock(server->dictionary);
}
