/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing feeds on the source, and the survey of tables that need one. */
#include "engine/feed_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/dictionary_private.h"
#include <stdio.h>

enum {
    SOURCE_TIMEOUT_MS = 60000,
    ORA_EXISTS = 955,
    ORA_NO_TABLE = 942,
    ORA_NO_TRIGGER = 4080,
    ORA_NO_SEQUENCE = 2289,
    ORA_NO_MVLOG = 12002
};
#define DRAIN_US UINT64_C(10000000)
#define STEP_US  UINT64_C(20000)

/* ---- running scripts ---- */

struct running {
    struct source *source;
    struct error *error;
    bool removing; /* what is not there is no failure */
};

static bool run_statement(void *context, const char *comment, const char *sql)
{
    struct running *r = context;
    (void)comment;
    error_clear(r->error);
    if (source_run(r->source, sql, NULL, 0, 0, 0, NULL, NULL, NULL, r->error)) return source_commit(r->source, r->error);
    int number = r->error->code == ERROR_SOURCE ? r->error->native : 0;
    bool fine = r->removing ? number == ORA_NO_TABLE || number == ORA_NO_TRIGGER || number == ORA_NO_SEQUENCE || number == ORA_NO_MVLOG
                            : number == ORA_EXISTS;
    if (fine) {
        error_clear(r->error);
        return true;
    }
    return error_prefix(r->error, "%.80s ..", sql);
}

const struct row_map *feed_table_map(struct engine *engine, const char *table, struct row_maps **maps, struct error *error)
{
    const struct sql_catalog *catalog = atomic_load_explicit(&engine->catalog, memory_order_acquire);
    error_clear(error);
    *maps = NULL;
    if (!catalog) {
        error_set(error, ERROR_STATE, "the source's dictionary has not been read yet");
        return NULL;
    }
    const struct sql_table *t = sql_catalog_table(catalog, NULL, engine->options.source_schema, table);
    const struct row_map *map = NULL;
    *maps = row_maps_new(catalog);
    if (t && !t->view && !t->temporary && t->target[0]) map = row_map_of(*maps, t);
    if (map && map->key) return map;
    if (!t)
        error_set(error, ERROR_NOT_FOUND, "there is no table %s in the schema %s", table, engine->options.source_schema);
    else if (!map)
        error_set(error, ERROR_STATE, "the table %s is not mirrored: it has no counterpart on the target, or it is a view or temporary",
                  table);
    else
        error_set(error, ERROR_STATE, "the table %s has no key by which its rows could be named", table);
    row_maps_free(*maps);
    *maps = NULL;
    return NULL;
}

/* ---- the survey ---- */

struct survey {
    struct feed_need *needs;
    uint32_t count;
    struct map by_table;
    struct map owners; /* trigger -> its table's name */
};

static void add_reason(struct feed_need *need, const char *format, const char *one, const char *two) PRINTF_LIKE(2, 0);
static void add_reason(struct feed_need *need, const char *format, const char *one, const char *two)
{
    char text[280];
    snprintf(text, sizeof text, format, one, two);
    size_t at = strlen(need->why);
    if (strstr(need->why, text) || at + strlen(text) + 3 > sizeof need->why) return;
    snprintf(need->why + at, sizeof need->why - at, "%s%s", at ? "; " : "", text);
}

static bool take_owner(void *context, const struct value *values, uint32_t count)
{
    struct survey *s = context;
    char trigger[129], table[129];
    if (count < 2) return true;
    dictionary_text(&values[0], trigger, sizeof trigger);
    dictionary_text(&values[1], table, sizeof table);
    if (dictionary_is_internal(view_text(trigger))) return true;
    char *before = map_put(&s->owners, view_text(trigger), memory_string(table));
    memory_free(before);
    return true;
}

/* NAME, TYPE, REFERENCED_NAME: a program or trigger that names the table may write it. */
static bool take_reference(void *context, const struct value *values, uint32_t count)
{
    struct survey *s = context;
    char name[129], type[40], table[129];
    if (count < 3) return true;
    dictionary_text(&values[0], name, sizeof name);
    dictionary_text(&values[1], type, sizeof type);
    dictionary_text(&values[2], table, sizeof table);
    struct feed_need *need = map_get(&s->by_table, view_text(table));
    if (!need || dictionary_is_internal(view_text(name))) return true;
    if (strcmp(type, "TRIGGER") != 0) {
        add_reason(need, "%s %s names it", strcmp(type, "PACKAGE BODY") == 0 ? "PACKAGE" : type, name);
        return true;
    }
    const char *owner = map_get(&s->owners, view_text(name));
    if (owner && strcmp(owner, table) != 0) add_reason(need, "trigger %s on %s names it", name, owner);
    return true;
}

static bool ask(struct source *source, const char *text, const char *schema, uint32_t binds, source_row *row, struct survey *s,
                struct error *error)
{
    struct value values[2] = {value_text(view_text(schema)), value_text(view_text(schema))};
    if (source_run(source, text, values, binds, 1, 500, row, s, NULL, error)) return true;
    if (error->code != ERROR_SOURCE || (error->native != 942 && error->native != 904)) return false;
    error_clear(error);
    return true;
}

