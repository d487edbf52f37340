/* SPDX-License-Identifier: Apache-2.0 */
/* Makes up what statements name: each error of PostgreSQL says what is missing. */
#include "tests/translator/stage.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void stage_quiet(PGconn *target, const char *text)
{
    PQclear(PQexec(target, text));
}

int stage_parameters(const char *text)
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
    if (!end || stage->table_count == STAGE_TABLES_MAX || !quote_name(start + 1, (size_t)(end - start) - 1, name, sizeof name))
        return false;
    char *point = strstr(name, "\".\"");
    if (point) {
        snprintf(text, sizeof text, "CREATE SCHEMA IF NOT EXISTS %.*s", (int)(point - name) + 1, name);
        stage_quiet(stage->target, text);
    }
    if (strcmp(name, "\"dual\"") == 0) { /* is no table of theirs: it has its one row */
        stage_quiet(stage->target, "CREATE TABLE dual (dummy varchar(1)); INSERT INTO dual VALUES ('X')");
        return true;
    }
    snprintf(text, sizeof text, "CREATE TABLE %s (us_row integer)", name);
    stage_quiet(stage->target, text);
    snprintf(stage->tables[stage->table_count++], sizeof stage->tables[0], "%s", name);
    return true;
}

static bool same_letters(const char *a, const char *b, size_t size, bool exact)
{
    return exact ? strncmp(a, b, size) == 0 : strncasecmp(a, b, size) == 0;
}

static const char *table_of_exact_alias(const struct stage *stage, const char *text, const char *name, size_t size, bool exact)
{
    char alias[140];
    snprintf(alias, sizeof alias, "%.*s", (int)size, name);
    size = strlen(alias);
    for (int i = 0; i < stage->table_count; i++) {
        const char *last = strrchr(stage->tables[i], '.');
        last = last ? last + 1 : stage->tables[i];
        if (strlen(last) == size + 2 && same_letters(last + 1, alias, size, exact)) return stage->tables[i];
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
            if ((size_t)(end - text) >= length && same_letters(end - length, last, length, exact)) return stage->tables[i];
        }
    }
    return NULL;
}

