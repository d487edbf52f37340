/* SPDX-License-Identifier: Apache-2.0 */
/* Which feeds stand on the source, whoever made them: read from its dictionary. */
#include "engine/feed_private.h"

#include "base/memory.h"
#include "engine/dictionary_private.h"
#include "engine/rows_private.h"
#include <stdio.h>
#include <stdlib.h>

struct candidate { /* a table of the catalog, with what the dictionary has for it */
    const struct row_map *map;
    char log_name[FEED_NAME_SIZE], trigger_name[FEED_NAME_SIZE], mvlog[129];
    bool log, trigger, trigger_enabled, trigger_whole, mvlog_keyed, mvlog_sequence, mvlog_ours;
    uint64_t columns; /* bit for each: OP$$, AT$$, then the key's */
    char log_object[FEED_MARK_SIZE], trigger_object[FEED_MARK_SIZE];
};
struct look {
    struct source *source;
    const char *schema;
    struct candidate *candidates;
    uint32_t count;
    struct map by_table, by_log, by_trigger, by_mvlog;
    char text[FEED_MARK_SIZE];
    bool row;
};

/* ---- asking ---- */

static bool ask(struct look *l, const char *text, const char *second, source_row *row, struct error *error)
{
    struct value binds[2] = {value_text(view_text(l->schema)), second ? value_text(view_text(second)) : value_null()};
    return source_run(l->source, text, binds, second ? 2 : 1, 1, 500, row, l, NULL, error);
}

/* What a server does not have (an older version, the stand-in) is no failure. */
static bool ask_if_known(struct look *l, const char *text, const char *second, source_row *row, struct error *error)
{
    if (ask(l, text, second, row, error)) return true;
    if (error->code != ERROR_SOURCE || (error->native != 942 && error->native != 904)) return false;
    error_clear(error);
    return true;
}

static struct candidate *named(const struct map *map, const struct value *name, char *out, size_t size)
{
    dictionary_text(name, out, size);
    return map_get(map, view_text(out));
}

static bool take_log_column(void *context, const struct value *values, uint32_t count)
{
    struct look *l = context;
    char name[129], column[129];
    struct candidate *c = count < 2 ? NULL : named(&l->by_log, &values[0], name, sizeof name);
    if (!c) return true;
    c->log = true;
    dictionary_text(&values[1], column, sizeof column);
    if (strcmp(column, "OP$$") == 0) c->columns |= 1;
    if (strcmp(column, "AT$$") == 0) c->columns |= 2;
    for (uint16_t i = 0; i < c->map->key->column_count && i < 32; i++)
        if (strcmp(column, rows_key_column(c->map, i)->name) == 0) c->columns |= UINT64_C(4) << i;
    return true;
}

static bool take_trigger(void *context, const struct value *values, uint32_t count)
{
    struct look *l = context;
    char name[129], table[129], status[20], events[120];
    struct candidate *c = count < 4 ? NULL : named(&l->by_trigger, &values[0], name, sizeof name);
    if (!c) return true;
    dictionary_text(&values[1], table, sizeof table);
    dictionary_text(&values[2], status, sizeof status);
    dictionary_text(&values[3], events, sizeof events);
    if (strcmp(table, c->map->table->name) != 0) return true;
    c->trigger = true;
    c->trigger_enabled = strcmp(status, "ENABLED") == 0;
    c->trigger_whole = strstr(events, "INSERT") && strstr(events, "UPDATE") && strstr(events, "DELETE");
    return true;
}

static bool take_mvlog(void *context, const struct value *values, uint32_t count)
{
    struct look *l = context;
    char master[129], flag[8];
    struct candidate *c = count < 4 ? NULL : named(&l->by_table, &values[0], master, sizeof master);
    if (!c) return true;
    dictionary_text(&values[1], c->mvlog, sizeof c->mvlog);
    dictionary_text(&values[2], flag, sizeof flag);
    c->mvlog_keyed = flag[0] == 'Y';
    dictionary_text(&values[3], flag, sizeof flag);
    c->mvlog_sequence = flag[0] == 'Y';
    if (!map_get(&l->by_mvlog, view_text(c->mvlog))) map_put(&l->by_mvlog, view_text(c->mvlog), c);
    return true;
}

