/* SPDX-License-Identifier: Apache-2.0 */
/* Constructs of Oracle's language and how far each is translated. */
#include "sql/contract.h"
#include "sql/dictionary_view.h"
#include "sql/function.h"
#include "sql/parse_foreign.h"

#define EXACT SQL_EXACT
#define NEAR  SQL_APPROXIMATE
#define NO    SQL_REFUSED
const struct contract_row contract_rows[] = {
    /* text */
    {"NULL and text", "'' as a literal or in a bind", EXACT,
     "NULL, everywhere; no expression that we write answers '' (functions are wrapped in nullif)", NULL},
    {"NULL and text", "a || b", EXACT,
     "coalesce(a, '') || coalesce(b, ''); NULL when all parts may be NULL and are; numbers and dates print as on the source", NULL},
    {"NULL and text", "c = '', c <> ''", EXACT, "comparison with NULL: unknown", NULL},
    {"NULL and text", "x LIKE p", EXACT, "without ESCAPE: ESCAPE ''; a number is printed first", NULL},
    {"NULL and text", "CHAR(n) in functions and ||", EXACT, "rpad to its length: the blanks are part of the value", NULL},
    {"NULL and text", "CHAR column = literal or CHAR", EXACT, "blank-padded comparison", NULL},
    {"NULL and text", "CHAR column = bind", EXACT,
     "a VARCHAR2 bind must have the column's length; a fixed-length bind is padded by the engine; the index stays usable", NULL},
    {"NULL and text", "CHAR column = VARCHAR2", EXACT, "compared with its blanks", NULL},
    {"NULL and text", "order, <, >, BETWEEN, MIN, MAX of text", EXACT,
     "by bytes: COLLATE \"C\", unless the target's own collation is \"C\"", NULL},
    {"NULL and text", "NLS_SORT, NLS_COMP other than BINARY", NEAR, "the order of bytes is kept",
     "leave the setting, or refuse such sessions"},
    {"NULL and text", "GREATEST, LEAST with NULL", EXACT, "NULL when one argument is", NULL},
    {"NULL and text", "DECODE", EXACT,
     "NULL finds NULL; compared as the type of the first search value; CASE evaluates it once where it can", NULL},
    {"NULL and text", "EMPTY_CLOB(), EMPTY_BLOB()", EXACT, "'' as a value that is not NULL", NULL},
    {"NULL and text", "character 0 in text", NO, "PostgreSQL's text cannot hold it", "strip it, or keep bytes"},
    {"NULL and text", "text longer than the source's limit for VARCHAR2 (LISTAGG, ||)", NEAR,
     "the whole text is answered where the source refuses it", "keep lists within the limit"},
    {"NULL and text", "VARCHAR2(n BYTE)", NEAR, "the target counts characters", "add a CHECK on octet_length"},
    /* numbers */
    {"Numbers", "a / b", EXACT, "our own division with Oracle's 40 digits; never of integers", NULL},
    {"Numbers", "a + b, a - b, a * b", EXACT, "numeric where PostgreSQL's integers could overflow", NULL},
    {"Numbers", "SET n = n + 1 on an integer column", EXACT, "as it is: what overflows there overflows the column too", NULL},
    {"Numbers", "column = :bind", EXACT, "the bind is not cast: an index on the column stays usable", NULL},
    {"Numbers", "integer column compared with a bind that has a fraction", EXACT, "the engine sends such a bind as numeric", NULL},
    {"Numbers", "integer column compared with a whole bind beyond the type of the target's column", NEAR,
     "the target refuses the bind where the source finds no row", "make the column bigint or numeric"},
    {"Numbers", "a NUMBER(1) that is a boolean on the target", EXACT,
     "read as 1 and 0, written as n <> 0; numbers other than 1 and 0 are lost by the map itself", NULL},
    {"Numbers", "number compared with text", EXACT, "the text goes through TO_NUMBER, as on the source", NULL},
    {"Numbers", "AVG", EXACT, "sum divided by count with all digits", NULL},
    {"Numbers", "STDDEV, VARIANCE and their kin", NEAR, "fewer digits; one row answers 0", "compare with a tolerance"},
    {"Numbers", "SQRT, EXP, LN, LOG, POWER, trigonometry", NEAR, "fewer digits", "compare with a tolerance"},
    {"Numbers", "1d, 1.5f", EXACT, "double precision and real", NULL},
    {"Numbers", "BINARY_DOUBLE / 0", EXACT, "infinity or NaN", NULL},
    {"Numbers", "products and sums of BINARY_DOUBLE beyond its range", NEAR, "an error where the source answers infinity",
     "compute in NUMBER"},
    {"Numbers", "BINARY_DOUBLE_NAN, BINARY_DOUBLE_INFINITY", EXACT, "the constants of the target", NULL},
    /* dates */
    {"Dates and times", "DATE", EXACT, "timestamp(0)", NULL},
    {"Dates and times", "SYSDATE, SYSTIMESTAMP, CURRENT_DATE ..", EXACT,
     "the time of the statement, SYSDATE at the database's zone; such statements are volatile", NULL},
    {"Dates and times", "date + n", EXACT, "n days, rounded to the second", NULL},
    {"Dates and times", "date - date", EXACT, "a number of days with all digits", NULL},
    {"Dates and times", "timestamp - timestamp", EXACT, "an interval", NULL},
    {"Dates and times", "timestamp + n", EXACT, "a DATE", NULL},
    {"Dates and times", "date + INTERVAL .. MONTH", EXACT, "an error when the month has no such day", NULL},
    {"Dates and times", "interval of months * n", NO, "PostgreSQL's intervals would get days", "multiply the number of months"},
    {"Dates and times", "date compared with text", EXACT, "by NLS_DATE_FORMAT of the session", NULL},
    {"Dates and times", "DATE '..', TIMESTAMP '..'", EXACT, "with zone: timestamptz", NULL},
    {"Dates and times", "results after the year 9999", NEAR, "the source refuses them, the target goes on",
     "keep a margin to the last year"},
    {"Dates and times", "dates before 15 October 1582", NEAR,
     "the source counts their days by the Julian calendar, the target by the Gregorian one",
     "compare such dates, but do not subtract them"},
    {"Dates and times", "seconds with more than six digits", NEAR, "cut to six", "keep them in another column"},
    {"Dates and times", "TIMESTAMP WITH TIME ZONE", NEAR, "the instant is kept, the zone in which it was written is not",
     "keep the zone in another column"},
    {"Dates and times", "AT TIME ZONE", NEAR, "the instant is right, the zone to show it in is not kept", "convert with TO_CHAR"},
    {"Dates and times", "EXTRACT(HOUR FROM timestamp with zone)", EXACT, "in UTC, as on the source", NULL},
    {"Dates and times", "TO_CHAR(date, model)", EXACT, "PostgreSQL's to_char where it prints the same, ours for all other elements", NULL},
    {"Dates and times", "TO_DATE('..', '..') of two literals", EXACT, "worked out at once where both are plain", NULL},
    {"Dates and times", "TO_DATE(x, model)", EXACT, "ours: as strict as the source", NULL},
    {"Dates and times", "NLS_DATE_LANGUAGE other than English", NEAR, "names are English", "use numbers"},
    {"Dates and times", "TO_NUMBER, TO_DATE, TO_TIMESTAMP, TO_TIMESTAMP_TZ, CAST with DEFAULT .. ON CONVERSION ERROR", EXACT,
     "functions of our own that catch the error; of other types, or with a model that is no literal, it is refused", NULL},
    {"Dates and times", "TO_CHAR(x, model, nls)", NEAR, "the third argument is not applied", "set it for the session"},
    /* queries */
    {"Queries", "FROM DUAL", EXACT, "left out; DUMMY is answered where it is asked for", NULL},
    {"Queries", "SELECT *", EXACT, "the columns that the source has, in its order", NULL},
    {"Queries", "names", EXACT, "upper case becomes lower case, others are quoted; longer than 63 bytes are shortened with a hash", NULL},
    {"Queries", "(+)", EXACT, "LEFT JOIN in dependency order; conditions without (+) stay in WHERE", NULL},
    {"Queries", "(+) in a circle, on two tables in one condition, beside JOIN", NO, "it has no one meaning", "write it as JOIN"},
    {"Queries", "NATURAL JOIN", EXACT, "USING with the columns that the source has in common", NULL},
    {"Queries", "CROSS APPLY, OUTER APPLY, LATERAL", EXACT, "LATERAL", NULL},
    {"Queries", "UNION, INTERSECT, MINUS", EXACT, "from left to right, with brackets where PostgreSQL would bind INTERSECT first", NULL},
    {"Queries", "NULL in a branch of UNION", EXACT, "typed by the other branches", NULL},
    {"Queries", "ROWNUM <= n", EXACT, "LIMIT, before any sorting or grouping of the same query", NULL},
    {"Queries", "ROWNUM in the select list", EXACT, "row_number() over the rows as they come", NULL},
    {"Queries", "ROWNUM elsewhere", NO, "it cannot be counted there", "use ROWNUM <= n"},
    {"Queries", "OFFSET, FETCH FIRST n | n PERCENT, WITH TIES", EXACT, "NULL and negative numbers as on the source", NULL},
    {"Queries", "ORDER BY NULLs", EXACT, "they stand alike on both without a word", NULL},
    {"Queries", "GROUP BY constants", EXACT, "constants, not positions", NULL},
    {"Queries", "ROLLUP, CUBE, GROUPING SETS, GROUPING, GROUPING_ID", EXACT, "as they are", NULL},
    {"Queries", "analytic functions, windows", EXACT, "RANGE n PRECEDING over a date counts days", NULL},
    {"Queries", "IGNORE NULLS, FROM LAST", EXACT, "picked from an array of the frame", NULL},
    {"Queries", "KEEP (DENSE_RANK FIRST | LAST) of MIN and MAX", EXACT, "the first of an ordered array or window", NULL},
    {"Queries", "KEEP of other aggregates; DISTINCT, PERCENTILE_DISC over a window", NO, "PostgreSQL's windows lack it",
     "compute it in a grouped subquery"},
    {"Queries", "MEDIAN, PERCENTILE_CONT of numbers, also over a window", EXACT, "our own, with all digits", NULL},
    {"Queries", "LISTAGG", EXACT, "string_agg in the same order, also DISTINCT and OVER", NULL},
    {"Queries", "LISTAGG ON OVERFLOW TRUNCATE", NEAR, "the whole list is answered", "compare only lists within the limit"},
    {"Queries", "WITH", EXACT, "RECURSIVE where it names itself, with the wide type of each column", NULL},
    {"Queries", "CONNECT BY", EXACT,
     "a recursive WITH: PRIOR, LEVEL, ROOT, PATH, ISLEAF, ISCYCLE, NOCYCLE, SIBLINGS; a loop is an error as on the source", NULL},
    {"Queries", "CONNECT BY LEVEL <= n on DUAL", EXACT, "generate_series", NULL},
    {"Queries", "PIVOT, UNPIVOT", EXACT, "aggregates over CASE; a lateral list of rows", NULL},
    {"Queries", "MODEL, MATCH_RECOGNIZE, SAMPLE, flashback, PARTITION (p), database links", NO,
     "PostgreSQL has no counterpart, or it belongs to the source", "mapping file"},
    {"Queries", "ALL_, USER_ and DBA_ TABLES, VIEWS, TAB_COLUMNS, CONSTRAINTS, INDEXES, SEQUENCES, OBJECTS, COMMENTS and their kin", NEAR,
     "views of our own over the target's catalog, with the types that the target's stand for; read by drivers and mappers",
     "ask the source while it is there"},
    {"Queries", "other views of the dictionary, V$ views", NO, "the source's own", "ask the source"},
    {"Queries", "IS JSON, JSON_VALUE, JSON_QUERY, JSON_EXISTS", NEAR,
     "by PostgreSQL's paths: documents in lax syntax are none for the target", "store strict JSON"},
    {"Queries", "JSON in BLOB and RAW", NEAR, "their bytes as UTF-8; other bytes are an error where the source says that it is no JSON",
     "keep it in a CLOB"},
    {"Queries", "JSON_OBJECT, JSON_ARRAY of text, numbers, dates and each other", EXACT, "our own functions, in the source's printed form",
     NULL},
    {"Queries", "JSON_OBJECT(*), JSON_OBJECT(t.*)", EXACT, "a member for each column; of tables whose columns are not known it is refused",
     NULL},
    {"Queries", "JSON_ARRAYAGG, JSON_OBJECTAGG", NEAR, "our own functions over array_agg; over no rows at all the answer is NULL",
     "wrap it in NVL"},
    {"Queries", "JSON_TABLE with columns of text and numbers, FORMAT JSON, EXISTS, FOR ORDINALITY, NESTED PATH", NEAR,
     "a function of ours beside the other tables; documents in lax syntax are none for the target", "store strict JSON"},
    {"Queries",
     "JSON_TABLE with dates, other ON ERROR clauses or paths with filters; JSON_TRANSFORM, JSON_SERIALIZE and the other "
     "functions on JSON",
     NO, "they have a grammar of their own", "read the members with JSON_VALUE, or in the application"},
    {"Queries", "SEARCH and CYCLE of a recursive WITH", EXACT,
     "the target's own, one level deeper; the order is counted from 1. Text is ordered by the target's collation (approximate), DESC is "
     "refused",
     NULL},
    {"Queries", "XML, Oracle Text, spatial, objects, collections", NO, "no counterpart", "mapping file"},
    {"Queries", "ROWID", NO, "the source's physical address", "use the key"},
    {"Queries", "FOR UPDATE [OF] [NOWAIT | SKIP LOCKED]", EXACT, "FOR NO KEY UPDATE: as on the source it does not hinder children", NULL},
    {"Queries", "FOR UPDATE WAIT n", NEAR, "without the limit", "set lock_timeout"},
    {"Queries", "hints", EXACT, "left out", NULL},
    {"Queries", "a number or text in the place of a condition", NO, "the source refuses it too", "compare it with another value"},
    {"Queries", "an aggregate of an aggregate", NO, "PostgreSQL has none", "aggregate in a subquery first"},
    {"Queries", "VALUES (..), (..) as rows in FROM and WITH", EXACT, "SELECT .. UNION ALL ..", NULL},
    {"Queries", "a bind in the select list of a subquery", EXACT, "cast to the type of what its column is compared with or assigned to",
     NULL},
    {"Queries", "partitioned outer joins, OVERLAPS, NESTED .. COLUMNS, JSON {..}, distances of vectors, analytic views", NO,
     "PostgreSQL has no counterpart", "mapping file"},
    {"Queries", "\"-\" at the end of a line before \",\" or \")\"", NEAR,
     "SQL*Plus's sign that the line goes on: a driver would send a minus", "join the lines"},
    {"Queries", "commands of SQL*Plus (SET, PROMPT, @file ..)", NO, "no server knows them", "leave them out"},
    {"Queries", "&name of SQL*Plus", NO, "it has no value here", "put the value into the script"},
    {"Queries", "#{name}, #name# of mappers", NEAR, "read as a bind, which is what a mapper makes of it; as a name it is refused",
     "where the application puts text there, put that text in"},
    {"Queries", "${name}, {0}, %s, $name, ?? and other slots of templates", NO, "what is put in may be anything",
     "put in what the application puts there"},
    /* changes */
    {"Changes", "INSERT without a column list", EXACT, "the source's columns by name", NULL},
    {"Changes", "values of another type", EXACT, "converted as the source converts", NULL},
    {"Changes", "text that is too long by blanks", NEAR,
     "a literal is refused; of a bind the target cuts the blanks where the source refuses the row", "trim before sending"},
    {"Changes", "seq.NEXTVAL", EXACT, "nextval; named again in the statement it repeats the number", NULL},
    {"Changes", "seq.CURRVAL alone", NEAR, "that of the target's connection: right within the transaction that drew it", "use RETURNING"},
    {"Changes", "INSERT ALL, INSERT FIRST", EXACT, "one INSERT of several rows, or a WITH of INSERTs over the source", NULL},
    {"Changes", "UPDATE t SET (a, b) = (SELECT ..)", EXACT, "as it is: no row makes NULLs", NULL},
    {"Changes", "UPDATE, DELETE .. WHERE ROWNUM <= n", EXACT, "rows picked by a subquery; which ones is chance on both", NULL},
    {"Changes", "UPDATE t SET n = ROWNUM", EXACT, "the rows found are counted by a subquery; which one gets which number is chance on both",
     NULL},
    {"Changes", "INSERT, UPDATE, DELETE of an inline view that shows columns of one table", EXACT, "the table, and the view's condition",
     NULL},
    {"Changes", "a change of another inline view (a join, WITH CHECK OPTION, renamed columns)", NO,
     "which table is written says the view only", "write the table itself, or MERGE"},
    {"Changes", "MERGE with WHERE and DELETE WHERE", EXACT, "MERGE; what the update would have made fit is deleted", NULL},
    {"Changes", "RETURNING INTO", EXACT, "RETURNING, in two forms: with and without the whole row", NULL},
    {"Changes", "LOG ERRORS", NO, "the target undoes the whole statement", "mapping file"},
    {"Changes", "BEGIN one change; END", EXACT, "as that change", NULL},
    {"Changes", "VALUES record, SET ROW = record", NO, "a record of procedural code", "write its fields"},
    {"Changes", "CALL p(..), BEGIN p(..); END of a procedure that the target has and that gives nothing back; named arguments too",
     SQL_PASSED, "CALL: it must do the same on the target", NULL},
    {"Changes", "other PL/SQL; OUT parameters", NO, "procedural code", "mapping file"},
    {"Changes", "functions of the user's own", SQL_PASSED, "called by their name: they must exist on the target too", NULL},
    /* control */
    {"Transactions and sessions", "COMMIT, ROLLBACK, SAVEPOINT, ROLLBACK TO", EXACT, "as they are", NULL},
    {"Transactions and sessions", "SET TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE", EXACT,
     "REPEATABLE READ: the source's is snapshot isolation", NULL},
    {"Transactions and sessions", "LOCK TABLE", EXACT, "the mode of the same name", NULL},
    {"Transactions and sessions", "ALTER SESSION SET", EXACT,
     "followed by the engine: schema, NLS formats, zone; others have no meaning for the target", NULL},
    /* definitions */
    {"Definitions", "CREATE TABLE", EXACT,
     "columns, defaults, identities, constraints, virtual columns (stored); physical attributes are left out", NULL},
    {"Definitions", "ALTER TABLE MOVE, PARALLEL, INMEMORY, supplemental logging and other physical attributes", SQL_PASSED,
     "they have no meaning for the target", NULL},
    {"Definitions", "upkeep of partitions that changes no rows (ADD, SPLIT, MERGE, MODIFY, RENAME PARTITION), ALTER .. COMPILE", SQL_PASSED,
     "they have no meaning for the target", NULL},
    {"Definitions", "DROP, TRUNCATE, EXCHANGE PARTITION; ENABLE, DISABLE CONSTRAINT", NO,
     "rows or checks change, and the target has no such thing", "by hand"},
    {"Definitions", "partitions, temporary tables, invisible columns, DEFAULT ON NULL", NEAR, "said at the statement", NULL},
    {"Definitions", "CREATE INDEX, SEQUENCE, VIEW; ALTER, DROP, TRUNCATE, COMMENT, GRANT on objects", EXACT, "their counterparts", NULL},
    {"Definitions", "procedures, packages, triggers, types, synonyms, users", NO, "no counterpart, or code", "by hand"},
};
const uint32_t contract_row_count = sizeof contract_rows / sizeof *contract_rows;

