/* SPDX-License-Identifier: Apache-2.0 */
/* What the target has of the source's objects: tables by name, column types, functions. */
#include "engine/dictionary_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "pg/connection.h"
#include <ctype.h>
#include <stdio.h>

/* A relation of the target and its columns. */
struct target_relation {
    char kind;
    struct map columns; /* name -> type oid, as a pointer */
};

static bool run(struct dictionary_load *load, const char *name, const char *text, struct pg_result *result)
{
    struct pg_parameter schema = {.text = view_text(load->engine->options.target_schema)};
    if (pg_run_prepared(load->target, name, text, &schema, 1, result, load->error)) return true;
    pg_result_free(result);
    return error_prefix(load->error, "the target's catalog");
}

static void relations_release(struct map *relations)
{
    void *value;
    for (uint32_t at = 0; map_next(relations, &at, NULL, &value);) {
        map_release(&((struct target_relation *)value)->columns);
        memory_free(value);
    }
    map_release(relations);
}

static bool relations_read(struct dictionary_load *load, struct map *relations)
{
    static const char text[] =
        "SELECT c.relname, c.relkind, a.attname, (CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END)::int8 FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT "
        "a.attisdropped "
        "LEFT JOIN pg_type t ON t.oid = a.atttypid WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')";
    struct pg_result result = {0};
    if (!run(load, "dictionary_relations", text, &result)) return false;
    for (uint32_t r = 0; r < result.rows; r++) {
        struct view name = pg_result_text(&result, r, 0), kind = pg_result_text(&result, r, 1);
        struct target_relation *relation = map_get(relations, name);
        if (!relation) {
            relation = memory_zero(1, sizeof *relation);
            relation->kind = kind.size ? (char)kind.data[0] : '?';
            map_init(&relation->columns);
            map_put(relations, name, relation);
        }
        uint64_t type;
        if (!pg_result_null(&result, r, 2) && view_to_u64(pg_result_text(&result, r, 3), &type))
            map_put(&relation->columns, pg_result_text(&result, r, 2), (void *)(uintptr_t)type);
    }
    pg_result_free(&result);
    return true;
}

/* The name as it stands, folded to lower case, or exactly: what the target has of these. False: neither. */
static bool find_name(const struct map *among, const char *folded, const char *exact, char out[129], void **found)
{
    char lower[129];
    snprintf(lower, sizeof lower, "%s", exact);
    for (char *c = lower; *c; c++) *c = (char)tolower((unsigned char)*c);
    const char *names[] = {folded, lower, exact};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *found = map_get(among, view_text(names[i]));
        if (!*found) continue;
        if (out != names[i]) memmove(out, names[i], strlen(names[i]) + 1);
        return true;
    }
    return false;
}

static bool can_be_mirrored(enum sql_type type)
{
    return type != SQL_OBJECT && type != SQL_BFILE && type != SQL_XML && type != SQL_CURSOR && type != SQL_JSON;
}

struct known_gap {
    const char *table, *reason;
    bool found;
};
static void look_for_gap(void *context, const struct state_gap *gap)
{
    struct known_gap *known = context;
    if (strcmp(gap->table, known->table) == 0 && strncmp(gap->reason, known->reason, sizeof gap->reason - 1) == 0) known->found = true;
}

/* Told once, not at each start. */
static void gap_once(struct engine *engine, const char *table, const char *reason)
{
    struct known_gap known = {.table = table, .reason = reason};
    if (engine->state) state_gap_each(engine->state, true, look_for_gap, &known);
    if (!known.found) engine_gap(engine, table, reason);
}

