/* SPDX-License-Identifier: Apache-2.0 */
/* understudy schema: definitions put together from the dictionary, through the translator; what is left out is listed with its reason. */
#include "cli/schema.h"

#include "base/json.h"
#include "base/memory.h"
#include "cli/command.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ELEMENTS_MAX = 1200, OVERRIDES_MAX = 1000 };
struct element { /* a line of CREATE TABLE */
    char *text;
    const char *what; /* for the list of what is left out */
};
struct override { /* of the type map */
    char from[300], to[128];
};
struct schema {
    const char *owner;
    struct arena arena;
    struct schema_dictionary dictionary;
    struct sql_options options;
    struct buffer statements; /* text, each with ; and newline */
    struct buffer left_out;   /* lines: what TAB reason */
    struct override *overrides;
    uint32_t override_count, statement_count, left_count;
    bool uses_runtime; /* defaults, views and checks may name functions that the translator has */
};

static void leave_out(struct schema *s, const char *what, const char *reason)
{
    s->left_count++;
    buffer_printf(&s->left_out, "%s\t%s\n", what, reason && *reason ? reason : "it has no translation");
}

static const char *refusal(const struct sql_plan *plan, uint32_t *line)
{
    for (uint32_t i = 0; i < plan->finding_count; i++)
        if (plan->findings[i].severity == SQL_REFUSAL) {
            if (line) *line = plan->findings[i].line;
            return plan->findings[i].reason;
        }
    return NULL;
}

static void emit(struct schema *s, const char *what, const struct sql_plan *plan)
{
    for (uint32_t i = 0; i < plan->finding_count; i++)
        if (plan->findings[i].severity == SQL_DIFFERENCE) buffer_printf(&s->statements, "-- %s: %s\n", what, plan->findings[i].reason);
    buffer_printf(&s->statements, "%s;\n", plan->target_text);
    s->uses_runtime |= strstr(plan->target_text, "understudy.") != NULL;
    s->statement_count++;
}

/* One definition as the source would write it. */
static void define(struct schema *s, const char *what, const char *text)
{
    struct sql_plan *plan = sql_translate(&s->options, view_text(text));
    if (plan->target_text && plan->state != SQL_REFUSED && plan->state != SQL_UNPARSED)
        emit(s, what, plan);
    else if (plan->state != SQL_PASSED)
        leave_out(s, what, refusal(plan, NULL));
    sql_plan_unref(plan);
}

/* ---- tables ---- */

static char *type_text(struct schema *s, uint32_t row)
{
    const struct grid *c = &s->dictionary.columns;
    const char *type = grid_cell(c, row, 2), *length = grid_cell(c, row, 3), *precision = grid_cell(c, row, 4),
               *scale = grid_cell(c, row, 5), *characters = grid_cell(c, row, 7);
    if (strcmp(type, "NUMBER") == 0) {
        if (precision) return arena_printf(&s->arena, "NUMBER(%s, %s)", precision, scale ? scale : "0");
        return arena_printf(&s->arena, "%s", scale ? "INTEGER" : "NUMBER");
    }
    if (strcmp(type, "FLOAT") == 0 && precision) return arena_printf(&s->arena, "FLOAT(%s)", precision);
    if (strcmp(type, "RAW") == 0) return arena_printf(&s->arena, "RAW(%s)", length ? length : "2000");
    bool sized = strcmp(type, "VARCHAR2") == 0 || strcmp(type, "CHAR") == 0 || strcmp(type, "NVARCHAR2") == 0 || strcmp(type, "NCHAR") == 0;
    const char *size = characters && strcmp(characters, "0") != 0 ? characters : length;
    if (sized && size) return arena_printf(&s->arena, "%s(%s)", type, size);
    return arena_printf(&s->arena, "%s", type);
}

static const char *generation_of(const struct schema *s, const char *table, const char *column)
{
    const struct grid *g = &s->dictionary.identities;
    for (uint32_t i = 0; i < g->rows; i++)
        if (strcmp(grid_cell(g, i, 0), table) == 0 && strcmp(grid_cell(g, i, 1), column) == 0) return grid_cell(g, i, 2);
    return "BY DEFAULT";
}

