/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differential suite: differential/NAME.tsv, each line a statement for Oracle, what Oracle answers, and where that is documented. The statement is
 * translated, run on PostgreSQL, and its answer compared with its types. See differential/README.md for the form.
 */
#include "tests/translator/suite.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct suite {
    PGconn *target;
    struct sql_catalog *catalog;
    struct differential_result result;
    struct groups *groups;
    const char *file;
    unsigned line;
    struct witness *witnesses; /* what another engine answered, as witness/Witness.java wrote it */
    size_t witness_count, witness_room;
};
struct witness {
    char file[60];
    unsigned line;
    char *answer;
};

static void take_witness(void *context, char *line)
{
    struct suite *suite = context;
    char *fields[3];
    if (lines_fields(line, fields, 3) != 3) return;
    if (suite->witness_count == suite->witness_room) {
        suite->witness_room = suite->witness_room ? suite->witness_room * 2 : 1024;
        suite->witnesses = realloc(suite->witnesses, suite->witness_room * sizeof *suite->witnesses);
        if (!suite->witnesses) abort();
    }
    struct witness *witness = &suite->witnesses[suite->witness_count++];
    snprintf(witness->file, sizeof witness->file, "%s", fields[0]);
    witness->line = (unsigned)atoi(fields[1]);
    witness->answer = strdup(fields[2]);
}

static bool is_witnessed(const struct suite *suite, const char *answer)
{
    for (size_t i = 0; i < suite->witness_count; i++) {
        const struct witness *witness = &suite->witnesses[i];
        if (witness->line == suite->line && strcmp(witness->file, suite->file) == 0 && strcmp(witness->answer, answer) == 0) return true;
    }
    return false;
}

static char kind_of(Oid type)
{
    switch (type) {
    case 16: return 'L';
    case 17: return 'B';
    case 20:
    case 21:
    case 23:
    case 1700:
    case 26: return 'N';
    case 700:
    case 701: return 'F';
    case 1082:
    case 1114: return 'D';
    case 1184: return 'Z';
    case 1186: return 'I';
    default: return 'S';
    }
}

/* A number without zeros that say nothing. */
static void canonical_number(char *text)
{
    char *digits = text + (*text == '-'), *point = strchr(digits, '.');
    if (strpbrk(digits, "eEaAiI")) return;
    if (point) {
        char *end = digits + strlen(digits);
        while (end > point + 1 && end[-1] == '0') *--end = 0;
        if (end == point + 1) *point = 0;
    }
    while (*digits == '0' && isdigit((unsigned char)digits[1])) memmove(digits, digits + 1, strlen(digits));
    if (*digits == '0' && digits[1] == '.') memmove(digits, digits + 1, strlen(digits));
    if (strcmp(text, "-0") == 0) strcpy(text, "0");
}

static void canonical(char kind, char *value)
{
    if (kind == 'N' || kind == 'F') canonical_number(value);
    if (kind == 'L') strcpy(value, *value == 't' ? "true" : "false");
    if (kind == 'B' && value[0] == '\\') memmove(value, value + 2, strlen(value + 2) + 1);
    for (char *at = value; kind == 'B' && *at; at++) *at = (char)toupper((unsigned char)*at);
}

/* Columns as KIND:value by |, rows by newline. */
static char *typed_rows(const struct rows *rows)
{
    struct buffer out;
    buffer_init(&out, 0);
    const char *at = rows->text;
    for (int r = 0; r < rows->row_count; r++) {
        if (r) buffer_u8(&out, '\n');
        for (int c = 0; c < rows->column_count; c++) {
            const char *end = c + 1 < rows->column_count ? strchr(at, '|') : r + 1 < rows->row_count ? strchr(at, '\n') : at + strlen(at);
            if (!end) end = at + strlen(at);
            char *value = strndup(at, (size_t)(end - at));
            if (c) buffer_u8(&out, '|');
            if (strcmp(value, "NULL") != 0) {
                canonical(kind_of(rows->types[c]), value);
                buffer_printf(&out, "%c:", kind_of(rows->types[c]));
            }
            buffer_append_text(&out, value);
            free(value);
            at = *end ? end + 1 : end;
        }
    }
    if (rows->row_count == 0) buffer_append_text(&out, rows->column_count ? "EMPTY" : "DONE");
    buffer_u8(&out, 0);
    char *text = strdup((const char *)buffer_view(&out).data);
    buffer_release(&out);
    return text;
}