static void print_cell(struct buffer *out, const char *text)
{
    for (; *text; text++) buffer_printf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void print_rows(struct buffer *out)
{
    const char *group = "";
    for (uint32_t i = 0; i < contract_row_count; i++) {
        const struct contract_row *row = &contract_rows[i];
        if (strcmp(group, row->group)) {
            buffer_printf(out, "\n## %s\n\n| construct | state | how, or the difference | advice |\n|---|---|---|---|\n", row->group);
            group = row->group;
        }
        buffer_append_text(out, "| ");
        print_cell(out, row->construct);
        buffer_printf(out, " | %s | ", sql_state_name(row->state));
        print_cell(out, row->text);
        buffer_printf(out, " | %s |\n", row->advice ? row->advice : "");
    }
}

/* Consecutive rows of one function are one line. */
static void print_functions(struct buffer *out)
{
    struct function_table table;
    for (uint32_t i = 0; function_table_at(i, &table); i++) {
        buffer_printf(out, "\n### %s\n\n| function | state | difference or reason |\n|---|---|---|\n", table.theme);
        for (uint32_t j = 0; j < table.count; j++) {
            const struct function_rule *rule = &table.rules[j];
            if (j > 0 && !strcmp(table.rules[j - 1].name, rule->name)) continue;
            buffer_printf(out, "| `%s` | %s | %s |\n", rule->name, sql_state_name(rule->state), rule->difference ? rule->difference : "");
        }
    }
}

void contract_print(struct buffer *out)
{
    buffer_append_text(
        out,
        "# What is translated, and how far\n\nPrinted by `make translator-page` from the translator's own tables. *exact*: the same "
        "answer; *approximate*: the difference is "
        "said with the statement; *passed*: handed on as it is; *refused*: nothing is sent, and the reason stands with line and column.\n");
    buffer_append_text(
        out,
        "\n`understudy translate FILE|- [--json] [--catalog CONNINFO]` shows it for statements of a file: a script for SQL*Plus, or JSON "
        "lines "
        "`{\"id\": .., \"sql\": ..}`. With `--json` each statement is one line `{id, sql, state, target, binds, class, tables, findings: "
        "[{line, column, reason, advice}]}`: `target` has `$1` .. for `binds`, `tables` are the names of the statement, with or without a "
        "catalog. "
        "A line that holds no statement is `unparsed` with the reason, and the exit status is 1. A text that holds several statements "
        "(ended by `;` "
        "or `/`, or by an empty line behind which the next one begins) has each of them in `parts`, objects of the same form; then `state` "
        "is the worst "
        "of theirs, `target` all their texts divided by `;` with the parameters counted through (null if one has none to give), `binds` "
        "and `tables` "
        "those of all, `class` theirs if it is one and else `opaque`, and places are those in the whole text.\n");
    print_rows(out);
    buffer_append_text(
        out, "\n## Other dialects\n\nRead, so that the whole statement is read, and refused by name (\"not Oracle: ..\").\n\n| construct | "
             "Oracle's form |\n|---|---|\n");
    const char *name, *advice;
    for (uint32_t i = 0; foreign_row_at(i, &name, &advice); i++) buffer_printf(out, "| %s | %s |\n", name, advice);
    buffer_append_text(out,
                       "\n## Views of the dictionary\n\nWith the columns that the target can say something of (ALL_ and DBA_; USER_ has no "
                       "owner's columns). Every other view or column is refused.\n\n| view | columns |\n|---|---|\n");
    for (uint32_t i = 0; dictionary_view_at(i, &name, &advice); i++) {
        buffer_printf(out, "| %s | ", name);
        for (; *advice; advice++)
            if (*advice != '-' && *advice != '#' && *advice != '@') buffer_u8(out, (uint8_t)*advice);
        buffer_append_text(out, " |\n");
    }
    buffer_append_text(out, "\n## Functions\n\nEvery other function is refused, unless the catalog says that it exists on the target.\n");
    print_functions(out);
    buffer_append_text(out, "\n## Functions on the target\n\nThe translated text calls these of our own schema where PostgreSQL has none "
                            "that answers the same.\n\n| function | answers | |\n|---|---|---|\n");
    for (uint32_t i = 0; i < runtime_row_count; i++)
        buffer_printf(out, "| `%s(%s)` | `%s` | %s |\n", runtime_rows[i].name, runtime_rows[i].arguments, runtime_rows[i].result,
                      runtime_rows[i].meaning);
}