static struct element column_element(struct schema *s, uint32_t row)
{
    const struct grid *c = &s->dictionary.columns;
    const char *table = grid_cell(c, row, 0), *name = grid_cell(c, row, 1), *nullable = grid_cell(c, row, 6),
               *initial = grid_cell(c, row, 8), *virtual_ = grid_cell(c, row, 9), *identity = grid_cell(c, row, 10);
    struct element e = {.what = arena_printf(&s->arena, "column %s.%s", table, name)};
    const char *tail = "";
    if (identity && *identity == 'Y')
        tail = arena_printf(&s->arena, " GENERATED %s AS IDENTITY", generation_of(s, table, name));
    else if (virtual_ && *virtual_ == 'Y' && initial)
        tail = arena_printf(&s->arena, " GENERATED ALWAYS AS (%s)", initial);
    else if (initial && *initial)
        tail = arena_printf(&s->arena, " DEFAULT %s", initial);
    char *one_line = arena_printf(&s->arena, "\"%s\" %s%s%s", name, type_text(s, row), tail,
                                  nullable && *nullable == 'N' && !(identity && *identity == 'Y') ? " NOT NULL" : "");
    for (char *at = one_line; *at; at++)
        if (*at == '\n' || *at == '\r') *at = ' '; /* the line tells which element a finding is about */
    e.text = one_line;
    return e;
}

static char *key_columns(struct schema *s, const char *constraint)
{
    const struct grid *k = &s->dictionary.key_columns;
    char *list = NULL;
    for (uint32_t i = 0; i < k->rows; i++)
        if (strcmp(grid_cell(k, i, 0), constraint) == 0)
            list = list ? arena_printf(&s->arena, "%s, \"%s\"", list, grid_cell(k, i, 2))
                        : arena_printf(&s->arena, "\"%s\"", grid_cell(k, i, 2));
    return list ? list : arena_printf(&s->arena, "%s", "");
}

static bool is_not_null(const char *condition)
{
    const char *end = strrchr(condition, '"');
    return condition[0] == '"' && end && strcasecmp(end + 1, " IS NOT NULL") == 0;
}

/* PRIMARY KEY, UNIQUE and CHECK as elements of the table. */
static bool constraint_element(struct schema *s, uint32_t row, struct element *e)
{
    const struct grid *c = &s->dictionary.constraints;
    const char *name = grid_cell(c, row, 0), *kind = grid_cell(c, row, 1), *condition = grid_cell(c, row, 3),
               *status = grid_cell(c, row, 6), *generated = grid_cell(c, row, 7);
    const char *prefix = generated && strncmp(generated, "GENERATED", 9) == 0 ? "" : arena_printf(&s->arena, "CONSTRAINT \"%s\" ", name);
    e->what = arena_printf(&s->arena, "constraint %s of %s", name, grid_cell(c, row, 2));
    if (*kind == 'P' || *kind == 'U') {
        e->text = arena_printf(&s->arena, "%s%s (%s)", prefix, *kind == 'P' ? "PRIMARY KEY" : "UNIQUE", key_columns(s, name));
    } else if (*kind == 'C' && condition && !is_not_null(condition)) {
        e->text = arena_printf(&s->arena, "%sCHECK (%s)", prefix, condition);
        for (char *at = e->text; *at; at++)
            if (*at == '\n' || *at == '\r') *at = ' ';
    } else {
        return false;
    }
    if (status && strcmp(status, "DISABLED") == 0) {
        leave_out(s, e->what, "it is disabled on the source");
        return false;
    }
    return true;
}

static char *table_text(struct schema *s, const char *name, bool temporary, const struct element *elements, uint32_t count)
{
    struct buffer out;
    buffer_init(&out, 0);
    buffer_printf(&out, "CREATE %sTABLE \"%s\".\"%s\" (", temporary ? "GLOBAL TEMPORARY " : "", s->owner, name);
    for (uint32_t i = 0; i < count; i++) buffer_printf(&out, "%s\n%s", i ? "," : "", elements[i].text);
    buffer_append_text(&out, "\n)");
    char *text = arena_string(&s->arena, buffer_view(&out));
    buffer_release(&out);
    return text;
}

