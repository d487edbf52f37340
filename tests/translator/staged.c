/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do two statements for PostgreSQL mean the same? Tables and columns that they name are made up from the errors that PostgreSQL answers, filled with
 * a few rows, and both are run. Tried with columns of text, of numbers and of timestamps; the first kind of column under which both run decides.
 */
#include "tests/translator/suite.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 60, TABLES_MAX = 20 };
struct stage {
    PGconn *target;
    const char *type;
    char tables[TABLES_MAX][140]; /* as written, quoted */
    int table_count;
};
struct kind_row {
    const char *type; /* NULL: by the column's name */
};
static const struct kind_row kinds[] = {{NULL}, {"numeric"}, {"text"}, {"timestamp"}};
struct value_row {
    const char *type, *values;
};
static const struct value_row values[] = {{"numeric", "1,2,3,NULL"},
                                          {"text", "'1','2','3',NULL"},
                                          {"timestamp without time zone", "'2024-01-01','2024-01-02','2024-02-29',NULL"}};

static void quiet(PGconn *target, const char *text)
{
    PQclear(PQexec(target, text));
}

static int count_parameters(const char *text)
{
    int most = 0;
    for (; (text = strchr(text, '$')); text++)
        if (isdigit((unsigned char)text[1]) && atoi(text + 1) > most) most = atoi(text + 1);
    return most;
}

/* "a"."b" of a.b as the message writes it. */
static bool quote_name(const char *name, size_t size, char *out, size_t room)
{
    size_t at = 0;
    if (size == 0 || size * 2 + 8 > room) return false;
    out[at++] = '"';
    for (size_t i = 0; i < size; i++) {
        if (name[i] == '.') {
            memcpy(out + at, "\".\"", 3);
            at += 3;
        } else if (name[i] != '"') {
            out[at++] = name[i];
        }
    }
    out[at++] = '"';
    out[at] = 0;
    return true;
}

static bool add_table(struct stage *stage, const char *message)
{
    const char *start = strchr(message, '"'), *end = start ? strchr(start + 1, '"') : NULL;
    char name[140], text[500];
    if (!end || stage->table_count == TABLES_MAX || !quote_name(start + 1, (size_t)(end - start) - 1, name, sizeof name)) return false;
    char *point = strstr(name, "\".\"");
    if (point) {
        snprintf(text, sizeof text, "CREATE SCHEMA IF NOT EXISTS %.*s", (int)(point - name) + 1, name);
        quiet(stage->target, text);
    }
    snprintf(text, sizeof text, "CREATE TABLE %s (us_row integer)", name);
    quiet(stage->target, text);
    snprintf(stage->tables[stage->table_count++], sizeof stage->tables[0], "%s", name);
    return true;
}

/* The table that an alias stands for: what precedes it in the text. */
static const char *table_of_alias(const struct stage *stage, const char *text, const char *name, size_t size)
{
    char alias[140];
    snprintf(alias, sizeof alias, "%.*s", (int)size, name);
    size = strlen(alias);
    for (int i = 0; i < stage->table_count; i++) {
        const char *last = strrchr(stage->tables[i], '.');
        last = last ? last + 1 : stage->tables[i];
        if (strlen(last) == size + 2 && strncasecmp(last + 1, alias, size) == 0) return stage->tables[i];
    }
    for (const char *at = text; (at = strcasestr(at, alias)); at++) {
        const char *word = at;
        if (at == text || isalnum((unsigned char)at[size]) || at[size] == '_' || at[size] == '.') continue;
        while (word > text && (isspace((unsigned char)word[-1]) || word[-1] == '"')) word--;
        if (word - text > 3 && strncasecmp(word - 3, " AS", 3) == 0) word -= 3;
        for (int i = 0; i < stage->table_count; i++) {
            const char *last = strrchr(stage->tables[i], '.');
            size_t length;
            last = (last ? last + 1 : stage->tables[i]) + 1;
            length = strlen(last) - 1;
            const char *end = word > text && word[-1] == '"' ? word - 1 : word;
            if ((size_t)(end - text) >= length && strncasecmp(end - length, last, length) == 0) return stage->tables[i];
        }
    }
    return NULL;
}