static bool take_comment(void *context, const struct value *values, uint32_t count)
{
    struct look *l = context;
    char name[129];
    struct candidate *c = count < 1 ? NULL : named(&l->by_mvlog, &values[0], name, sizeof name);
    if (c) c->mvlog_ours = true;
    return true;
}

/* OBJECT_NAME, OBJECT_TYPE, OBJECT_ID, DATA_OBJECT_ID, LAST_DDL_TIME: a log that was truncated has another DATA_OBJECT_ID, a trigger that was disabled and
 * enabled between two looks another time. */
static bool take_object(void *context, const struct value *values, uint32_t count)
{
    struct look *l = context;
    char name[129], type[40], time[40];
    if (count < 5) return true;
    dictionary_text(&values[1], type, sizeof type);
    dictionary_text(&values[4], time, sizeof time);
    long id = dictionary_number(&values[2], 0), data = dictionary_number(&values[3], 0);
    struct candidate *c = NULL;
    if (strcmp(type, "TRIGGER") == 0) {
        c = named(&l->by_trigger, &values[0], name, sizeof name);
        if (c) snprintf(c->trigger_object, sizeof c->trigger_object, "%ld/%s", id, time);
        return true;
    }
    c = named(&l->by_log, &values[0], name, sizeof name);
    if (!c) c = named(&l->by_mvlog, &values[0], name, sizeof name);
    if (c) snprintf(c->log_object, sizeof c->log_object, "%ld/%ld", id, data);
    return true;
}

static bool take_text(void *context, const struct value *values, uint32_t count)
{
    struct look *l = context;
    l->row = count > 0 && values[0].type != VALUE_NULL;
    if (!l->row) return false;
    if (values[0].type == VALUE_NUMBER)
        snprintf(l->text, sizeof l->text, "%ld", dictionary_number(&values[0], 0));
    else
        dictionary_text(&values[0], l->text, sizeof l->text);
    return false;
}

static bool read_dictionary(struct look *l, struct error *error)
{
    static const char logs[] =
        "SELECT TABLE_NAME, COLUMN_NAME FROM ALL_TAB_COLUMNS WHERE OWNER = :1 AND SUBSTR(TABLE_NAME, 1, 13) = 'UNDERSTUDY_F_'";
    static const char triggers[] = "SELECT TRIGGER_NAME, TABLE_NAME, STATUS, TRIGGERING_EVENT FROM ALL_TRIGGERS WHERE TABLE_OWNER = :1 AND "
                                   "SUBSTR(TRIGGER_NAME, 1, 13) = 'UNDERSTUDY_T_'";
    static const char mvlogs[] = "SELECT MASTER, LOG_TABLE, PRIMARY_KEY, SEQUENCE FROM ALL_MVIEW_LOGS WHERE LOG_OWNER = :1";
    static const char comments[] = "SELECT TABLE_NAME FROM ALL_TAB_COMMENTS WHERE OWNER = :1 AND SUBSTR(TABLE_NAME, 1, 6) = 'MLOG$_' AND "
                                   "SUBSTR(COMMENTS, 1, 19) = '" FEED_COMMENT "'";
    static const char objects[] =
        "SELECT OBJECT_NAME, OBJECT_TYPE, OBJECT_ID, DATA_OBJECT_ID, TO_CHAR(LAST_DDL_TIME, 'YYYYMMDDHH24MISS') FROM ALL_OBJECTS WHERE "
        "OWNER = :1 "
        "AND OBJECT_TYPE IN ('TABLE', 'TRIGGER') AND (SUBSTR(OBJECT_NAME, 1, 11) = 'UNDERSTUDY_' OR SUBSTR(OBJECT_NAME, 1, 6) = 'MLOG$_')";
    return ask(l, logs, NULL, take_log_column, error) && ask_if_known(l, triggers, NULL, take_trigger, error) &&
           ask_if_known(l, mvlogs, NULL, take_mvlog, error) &&
           (map_count(&l->by_mvlog) == 0 || ask_if_known(l, comments, NULL, take_comment, error)) &&
           (map_count(&l->by_log) == 0 || ask_if_known(l, objects, NULL, take_object, error));
}