static void apply_overrides(struct schema *s, const char *table, const char *target)
{
    const struct grid *c = &s->dictionary.columns;
    for (uint32_t row = 0; row < c->rows; row++) {
        if (strcmp(grid_cell(c, row, 0), table) != 0) continue;
        const char *by_name = arena_printf(&s->arena, "%s.%s", table, grid_cell(c, row, 1)), *by_type = type_text(s, row);
        for (uint32_t i = 0; i < s->override_count; i++) {
            if (strcasecmp(s->overrides[i].from, by_name) != 0 && strcasecmp(s->overrides[i].from, by_type) != 0) continue;
            const struct sql_table *known = sql_catalog_table(s->options.catalog, s->owner, s->owner, table);
            const struct sql_column *column = known ? sql_table_column(known, grid_cell(c, row, 1)) : NULL;
            if (!column) break;
            buffer_printf(&s->statements,
                          "ALTER TABLE %s ALTER COLUMN \"%s\" DROP DEFAULT, ALTER COLUMN \"%s\" TYPE %s USING \"%s\"::text::%s;\n", target,
                          column->target, column->target, s->overrides[i].to, column->target, s->overrides[i].to);
            if (grid_cell(c, row, 8))
                leave_out(s, arena_printf(&s->arena, "default of %s", by_name), "the type map gives the column another type");
            break;
        }
    }
}

/* Without a key PostgreSQL's change stream must carry whole rows, or it refuses every UPDATE and DELETE once it is primary. */
static void identify_rows(struct schema *s, const char *table, const char *target)
{
    const struct grid *c = &s->dictionary.constraints;
    for (uint32_t i = 0; i < c->rows; i++)
        if (strcmp(grid_cell(c, i, 2), table) == 0 && *grid_cell(c, i, 1) == 'P') return;
    buffer_printf(&s->statements, "ALTER TABLE %s REPLICA IDENTITY FULL;\n", target);
    s->statement_count++;
}

/* Elements that are refused go one by one, until the rest can be translated. */
static void define_table(struct schema *s, const char *name, bool temporary)
{
    struct element *elements = arena_zero(&s->arena, ELEMENTS_MAX * sizeof *elements);
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->dictionary.columns.rows; i++)
        if (strcmp(grid_cell(&s->dictionary.columns, i, 0), name) == 0 && count < ELEMENTS_MAX) elements[count++] = column_element(s, i);
    for (uint32_t i = 0; i < s->dictionary.constraints.rows; i++)
        if (strcmp(grid_cell(&s->dictionary.constraints, i, 2), name) == 0 && count < ELEMENTS_MAX &&
            constraint_element(s, i, &elements[count]))
            count++;
    while (count > 0) {
        struct sql_plan *plan = sql_translate(&s->options, view_text(table_text(s, name, temporary, elements, count)));
        uint32_t line = 0;
        const char *reason = refusal(plan, &line);
        if (!reason && plan->target_text) {
            emit(s, name, plan);
            const char *from = strstr(plan->target_text, "TABLE "), *end = from ? strstr(from, " (") : NULL;
            const char *target = end ? arena_string(&s->arena, view_of(from + 6, (size_t)(end - from - 6))) : NULL;
            if (target) apply_overrides(s, name, target);
            if (target && !temporary) identify_rows(s, name, target);
            sql_plan_unref(plan);
            return;
        }
        if (line < 2 || line - 2 >= count) {
            leave_out(s, arena_printf(&s->arena, "table %s", name), reason);
            sql_plan_unref(plan);
            return;
        }
        leave_out(s, elements[line - 2].what, reason);
        memmove(&elements[line - 2], &elements[line - 1], (count - line + 1) * sizeof *elements);
        count--;
        sql_plan_unref(plan);
    }
    leave_out(s, arena_printf(&s->arena, "table %s", name), "no column of it can be translated");
}

/* ---- the rest ---- */

