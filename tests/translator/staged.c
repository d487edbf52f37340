/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do two statements for PostgreSQL mean the same? Tables and columns that they name are made up from the errors that PostgreSQL answers, filled with
 * a few rows, and both are run. Tried with columns of text, of numbers and of timestamps; the first kind of column under which both run decides.
 */
#include "tests/translator/stage.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct kind_row {
    const char *type; /* NULL: by the column's name */
};
static const struct kind_row kinds[] = {{NULL}, {"numeric"}, {"text"}, {"timestamp"}, {"boolean"}};
struct value_row {
    const char *type, *values;
};
/* Two sets: plain rows, and rows that repeat values, with signs, fractions, blanks at the end and times of day. */
enum { VALUE_SETS = 2, VALUE_TYPES = 4 };
static const struct value_row values[VALUE_SETS][VALUE_TYPES] = {
    {{"numeric", "1,2,3,NULL"},
     {"text", "'1','2','3',NULL"},
     {"timestamp without time zone", "'2024-01-01','2024-01-02','2024-02-29',NULL"},
     {"boolean", "true,false,true,NULL"}},
    {{"numeric", "1,-2.5,1,NULL"},
     {"text", "'1','-2.5','1 ',NULL"},
     {"timestamp without time zone", "'2024-01-01 10:20:30','2023-12-31','2024-01-01 10:20:30.5',NULL"},
     {"boolean", "false,false,true,NULL"}}};

/* Four rows for each table, each column with the values of its type. */
static void fill(struct stage *stage, int set, bool with_nulls)
{
    char command[2400];
    stage_quiet(stage->target, "SAVEPOINT filling");
    for (int i = 0; i < stage->table_count; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        buffer_printf(&out, "DO $fill$ DECLARE names text; places text; BEGIN SELECT string_agg(quote_ident(attname), ','), "
                            "string_agg(CASE format_type(atttypid, NULL) ");
        for (size_t k = 0; k < VALUE_TYPES; k++)
            buffer_printf(&out, "WHEN '%s' THEN $v$(ARRAY[%s]::%s[])[n]$v$ ", values[set][k].type, values[set][k].values,
                          values[set][k].type);
        buffer_printf(&out,
                      "END, ',') INTO names, places FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 1; IF names IS NOT NULL "
                      "THEN EXECUTE 'INSERT INTO %s (' || names || ') SELECT ' "
                      "|| places || ' FROM generate_series(1, %d) n'; END IF; END $fill$",
                      stage->tables[i], stage->tables[i], with_nulls ? 4 : 3);
        buffer_u8(&out, 0);
        snprintf(command, sizeof command, "%s", (const char *)buffer_view(&out).data);
        stage_quiet(stage->target, command);
        buffer_release(&out);
    }
    if (PQtransactionStatus(stage->target) == PQTRANS_INERROR) stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT filling");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Text of an interval: its length in seconds; -1: it is none. */
static double interval_seconds(const char *value, size_t size)
{
    char text[64];
    int days = 0, hours = 0, minutes = 0, used = 0;
    double seconds = 0;
    if (size == 0 || size >= sizeof text) return -1;
    memcpy(text, value, size);
    text[size] = 0;
    const char *at = text;
    bool any = false;
    if (sscanf(at, "%d day%n", &days, &used) != 1 || used == 0) days = 0;
    if (used > 0) {
        at += used + (at[used] == 's');
        any = *at == 0;
        if (*at == ' ') at++;
    }
    if (*at && sscanf(at, "%d:%d:%lf%n", &hours, &minutes, &seconds, &used) == 3 && at[used] == 0 && strlen(at) >= 8 && at[2] == ':')
        any = true;
    return any ? days * 86400.0 + hours * 3600.0 + minutes * 60.0 + seconds : -1;
}

static size_t without_zeros(const char *value, size_t size)
{
    if (size > 19 && value[10] == ' ' && memcmp(value + size - 3, "+00", 3) == 0) size -= 3; /* the session is in UTC */
    if (size == 19 && memcmp(value + 10, " 00:00:00", 9) == 0) return 10;                    /* DATE has a time, here it may be left out */
    if (!memchr(value, '.', size) || strspn(value, "-0123456789.") < size) return size;
    while (size > 1 && value[size - 1] == '0') size--;
    return value[size - 1] == '.' ? size - 1 : size;
}

static bool is_text(const char *value, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(value, text, size) == 0;
}

/* A time of the last two minutes, in UTC as the session is: both sides asked the clock, at moments of their own. */
static bool is_now(const char *value, size_t size)
{
    char text[20];
    struct tm time_of_day = {0};
    if (size < 19 || value[10] != ' ') return false;
    memcpy(text, value, 19);
    text[19] = 0;
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &time_of_day);
    if (!end || *end) return false;
    long ago = (long)(time(NULL) - timegm(&time_of_day));
    return ago >= -2 && ago <= 120;
}