/* ---- the candidates ---- */

static void make_candidates(struct look *l, const struct sql_catalog *catalog, struct row_maps *maps, struct arena *arena)
{
    uint32_t tables = sql_catalog_table_count(catalog);
    l->candidates = arena_zero(arena, sizeof *l->candidates * (tables + 1));
    for (uint32_t i = 0; i < tables; i++) {
        const struct sql_table *t = sql_catalog_table_at(catalog, i);
        const struct row_map *map =
            t->view || t->temporary || !t->target[0] || strcmp(t->schema, l->schema) != 0 ? NULL : row_map_of(maps, t);
        if (!map || !map->key || map->key->column_count > 32) continue;
        struct candidate *c = &l->candidates[l->count++];
        c->map = map;
        feed_log_name(t->name, c->log_name);
        feed_trigger_name(t->name, c->trigger_name);
        map_put(&l->by_table, view_text(t->name), c);
        map_put(&l->by_log, view_text(c->log_name), c);
        map_put(&l->by_trigger, view_text(c->trigger_name), c);
    }
}

static bool log_is_whole(const struct candidate *c)
{
    return c->columns == (UINT64_C(4) << c->map->key->column_count) - 1;
}

/* A table whose own rows were exchanged without a row trigger (TRUNCATE, a partition's exchange) has another DATA_OBJECT_ID as well. */
static bool base_object(struct look *l, const struct candidate *c, struct error *error)
{
    static const char text[] =
        "SELECT SUM(DATA_OBJECT_ID) FROM ALL_OBJECTS WHERE OWNER = :1 AND OBJECT_NAME = :2 AND OBJECT_TYPE IN ('TABLE', "
        "'TABLE PARTITION', 'TABLE SUBPARTITION')";
    l->text[0] = 0;
    return ask_if_known(l, text, c->map->table->name, take_text, error);
}

static bool find_trigger_form(struct look *l, const struct candidate *c, struct feed_found *f, struct error *error)
{
    char text[300];
    f->form = FEED_TRIGGER;
    snprintf(f->log, sizeof f->log, "%s", c->log_name);
    f->readable = c->log && log_is_whole(c);
    const char *why = NULL;
    if (!c->log)
        why = "its log table is missing";
    else if (!log_is_whole(c))
        why = "its log table does not have the columns of the table's key";
    else if (!c->trigger)
        why = "its trigger is missing";
    else if (!c->trigger_enabled)
        why = "its trigger is disabled";
    else if (!c->trigger_whole)
        why = "its trigger does not fire on INSERT, UPDATE and DELETE";
    l->row = false;
    if (f->readable) {
        snprintf(text, sizeof text, "SELECT TO_CHAR(AT$$, 'YYYYMMDDHH24MISSFF6') FROM \"%s\".\"%s\" WHERE OP$$ = 'S' AND ROWNUM <= 1",
                 l->schema, c->log_name);
        l->text[0] = 0;
        if (!source_run(l->source, text, NULL, 0, 0, 1, take_text, l, NULL, error)) return false;
    }
    f->marked = l->row;
    if (!why && !f->marked) why = "its log was emptied by somebody: the mark is gone";
    char mark[FEED_MARK_SIZE];
    snprintf(mark, sizeof mark, "%s", l->row ? l->text : "");
    if (!base_object(l, c, error)) return false;
    snprintf(f->identity, sizeof f->identity, "T %.40s %.40s %.30s %.30s", c->trigger_object, c->log_object, mark, l->text);
    f->state = why ? FEED_BROKEN : FEED_ON;
    snprintf(f->reason, sizeof f->reason, "%s", why ? why : "");
    return true;
}

