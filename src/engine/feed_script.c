/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of the key feed: names of its objects, scripts that make and remove them. Nothing here runs anything. */
#include "engine/feed_private.h"

#include "engine/rows_private.h"
#include <stdio.h>

static const char *const form_names[] = {[FEED_TRIGGER] = "trigger", [FEED_MVLOG] = "mvlog"};
static const char *const state_names[FEED_STATE_COUNT] = {
    [FEED_ABSENT] = "absent", [FEED_STARTING] = "starting", [FEED_ON] = "on", [FEED_BROKEN] = "broken", [FEED_FOREIGN] = "foreign"};

const char *feed_form_name(enum feed_form form)
{
    return form <= FEED_MVLOG ? form_names[form] : "?";
}

bool feed_form_parse(const char *name, enum feed_form *out)
{
    for (unsigned i = 0; i <= FEED_MVLOG; i++) {
        if (strcmp(name, form_names[i]) != 0) continue;
        *out = (enum feed_form)i;
        return true;
    }
    return false;
}

const char *feed_state_name(enum feed_state state)
{
    return state < FEED_STATE_COUNT ? state_names[state] : "?";
}

/* ---- names ---- */

/* Short and plain names are kept, so that a person sees which table it is; others become their beginning and a hash. */
static void object_name(const char *prefix, const char *table, char out[FEED_NAME_SIZE])
{
    size_t room = FEED_NAME_SIZE - 1 - strlen(prefix), size = strlen(table), plain = 0;
    while (plain < size && ((table[plain] >= 'A' && table[plain] <= 'Z') || (table[plain] >= '0' && table[plain] <= '9') ||
                            table[plain] == '_' || table[plain] == '$'))
        plain++;
    if (size <= room && plain == size) {
        snprintf(out, FEED_NAME_SIZE, "%s%s", prefix, table);
        return;
    }
    if (plain > room - 9) plain = room - 9;
    snprintf(out, FEED_NAME_SIZE, "%s%.*s_%08X", prefix, (int)plain, table, (unsigned)(view_hash(view_text(table)) & 0xffffffff));
}

void feed_log_name(const char *table, char out[FEED_NAME_SIZE])
{
    object_name("UNDERSTUDY_F_", table, out);
}

void feed_trigger_name(const char *table, char out[FEED_NAME_SIZE])
{
    object_name("UNDERSTUDY_T_", table, out);
}

/* ---- parts ---- */

static bool column_type(struct buffer *out, const struct sql_column *c)
{
    switch (c->type) {
    case SQL_INTEGER:
    case SQL_NUMBER:
        if (c->precision > 0)
            buffer_printf(out, "NUMBER(%d,%d)", c->precision, c->scale);
        else
            buffer_append_text(out, "NUMBER");
        return true;
    case SQL_VARCHAR: buffer_printf(out, "VARCHAR2(%d CHAR)", c->length > 0 ? c->length : 4000); return true;
    case SQL_NVARCHAR: buffer_printf(out, "NVARCHAR2(%d)", c->length > 0 ? c->length : 2000); return true;
    case SQL_CHAR: buffer_printf(out, "CHAR(%d CHAR)", c->length > 0 ? c->length : 1); return true;
    case SQL_NCHAR: buffer_printf(out, "NCHAR(%d)", c->length > 0 ? c->length : 1); return true;
    case SQL_RAW: buffer_printf(out, "RAW(%d)", c->length > 0 ? c->length : 2000); return true;
    case SQL_DATE: buffer_append_text(out, "DATE"); return true;
    case SQL_TIMESTAMP: buffer_printf(out, "TIMESTAMP(%d)", c->scale); return true;
    case SQL_TIMESTAMP_TZ: buffer_printf(out, "TIMESTAMP(%d) WITH TIME ZONE", c->scale); return true;
    case SQL_TIMESTAMP_LTZ: buffer_printf(out, "TIMESTAMP(%d) WITH LOCAL TIME ZONE", c->scale); return true;
    case SQL_FLOAT: buffer_append_text(out, "FLOAT"); return true;
    case SQL_BINARY_FLOAT: buffer_append_text(out, "BINARY_FLOAT"); return true;
    case SQL_BINARY_DOUBLE: buffer_append_text(out, "BINARY_DOUBLE"); return true;
    default: return false;
    }
}