/* What people call numbers and dates. */
static const char *type_by_name(const char *name, size_t size)
{
    static const char *const dates[] = {"date", "time", "created", "updated", "modified", "expire", "birth", "hired"};
    static const char *const numbers[] = {
        "id",    "num",  "no",    "nr",    "age", "count", "cnt",     "amount", "price",    "qty", "quantity", "salary", "sal",
        "total", "size", "level", "order", "seq", "key",   "version", "value",  "x",        "y",   "z",        "i",      "n",
        "rank",  "max",  "min",   "sum",   "avg", "pos",   "status",  "bal",    "discount", "tax", "balance"};
    char lower[140];
    size_t length = size < 139 ? size : 139;
    for (size_t i = 0; i < length; i++) lower[i] = (char)tolower((unsigned char)name[i]);
    lower[length] = 0;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        if (strstr(lower, dates[i])) return "timestamp";
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t word = strlen(numbers[i]);
        if (length >= word && strcmp(lower + length - word, numbers[i]) == 0) return "numeric";
    }
    return "text";
}

static bool add_column(struct stage *stage, const char *text, const char *message)
{
    const char *name = message + strlen("column "), *end;
    char quoted[140], command[500];
    if (*name == '"') name++;
    end = name + strcspn(name, "\" ");
    const char *point = memchr(name, '.', (size_t)(end - name));
    const char *table = stage->table_count ? stage->tables[0] : NULL, *column = point ? point + 1 : name;
    const char *of = strstr(message, "of relation \"");
    if (of) {
        const char *start = of + strlen("of relation \"");
        table = table_of_alias(stage, text, start, strcspn(start, "\""));
    } else if (point) {
        table = table_of_alias(stage, text, name, (size_t)(point - name));
    }
    if (!table || !quote_name(column, (size_t)(end - column), quoted, sizeof quoted)) return false;
    snprintf(command, sizeof command, "ALTER TABLE %s ADD COLUMN %s %s", table, quoted,
             stage->type ? stage->type : type_by_name(column, (size_t)(end - column)));
    PGresult *result = PQexec(stage->target, command);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return good;
}

/* What was taken for a table is a sequence. */
static bool make_sequence(struct stage *stage, const char *message)
{
    const char *start = strchr(message, '"'), *end = start ? strchr(start + 1, '"') : NULL;
    char command[400];
    for (int i = 0; end && i < stage->table_count; i++) {
        size_t size = (size_t)(end - start) - 1, length = strlen(stage->tables[i]);
        if (length < size + 2 || memcmp(stage->tables[i] + length - size - 1, start + 1, size) != 0) continue;
        snprintf(command, sizeof command, "DROP TABLE %s; CREATE SEQUENCE %s", stage->tables[i], stage->tables[i]);
        quiet(stage->target, command);
        memmove(stage->tables[i], stage->tables[--stage->table_count], sizeof stage->tables[0]);
        return true;
    }
    return false;
}

/* Runs it until nothing is missing. */
static struct rows prepare(struct stage *stage, const char *text)
{
    struct rows rows = {0};
    for (int step = 0; step < STEPS_MAX; step++) {
        rows_free(&rows);
        quiet(stage->target, "SAVEPOINT a_step");
        rows = target_run(stage->target, text, count_parameters(text), "1");
        if (rows.ok) return rows;
        quiet(stage->target, "ROLLBACK TO SAVEPOINT a_step");
        bool mended = (strcmp(rows.sqlstate, "42P01") == 0 && !strstr(rows.text, "missing FROM") && add_table(stage, rows.text)) ||
                      (strcmp(rows.sqlstate, "42703") == 0 && add_column(stage, text, rows.text));
        if (strcmp(rows.sqlstate, "42809") == 0 && strstr(rows.text, "is not a sequence")) mended = make_sequence(stage, rows.text);
        if (strcmp(rows.sqlstate, "3F000") == 0) {
            const char *start = strchr(rows.text, '"');
            char command[300];
            snprintf(command, sizeof command, "CREATE SCHEMA IF NOT EXISTS %.*s", start ? (int)strcspn(start + 1, "\"") + 2 : 0,
                     start ? start : "");
            quiet(stage->target, command);
            mended = start != NULL;
        }
        if (!mended) return rows;
    }
    return rows;
}