static void define_foreign_key(struct schema *s, uint32_t row)
{
    const struct grid *c = &s->dictionary.constraints;
    const char *name = grid_cell(c, row, 0), *table = grid_cell(c, row, 2), *parent = grid_cell(c, row, 4), *rule = grid_cell(c, row, 5),
               *status = grid_cell(c, row, 6), *referred = NULL;
    const char *what = arena_printf(&s->arena, "constraint %s of %s", name, table);
    for (uint32_t i = 0; parent && i < c->rows; i++)
        if (strcmp(grid_cell(c, i, 0), parent) == 0) referred = grid_cell(c, i, 2);
    if (status && strcmp(status, "DISABLED") == 0) {
        leave_out(s, what, "it is disabled on the source");
    } else if (!referred) {
        leave_out(s, what, "the key that it refers to is in another schema");
    } else {
        bool acts = rule && (strcmp(rule, "CASCADE") == 0 || strcmp(rule, "SET NULL") == 0);
        const char *generated = grid_cell(c, row, 7);
        const char *prefix =
            generated && strncmp(generated, "GENERATED", 9) == 0 ? "" : arena_printf(&s->arena, "CONSTRAINT \"%s\" ", name);
        define(s, what,
               arena_printf(&s->arena, "ALTER TABLE \"%s\".\"%s\" ADD %sFOREIGN KEY (%s) REFERENCES \"%s\".\"%s\" (%s)%s%s", s->owner,
                            table, prefix, key_columns(s, name), s->owner, referred, key_columns(s, parent), acts ? " ON DELETE " : "",
                            acts ? rule : ""));
    }
}

static const char *expression_at(const struct schema *s, const char *index, const char *position)
{
    const struct grid *e = &s->dictionary.index_expressions;
    for (uint32_t i = 0; i < e->rows; i++)
        if (strcmp(grid_cell(e, i, 0), index) == 0 && grid_cell(e, i, 2) && position && strcmp(grid_cell(e, i, 2), position) == 0)
            return grid_cell(e, i, 1);
    return NULL;
}

static void define_index(struct schema *s, uint32_t row)
{
    const struct grid *x = &s->dictionary.indexes, *c = &s->dictionary.index_columns, *k = &s->dictionary.constraints;
    const char *name = grid_cell(x, row, 0), *kind = grid_cell(x, row, 1), *keys = "";
    for (uint32_t i = 0; i < k->rows; i++)
        if (strcmp(grid_cell(k, i, 0), name) == 0 && strchr("PU", *grid_cell(k, i, 1))) return; /* of a key: made with it */
    if (kind && (strcmp(kind, "LOB") == 0 || strncmp(kind, "IOT", 3) == 0)) return;
    for (uint32_t i = 0; i < c->rows; i++) {
        if (strcmp(grid_cell(c, i, 0), name) != 0) continue;
        const char *expression = expression_at(s, name, grid_cell(c, i, 3)), *order = grid_cell(c, i, 2);
        const char *key = expression ? expression : arena_printf(&s->arena, "\"%s\"", grid_cell(c, i, 1));
        keys = arena_printf(&s->arena, "%s%s%s%s", keys, *keys ? ", " : "", key, order && strcmp(order, "DESC") == 0 ? " DESC" : "");
    }
    const char *what = arena_printf(&s->arena, "index %s", name), *unique = grid_cell(x, row, 3);
    if (!*keys || (kind && strstr(kind, "DOMAIN"))) {
        leave_out(s, what, *keys ? "an index of another kind (domain)" : "its columns are not known");
        return;
    }
    define(s, what,
           arena_printf(&s->arena, "CREATE %s%sINDEX \"%s\" ON \"%s\".\"%s\" (%s)",
                        unique && strcmp(unique, "UNIQUE") == 0 ? "UNIQUE " : "", kind && strstr(kind, "BITMAP") ? "BITMAP " : "", name,
                        s->owner, grid_cell(x, row, 2), keys));
}