/* prefix: "" or ":NEW." */
static void key_list(struct buffer *out, const struct row_map *map, const char *prefix)
{
    for (uint16_t i = 0; i < map->key->column_count; i++)
        buffer_printf(out, "%s%s\"%s\"", i ? ", " : "", prefix, rows_key_column(map, i)->name);
}

/* Did an UPDATE give the row another key? */
static void key_differs(struct buffer *out, const struct row_map *map)
{
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        const struct sql_column *c = rows_key_column(map, i);
        const char *n = c->name;
        buffer_printf(out, "%s:NEW.\"%s\" <> :OLD.\"%s\"", i ? " OR " : "", n, n);
        if (c->nullable)
            buffer_printf(out, " OR (:NEW.\"%s\" IS NULL AND :OLD.\"%s\" IS NOT NULL) OR (:NEW.\"%s\" IS NOT NULL AND :OLD.\"%s\" IS NULL)",
                          n, n, n, n);
    }
}

static void note(struct buffer *out, const struct row_map *map, const char *log, const char *indent, char operation, const char *side)
{
    buffer_printf(out, "%sINSERT INTO \"%s\".\"%s\" (OP$$, AT$$, ", indent, map->table->schema, log);
    key_list(out, map, "");
    buffer_printf(out, ") VALUES ('%c', SYSTIMESTAMP, ", operation);
    key_list(out, map, side);
    buffer_append_text(out, ");\n");
}

/* The walk over a script: the texts are made in one buffer, one after the other. */
struct walk {
    feed_statement *visit;
    void *context;
    struct buffer text;
    bool good;
};

static void say(struct walk *w, const char *comment)
{
    buffer_u8(&w->text, 0);
    w->good = w->good && !w->text.failed && w->visit(w->context, comment, (const char *)buffer_view(&w->text).data);
    buffer_clear(&w->text);
}

static bool walk_over(struct walk *w, struct error *error)
{
    buffer_release(&w->text);
    if (!w->good && error && error->code == ERROR_NONE) error_set(error, ERROR_INTERNAL, "a script of the key feed was not finished");
    return w->good;
}

/* ---- trigger ---- */

static bool say_log_table(struct walk *w, const struct row_map *map, const char *log, struct error *error)
{
    buffer_printf(&w->text, "CREATE TABLE \"%s\".\"%s\" (OP$$ CHAR(1) NOT NULL, AT$$ TIMESTAMP(6) NOT NULL", map->table->schema, log);
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        const struct sql_column *c = rows_key_column(map, i);
        buffer_printf(&w->text, ", \"%s\" ", c->name);
        if (!column_type(&w->text, c)) {
            w->good = false;
            return error_set(error, ERROR_STATE, "the key column %s of %s has the type %s, which a log cannot keep", c->name,
                             map->table->name, sql_type_name(c->type));
        }
    }
    buffer_append_text(&w->text, ") INITRANS 8 PCTFREE 0");
    say(w, "The log: one row for each changed row, with its key. No index: writers spread over its blocks. The daemon empties it.");
    return w->good;
}