/* Four rows for each table, each column with the values of its type. */
static void fill(struct stage *stage)
{
    char command[2400];
    quiet(stage->target, "SAVEPOINT filling");
    for (int i = 0; i < stage->table_count; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        buffer_printf(&out, "DO $fill$ DECLARE names text; places text; BEGIN SELECT string_agg(quote_ident(attname), ','), "
                            "string_agg(CASE format_type(atttypid, NULL) ");
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            buffer_printf(&out, "WHEN '%s' THEN $v$(ARRAY[%s]::%s[])[n]$v$ ", values[k].type, values[k].values, values[k].type);
        buffer_printf(&out,
                      "END, ',') INTO names, places FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 1; IF names IS NOT NULL "
                      "THEN EXECUTE 'INSERT INTO %s (' || names || ') SELECT ' "
                      "|| places || ' FROM generate_series(1, 4) n'; END IF; END $fill$",
                      stage->tables[i], stage->tables[i]);
        buffer_u8(&out, 0);
        snprintf(command, sizeof command, "%s", (const char *)buffer_view(&out).data);
        quiet(stage->target, command);
        buffer_release(&out);
    }
    if (PQtransactionStatus(stage->target) == PQTRANS_INERROR) quiet(stage->target, "ROLLBACK TO SAVEPOINT filling");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t without_zeros(const char *value, size_t size)
{
    if (size == 22 && memcmp(value + 10, " 00:00:00+00", 12) == 0) return 10;
    if (size == 19 && memcmp(value + 10, " 00:00:00", 9) == 0) return 10; /* DATE has a time, here it may be left out */
    if (!memchr(value, '.', size) || strspn(value, "-0123456789.") < size) return size;
    while (size > 1 && value[size - 1] == '0') size--;
    return value[size - 1] == '.' ? size - 1 : size;
}

/* Rows in the order of their texts, and numbers without zeros at the end. */
static char *sorted(const char *text)
{
    enum { LINES_MAX = 4000 };
    char *copy = strdup(text), *lines[LINES_MAX], *rest = NULL;
    size_t count = 0;
    struct buffer out;
    buffer_init(&out, 0);
    for (const char *at = text; *at;) {
        size_t size = strcspn(at, "|\n");
        if (size == 1 && (*at == 't' || *at == 'f')) /* Oracle has 1 and 0 for them */
            buffer_u8(&out, *at == 't' ? '1' : '0');
        else
            buffer_append(&out, at, without_zeros(at, size));
        at += size;
        if (*at) buffer_u8(&out, (uint8_t)*at++);
    }
    buffer_u8(&out, 0);
    free(copy);
    copy = strdup((const char *)buffer_view(&out).data);
    buffer_clear(&out);
    for (char *at = strtok_r(copy, "\n", &rest); at && count < LINES_MAX; at = strtok_r(NULL, "\n", &rest)) lines[count++] = at;
    if (count) qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++) buffer_printf(&out, "%s\n", lines[i]);
    buffer_u8(&out, 0);
    char *done = strdup((const char *)buffer_view(&out).data);
    buffer_release(&out);
    free(copy);
    return done;
}

/* What there is outside the system's schemas and ours: columns with the class of their type, keys, indexes, sequences; names of constraints do not count. */
static const char definitions[] = "SELECT c.relname || '.' || a.attname, t.typcategory, a.attnotnull, a.atthasdef OR a.attidentity <> '' "
                                  "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
                                  "JOIN pg_type t ON t.oid = a.atttypid WHERE c.relkind IN ('r', 'v', 'p', 'm') AND NOT a.attisdropped AND "
                                  "c.relnamespace::regnamespace::text !~ '^(pg_|information_schema|understudy)' "
                                  "UNION ALL SELECT conrelid::regclass::text || ' ' || conkey::text, contype, confrelid <> 0, true FROM "
                                  "pg_constraint WHERE conrelid <> 0 AND connamespace::regnamespace::text !~ "
                                  "'^(pg_|information_schema|understudy)' UNION ALL SELECT indrelid::regclass::text || ' ' || "
                                  "indkey::text, 'i', indisunique, indexprs IS NOT NULL FROM pg_index JOIN pg_class c ON c.oid = "
                                  "indrelid WHERE c.relnamespace::regnamespace::text !~ '^(pg_|information_schema|understudy)' UNION ALL "
                                  "SELECT sequencename || ' ' || increment_by, 's', cycle, true FROM pg_sequences";

enum change { CHANGE_NONE, CHANGE_ROWS, CHANGE_DEFINITIONS };

