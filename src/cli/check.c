/* SPDX-License-Identifier: Apache-2.0 */
/* understudy check: is everything there that the way to the cut-over needs? Looks only, changes nothing. Text, or --json. */
#include "cli/command.h"

#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/dictionary.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CONNECT_MS = 5000, NAMED_MAX = 8 };
/* GOOD: as it should be. NOTE: works, but costs something or wants a decision. BAD: a phase would fail for it. */
enum verdict { GOOD, NOTE, BAD };
static const char *const verdicts[] = {[GOOD] = "ok", [NOTE] = "note", [BAD] = "BAD"};

struct check {
    const struct arguments *arguments;
    struct config config;
    struct engine *engine; /* nothing runs in it: the dictionary wants one */
    struct source *source;
    struct pg *target;
    struct sql_catalog *catalog;
    struct json json;
    uint32_t bad;
};

static void say(struct check *c, enum verdict verdict, const char *what, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void say(struct check *c, enum verdict verdict, const char *what, const char *format, ...)
{
    char text[1200];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    c->bad += verdict == BAD;
    if (!c->arguments->json) {
        printf("%-5s %-16s %s\n", verdicts[verdict], what, text);
        return;
    }
    json_object_begin(&c->json);
    json_field_text(&c->json, "verdict", verdict == BAD ? "bad" : verdicts[verdict]);
    json_field_text(&c->json, "what", what);
    json_field_text(&c->json, "text", text);
    json_object_end(&c->json);
}

/* ---- files ---- */

static void check_folder(struct check *c, const char *what, const char *path, bool is_file)
{
    char folder[600];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (is_file && slash) *slash = 0;
    struct stat facts;
    struct statvfs space;
    bool there = stat(folder, &facts) == 0;
    if (!there && !is_file && slash) { /* it is made at the first start */
        *slash = 0;
        there = stat(folder, &facts) == 0;
    }
    if (!there || !S_ISDIR(facts.st_mode) || access(folder, W_OK) != 0)
        say(c, BAD, what, "%s cannot be written: %s", folder, there ? strerror(EACCES) : strerror(errno));
    else if (statvfs(folder, &space) == 0)
        say(c, GOOD, what, "%s: %.1f GB free", path, (double)space.f_bavail * (double)space.f_frsize / 1e9);
}

static void check_files(struct check *c)
{
    check_folder(c, "journal", c->config.engine.journal_folder, false);
    check_folder(c, "state", c->config.engine.state_file, true);
    if (c->config.admin_token_file[0] == 0)
        say(c, NOTE, "admin", "[admin] token_file is not set: whoever reaches the admin port may switch");
    else if (access(c->config.admin_token_file, R_OK) != 0)
        say(c, BAD, "admin", "%s: %s", c->config.admin_token_file, strerror(errno));
}

/* ---- source ---- */

static void check_own_tables(struct check *c)
{
    const struct engine_options *o = &c->config.engine;
    struct error error = {0};
    char answer[64];
    bool all_there = false;
    if (!epoch_check_source(c->source, &all_there, &error))
        say(c, BAD, "source tables", "%s", error.text);
    else if (all_there)
        say(c, GOOD, "source tables", "the tables UNDERSTUDY_* are there");
    else if (!source_scalar(c->source, "SELECT COUNT(*) FROM SESSION_PRIVS WHERE PRIVILEGE = 'CREATE TABLE'", answer, sizeof answer,
                            &error))
        say(c, NOTE, "source tables", "whether %s may make tables cannot be told (%.200s)", o->source_user, error.text);
    else if (atoi(answer) == 0)
        say(c, BAD, "source tables", "GRANT CREATE TABLE TO %s: it keeps the epoch and what came back in three small tables",
            o->source_user);
    else
        say(c, GOOD, "source tables", "may make its three small tables");
}

static void check_source(struct check *c)
{
    const struct engine_options *o = &c->config.engine;
    struct error error = {0};
    c->source = source_open(o, CONNECT_MS, &error);
    if (!c->source) {
        say(c, BAD, "source", "%s", error.text);
        return;
    }
    unsigned version = source_session(c->source)->server_version;
    say(c, GOOD, "source", "%s:%u/%s: logged in as %s, release %u.%u", o->source_host, o->source_port, o->source_service, o->source_user,
        version >> 24, version >> 20 & 15);
    check_own_tables(c);
    char answer[64];
    if (!source_scalar(c->source, "SELECT COUNT(*) FROM SYS.USER$ WHERE TYPE# = 1 AND SPARE4 IS NOT NULL", answer, sizeof answer, &error))
        say(c, NOTE, "users",
            "GRANT SELECT ON SYS.USER$ TO %s before `understudy users import`: without it only users that log in before `complete` are "
            "known there",
            o->source_user);
    else
        say(c, GOOD, "users", "%s users' verifiers can be imported", answer);
}

/* ---- target ---- */

/* What the target is asked, each answer one text; "" is good, else it is said. */
static const struct question {
    enum verdict verdict;
    const char *what, *sql;
} questions[] = {
    {BAD, "target release",
     "SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 THEN '' ELSE 'PostgreSQL ' || "
     "current_setting('server_version') || "
     "': 15 or later is needed' END"},
    {BAD, "encoding",
     "SELECT CASE current_setting('server_encoding') WHEN 'UTF8' THEN '' ELSE 'the database is in ' || current_setting('server_encoding') "
     "|| "
     "', UTF8 is needed' END"},
    {BAD, "wal_level",
     "SELECT CASE current_setting('wal_level') WHEN 'logical' THEN '' ELSE 'is ' || current_setting('wal_level') || ': the way back after "
     "a "
     "cut-over needs logical (and a restart of PostgreSQL)' END"},
    {BAD, "slots",
     "SELECT CASE WHEN (SELECT count(*) FROM pg_replication_slots WHERE slot_name NOT LIKE 'understudy%') < "
     "current_setting('max_replication_slots')::int THEN '' ELSE 'all of max_replication_slots are in use: one more is needed' END"},
    {NOTE, "slot's size",
     "SELECT CASE current_setting('max_slot_wal_keep_size') WHEN '-1' THEN 'max_slot_wal_keep_size is not limited: while the source cannot "
     "take the changes back, PostgreSQL keeps all of its log' ELSE '' END"},
    {BAD, "replication",
     "SELECT CASE WHEN rolsuper OR rolreplication THEN '' ELSE 'ALTER ROLE ' || quote_ident(current_user) || ' REPLICATION: the way back "
     "reads the "
     "change stream' END FROM pg_roles WHERE rolname = current_user"},
    {BAD, "triggers",
     "SELECT CASE WHEN has_parameter_privilege(current_user, 'session_replication_role', 'SET') THEN '' ELSE 'GRANT SET ON PARAMETER "
     "session_replication_role TO ' || quote_ident(current_user) || ': mirrored rows must not fire triggers again' END"},
    {BAD, "schema",
     "SELECT CASE WHEN has_database_privilege(current_database(), 'CREATE') OR to_regnamespace('understudy') IS NOT NULL THEN '' ELSE "
     "'GRANT CREATE ON "
     "DATABASE ' || quote_ident(current_database()) || ' TO ' || quote_ident(current_user) || ': the schema understudy holds positions and "
     "functions' END"},
    {BAD, "tables",
     "SELECT coalesce('no right to write ' || string_agg(c.oid::regclass::text, ', '), '') FROM pg_class c JOIN pg_namespace n ON n.oid = "
     "c.relnamespace "
     "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, "
     "'INSERT') AND "
     "has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))"},
    {BAD, "row identity",
     "SELECT coalesce('without a primary key, so PostgreSQL cannot say which row was changed; ALTER TABLE .. REPLICA IDENTITY FULL for: ' "
     "|| "
     "string_agg(c.oid::regclass::text, ', '), '') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND "
     "c.relkind = 'r' AND c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)"},
    {NOTE, "connections",
     "SELECT CASE WHEN current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client "
     "backend') >= 40 "
     "THEN '' ELSE 'fewer than 40 of max_connections are free' END"},
};

static void ask_target(struct check *c, const struct question *question, uint32_t number)
{
    struct error error = {0};
    struct pg_result result = {0};
    char name[32];
    snprintf(name, sizeof name, "check_%u", number);
    struct pg_parameter schema = {.text = view_text(c->config.engine.target_schema)};
    if (!pg_run_prepared(c->target, name, question->sql, &schema, strstr(question->sql, "$1") ? 1 : 0, &result, &error))
        say(c, NOTE, question->what, "cannot be told: %s", error.text);
    else if (result.rows == 0 || pg_result_text(&result, 0, 0).size == 0)
        say(c, GOOD, question->what, "as it should be");
    else
        say(c, question->verdict, question->what, "%.1000s", (const char *)pg_result_text(&result, 0, 0).data);
    pg_result_free(&result);
}

static void check_target(struct check *c)
{
    struct error error = {0};
    c->target = pg_connect(c->config.engine.target_conninfo, CONNECT_MS, &error);
    if (!c->target) {
        say(c, BAD, "target", "%s", error.text);
        return;
    }
    say(c, GOOD, "target", "connected");
    for (uint32_t i = 0; i < sizeof questions / sizeof *questions; i++) ask_target(c, &questions[i], i);
}

/* ---- tables ---- */

struct naming {
    char text[900];
    uint32_t count;
};
static void name_one(struct naming *naming, const char *name)
{
    size_t used = strlen(naming->text);
    if (naming->count++ < NAMED_MAX)
        snprintf(naming->text + used, sizeof naming->text - used, "%s%s", used ? ", " : "", name);
    else if (naming->count == NAMED_MAX + 1)
        snprintf(naming->text + used, sizeof naming->text - used, ", ..");
}

static void say_tables(struct check *c, enum verdict verdict, const char *what, const struct naming *naming, const char *why)
{
    if (naming->count > 0) say(c, verdict, what, "%u: %s (%s)", naming->count, naming->text, why);
}

static void check_tables(struct check *c)
{
    if (!c->source || !c->target) return;
    struct error error = {0};
    c->catalog = dictionary_load(c->engine, c->source, c->target, 1, &error);
    if (!c->catalog) {
        say(c, BAD, "dictionary", "%s", error.text);
        return;
    }
    struct naming missing = {0}, keyless = {0}, spreading = {0}, columns = {0};
    uint32_t tables = 0;
    for (uint32_t i = 0; i < sql_catalog_table_count(c->catalog); i++) {
        const struct sql_table *table = sql_catalog_table_at(c->catalog, i);
        if (table->view || table->temporary) continue;
        tables++;
        if (!table->target[0])
            name_one(&missing, table->name);
        else if (!sql_table_primary_key(table))
            name_one(&keyless, table->name);
        if (dictionary_table_spreads(table)) name_one(&spreading, table->name);
        for (uint32_t n = 0; table->target[0] && n < table->column_count; n++) {
            char column[300];
            snprintf(column, sizeof column, "%s.%s", table->name, table->columns[n].name);
            if (!table->columns[n].target[0] && !table->columns[n].generated_virtual) name_one(&columns, column);
        }
    }
    say(c, GOOD, "dictionary", "%u tables in schema %s", tables, c->config.engine.source_schema);
    say_tables(c, BAD, "not on the target", &missing, "their writes would be gaps; `understudy schema` prints their DDL");
    say_tables(c, BAD, "columns missing", &columns, "not on the target");
    say_tables(c, NOTE, "without a key", &keyless,
               "no row of theirs can be named: verified by whole table, repaired by copying it; what a clock, a sequence or a call of "
               "unknown effect "
               "writes there is a gap until a verify. Better give them a key");
    say_tables(c, NOTE, "side effects", &spreading,
               "triggers or cascades write rows that no statement names: `understudy feed list`; while the target is primary the source's "
               "triggers "
               "must not fire, see docs/operations.md");
}

int command_check(const struct arguments *arguments)
{
    struct error error = {0};
    struct check c = {.arguments = arguments};
    if (!config_read(arguments->config_file, &c.config, &error)) return command_fail(&error);
    if (!log_open(NULL, LOG_ERROR, LOG_FORMAT_TEXT, &error)) return command_fail(&error);
    struct buffer out;
    buffer_init(&out, 0);
    c.json = json_into(&out);
    c.engine = memory_zero(1, sizeof *c.engine);
    c.engine->options = c.config.engine;
    if (arguments->json) json_array_begin(&c.json);
    say(&c, GOOD, "configuration", "%s", arguments->config_file);
    check_files(&c);
    check_source(&c);
    check_target(&c);
    check_tables(&c);
    if (arguments->json) {
        json_array_end(&c.json);
        printf(VIEW_FORMAT "\n", VIEW_ARGUMENTS(buffer_view(&out)));
    } else {
        printf(c.bad ? "%u things must be mended\n" : "nothing stands in the way\n", c.bad);
    }
    if (c.catalog) sql_catalog_free(c.catalog);
    if (c.source) source_close(c.source);
    if (c.target) pg_close(c.target);
    memory_free(c.engine);
    buffer_release(&out);
    return c.bad ? 1 : 0;
}