static void define_sequence(struct schema *s, uint32_t row)
{
    const struct grid *q = &s->dictionary.sequences;
    const char *name = grid_cell(q, row, 0), *least = grid_cell(q, row, 1), *most = grid_cell(q, row, 2), *step = grid_cell(q, row, 3),
               *cycle = grid_cell(q, row, 4), *cache = grid_cell(q, row, 5), *last = grid_cell(q, row, 6);
    bool wide = most && strlen(most) > 18; /* more than a bigint: PostgreSQL's own largest */
    define(s, arena_printf(&s->arena, "sequence %s", name),
           arena_printf(&s->arena, "CREATE SEQUENCE \"%s\".\"%s\" START WITH %s INCREMENT BY %s%s%s%s%s%s%s%s", s->owner, name,
                        last ? last : "1", step ? step : "1", least && strlen(least) <= 18 ? " MINVALUE " : "",
                        least && strlen(least) <= 18 ? least : "", most && !wide ? " MAXVALUE " : "", most && !wide ? most : "",
                        cycle && *cycle == 'Y' ? " CYCLE" : "", cache && atoi(cache) > 1 ? " CACHE " : "",
                        cache && atoi(cache) > 1 ? cache : ""));
}

static char *literal(struct schema *s, const char *text)
{
    char *out = arena_alloc(&s->arena, strlen(text) * 2 + 3), *to = out;
    *to++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') *to++ = '\'';
        *to++ = *text;
    }
    *to++ = '\'';
    *to = 0;
    return out;
}

/* What is to be done about objects that are code, or that PostgreSQL does not have. */
static const struct {
    const char *type, *reason;
} others[] = {
    {"TRIGGER", "code: write it in PL/pgSQL before the cut-over; rows that are mirrored do not fire it"},
    {"PROCEDURE", "code: its calls stay on the source; each that PostgreSQL is to answer needs an override"},
    {"FUNCTION", "code: statements that use it stay on the source until PostgreSQL has one of this name"},
    {"PACKAGE", "code: its calls stay on the source; each that PostgreSQL is to answer needs an override"},
    {"MATERIALIZED VIEW", "PostgreSQL has its own kind: write it by hand, and what refreshes it"},
    {"JOB", "write it for PostgreSQL's side (pg_cron, a timer), off until the cut-over"},
};

static const char *why_not(const char *type)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].type, type) == 0) return others[i].reason;
    return "a kind of object that PostgreSQL does not have";
}

static void define_all(struct schema *s)
{
    const struct schema_dictionary *d = &s->dictionary;
    for (uint32_t i = 0; i < d->sequences.rows; i++) define_sequence(s, i);
    for (uint32_t i = 0; i < d->tables.rows; i++) {
        const char *temporary = grid_cell(&d->tables, i, 1), *name = grid_cell(&d->tables, i, 0);
        define_table(s, name, temporary && *temporary == 'Y');
    }
    for (uint32_t i = 0; i < d->constraints.rows; i++)
        if (*grid_cell(&d->constraints, i, 1) == 'R') define_foreign_key(s, i);
    for (uint32_t i = 0; i < d->indexes.rows; i++) define_index(s, i);
    for (uint32_t i = 0; i < d->views.rows; i++) {
        const char *name = grid_cell(&d->views, i, 0), *text = grid_cell(&d->views, i, 1);
        define(s, arena_printf(&s->arena, "view %s", name),
               arena_printf(&s->arena, "CREATE VIEW \"%s\".\"%s\" AS %s", s->owner, name, text ? text : ""));
    }
    for (uint32_t i = 0; i < d->table_comments.rows; i++)
        define(s, arena_printf(&s->arena, "comment on %s", grid_cell(&d->table_comments, i, 0)),
               arena_printf(&s->arena, "COMMENT ON TABLE \"%s\".\"%s\" IS %s", s->owner, grid_cell(&d->table_comments, i, 0),
                            literal(s, grid_cell(&d->table_comments, i, 1))));
    for (uint32_t i = 0; i < d->column_comments.rows; i++)
        define(s, arena_printf(&s->arena, "comment on %s.%s", grid_cell(&d->column_comments, i, 0), grid_cell(&d->column_comments, i, 1)),
               arena_printf(&s->arena, "COMMENT ON COLUMN \"%s\".\"%s\".\"%s\" IS %s", s->owner, grid_cell(&d->column_comments, i, 0),
                            grid_cell(&d->column_comments, i, 1), literal(s, grid_cell(&d->column_comments, i, 2))));
    for (uint32_t i = 0; i < d->others.rows; i++)
        leave_out(s, arena_printf(&s->arena, "%s %s", grid_cell(&d->others, i, 0), grid_cell(&d->others, i, 1)),
                  why_not(grid_cell(&d->others, i, 0)));
}