/* One value as both sides may have it: truth is 1 or 0, '' is NULL on the source, intervals by their length. */
static void add_value(struct buffer *out, const char *value, size_t size)
{
    double seconds = interval_seconds(value, size);
    if (is_text(value, size, "-0")) { /* of a float; NUMBER has one zero */
        value++;
        size--;
    }
    if (is_text(value, size, "t") || is_text(value, size, "true"))
        buffer_u8(out, '1');
    else if (is_text(value, size, "f") || is_text(value, size, "false"))
        buffer_u8(out, '0');
    else if (size == 0)
        buffer_append_text(out, "NULL");
    else if (is_now(value, size))
        buffer_append_text(out, "now");
    else if (seconds >= 0)
        buffer_printf(out, "%g s", seconds);
    else
        buffer_append(out, value, without_zeros(value, size));
}

/* Rows with their values as both sides may have them; `sort`: in the order of their texts. */
static char *normal_rows(const char *text, bool sort)
{
    enum { LINES_MAX = 4000 };
    char *copy = strdup(text), *lines[LINES_MAX], *rest = NULL;
    size_t count = 0;
    struct buffer out;
    buffer_init(&out, 0);
    for (const char *at = text; *at;) {
        size_t size = strcspn(at, "|\n");
        add_value(&out, at, size);
        at += size;
        if (*at == '|' && (at[1] == 0 || at[1] == '\n')) { /* an empty last column */
            buffer_append_text(&out, "|NULL");
            at++;
        }
        if (*at) buffer_u8(&out, (uint8_t)*at++);
    }
    buffer_u8(&out, 0);
    free(copy);
    copy = strdup((const char *)buffer_view(&out).data);
    buffer_clear(&out);
    for (char *at = strtok_r(copy, "\n", &rest); at && count < LINES_MAX; at = strtok_r(NULL, "\n", &rest)) lines[count++] = at;
    if (count && sort) qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++) buffer_printf(&out, "%s\n", lines[i]);
    buffer_u8(&out, 0);
    char *done = strdup((const char *)buffer_view(&out).data);
    buffer_release(&out);
    free(copy);
    return done;
}

static char *sorted(const char *text)
{
    return normal_rows(text, true);
}

/* What there is outside the system's schemas and ours: columns with the class of their type, keys, indexes, sequences; names of constraints do not count. */
#define REAL_DEFAULT                                                                                                                       \
    "(a.attidentity <> '' OR EXISTS (SELECT 1 FROM pg_attrdef e WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum AND "                  \
    "pg_get_expr(e.adbin, e.adrelid) !~ '^(NULL|'''')(::.*)?$'))"
static const char definitions[] =
    "SELECT c.relname || '.' || a.attname, CASE t.typcategory WHEN 'B' THEN 'N' ELSE t.typcategory END, a.attnotnull, " REAL_DEFAULT " "
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
    stage_quiet(stage->target, "SAVEPOINT comparing");
    struct rows rows = target_run(stage->target, text, stage_parameters(text), "1");
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
    stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT comparing");
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
    struct rows rows = stage_prepare(stage, text);
    if (rows.ok) stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_step");
    return rows;
}

/* Does the whole end with ORDER BY? */
static bool orders_all(const char *text)
{
    const char *last = NULL;
    for (const char *at = strcasestr(text, "order by"); at; at = strcasestr(at + 1, "order by")) last = at;
    return last && !strchr(last, ')');
}