static void list_tables(struct feed *feed, const struct sql_catalog *catalog, struct survey *s)
{
    struct row_maps *maps = row_maps_new(catalog);
    uint32_t tables = sql_catalog_table_count(catalog);
    s->needs = memory_zero(tables ? tables : 1, sizeof *s->needs);
    for (uint32_t i = 0; i < tables; i++) {
        const struct sql_table *t = sql_catalog_table_at(catalog, i);
        if (t->view || t->temporary) continue;
        const struct row_map *map = t->target[0] ? row_map_of(maps, t) : NULL;
        struct feed_need *need = &s->needs[s->count++];
        snprintf(need->table, sizeof need->table, "%s", t->name);
        need->possible = map && map->key;
        if (!need->possible) snprintf(need->reason, sizeof need->reason, map ? "it has no key" : "it has no counterpart on the target");
        for (uint32_t f = 0; f < t->foreign_key_count; f++)
            if (t->foreign_keys[f].cascades)
                add_reason(need, "its rows change with those of %s (%s)", t->foreign_keys[f].table, t->foreign_keys[f].name);
        map_put(&s->by_table, view_text(need->table), need);
    }
    row_maps_free(maps);
    mutex_lock(&feed->lock);
    for (struct feed_entry *e = feed->entries; e; e = e->next) {
        struct feed_need *need = map_get(&s->by_table, view_text(e->told.table));
        if (!need) continue;
        need->form = e->told.form;
        need->state = e->told.state;
        if (e->told.reason[0]) snprintf(need->reason, sizeof need->reason, "%s", e->told.reason);
    }
    mutex_unlock(&feed->lock);
}

bool feed_survey(struct feed *feed, struct feed_need **out, uint32_t *count, struct error *error)
{
    static const char owners[] = "SELECT TRIGGER_NAME, TABLE_NAME FROM ALL_TRIGGERS WHERE TABLE_OWNER = :1";
    static const char references[] = "SELECT NAME, TYPE, REFERENCED_NAME FROM ALL_DEPENDENCIES WHERE OWNER = :1 AND REFERENCED_OWNER = :2 "
                                     "AND REFERENCED_TYPE = 'TABLE' AND TYPE "
                                     "IN ('TRIGGER', 'PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY')";
    const struct sql_catalog *catalog = atomic_load_explicit(&feed->engine->catalog, memory_order_acquire);
    const char *schema = feed->engine->options.source_schema;
    struct survey s = {0};
    error_clear(error);
    if (!catalog) return error_set(error, ERROR_STATE, "the source's dictionary has not been read yet");
    struct source *source = source_open(&feed->engine->options, SOURCE_TIMEOUT_MS, error);
    if (!source) return false;
    map_init(&s.by_table);
    map_init(&s.owners);
    list_tables(feed, catalog, &s);
    bool good = ask(source, owners, schema, 1, take_owner, &s, error) && ask(source, references, schema, 2, take_reference, &s, error);
    source_close(source);
    void *value;
    for (uint32_t at = 0; map_next(&s.owners, &at, NULL, &value);) memory_free(value);
    map_release(&s.owners);
    map_release(&s.by_table);
    *out = s.needs;
    *count = s.count;
    if (good) return true;
    memory_free(s.needs);
    *out = NULL;
    return error_prefix(error, "which tables need a key feed");
}

/* ---- making ---- */

static bool has_feed(struct feed *feed, const char *table, struct feed_table *out)
{
    bool found = false;
    mutex_lock(&feed->lock);
    for (struct feed_entry *e = feed->entries; e && !found; e = e->next) {
        found = strcmp(e->told.table, table) == 0;
        if (found) *out = e->told;
    }
    mutex_unlock(&feed->lock);
    return found;
}

/* Waits until a look that began after this call is over. */
static bool look_over(struct feed *feed, uint64_t until)
{
    mutex_lock(&feed->lock);
    uint64_t looks = feed->looks;
    feed->look_wanted = true;
    condition_broadcast(&feed->wake);
    while (feed->looks < looks + 2 && clock_monotonic_us() < until && !atomic_load(&feed->stopping)) {
        feed->look_wanted = true; /* the first may have been on its way already */
        condition_broadcast(&feed->wake);
        condition_wait_us(&feed->changed, &feed->lock, STEP_US);
    }
    bool over = feed->looks >= looks + 2;
    mutex_unlock(&feed->lock);
    return over;
}

static void set_changing(struct feed *feed, const char *table)
{
    mutex_lock(&feed->lock);
    snprintf(feed->changing, sizeof feed->changing, "%s", table);
    mutex_unlock(&feed->lock);
}

static void change_begin(struct feed *feed, const char *table)
{
    set_changing(feed, table);
    (void)look_over(feed, clock_monotonic_us() + DRAIN_US);
}

static void change_end(struct feed *feed)
{
    (void)look_over(feed, clock_monotonic_us() + DRAIN_US);
    set_changing(feed, "");
    feed_look_soon(feed);
}