static void match_columns(struct dictionary_load *load, struct sql_table *table, const struct target_relation *relation)
{
    char reason[400];
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sql_column *column = &table->columns[i];
        void *type = NULL;
        bool there = find_name(&relation->columns, column->target, column->name, column->target, &type);
        column->target_type = there ? (uint32_t)(uintptr_t)type : 0;
        if (!there) column->target[0] = 0;
        if (column->generated_virtual || table->view || table->temporary || (there && can_be_mirrored(column->type))) continue;
        if (there)
            snprintf(reason, sizeof reason, "column %s has a type that is not mirrored (%s)", column->name, sql_type_name(column->type));
        else
            snprintf(reason, sizeof reason, "column %s is not there on the target", column->name);
        gap_once(load->engine, table->name, reason);
    }
}

bool dictionary_match_target(struct dictionary_load *load)
{
    struct map relations;
    map_init(&relations);
    bool good = relations_read(load, &relations);
    uint32_t missing = 0;
    for (uint32_t i = 0; good && i < sql_catalog_table_count(load->catalog); i++) {
        /* Frozen, but not published yet: nobody else looks at it. */
        struct sql_table *table = (struct sql_table *)(uintptr_t)sql_catalog_table_at(load->catalog, i);
        void *found = NULL;
        if (!find_name(&relations, table->target, table->name, table->target, &found)) {
            table->target[0] = 0;
            missing++;
            if (!table->view) LOG(LOG_WARNING, "dictionary.no_counterpart", log_text("table", table->name));
            continue;
        }
        match_columns(load, table, found);
    }
    for (uint32_t i = 0; good && i < sql_catalog_sequence_count(load->catalog); i++) {
        struct sql_sequence *sequence = (struct sql_sequence *)(uintptr_t)sql_catalog_sequence_at(load->catalog, i);
        void *found = NULL;
        if (!find_name(&relations, sequence->target, sequence->name, sequence->target, &found)) sequence->target[0] = 0;
    }
    if (missing) LOG(LOG_WARNING, "dictionary.incomplete", log_u64("tables_without_counterpart", missing));
    relations_release(&relations);
    return good;
}

/* ---- functions and procedures ---- */

/* What the source has and the target too: the translator may call it there. */
struct routine_row {
    const char *prepared, *there, *here;
    void (*add)(struct sql_catalog *catalog, const char *schema, const char *name);
};
static const struct routine_row routines[] = {
    {"dictionary_functions", "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1",
     "SELECT OBJECT_NAME FROM ALL_OBJECTS WHERE OWNER = :1 AND OBJECT_TYPE = 'FUNCTION'", sql_catalog_add_function},
    /* those that only take values: what an OUT parameter gives back would have to reach the client's bind */
    {"dictionary_procedures",
     "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND p.prokind = 'p' GROUP BY 1 "
     "HAVING bool_and(p.proargmodes IS NULL OR NOT (p.proargmodes && '{o,b}'))",
     "SELECT OBJECT_NAME FROM ALL_OBJECTS WHERE OWNER = :1 AND OBJECT_TYPE = 'PROCEDURE'", sql_catalog_add_procedure},
};

/* OBJECT_NAME of one of the source's. */
static bool take_routine(void *context, const struct value *values, uint32_t count)
{
    struct dictionary_load *load = context;
    char name[129], target[129] = "";
    void *found;
    if (count < 1) return true;
    dictionary_text(&values[0], name, sizeof name);
    if (find_name(&load->functions, name, name, target, &found)) routines[load->routine].add(load->catalog, load->schema, name);
    return true;
}

bool dictionary_read_functions(struct dictionary_load *load)
{
    bool known, good = true;
    for (load->routine = 0; good && load->routine < sizeof routines / sizeof *routines; load->routine++) {
        const struct routine_row *row = &routines[load->routine];
        struct pg_result result = {0};
        if (!run(load, row->prepared, row->there, &result)) return false;
        map_init(&load->functions);
        for (uint32_t r = 0; r < result.rows; r++) map_put(&load->functions, pg_result_text(&result, r, 0), load);
        pg_result_free(&result);
        good = dictionary_query_if_known(load, row->here, load->schema, take_routine, &known);
        map_release(&load->functions);
    }
    return good;
}