/* The same rows have been seen: do they come in the same order? Rows that the order leaves equal come as they are found on both sides. */
static bool same_order(struct stage *stage, const char *first, const char *second, char *reason, size_t size)
{
    const char *texts[] = {first, second};
    struct rows rows[2];
    for (int i = 0; i < 2; i++) {
        stage_quiet(stage->target, "SAVEPOINT ordered");
        rows[i] = target_run(stage->target, texts[i], stage_parameters(texts[i]), "1");
        stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT ordered");
    }
    char *a = rows[0].ok ? normal_rows(rows[0].text, false) : NULL, *b = rows[1].ok ? normal_rows(rows[1].text, false) : NULL;
    bool same = !a || !b || strcmp(a, b) == 0;
    if (!same) snprintf(reason, size, "another order: [%.100s] against [%.100s]", a, b);
    for (int i = 0; i < 2; i++) rows_free(&rows[i]);
    free(a);
    free(b);
    return same;
}

static int compare_rows(struct stage *stage, const char *first, const char *second, char *reason, size_t size)
{
    enum change change = change_of(second);
    char *a = outcome(stage, first, change, reason, size), *b = outcome(stage, second, change, reason, size);
    int verdict = a && b    ? (strcmp(a, b) == 0 ? STAGED_SAME : STAGED_DIFFERENT)
                  : !a && b ? (strncmp(reason, "ORA-", 4) == 0 ? STAGED_REFUSED : STAGED_FIRST_FAILS)
                            : STAGED_UNKNOWN;
    if (a && b) {
        size_t same = 0;
        while (a[same] && a[same] == b[same]) same++;
        while (same > 0 && a[same - 1] != '\n') same--;
        snprintf(reason, size, "answers [%.100s] against [%.100s]", a + same, b + same);
        if (verdict == STAGED_SAME && change == CHANGE_NONE && orders_all(first) && orders_all(second) &&
            !same_order(stage, first, second, reason, size))
            verdict = STAGED_DIFFERENT;
    }
    free(a);
    free(b);
    return verdict;
}

/* Both run: are the answers the same? Then also without NULLs, where || says why they differ: on the source NULL joins as ''. */
static int compare_filled(struct stage *stage, const char *source, const char *first, const char *second, char *reason, size_t size)
{
    if (change_of(second) == CHANGE_DEFINITIONS) {
        int verdict = compare_rows(stage, first, second, reason, size);
        char why[200] = "";
        if (verdict == STAGED_SAME) return verdict;
        stage_quiet(stage->target, "SAVEPOINT written");
        struct rows made = target_run(stage->target, first, 0, NULL);
        bool good = made.ok && definition_as_written(stage->target, source, why, sizeof why);
        rows_free(&made);
        stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT written");
        if (good)
            snprintf(reason, size, "the definition that the source's text gives; the reference's is another");
        else if (*why)
            snprintf(reason, size, "%s", why);
        return good ? STAGED_SAME : verdict;
    }
    stage_quiet(stage->target, "SAVEPOINT rows");
    int verdict = STAGED_UNKNOWN;
    for (int set = 0; set < VALUE_SETS; set++) {
        char why[280] = "";
        fill(stage, set, true);
        int now = compare_rows(stage, first, second, why, sizeof why);
        if (now == STAGED_DIFFERENT && strstr(source, "||")) {
            stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT rows");
            fill(stage, set, false);
            now = compare_rows(stage, first, second, why, sizeof why);
            if (now == STAGED_SAME) snprintf(why, sizeof why, "the same rows but for NULL, which || takes for '' on the source");
        }
        stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT rows");
        if (set > 0 && now != STAGED_DIFFERENT) return verdict; /* what the plain rows said stands: not every statement takes the others */
        verdict = now;
        snprintf(reason, size, "%s", why);
        if (verdict != STAGED_SAME) return verdict;
    }
    return verdict;
}

/* INSERT INTO t VALUES (..) */
static bool without_names(const char *text)
{
    const char *word = strcasestr(text, "values"), *bracket = strchr(text, '(');
    return strncasecmp(text, "INSERT", 6) == 0 && word && bracket && word < bracket;
}