/* Lines "NUMBER(1, 0) = boolean" or "TABLE.COLUMN = uuid"; # begins a remark. */
static bool read_overrides(struct schema *s, const char *path, struct error *error)
{
    char line[600];
    FILE *in = path ? fopen(path, "r") : NULL;
    if (!path) return true;
    if (!in) return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    s->overrides = arena_zero(&s->arena, OVERRIDES_MAX * sizeof *s->overrides);
    unsigned number = 0;
    bool good = true;
    while (good && fgets(line, sizeof line, in)) {
        char *equal = strchr(line, '=');
        number++;
        if (*line == '#' || line[strspn(line, " \t\r\n")] == 0) continue;
        good = equal && s->override_count < OVERRIDES_MAX;
        if (!good) {
            error_set(error, ERROR_USAGE, "%s:%u: \"TYPE = type\" or \"TABLE.COLUMN = type\" is wanted", path, number);
            break;
        }
        struct override *o = &s->overrides[s->override_count++];
        struct view from = view_trim(view_of(line, (size_t)(equal - line))), to = view_trim(view_text(equal + 1));
        snprintf(o->from, sizeof o->from, VIEW_FORMAT, VIEW_ARGUMENTS(from));
        snprintf(o->to, sizeof o->to, VIEW_FORMAT, VIEW_ARGUMENTS(to));
    }
    fclose(in);
    return good;
}

static void print_left_out(const struct schema *s)
{
    struct view all = buffer_view(&s->left_out);
    fprintf(stderr, "%u statements; %u things are left out%s\n", s->statement_count, s->left_count, s->left_count ? ":" : "");
    for (size_t at = 0; at < all.size;) {
        const uint8_t *end = memchr(all.data + at, '\n', all.size - at);
        size_t size = (size_t)(end - all.data) - at;
        const uint8_t *tab = memchr(all.data + at, '\t', size);
        fprintf(stderr, "  %.*s: %.*s\n", (int)(tab - all.data - at), (const char *)all.data + at, (int)(end - tab - 1),
                (const char *)tab + 1);
        printf("-- left out: %.*s: %.*s\n", (int)(tab - all.data - at), (const char *)all.data + at, (int)(end - tab - 1),
               (const char *)tab + 1);
        at += size + 1;
    }
}

static void print_all(const struct schema *s, const char *target_schema)
{
    printf("-- The schema %s for PostgreSQL.\n", s->owner);
    if (s->uses_runtime)
        printf("-- It uses functions of the schema understudy: run what `understudy schema --runtime` prints before it (the daemon does, "
               "at each start).\n");
    printf("CREATE SCHEMA IF NOT EXISTS \"%s\";\n", target_schema);
    fwrite(buffer_view(&s->statements).data, 1, buffer_size(&s->statements), stdout);
    print_left_out(s);
}

int command_schema(const struct arguments *arguments)
{
    if (arguments->runtime) return fputs(sql_runtime_script, stdout) < 0 ? 1 : 0;
    struct config config;
    struct error error = {0};
    if (!config_read(arguments->config_file, &config, &error)) return command_fail(&error);
    struct source *source = source_open(&config.engine, 30000, &error);
    if (!source) return command_fail(&error);
    struct schema s = {.owner = config.engine.source_schema};
    arena_init(&s.arena, 0);
    buffer_init(&s.statements, 0);
    buffer_init(&s.left_out, 0);
    bool good = read_overrides(&s, arguments->types, &error) && schema_read(source, s.owner, &s.arena, &s.dictionary, &error);
    source_close(source);
    if (good) {
        struct sql_catalog *catalog = schema_catalog(&s.dictionary, s.owner, config.engine.target_schema);
        sql_options_default(&s.options);
        s.options.catalog = catalog;
        s.options.current_schema = s.owner;
        define_all(&s);
        print_all(&s, config.engine.target_schema);
        sql_catalog_free(catalog);
    }
    buffer_release(&s.statements);
    buffer_release(&s.left_out);
    arena_release(&s.arena);
    return good ? 0 : command_fail(&error);
}
