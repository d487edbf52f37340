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
    const char *type, *values;
};
static const struct kind_row kinds[] = {{"numeric", "1,2,3,NULL"}, {"text", "'1','2','3',NULL"}, {"timestamp", "'2024-01-01','2024-01-02','2024-02-29',NULL"}};

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
static const char *table_of_alias(const struct stage *stage, const char *text, const char *alias, size_t size)
{
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
    snprintf(command, sizeof command, "ALTER TABLE %s ADD COLUMN %s %s", table, quoted, stage->type);
    PGresult *result = PQexec(stage->target, command);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return good;
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
        if (strcmp(rows.sqlstate, "3F000") == 0) {
            const char *start = strchr(rows.text, '"');
            char command[300];
            snprintf(command, sizeof command, "CREATE SCHEMA IF NOT EXISTS %.*s", start ? (int)strcspn(start + 1, "\"") + 2 : 0, start ? start : "");
            quiet(stage->target, command);
            mended = start != NULL;
        }
        if (!mended) return rows;
    }
    return rows;
}

static void fill(struct stage *stage, const struct kind_row *kind)
{
    char command[2000];
    for (int i = 0; i < stage->table_count; i++) {
        snprintf(command, sizeof command,
                 "DO $fill$ DECLARE names text; places text; BEGIN SELECT string_agg(quote_ident(attname), ','), string_agg('v', ',') INTO names, places FROM pg_attribute "
                 "WHERE attrelid = '%s'::regclass AND attnum > 1; IF names IS NOT NULL THEN EXECUTE 'INSERT INTO %s (' || names || ') SELECT ' || places || "
                 "$values$ FROM unnest(ARRAY[%s]::%s[]) AS t(v)$values$; END IF; END $fill$",
                 stage->tables[i], stage->tables[i], kind->values, kind->type);
        quiet(stage->target, command);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Rows in the order of their texts, and numbers without zeros at the end. */
static char *sorted(const struct rows *rows)
{
    char *copy = strdup(rows->text), *lines[4000];
    size_t count = 0;
    struct buffer out;
    buffer_init(&out, 0);
    for (char *at = strtok(copy, "\n"); at && count < 4000; at = strtok(NULL, "\n")) lines[count++] = at;
    if (count) qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++) buffer_printf(&out, "%s\n", lines[i]);
    buffer_u8(&out, 0);
    char *text = strdup((const char *)buffer_view(&out).data);
    buffer_release(&out);
    free(copy);
    return text;
}

static int compare_rows(struct stage *stage, const char *first, const char *second, char *reason, size_t size)
{
    quiet(stage->target, "SAVEPOINT both");
    struct rows a = target_run(stage->target, first, count_parameters(first), "1");
    quiet(stage->target, "ROLLBACK TO SAVEPOINT both");
    struct rows b = target_run(stage->target, second, count_parameters(second), "1");
    quiet(stage->target, "ROLLBACK TO SAVEPOINT both");
    int verdict = STAGED_UNKNOWN;
    if (a.ok && b.ok) {
        char *x = sorted(&a), *y = sorted(&b);
        verdict = strcmp(x, y) == 0 && a.row_count == b.row_count ? STAGED_SAME : STAGED_DIFFERENT;
        snprintf(reason, size, "%d rows [%.60s] against %d rows [%.60s]", a.row_count, x, b.row_count, y);
        free(x);
        free(y);
    } else {
        if (!a.ok && b.ok) verdict = STAGED_FIRST_FAILS;
        snprintf(reason, size, "%s", a.ok ? b.text : a.text);
    }
    rows_free(&a);
    rows_free(&b);
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
        struct rows b = prepare(&stage, second), a = prepare(&stage, first);
        bool both = a.ok && b.ok, only_second = !a.ok && b.ok;
        if (both) {
            fill(&stage, &kinds[k]);
            verdict = compare_rows(&stage, first, second, why, sizeof why);
            snprintf(reason, size, "%s", why);
        } else if (only_second && verdict == STAGED_UNKNOWN) {
            verdict = STAGED_FIRST_FAILS;
            snprintf(reason, size, "%s", a.text);
        } else if (verdict == STAGED_UNKNOWN) {
            snprintf(reason, size, "%s", b.ok ? a.text : b.text);
        }
        rows_free(&a);
        rows_free(&b);
        quiet(target, "ROLLBACK");
        if (both && verdict != STAGED_UNKNOWN) return verdict;
    }
    return verdict;
}