/* A table that only one of the two names: they are no counterparts. */
static bool names_differ(const struct stage *stage, const char *first, const char *second, char *reason, size_t size)
{
    for (int i = 0; i < stage->table_count; i++) {
        char bare[140];
        const char *point = strstr(stage->tables[i], "\".\"");
        snprintf(bare, sizeof bare, "%s", point ? point + 3 : stage->tables[i] + 1);
        bare[strcspn(bare, "\"")] = 0;
        if (strcasestr(first, bare) && strcasestr(second, bare)) continue;
        snprintf(reason, size, "only one side names the table %s", bare);
        return true;
    }
    return false;
}

/* The source translated again, now that its tables stand: with the types of their columns. NULL: nothing new. The plan is the caller's. */
static struct sql_plan *with_types(PGconn *target, const char *source, const char *before)
{
    struct sql_options options;
    int guard;
    struct sql_catalog *catalog = target_catalog(target);
    corpora_options(&options);
    options.catalog = catalog;
    struct sql_plan *plan = guarded_translate(&options, source, &guard);
    sql_catalog_free(catalog);
    if (plan && plan->target_text && plan->state < SQL_REFUSED && strcmp(plan->target_text, before) != 0) return plan;
    sql_plan_unref(plan);
    return NULL;
}

/* Ours does not run without the types of columns, which no text says: tried with them. */
static struct rows try_with_types(struct stage *stage, const char *source, const char **first, struct sql_plan **plan, struct rows a)
{
    *plan = with_types(stage->target, source, *first);
    if (!*plan) return a;
    rows_free(&a);
    *first = (*plan)->target_text;
    return prepare_undone(stage, *first);
}

int staged_compare(PGconn *target, const char *source, const char *first, const char *second, char *reason, size_t size)
{
    int verdict = STAGED_UNKNOWN;
    bool ours_ran = false, theirs_ran = false;
    char why[300] = "";
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct stage stage = {.target = target, .type = kinds[k].type};
        bool boolean = stage.type && strcmp(stage.type, "boolean") == 0;
        if (boolean && !strcasestr(second, "true") && !strcasestr(second, "false")) continue;
        stage_quiet(target, "BEGIN");
        stage_quiet(
            target,
            "SET LOCAL client_min_messages = error; SET LOCAL statement_timeout = '2s'"); /* the schema public is empty: nothing is ever committed */
        struct rows a = {0}, b;
        if (without_names(second)) { /* the columns come from the side that names them */
            a = prepare_undone(&stage, first);
            rows_free(&a);
            for (int i = 0; i < stage.table_count; i++) {
                char command[200];
                snprintf(command, sizeof command, "ALTER TABLE %s DROP COLUMN IF EXISTS us_row", stage.tables[i]);
                stage_quiet(target, command);
            }
        }
        b = prepare_undone(&stage, second);
        const char *ours = first;
        struct sql_plan *typed = NULL;
        a = prepare_undone(&stage, ours);
        if (!a.ok && b.ok && strstr(a.text, "does not exist")) a = try_with_types(&stage, source, &ours, &typed, a);
        bool both = a.ok && b.ok, only_second = !a.ok && b.ok;
        ours_ran |= a.ok;
        theirs_ran |= b.ok;
        if (both) {
            *why = 0;
            verdict = compare_filled(&stage, source, ours, second, why, sizeof why);
            snprintf(reason, size, "%s", why);
        } else if (only_second && verdict == STAGED_UNKNOWN) {
            verdict = strncmp(a.text, "ORA-", 4) == 0 ? STAGED_REFUSED : STAGED_FIRST_FAILS;
            snprintf(reason, size, "%s", a.text);
        } else if (k == 0) {
            snprintf(reason, size, "%s", b.ok ? a.text : b.text);
        }
        if (verdict != STAGED_SAME && verdict != STAGED_UNKNOWN && names_differ(&stage, ours, second, reason, size)) verdict = STAGED_APART;
        rows_free(&a);
        rows_free(&b);
        sql_plan_unref(typed);
        stage_quiet(target, "ROLLBACK");
        if ((both && verdict != STAGED_UNKNOWN) || change_of(second) == CHANGE_DEFINITIONS) return verdict;
    }
    return verdict == STAGED_UNKNOWN && ours_ran && !theirs_ran ? STAGED_NO_REFERENCE : verdict;
}