bool feed_install(struct feed *feed, const char *table, enum feed_form form, struct error *error)
{
    struct row_maps *maps;
    struct feed_table there;
    const struct engine_options *options = &feed->engine->options;
    const struct row_map *map = feed_table_map(feed->engine, table, &maps, error);
    if (!map) return false;
    struct feed_script script = {.map = map, .form = form, .reader = options->source_user};
    bool good = false, has = has_feed(feed, table, &there);
    if (has && (there.state == FEED_FOREIGN ? form == FEED_MVLOG : there.form != form)) {
        error_set(error, ERROR_STATE, "%s has a feed of the form %s (%s): remove that one first", table, feed_form_name(there.form),
                  feed_state_name(there.state));
    } else {
        change_begin(feed, table);
        struct source *source = source_open(options, SOURCE_TIMEOUT_MS, error);
        struct running run = {.source = source, .error = error};
        good = source != NULL;
        if (good && form == FEED_TRIGGER)
            good = feed_script_shared(options->source_schema, options->source_user, true, run_statement, &run);
        good = good && feed_script_install(&script, run_statement, &run, error);
        if (source && !good && !has) { /* half of it would be reported as broken */
            struct error second;
            struct running undo = {.source = source, .error = &second, .removing = true};
            if (!feed_script_remove(&script, run_statement, &undo, &second)) LOG(LOG_WARNING, "feed.undo", log_failure(&second));
        }
        source_close(source);
        change_end(feed);
        LOG(good ? LOG_INFO : LOG_WARNING, "feed.install", log_text("table", table), log_text("form", feed_form_name(form)),
            log_boolean("good", good));
    }
    row_maps_free(maps);
    return good;
}

/* ---- removing ---- */

static void set_retired(struct feed *feed, const char *table, bool retired)
{
    mutex_lock(&feed->lock);
    for (struct feed_entry *e = feed->entries; e; e = e->next)
        if (strcmp(e->told.table, table) == 0) atomic_store(&e->retired, retired);
    mutex_unlock(&feed->lock);
}

/* Waits until no pass is under way that began before the call. */
static void pass_over(struct feed *feed, uint64_t until)
{
    mutex_lock(&feed->lock);
    uint64_t begun = feed->passes_begun;
    while (feed->statistics.passes < begun && clock_monotonic_us() < until && !atomic_load(&feed->stopping))
        condition_wait_us(&feed->changed, &feed->lock, STEP_US);
    mutex_unlock(&feed->lock);
}

struct removal {
    struct feed *feed;
    struct running run;
    const char *table;
    bool anyway;
};

/* Between the trigger and its log the keys that wait are read. */
static bool remove_statement(void *context, const char *comment, const char *sql)
{
    struct removal *r = context;
    bool drop_log = strncmp(sql, "DROP TRIGGER", 12) != 0;
    if (drop_log && !feed_drain(r->feed, DRAIN_US)) {
        if (!r->anyway)
            return error_set(
                r->run.error, ERROR_TIMEOUT,
                "keys of %s wait in its log and could not be reconciled: nothing notes new ones any more, the log stays; try again when "
                "both sides are there, or give them up with --override",
                r->table);
        engine_gap(r->feed->engine, r->table, "its key feed was removed with keys in its log");
    }
    if (drop_log) {
        set_retired(r->feed, r->table, true);
        pass_over(r->feed, clock_monotonic_us() + DRAIN_US);
    }
    return run_statement(&r->run, comment, sql);
}

static bool last_trigger_form(struct feed *feed, const char *but)
{
    bool last = true;
    mutex_lock(&feed->lock);
    for (struct feed_entry *e = feed->entries; e; e = e->next)
        if (e->told.form == FEED_TRIGGER && e->told.state != FEED_FOREIGN && strcmp(e->told.table, but) != 0) last = false;
    mutex_unlock(&feed->lock);
    return last;
}

bool feed_remove(struct feed *feed, const char *table, bool anyway, struct error *error)
{
    struct row_maps *maps;
    struct feed_table there;
    const struct engine_options *options = &feed->engine->options;
    const struct row_map *map = feed_table_map(feed->engine, table, &maps, error);
    if (!map) return false;
    bool good = false;
    if (!has_feed(feed, table, &there) || there.state == FEED_FOREIGN) {
        error_set(error, ERROR_NOT_FOUND, "%s has no key feed of ours", table);
    } else {
        change_begin(feed, table); /* nobody relies on it any more before its trigger goes */
        struct source *source = source_open(options, SOURCE_TIMEOUT_MS, error);
        struct removal removal = {
            .feed = feed, .run = {.source = source, .error = error, .removing = true}, .table = table, .anyway = anyway};
        struct feed_script script = {.map = map, .form = there.form, .reader = options->source_user};
        good = source && feed_script_remove(&script, remove_statement, &removal, error);
        if (good && there.form == FEED_TRIGGER && last_trigger_form(feed, table))
            good = feed_script_shared(options->source_schema, options->source_user, false, run_statement, &removal.run);
        source_close(source);
        set_retired(feed, table, false);
        change_end(feed);
        LOG(good ? LOG_INFO : LOG_WARNING, "feed.remove", log_text("table", table), log_boolean("good", good));
    }
    row_maps_free(maps);
    return good;
}