static bool find_mvlog_form(struct look *l, const struct candidate *c, struct feed_found *f, struct error *error)
{
    f->form = FEED_MVLOG;
    snprintf(f->log, sizeof f->log, "%s", c->mvlog);
    const char *why = NULL;
    f->state = FEED_ON;
    if (!c->mvlog_ours) {
        f->state = FEED_FOREIGN;
        why = "the table has a materialized view log of somebody else's, which is left alone: use --form trigger";
    } else if (!c->mvlog_keyed || !c->mvlog_sequence || !c->map->key->primary) {
        f->state = FEED_BROKEN;
        why = "its materialized view log was not made WITH PRIMARY KEY, SEQUENCE";
    }
    f->readable = f->state == FEED_ON;
    f->marked = true;
    if (!base_object(l, c, error)) return false;
    snprintf(f->identity, sizeof f->identity, "M %.40s %.30s", c->log_object, l->text);
    snprintf(f->reason, sizeof f->reason, "%s", why ? why : "");
    return true;
}

static bool find_counter(struct look *l, struct feed_look *out, struct error *error)
{
    char text[200];
    snprintf(text, sizeof text, "SELECT \"%s\".\"" FEED_LOST_SEQUENCE "\".NEXTVAL FROM DUAL", l->schema);
    l->row = false;
    if (!source_run(l->source, text, NULL, 0, 0, 1, take_text, l, NULL, error)) {
        bool missing = error->code == ERROR_SOURCE && (error->native == 2289 || error->native == 942 || error->native == 4043);
        if (missing) error_clear(error);
        return missing;
    }
    out->counter = l->row;
    out->counted = l->row ? (uint64_t)strtoull(l->text, NULL, 10) : 0;
    return true;
}

static bool find_all(struct look *l, struct arena *arena, struct feed_look *out, struct error *error)
{
    bool triggers = false;
    out->found = arena_zero(arena, sizeof *out->found * (l->count + 1));
    for (uint32_t i = 0; i < l->count; i++) {
        const struct candidate *c = &l->candidates[i];
        bool trigger_form = c->log || c->trigger;
        if (!trigger_form && !c->mvlog[0]) continue;
        struct feed_found *f = &out->found[out->count++];
        snprintf(f->table, sizeof f->table, "%s", c->map->table->name);
        triggers |= trigger_form;
        if (!(trigger_form ? find_trigger_form(l, c, f, error) : find_mvlog_form(l, c, f, error))) return false;
    }
    return !triggers || find_counter(l, out, error);
}

bool feed_look(struct source *source, const char *schema, const struct sql_catalog *catalog, struct row_maps *maps, struct arena *arena,
               struct feed_look *out, struct error *error)
{
    struct look l = {.source = source, .schema = schema};
    struct map *tables[] = {&l.by_table, &l.by_log, &l.by_trigger, &l.by_mvlog};
    memset(out, 0, sizeof *out);
    error_clear(error);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) map_init(tables[i]);
    make_candidates(&l, catalog, maps, arena);
    bool good = read_dictionary(&l, error) && find_all(&l, arena, out, error);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) map_release(tables[i]);
    return good || error_prefix(error, "looking for key feeds");
}

bool feed_mark_again(struct source *source, const char *schema, const char *log, struct error *error)
{
    char text[400];
    snprintf(text, sizeof text, "INSERT INTO \"%s\".\"%s\" (OP$$, AT$$) VALUES ('S', SYSTIMESTAMP)", schema, log);
    return source_run(source, text, NULL, 0, 0, 0, NULL, NULL, NULL, error) && source_commit(source, error);
}
