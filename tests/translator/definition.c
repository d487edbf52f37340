/* SPDX-License-Identifier: Apache-2.0 */
/* A table against Oracle's CREATE TABLE: read here by words and commas alone, so that the translator is not its own witness. */
#include "tests/translator/stage.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct type_class {
    const char *word;
    char class_; /* PostgreSQL's typcategory */
};
static const struct type_class type_classes[] = {
    {"NUMBER", 'N'},       {"INTEGER", 'N'},       {"INT", 'N'},      {"SMALLINT", 'N'}, {"DECIMAL", 'N'},   {"NUMERIC", 'N'},
    {"DEC", 'N'},          {"FLOAT", 'N'},         {"REAL", 'N'},     {"DOUBLE", 'N'},   {"VARCHAR2", 'S'},  {"VARCHAR", 'S'},
    {"CHAR", 'S'},         {"CHARACTER", 'S'},     {"CLOB", 'S'},     {"NCLOB", 'S'},    {"NVARCHAR2", 'S'}, {"NCHAR", 'S'},
    {"DATE", 'D'},         {"TIMESTAMP", 'D'},     {"INTERVAL", 'T'}, {"BLOB", 'U'},     {"RAW", 'U'},       {"JSON", 'U'},
    {"BINARY_FLOAT", 'N'}, {"BINARY_DOUBLE", 'N'},
};
enum { COLUMNS_MAX = 400 };
struct written {
    char name[130];
    char class_;
    bool not_null, defaulted;
};
struct table_written {
    struct written columns[COLUMNS_MAX];
    int count;
    unsigned primary, unique, foreign, check;
};

/* The next word in upper case, a quoted name as it is; `at` moves behind it. */
static bool next_word(const char **at, char *word, size_t room)
{
    const char *c = *at;
    size_t size = 0;
    while (isspace((unsigned char)*c)) c++;
    bool quoted = *c == '"';
    if (quoted) c++;
    for (; *c && (quoted ? *c != '"' : isalnum((unsigned char)*c) || strchr("_$#", *c)); c++)
        if (size + 1 < room) word[size++] = quoted ? *c : (char)toupper((unsigned char)*c);
    word[size] = 0;
    *at = c + (quoted && *c == '"');
    return size > 0;
}

/* Words outside quotes and brackets; each is upper case. */
static bool has_words(const char *text, const char *first, const char *second, unsigned *count)
{
    char word[64], last[64] = "";
    int depth = 0;
    unsigned found = 0;
    for (const char *at = text; *at;) {
        if (*at == '\'') {
            for (at++; *at && *at != '\'';) at++;
            at += *at != 0;
            *last = 0;
        } else if (*at == '"') {
            for (at++; *at && *at != '"';) at++;
            at += *at != 0;
            *last = 0;
        } else if (isdigit((unsigned char)*at)) {
            *last = 0;
            at++;
        } else if (isalpha((unsigned char)*at)) {
            next_word(&at, word, sizeof word);
            if (depth == 0 && (second ? strcmp(last, first) == 0 && strcmp(word, second) == 0 : strcmp(word, first) == 0)) found++;
            memcpy(last, word, sizeof last);
        } else {
            depth += (*at == '(') - (*at == ')');
            at++;
        }
    }
    if (count) *count += found;
    return found > 0;
}

static struct written *column_named(struct table_written *table, const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (strcasecmp(table->columns[i].name, name) == 0) return &table->columns[i];
    return NULL;
}

static bool take_constraint(struct table_written *table, const char *part)
{
    char word[130];
    table->primary += has_words(part, "PRIMARY", "KEY", NULL);
    table->foreign += has_words(part, "FOREIGN", "KEY", NULL);
    table->unique += has_words(part, "UNIQUE", NULL, NULL);
    table->check += has_words(part, "CHECK", NULL, NULL);
    if (!has_words(part, "PRIMARY", "KEY", NULL)) return true;
    const char *at = strchr(part, '(');
    for (at = at ? at + 1 : ""; next_word(&at, word, sizeof word);) {
        struct written *column = column_named(table, word);
        if (!column) return false;
        column->not_null = true;
        while (isspace((unsigned char)*at) || *at == ',') at++;
    }
    return true;
}