static void say_trigger(struct walk *w, const struct row_map *map, const char *log, const char *trigger)
{
    const struct sql_table *t = map->table;
    struct buffer *out = &w->text;
    buffer_printf(out, "CREATE OR REPLACE TRIGGER \"%s\".\"%s\"\nAFTER INSERT OR UPDATE OR DELETE ON \"%s\".\"%s\"\nFOR EACH ROW\n",
                  t->schema, trigger, t->schema, t->name);
    buffer_append_text(out, "DECLARE\n  lost NUMBER;\nBEGIN\n  IF INSERTING THEN\n");
    note(out, map, log, "    ", 'I', ":NEW.");
    buffer_append_text(out, "  ELSE\n");
    note(out, map, log, "    ", 'O', ":OLD.");
    buffer_append_text(out, "    IF UPDATING AND (");
    key_differs(out, map);
    buffer_append_text(out, ") THEN\n");
    note(out, map, log, "      ", 'N', ":NEW.");
    buffer_printf(out,
                  "    END IF;\n  END IF;\nEXCEPTION\n  WHEN OTHERS THEN\n    SELECT \"%s\".\"" FEED_LOST_SEQUENCE
                  "\".NEXTVAL INTO lost FROM DUAL;\nEND;",
                  t->schema);
    say(w, "The trigger notes the key: of an insert the new one, of an update or delete the old one, and the new one too if the key "
           "changed. If the "
           "log cannot be written the application's statement goes on, and the counter tells the daemon, which then wants the table "
           "verified.");
}

static bool install_trigger(const struct feed_script *script, struct walk *w, struct error *error)
{
    const struct row_map *map = script->map;
    char log[FEED_NAME_SIZE], trigger[FEED_NAME_SIZE];
    feed_log_name(map->table->name, log);
    feed_trigger_name(map->table->name, trigger);
    if (!say_log_table(w, map, log, error)) return false;
    buffer_printf(&w->text, "COMMENT ON TABLE \"%s\".\"%s\" IS '" FEED_COMMENT " of %s'", map->table->schema, log, map->table->name);
    say(w, "By this comment the daemon, and people, know what it is.");
    buffer_printf(
        &w->text,
        "INSERT INTO \"%s\".\"%s\" (OP$$, AT$$) SELECT 'S', SYSTIMESTAMP FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM \"%s\".\"%s\" WHERE "
        "OP$$ = 'S')",
        map->table->schema, log, map->table->schema, log);
    say(w, "A mark that stays: if it is gone, somebody has emptied the log.");
    buffer_append_text(&w->text, "COMMIT");
    say(w, NULL);
    if (strcmp(script->reader, map->table->schema) != 0) {
        buffer_printf(&w->text, "GRANT SELECT, INSERT, DELETE ON \"%s\".\"%s\" TO \"%s\"", map->table->schema, log, script->reader);
        say(w, "The daemon's account reads and empties the log.");
    }
    say_trigger(w, map, log, trigger);
    return w->good;
}

static void remove_trigger(const struct feed_script *script, struct walk *w)
{
    const struct sql_table *t = script->map->table;
    char log[FEED_NAME_SIZE], trigger[FEED_NAME_SIZE];
    feed_log_name(t->name, log);
    feed_trigger_name(t->name, trigger);
    buffer_printf(&w->text, "DROP TRIGGER \"%s\".\"%s\"", t->schema, trigger);
    say(w, "The trigger first: without its log it would be invalid, and statements on the table would fail. When it is gone, wait until "
           "the daemon has "
           "read what is in the log.");
    buffer_printf(&w->text, "DROP TABLE \"%s\".\"%s\" PURGE", t->schema, log);
    say(w, "Keys that are still in the log are lost with it: the daemon then asks for the table to be verified.");
}

bool feed_script_shared(const char *schema, const char *reader, bool install, feed_statement *visit, void *context)
{
    struct walk w = {.visit = visit, .context = context, .good = true};
    buffer_init(&w.text, 0);
    if (install)
        buffer_printf(&w.text, "CREATE SEQUENCE \"%s\".\"" FEED_LOST_SEQUENCE "\" START WITH 1 INCREMENT BY 1 NOCYCLE CACHE 20 ORDER",
                      schema);
    else
        buffer_printf(&w.text, "DROP SEQUENCE \"%s\".\"" FEED_LOST_SEQUENCE "\"", schema);
    say(&w, install ? "Counts keys that a trigger could not note; drawn from only then, and once by each look of the daemon."
                    : "The counter, after the last trigger.");
    if (install && strcmp(reader, schema) != 0) {
        buffer_printf(&w.text, "GRANT SELECT ON \"%s\".\"" FEED_LOST_SEQUENCE "\" TO \"%s\"", schema, reader);
        say(&w, NULL);
    }
    return walk_over(&w, NULL);
}