/* What the statement answers, or for a change what there is then. NULL: it fails; *reason says why. */
static char *outcome(struct stage *stage, const char *text, enum change change, char *reason, size_t size)
{
    char *done = NULL;
    quiet(stage->target, "SAVEPOINT comparing");
    struct rows rows = target_run(stage->target, text, count_parameters(text), "1");
    if (!rows.ok) {
        snprintf(reason, size, "%s", rows.text);
    } else if (change == CHANGE_NONE) {
        done = sorted(rows.text);
    } else if (change == CHANGE_DEFINITIONS) {
        struct rows all = target_run(stage->target, definitions, 0, NULL);
        done = sorted(all.text);
        rows_free(&all);
    } else {
        struct buffer out;
        buffer_init(&out, 0);
        for (int i = 0; i < stage->table_count; i++) {
            char query[200];
            snprintf(query, sizeof query, "SELECT * FROM %s", stage->tables[i]);
            struct rows table = target_run(stage->target, query, 0, NULL);
            buffer_printf(&out, "%s\n%s\n", stage->tables[i], table.text);
            rows_free(&table);
        }
        buffer_u8(&out, 0);
        done = sorted((const char *)buffer_view(&out).data);
        buffer_release(&out);
    }
    rows_free(&rows);
    quiet(stage->target, "ROLLBACK TO SAVEPOINT comparing");
    return done;
}

static enum change change_of(const char *text)
{
    static const char *const rows[] = {"INSERT", "UPDATE", "DELETE", "MERGE"}, *const definition[] = {"CREATE", "ALTER", "DROP", "COMMENT",
                                                                                                      "TRUNCATE"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncasecmp(text, rows[i], strlen(rows[i])) == 0) return CHANGE_ROWS;
    for (size_t i = 0; i < sizeof definition / sizeof *definition; i++)
        if (strncasecmp(text, definition[i], strlen(definition[i])) == 0) return CHANGE_DEFINITIONS;
    return CHANGE_NONE;
}

/* Definitions cannot be run twice: what is missing is made up from the errors, and what was made is undone. */
static struct rows prepare_undone(struct stage *stage, const char *text)
{
    struct rows rows = prepare(stage, text);
    if (rows.ok) quiet(stage->target, "ROLLBACK TO SAVEPOINT a_step");
    return rows;
}

static int compare_rows(struct stage *stage, const char *first, const char *second, char *reason, size_t size)
{
    enum change change = change_of(second);
    char *a = outcome(stage, first, change, reason, size), *b = outcome(stage, second, change, reason, size);
    int verdict = a && b ? (strcmp(a, b) == 0 ? STAGED_SAME : STAGED_DIFFERENT) : !a && b ? STAGED_FIRST_FAILS : STAGED_UNKNOWN;
    if (a && b) {
        size_t same = 0;
        while (a[same] && a[same] == b[same]) same++;
        while (same > 0 && a[same - 1] != '\n') same--;
        snprintf(reason, size, "answers [%.100s] against [%.100s]", a + same, b + same);
    }
    free(a);
    free(b);
    return verdict;
}

int staged_compare(PGconn *target, const char *first, const char *second, char *reason, size_t size)
{
    int verdict = STAGED_UNKNOWN;
    char why[300] = "";
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct stage stage = {.target = target, .type = kinds[k].type};
        quiet(target, "BEGIN");
        quiet(target, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET LOCAL client_min_messages = error");
        struct rows b = prepare_undone(&stage, second), a = prepare_undone(&stage, first);
        bool both = a.ok && b.ok, only_second = !a.ok && b.ok;
        if (both) {
            if (change_of(second) != CHANGE_DEFINITIONS) fill(&stage);
            verdict = compare_rows(&stage, first, second, why, sizeof why);
            snprintf(reason, size, "%s", why);
        } else if (only_second && verdict == STAGED_UNKNOWN) {
            verdict = STAGED_FIRST_FAILS;
            snprintf(reason, size, "%s", a.text);
        } else if (k == 0) {
            snprintf(reason, size, "%s", b.ok ? a.text : b.text);
        }
        rows_free(&a);
        rows_free(&b);
        quiet(target, "ROLLBACK");
        if ((both && verdict != STAGED_UNKNOWN) || change_of(second) == CHANGE_DEFINITIONS) return verdict;
    }
    return verdict;
}