static bool take_part(struct table_written *table, const char *part)
{
    static const char *const constraints[] = {"CONSTRAINT", "PRIMARY", "FOREIGN", "UNIQUE", "CHECK"};
    char word[130], type[64];
    const char *at = part;
    if (!next_word(&at, word, sizeof word)) return false;
    for (size_t i = 0; i < sizeof constraints / sizeof *constraints; i++)
        if (strcmp(word, constraints[i]) == 0) return take_constraint(table, part);
    if (strcmp(word, "SUPPLEMENTAL") == 0) return true;
    if (table->count == COLUMNS_MAX || !next_word(&at, type, sizeof type)) return false;
    struct written *column = &table->columns[table->count++];
    snprintf(column->name, sizeof column->name, "%s", word);
    if (strcmp(type, "LONG") == 0) column->class_ = strncasecmp(at, " RAW", 4) == 0 ? 'U' : 'S';
    for (size_t i = 0; i < sizeof type_classes / sizeof *type_classes; i++)
        if (strcmp(type_classes[i].word, type) == 0) column->class_ = type_classes[i].class_;
    bool key = has_words(part, "PRIMARY", "KEY", &table->primary), identity = has_words(part, "IDENTITY", NULL, NULL);
    has_words(part, "UNIQUE", NULL, &table->unique);
    has_words(part, "REFERENCES", NULL, &table->foreign);
    has_words(part, "CHECK", NULL, &table->check);
    column->not_null = key || identity || has_words(part, "NOT", "NULL", NULL);
    column->defaulted =
        identity || has_words(part, "GENERATED", NULL, NULL) ||
        (has_words(part, "DEFAULT", NULL, NULL) && !has_words(part, "DEFAULT", "NULL", NULL) && !strcasestr(part, "default ''"));
    return column->class_ != 0;
}

/* The parts between the commas of the outermost brackets. Columns come before the keys that name them in almost every text. */
static bool read_table(const char *source, struct table_written *table)
{
    const char *at = strchr(source, '(');
    if (!at || strncasecmp(source, "CREATE", 6) != 0 || !strcasestr(source, "TABLE")) return false;
    int depth = 1;
    char quote = 0;
    const char *start = ++at;
    for (; *at && depth > 0; at++) {
        if (quote) {
            if (*at == quote) quote = 0;
        } else if (*at == '\'' || *at == '"') {
            quote = *at;
        } else {
            depth += (*at == '(') - (*at == ')');
            if ((*at == ',' && depth == 1) || depth == 0) {
                char *part = strndup(start, (size_t)(at - start));
                bool good = take_part(table, part);
                free(part);
                if (!good) return false;
                start = at + 1;
            }
        }
    }
    return depth == 0 && !strcasestr(at, " AS SELECT");
}

static int number_of(PGconn *target, const char *query)
{
    struct rows rows = target_run(target, query, 0, NULL);
    int number = rows.ok ? atoi(rows.text) : -1;
    rows_free(&rows);
    return number;
}

/* The one table with the most columns of its own: tables made up for keys have us_row. */
#define NEW_TABLE                                                                                                                          \
    "(SELECT c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text !~ "                               \
    "'^(pg_|information_schema|understudy)' AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = "        \
    "'us_row') AND c.relname <> 'dual' ORDER BY c.oid DESC LIMIT 1)"

static bool columns_agree(PGconn *target, struct table_written *table, char *why, size_t size)
{
    PGresult *result =
        PQexec(target, "SELECT a.attname, t.typcategory, a.attnotnull, a.atthasdef OR a.attidentity <> '' FROM pg_attribute a JOIN "
                       "pg_type t ON t.oid = a.atttypid WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = " NEW_TABLE);
    bool good = PQntuples(result) == table->count;
    if (!good) snprintf(why, size, "%d columns are written, %d made", table->count, PQntuples(result));
    for (int i = 0; good && i < table->count; i++) {
        const struct written *column = column_named(table, PQgetvalue(result, i, 0));
        good = column && column->class_ == *PQgetvalue(result, i, 1) && column->not_null == (*PQgetvalue(result, i, 2) == 't') &&
               column->defaulted == (*PQgetvalue(result, i, 3) == 't');
        if (!good)
            snprintf(why, size, "column %s is not made as written (class %s, not null %s, default %s)", PQgetvalue(result, i, 0),
                     PQgetvalue(result, i, 1), PQgetvalue(result, i, 2), PQgetvalue(result, i, 3));
    }
    PQclear(result);
    return good;
}