/* ---- materialized view log ---- */

/* Oracle's own rule: MLOG$_ and the beginning of the master's name. Which name it became tells ALL_MVIEW_LOGS. */
static void mvlog_name(const char *table, char out[FEED_NAME_SIZE])
{
    snprintf(out, FEED_NAME_SIZE, "MLOG$_%.20s", table);
}

static bool install_mvlog(const struct feed_script *script, struct walk *w, struct error *error)
{
    const struct sql_table *t = script->map->table;
    char log[FEED_NAME_SIZE];
    mvlog_name(t->name, log);
    if (!script->map->key->primary) {
        w->good = false;
        return error_set(error, ERROR_STATE,
                         "%s has no primary key, which a materialized view log WITH PRIMARY KEY needs: use --form trigger", t->name);
    }
    buffer_printf(&w->text, "CREATE MATERIALIZED VIEW LOG ON \"%s\".\"%s\" WITH PRIMARY KEY, SEQUENCE EXCLUDING NEW VALUES", t->schema,
                  t->name);
    say(w, "Oracle notes the primary key of every changed row itself; a key that changes is noted as the delete of the old and the insert "
           "of the new "
           "one. It waits for open transactions on the table (DDL_LOCK_TIMEOUT).");
    buffer_printf(&w->text, "COMMENT ON TABLE \"%s\".\"%s\" IS '" FEED_COMMENT " of %s'", t->schema, log, t->name);
    say(w, "By this comment the daemon knows that the log is its own. It never touches a log without it: a materialized view's refresh "
           "needs that one's "
           "rows.");
    if (strcmp(script->reader, t->schema) != 0) {
        buffer_printf(&w->text, "GRANT SELECT, DELETE ON \"%s\".\"%s\" TO \"%s\"", t->schema, log, script->reader);
        say(w, "No materialized view is registered on the log, so Oracle never purges it: the daemon deletes each row once it has "
               "reconciled it.");
    }
    return w->good;
}

static void remove_mvlog(const struct feed_script *script, struct walk *w)
{
    const struct sql_table *t = script->map->table;
    buffer_printf(&w->text, "DROP MATERIALIZED VIEW LOG ON \"%s\".\"%s\"", t->schema, t->name);
    say(w, "Keys that are still in the log are lost with it: the daemon then asks for the table to be verified.");
}

/* ---- both ---- */

static bool can_be_fed(const struct feed_script *script, struct error *error)
{
    error_clear(error);
    if (script->map && script->map->key) return true;
    return error_set(error, ERROR_STATE, "%s has no key by which its rows could be named",
                     script->map ? script->map->table->name : "the table");
}

bool feed_script_install(const struct feed_script *script, feed_statement *visit, void *context, struct error *error)
{
    if (!can_be_fed(script, error)) return false;
    struct walk w = {.visit = visit, .context = context, .good = true};
    buffer_init(&w.text, 0);
    bool good = script->form == FEED_TRIGGER ? install_trigger(script, &w, error) : install_mvlog(script, &w, error);
    return walk_over(&w, error) && good;
}

bool feed_script_remove(const struct feed_script *script, feed_statement *visit, void *context, struct error *error)
{
    if (!can_be_fed(script, error)) return false;
    struct walk w = {.visit = visit, .context = context, .good = true};
    buffer_init(&w.text, 0);
    if (script->form == FEED_TRIGGER)
        remove_trigger(script, &w);
    else
        remove_mvlog(script, &w);
    return walk_over(&w, error);
}