/* The table that an alias stands for: what precedes it in the text. The case of letters counts where it can. */
static const char *table_of_alias(const struct stage *stage, const char *text, const char *name, size_t size)
{
    const char *table = table_of_exact_alias(stage, text, name, size, true);
    return table ? table : table_of_exact_alias(stage, text, name, size, false);
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

/* Text where the statement itself compares it with words or sets it to them, else by its name. */
static const char *type_by_text(const char *text, const char *name, size_t size)
{
    char column[140];
    snprintf(column, sizeof column, "%.*s", (int)size, name);
    size = strlen(column);
    for (const char *at = text; size > 0 && (at = strcasestr(at, column)); at++) {
        const char *after = at + size;
        if ((at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_')) || isalnum((unsigned char)*after) || *after == '_') continue;
        after += strspn(after, "\"'");
        after += strspn(after, " ");
        if (*after != '=' && *after != '<' && *after != '!') continue;
        after += strspn(after, "=<>! ");
        if (*after == '\'' && isalpha((unsigned char)after[1])) return "text";
    }
    return type_by_name(name, size);
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
             stage->type ? stage->type : type_by_text(text, column, (size_t)(end - column)));
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
        stage_quiet(stage->target, command);
        memmove(stage->tables[i], stage->tables[--stage->table_count], sizeof stage->tables[0]);
        return true;
    }
    return false;
}

/* The text between the first pair of double quotes behind `at`, quoted again; false: there is none. */
static bool quoted_after(const char *at, char *out, size_t room, const char **end)
{
    const char *start = strchr(at, '"'), *stop = start ? strchr(start + 1, '"') : NULL;
    if (end) *end = stop ? stop + 1 : NULL;
    return stop && quote_name(start + 1, (size_t)(stop - start) - 1, out, room);
}

static bool run(struct stage *stage, const char *command)
{
    PGresult *result = PQexec(stage->target, command);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return good;
}

/* What follows REFERENCES: the table as written and its columns in brackets, if any. */
struct referred {
    char table[200], columns[400];
};
static const char *next_reference(const char *at, struct referred *referred)
{
    at = strcasestr(at, "references");
    if (!at) return NULL;
    at += strlen("references");
    while (isspace((unsigned char)*at)) at++;
    size_t size = 0;
    for (bool quoted = false; at[size] && (quoted || (!isspace((unsigned char)at[size]) && !strchr("(),;", at[size]))); size++)
        if (at[size] == '"') quoted = !quoted;
    snprintf(referred->table, sizeof referred->table, "%.*s", (int)size, at);
    at += size;
    while (isspace((unsigned char)*at)) at++;
    size = *at == '(' ? strcspn(at, ")") + 1 : 0;
    snprintf(referred->columns, sizeof referred->columns, "%.*s", (int)size, at);
    return at + size;
}

/* A column of a foreign key: of the altered table if that lacks it, else of the table referred to. */
static bool add_key_column(struct stage *stage, const char *text, const char *message)
{
    char name[140], command[700];
    struct referred referred;
    const char *at = text;
    if (!quoted_after(message, name, sizeof name, NULL)) return false;
    const char *type = stage->type ? stage->type : type_by_text(text, name + 1, strlen(name) - 2);
    if (strncasecmp(text, "ALTER TABLE", 11) == 0) {
        at = text + 11;
        while (isspace((unsigned char)*at)) at++;
        snprintf(command, sizeof command, "ALTER TABLE %.*s ADD COLUMN %s %s", (int)strcspn(at, " \n"), at, name, type);
        stage_quiet(stage->target, "SAVEPOINT a_column");
        if (run(stage, command)) return true;
        stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_column");
    }
    bool done = false;
    while ((at = next_reference(at, &referred))) {
        char bare[140];
        snprintf(bare, sizeof bare, "%.*s", (int)strlen(name) - 2, name + 1);
        if (!strcasestr(referred.columns, bare)) continue;
        stage_quiet(stage->target, "SAVEPOINT a_column");
        snprintf(command, sizeof command, "ALTER TABLE %s ADD COLUMN %s %s", referred.table, name, type);
        if (run(stage, command))
            done = true;
        else
            stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_column");
    }
    return done;
}

/* The keys that foreign keys of the text refer to. */
static bool add_keys(struct stage *stage, const char *text)
{
    struct referred referred;
    char command[800];
    bool done = false;
    for (const char *at = text; (at = next_reference(at, &referred));) {
        stage_quiet(stage->target, "SAVEPOINT a_key");
        if (*referred.columns)
            snprintf(command, sizeof command, "ALTER TABLE %s ADD UNIQUE %s", referred.table, referred.columns);
        else
            snprintf(command, sizeof command, "ALTER TABLE %s ADD COLUMN us_key numeric PRIMARY KEY", referred.table);
        if (run(stage, command))
            done = true;
        else
            stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_key");
    }
    return done;
}

/* INSERT without a list of columns into a table that was made up. */
static bool add_unnamed_column(struct stage *stage, const char *text, const char *message)
{
    static unsigned number;
    char command[300];
    (void)text;
    if (!strstr(message, "more expressions than target columns") || stage->table_count == 0) return false;
    stage_quiet(stage->target, "SAVEPOINT a_column");
    snprintf(command, sizeof command, "ALTER TABLE %s DROP COLUMN us_row", stage->tables[0]); /* the first value is no number of ours */
    if (!run(stage, command)) stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_column");
    snprintf(command, sizeof command, "ALTER TABLE %s ADD COLUMN us_value_%u text", stage->tables[0], number++);
    return run(stage, command);
}

/* column "a" is of type x but expression is of type y */
static bool fit_column_type(struct stage *stage, const char *text, const char *message)
{
    const char *type = strstr(message, "but expression is of type ");
    char name[140], command[500];
    if (!type || !quoted_after(message, name, sizeof name, NULL)) return false;
    (void)text;
    for (int i = 0; i < stage->table_count; i++) {
        snprintf(command, sizeof command, "ALTER TABLE %s ALTER COLUMN %s TYPE %s USING NULL", stage->tables[i], name, type + 26);
        stage_quiet(stage->target, "SAVEPOINT a_type");
        if (run(stage, command)) return true;
        stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_type");
    }
    return false;
}

/* Detail: Key columns "a" and "b" are of incompatible types: bigint and text. */
static bool fit_key_types(struct stage *stage, const char *text, const char *message)
{
    const char *detail = strstr(message, "Key columns"), *types = detail ? strstr(detail, "types: ") : NULL,
               *and = types ? strstr(types, " and ") : NULL;
    char name[140], command[700];
    struct referred referred;
    bool done = false;
    if (strstr(message, "but expression is of type")) return fit_column_type(stage, text, message);
    if (!and || !quoted_after(strchr(strchr(detail, '"') + 1, '"') + 1, name, sizeof name, NULL)) return false;
    for (const char *at = text; (at = next_reference(at, &referred));) {
        stage_quiet(stage->target, "SAVEPOINT a_type");
        snprintf(command, sizeof command, "ALTER TABLE %s ALTER COLUMN %s TYPE %.*s USING NULL", referred.table, name, (int)(and-types - 7),
                 types + 7);
        if (run(stage, command))
            done = true;
        else
            stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_type");
    }
    return done;
}

static bool add_missing_object(struct stage *stage, const char *text, const char *message)
{
    char name[140], of[140] = "", command[700];
    const char *end;
    if (!quoted_after(message, name, sizeof name, &end)) return false;
    quoted_after(end, of, sizeof of, NULL);
    if (strncmp(message, "constraint ", 11) == 0 && *of)
        snprintf(command, sizeof command, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (true)",
                 table_of_alias(stage, text, of + 1, strlen(of) - 2) ?: of, name);
    else if (strncmp(message, "index ", 6) == 0)
        snprintf(command, sizeof command, "CREATE TABLE IF NOT EXISTS us_indexed (a integer); CREATE INDEX %s ON us_indexed (a)", name);
    else if (strncmp(message, "type ", 5) == 0)
        snprintf(command, sizeof command, "CREATE DOMAIN %s AS text", name);
    else if (strncmp(message, "sequence ", 9) == 0)
        snprintf(command, sizeof command, "CREATE SEQUENCE %s", name);
    else
        return false;
    return run(stage, command);
}

static bool draw_number(struct stage *stage, const char *text, const char *message)
{
    char name[140], command[300];
    (void)text;
    if (!strstr(message, "currval") || !quoted_after(message, name, sizeof name, NULL)) return false;
    snprintf(command, sizeof command, "SELECT nextval('%s')", name);
    return run(stage, command);
}

static bool add_schema(struct stage *stage, const char *text, const char *message)
{
    char name[140], command[300];
    (void)text;
    if (!quoted_after(message, name, sizeof name, NULL)) return false;
    snprintf(command, sizeof command, "CREATE SCHEMA IF NOT EXISTS %s", name);
    return run(stage, command);
}

static bool add_relation(struct stage *stage, const char *text, const char *message)
{
    (void)text;
    return !strstr(message, "missing FROM") && add_table(stage, message);
}

static bool add_any_column(struct stage *stage, const char *text, const char *message)
{
    return strstr(message, "foreign key") ? add_key_column(stage, text, message) : add_column(stage, text, message);
}

static bool add_key(struct stage *stage, const char *text, const char *message)
{
    (void)message;
    return add_keys(stage, text);
}

static bool add_primary_or_object(struct stage *stage, const char *text, const char *message)
{
    return strstr(message, "no primary key") ? add_keys(stage, text) : add_missing_object(stage, text, message);
}

static bool turn_sequence(struct stage *stage, const char *text, const char *message)
{
    (void)text;
    return strstr(message, "is not a sequence") && make_sequence(stage, message);
}

struct mender {
    const char *sqlstate;
    bool (*mend)(struct stage *stage, const char *text, const char *message);
};
static const struct mender menders[] = {
    {"42P01", add_relation},  {"42703", add_any_column}, {"42830", add_key},
    {"42804", fit_key_types}, {"42809", turn_sequence},  {"42704", add_primary_or_object},
    {"3F000", add_schema},    {"55000", draw_number},    {"42601", add_unnamed_column},
};

struct rows stage_prepare(struct stage *stage, const char *text)
{
    struct rows rows = {0};
    for (int step = 0; step < STAGE_STEPS_MAX; step++) {
        rows_free(&rows);
        stage_quiet(stage->target, "SAVEPOINT a_step");
        rows = target_run(stage->target, text, stage_parameters(text), "1");
        if (rows.ok) return rows;
        stage_quiet(stage->target, "ROLLBACK TO SAVEPOINT a_step");
        bool mended = false;
        for (size_t i = 0; i < sizeof menders / sizeof *menders && !mended; i++)
            if (strcmp(rows.sqlstate, menders[i].sqlstate) == 0) mended = menders[i].mend(stage, text, rows.text);
        if (!mended) return rows;
    }
    return rows;
}