static void fail(struct suite *suite, const char *kind, const char *reason, const char *source, const char *target)
{
    char where[2000];
    suite->result.failed++;
    snprintf(where, sizeof where, "%s:%u %s", suite->file, suite->line, source);
    groups_add(suite->groups, kind, reason, where, target);
}

static void check_rows(struct suite *suite, const char *sql, const char *expected, const struct sql_plan *plan, const char *bind)
{
    char reason[3000];
    target_script(suite->target, "SAVEPOINT a_case");
    struct rows rows = target_run(suite->target, plan->target_text, (int)plan->bind_count, bind);
    char *got = NULL;
    if (rows.ok) {
        got = typed_rows(&rows);
    } else {
        char text[700];
        int ora = sql_error_to_ora(rows.sqlstate, NULL, rows.text, "APP", text, sizeof text);
        got = malloc(32);
        snprintf(got, 32, "E:%d", ora);
        target_script(suite->target, "ROLLBACK TO SAVEPOINT a_case");
    }
    if (strcmp(got, expected) == 0) {
        suite->result.passed++;
        suite->result.witnessed += is_witnessed(suite, expected);
    } else {
        snprintf(reason, sizeof reason, "expected [%s] got [%s] %s", expected, got, rows.ok ? "" : rows.text);
        fail(suite, rows.ok ? "differential, another value" : "differential, fails on the target", reason, sql, plan->target_text);
    }
    free(got);
    rows_free(&rows);
}

static void run_case(struct suite *suite, char **fields, int count)
{
    int guard;
    if (!suite->catalog) suite->catalog = target_catalog(suite->target);
    struct sql_options options;
    sql_options_default(&options);
    options.catalog = suite->catalog;
    options.current_schema = "APP";
    options.function_schema = "understudy";
    if (count > 2 && strstr(fields[2], "doc:")) suite->result.published++;
    struct sql_plan *plan = guarded_translate(&options, fields[0], &guard);
    if (!plan) {
        fail(suite, "differential", guard == GUARD_HANG ? "the translator hangs" : "the translator crashes", fields[0], NULL);
        return;
    }
    bool refused = plan->state == SQL_REFUSED || plan->state == SQL_UNPARSED || !plan->target_text;
    if (refused && strcmp(fields[1], "REFUSED") == 0) {
        suite->result.passed++;
    } else if (refused) {
        fail(suite, "differential, refused", plan->finding_count ? plan->findings[0].reason : sql_state_name(plan->state), fields[0], NULL);
    } else {
        check_rows(suite, fields[0], fields[1], plan, count > 3 ? fields[3] : NULL);
    }
    sql_plan_unref(plan);
}

static void take_line(void *context, char *line)
{
    struct suite *suite = context;
    char *fields[4];
    suite->line++;
    if (*line == 0 || *line == '#') return;
    if (strncmp(line, "@target ", 8) == 0) {
        target_script(suite->target, line + 8);
        sql_catalog_free(suite->catalog);
        suite->catalog = NULL;
        return;
    }
    int count = lines_fields(line, fields, 4);
    if (count < 3) {
        fprintf(stderr, "%s:%u: three fields are wanted: statement, answer, source\n", suite->file, suite->line);
        suite->result.failed++;
        return;
    }
    run_case(suite, fields, count);
}

static int is_case_file(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 4 && strcmp(entry->d_name + size - 4, ".tsv") == 0;
}

struct differential_result differential_measure(PGconn *target, const char *folder, const char *witness_path, FILE *failures)
{
    struct suite suite = {.target = target, .groups = groups_new()};
    if (!lines_read(witness_path, take_witness, &suite))
        printf("translator: SKIPPED: no other engine's answers in %s (make translator-witness)\n", witness_path);
    struct dirent **entries;
    int count = scandir(folder, &entries, is_case_file, alphasort);
    for (int i = 0; i < count; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        suite.file = entries[i]->d_name;
        suite.line = 0;
        target_script(target, "BEGIN");
        target_script(target, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        if (!lines_read(path, take_line, &suite)) fprintf(stderr, "%s cannot be read\n", path);
        target_script(target, "ROLLBACK");
        sql_catalog_free(suite.catalog);
        suite.catalog = NULL;
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    fprintf(failures, "== differential: %u passed, %u failed\n", suite.result.passed, suite.result.failed);
    groups_print(suite.groups, failures);
    groups_free(suite.groups);
    for (size_t i = 0; i < suite.witness_count; i++) free(suite.witnesses[i].answer);
    free(suite.witnesses);
    return suite.result;
}