static bool table_as_written(PGconn *target, const char *source, char *why, size_t size)
{
    struct table_written *table = calloc(1, sizeof *table);
    char query[900];
    bool good = table && read_table(source, table) && columns_agree(target, table, why, size);
    static const char kinds[] = "pufc";
    for (int i = 0; good && i < 4; i++) {
        unsigned wanted = i == 0 ? table->primary : i == 1 ? table->unique : i == 2 ? table->foreign : table->check;
        snprintf(query, sizeof query, "SELECT count(*) FROM pg_constraint WHERE contype = '%c' AND conrelid = " NEW_TABLE, kinds[i]);
        int made = number_of(target, query);
        good = made == (int)wanted;
        if (!good) snprintf(why, size, "%u constraints of kind %c are written, %d made", wanted, kinds[i], made);
    }
    free(table);
    return good;
}

/* CREATE INDEX: as many keys as are written, unique or not. */
static bool index_as_written(PGconn *target, const char *source, char *why, size_t size)
{
    const char *at = strcasestr(source, " ON ");
    int depth = 0, keys = 1, made, unique;
    at = at ? strchr(at, '(') : NULL;
    if (!at) return false;
    do {
        if (*at == '\'') return false; /* a string may hold anything */
        depth += (*at == '(') - (*at == ')');
        keys += *at == ',' && depth == 1;
    } while (*at++ && depth > 0);
    made = number_of(target, "SELECT indnatts FROM pg_index ORDER BY indexrelid DESC LIMIT 1");
    unique = number_of(target, "SELECT indisunique::integer FROM pg_index ORDER BY indexrelid DESC LIMIT 1");
    bool good = made == keys && unique == (strncasecmp(source, "CREATE UNIQUE", 13) == 0);
    if (!good) snprintf(why, size, "%d keys are written, %d made", keys, made);
    return good;
}

/* ALTER TABLE t ADD one column. */
static bool column_as_written(PGconn *target, const char *source, char *why, size_t size)
{
    char word[130], query[900];
    const char *at = source + 12;
    struct table_written *table = calloc(1, sizeof *table);
    bool good = table && next_word(&at, word, sizeof word);
    while (good && *at == '.') at++, good = next_word(&at, word, sizeof word);
    good = good && next_word(&at, word, sizeof word) && strcmp(word, "ADD") == 0;
    while (isspace((unsigned char)*at) || *at == '(') at++;
    good = good && take_part(table, at) && table->count == 1;
    if (good) {
        const struct written *column = &table->columns[0];
        snprintf(query, sizeof query,
                 "SELECT count(*) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid WHERE "
                 "c.relkind = 'r' AND "
                 "lower(a.attname) = lower('%s') AND t.typcategory = '%c' AND a.attnotnull = %s AND a.atthasdef = %s AND (SELECT count(*) "
                 "FROM pg_constraint k WHERE k.conrelid = c.oid "
                 "AND k.contype = 'c') = %u",
                 column->name, column->class_, column->not_null ? "true" : "false", column->defaulted ? "true" : "false", table->check);
        good = number_of(target, query) == 1;
        if (!good) snprintf(why, size, "column %s is not added as written", column->name);
    }
    free(table);
    return good;
}

bool definition_as_written(PGconn *target, const char *source, char *why, size_t size)
{
    if (strncasecmp(source, "ALTER TABLE", 11) == 0) return column_as_written(target, source, why, size);
    if (strncasecmp(source, "CREATE INDEX", 12) == 0 || strncasecmp(source, "CREATE UNIQUE INDEX", 19) == 0)
        return index_as_written(target, source, why, size);
    return table_as_written(target, source, why, size);
}
