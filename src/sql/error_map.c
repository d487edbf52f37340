/* SPDX-License-Identifier: Apache-2.0 */
/* The error map: SQLSTATE to ORA number and text, ORA number to class. */
#include "sql/error_map.h"
#include "sql/translate.h"

#include <stdio.h>
#include <stdlib.h>

struct class_row {
    int ora;
    enum sql_error_class class_;
};
/* In order of the numbers. */
static const struct class_row classes[] = {
    {1, SQL_ERROR_UNIQUE},          {18, SQL_ERROR_RESOURCE},     {20, SQL_ERROR_RESOURCE},      {28, SQL_ERROR_CONNECTION},
    {54, SQL_ERROR_LOCKED},         {60, SQL_ERROR_DEADLOCK},     {900, SQL_ERROR_SYNTAX},       {901, SQL_ERROR_SYNTAX},
    {902, SQL_ERROR_SYNTAX},        {903, SQL_ERROR_NO_OBJECT},   {904, SQL_ERROR_NO_COLUMN},    {905, SQL_ERROR_SYNTAX},
    {906, SQL_ERROR_SYNTAX},        {907, SQL_ERROR_SYNTAX},      {908, SQL_ERROR_SYNTAX},       {909, SQL_ERROR_SYNTAX},
    {911, SQL_ERROR_SYNTAX},        {913, SQL_ERROR_SYNTAX},      {917, SQL_ERROR_SYNTAX},       {918, SQL_ERROR_NO_COLUMN},
    {920, SQL_ERROR_SYNTAX},        {921, SQL_ERROR_SYNTAX},      {922, SQL_ERROR_SYNTAX},       {923, SQL_ERROR_SYNTAX},
    {924, SQL_ERROR_SYNTAX},        {925, SQL_ERROR_SYNTAX},      {926, SQL_ERROR_SYNTAX},       {928, SQL_ERROR_SYNTAX},
    {932, SQL_ERROR_TYPE},          {933, SQL_ERROR_SYNTAX},      {934, SQL_ERROR_SYNTAX},       {935, SQL_ERROR_SYNTAX},
    {936, SQL_ERROR_SYNTAX},        {937, SQL_ERROR_SYNTAX},      {938, SQL_ERROR_SYNTAX},       {939, SQL_ERROR_SYNTAX},
    {942, SQL_ERROR_NO_OBJECT},     {947, SQL_ERROR_SYNTAX},      {955, SQL_ERROR_OTHER},        {957, SQL_ERROR_SYNTAX},
    {960, SQL_ERROR_SYNTAX},        {969, SQL_ERROR_SYNTAX},      {970, SQL_ERROR_SYNTAX},       {972, SQL_ERROR_SYNTAX},
    {979, SQL_ERROR_SYNTAX},        {984, SQL_ERROR_NO_COLUMN},   {997, SQL_ERROR_TYPE},         {1008, SQL_ERROR_SYNTAX},
    {1013, SQL_ERROR_CANCELLED},    {1017, SQL_ERROR_PERMISSION}, {1031, SQL_ERROR_PERMISSION},  {1086, SQL_ERROR_TRANSACTION},
    {1089, SQL_ERROR_CONNECTION},   {1400, SQL_ERROR_NOT_NULL},   {1401, SQL_ERROR_LENGTH},      {1402, SQL_ERROR_CHECK},
    {1403, SQL_ERROR_NO_ROW},       {1405, SQL_ERROR_NOT_NULL},   {1407, SQL_ERROR_NOT_NULL},    {1410, SQL_ERROR_ARGUMENT},
    {1422, SQL_ERROR_ROW_COUNT},    {1424, SQL_ERROR_ARGUMENT},   {1425, SQL_ERROR_ARGUMENT},    {1426, SQL_ERROR_NUMBER},
    {1427, SQL_ERROR_ROW_COUNT},    {1428, SQL_ERROR_ARGUMENT},   {1429, SQL_ERROR_RESOURCE},    {1430, SQL_ERROR_OTHER},
    {1436, SQL_ERROR_OTHER},        {1438, SQL_ERROR_NUMBER},     {1439, SQL_ERROR_OTHER},       {1440, SQL_ERROR_NUMBER},
    {1450, SQL_ERROR_RESOURCE},     {1455, SQL_ERROR_NUMBER},     {1456, SQL_ERROR_READ_ONLY},   {1457, SQL_ERROR_NUMBER},
    {1461, SQL_ERROR_LENGTH},       {1465, SQL_ERROR_NUMBER},     {1476, SQL_ERROR_DIVISION},    {1481, SQL_ERROR_NUMBER},
    {1482, SQL_ERROR_ARGUMENT},     {1489, SQL_ERROR_LENGTH},     {1536, SQL_ERROR_RESOURCE},    {1555, SQL_ERROR_SERIAL},
    {1653, SQL_ERROR_RESOURCE},     {1654, SQL_ERROR_RESOURCE},   {1691, SQL_ERROR_RESOURCE},    {1722, SQL_ERROR_NUMBER},
    {1732, SQL_ERROR_SYNTAX},       {1733, SQL_ERROR_SYNTAX},     {1747, SQL_ERROR_NO_COLUMN},   {1756, SQL_ERROR_SYNTAX},
    {1757, SQL_ERROR_SYNTAX},       {1760, SQL_ERROR_ARGUMENT},   {1779, SQL_ERROR_SYNTAX},      {1788, SQL_ERROR_SYNTAX},
    {1789, SQL_ERROR_SYNTAX},       {1790, SQL_ERROR_TYPE},       {1791, SQL_ERROR_SYNTAX},      {1792, SQL_ERROR_RESOURCE},
    {1801, SQL_ERROR_DATE},         {1810, SQL_ERROR_DATE},       {1811, SQL_ERROR_DATE},        {1812, SQL_ERROR_DATE},
    {1813, SQL_ERROR_DATE},         {1814, SQL_ERROR_DATE},       {1815, SQL_ERROR_DATE},        {1816, SQL_ERROR_DATE},
    {1817, SQL_ERROR_DATE},         {1818, SQL_ERROR_DATE},       {1819, SQL_ERROR_DATE},        {1820, SQL_ERROR_DATE},
    {1821, SQL_ERROR_DATE},         {1822, SQL_ERROR_DATE},       {1823, SQL_ERROR_DATE},        {1830, SQL_ERROR_DATE},
    {1831, SQL_ERROR_DATE},         {1832, SQL_ERROR_DATE},       {1833, SQL_ERROR_DATE},        {1834, SQL_ERROR_DATE},
    {1835, SQL_ERROR_DATE},         {1836, SQL_ERROR_DATE},       {1837, SQL_ERROR_DATE},        {1838, SQL_ERROR_DATE},
    {1839, SQL_ERROR_DATE},         {1840, SQL_ERROR_DATE},       {1841, SQL_ERROR_DATE},        {1842, SQL_ERROR_DATE},
    {1843, SQL_ERROR_DATE},         {1844, SQL_ERROR_DATE},       {1845, SQL_ERROR_DATE},        {1846, SQL_ERROR_DATE},
    {1847, SQL_ERROR_DATE},         {1848, SQL_ERROR_DATE},       {1849, SQL_ERROR_DATE},        {1850, SQL_ERROR_DATE},
    {1851, SQL_ERROR_DATE},         {1852, SQL_ERROR_DATE},       {1853, SQL_ERROR_DATE},        {1854, SQL_ERROR_DATE},
    {1855, SQL_ERROR_DATE},         {1856, SQL_ERROR_DATE},       {1857, SQL_ERROR_DATE},        {1858, SQL_ERROR_DATE},
    {1859, SQL_ERROR_DATE},         {1861, SQL_ERROR_DATE},       {1862, SQL_ERROR_DATE},        {1863, SQL_ERROR_DATE},
    {1865, SQL_ERROR_DATE},         {1867, SQL_ERROR_DATE},       {1870, SQL_ERROR_DATE},        {1873, SQL_ERROR_DATE},
    {1874, SQL_ERROR_DATE},         {1875, SQL_ERROR_DATE},       {1878, SQL_ERROR_DATE},        {1879, SQL_ERROR_DATE},
    {1880, SQL_ERROR_DATE},         {1881, SQL_ERROR_DATE},       {1882, SQL_ERROR_DATE},        {1898, SQL_ERROR_DATE},
    {1899, SQL_ERROR_DATE},         {2049, SQL_ERROR_LOCKED},     {2091, SQL_ERROR_TRANSACTION}, {2289, SQL_ERROR_NO_OBJECT},
    {2290, SQL_ERROR_CHECK},        {2291, SQL_ERROR_PARENT},     {2292, SQL_ERROR_CHILD},       {2396, SQL_ERROR_CONNECTION},
    {3001, SQL_ERROR_OTHER},        {3113, SQL_ERROR_CONNECTION}, {3114, SQL_ERROR_CONNECTION},  {3135, SQL_ERROR_CONNECTION},
    {4030, SQL_ERROR_RESOURCE},     {4031, SQL_ERROR_RESOURCE},   {4043, SQL_ERROR_NO_OBJECT},   {6502, SQL_ERROR_NUMBER},
    {6575, SQL_ERROR_NO_OBJECT},    {8002, SQL_ERROR_SEQUENCE},   {8004, SQL_ERROR_SEQUENCE},    {8177, SQL_ERROR_SERIAL},
    {12703, SQL_ERROR_ARGUMENT},    {12725, SQL_ERROR_ARGUMENT},  {12726, SQL_ERROR_ARGUMENT},   {12727, SQL_ERROR_ARGUMENT},
    {12728, SQL_ERROR_ARGUMENT},    {12729, SQL_ERROR_ARGUMENT},  {12731, SQL_ERROR_ARGUMENT},   {12733, SQL_ERROR_ARGUMENT},
    {12899, SQL_ERROR_LENGTH},      {16000, SQL_ERROR_READ_ONLY}, {24344, SQL_ERROR_OTHER},      {24761, SQL_ERROR_TRANSACTION},
    {25402, SQL_ERROR_TRANSACTION}, {29275, SQL_ERROR_ARGUMENT},  {30006, SQL_ERROR_LOCKED},     {30483, SQL_ERROR_SYNTAX},
    {30926, SQL_ERROR_ROW_COUNT},   {32795, SQL_ERROR_OTHER},     {40441, SQL_ERROR_ARGUMENT},
};

static const char *const class_names[SQL_ERROR_CLASS_COUNT] = {
    "none",      "unique",     "not null", "check",     "parent",      "child",     "no object",  "no column", "syntax",   "type",
    "number",    "date",       "division", "length",    "argument",    "row count", "no row",     "locked",    "deadlock", "serial",
    "cancelled", "permission", "sequence", "read only", "transaction", "resource",  "connection", "raised",    "other",
};

/*
 * The first row whose SQLSTATE begins with `sqlstate` and whose message holds `part` (NULL: any). In the text: %c constraint as "SCHEMA.NAME",
 * %q the message's first quoted word as a name in quotes, %t its second, %n the number in brackets, %s the SQLSTATE, %m the message.
 */
struct state_row {
    const char *sqlstate, *part;
    int ora;
    const char *text;
};
static const struct state_row states[] = {
    {"0A", NULL, 3001, "unimplemented feature: %m"},
    {"08", NULL, 3113, "end-of-file on communication channel"},
    {"21000", "a second time", 30926, "unable to get a stable set of rows in the source tables"},
    {"21000", NULL, 1427, "single-row subquery returns more than one row"},
    {"22001", NULL, 12899, "value too large for column (maximum: %n)"},
    {"22003", "numeric field overflow", 1438, "value larger than specified precision allowed for this column"},
    {"22003", "is out of range for type", 1438, "value larger than specified precision allowed for this column"},
    {"22003", "out of range", 1426, "numeric overflow"},
    {"22003", NULL, 1426, "numeric overflow"},
    {"22007", NULL, 1858, "a non-numeric character was found where a numeric was expected"},
    {"22008", "timestamp out of range", 1841, "(full) year must be between -4713 and +9999, and not be 0"},
    {"22008", NULL, 1843, "not a valid month"},
    {"22009", NULL, 1875, "time zone minute must be between -59 and 59"},
    {"22011", NULL, 1428, "argument is out of range"},
    {"22012", NULL, 1476, "divisor is equal to zero"},
    {"22013", NULL, 1428, "argument is out of range"},
    {"22014", NULL, 1428, "argument is out of range"},
    {"22015", NULL, 1873, "the leading precision of the interval is too small"},
    {"22019", NULL, 1425, "escape character must be character string of length 1"},
    {"2201B", "parenthes", 12725, "unmatched parentheses in regular expression"},
    {"2201B", "bracket", 12726, "unmatched bracket in regular expression"},
    {"2201B", "backreference", 12727, "invalid back reference in regular expression"},
    {"2201B", "character range", 12728, "invalid range in regular expression"},
    {"2201B", "character class", 12729, "invalid character class in regular expression"},
    {"2201B", NULL, 12733, "regular expression too long or wrong: %m"},
    {"2201E", NULL, 1428, "argument is out of range"},
    {"2201F", NULL, 1428, "argument is out of range"},
    {"2200H", NULL, 8004, "sequence %q.NEXTVAL exceeds MAXVALUE or MINVALUE and cannot be instantiated"},
    {"22021", NULL, 29275, "partial multibyte character"},
    {"22023", "time zone", 1882, "timezone region not found"},
    {"22023", "hexadecimal", 1465, "invalid hex number"},
    {"22023", NULL, 1428, "argument is out of range"},
    {"22025", NULL, 1424, "missing or illegal character following the escape character"},
    {"22026", NULL, 12899, "value too large for column (maximum: %n)"},
    {"2203", NULL, 40441, "JSON syntax error"},
    {"22P02", "type json", 40441, "JSON syntax error"},
    {"22P02", "type bytea", 1465, "invalid hex number"},
    {"22P02", "type interval", 1867, "the interval is invalid"},
    {"22P02", NULL, 1722, "invalid number"},
    {"22P05", NULL, 29275, "partial multibyte character"},
    {"23001", NULL, 2292, "integrity constraint (%c) violated - child record found"},
    {"23502", NULL, 1400, "cannot insert NULL into (%t)"},
    {"23503", "insert or update on table", 2291, "integrity constraint (%c) violated - parent key not found"},
    {"23503", NULL, 2292, "integrity constraint (%c) violated - child record found"},
    {"23505", NULL, 1, "unique constraint (%c) violated"},
    {"23514", NULL, 2290, "check constraint (%c) violated"},
    {"23P01", NULL, 1, "unique constraint (%c) violated"},
    {"25006", NULL, 1456, "may not perform insert, delete, update operation inside a READ ONLY transaction"},
    {"25P02", NULL, 25402, "transaction must roll back"},
    {"25P03", NULL, 2396, "exceeded maximum idle time, please connect again"},
    {"28", NULL, 1017, "invalid username/password; logon denied"},
    {"3B001", NULL, 1086, "savepoint %q never established in this session or is invalid"},
    {"3F000", NULL, 942, "table or view does not exist"},
    {"40001", NULL, 8177, "can't serialize access for this transaction"},
    {"40002", NULL, 2091, "transaction rolled back"},
    {"40P01", NULL, 60, "deadlock detected while waiting for resource"},
    {"40", NULL, 2091, "transaction rolled back"},
    {"42501", NULL, 1031, "insufficient privileges"},
    {"42601", "same number of columns", 1789, "query block has incorrect number of result columns"},
    {"42601", "more expressions than target columns", 913, "too many values"},
    {"42601", "more target columns than expressions", 947, "not enough values"},
    {"42601", NULL, 900, "invalid SQL statement: %m"},
    {"42622", NULL, 972, "identifier is too long"},
    {"42701", NULL, 957, "duplicate column name"},
    {"42702", NULL, 918, "%q: column is ambiguously specified"},
    {"42703", NULL, 904, "%q: invalid identifier"},
    {"42704", NULL, 902, "invalid datatype: %m"},
    {"42710", NULL, 955, "name is already used by an existing object"},
    {"42712", NULL, 918, "%q: column is ambiguously specified"},
    {"42803", NULL, 979, "not a GROUP BY expression: %m"},
    {"42804", NULL, 932, "inconsistent datatypes: %m"},
    {"42809", NULL, 1732, "data manipulation operation not legal on this view: %m"},
    {"42830", NULL, 2291, "integrity constraint violated: %m"},
    {"42846", NULL, 932, "inconsistent datatypes: %m"},
    {"42883", "operator does not exist", 932, "inconsistent datatypes: %m"},
    {"42883", NULL, 904, "invalid identifier: %m"},
    {"42P01", NULL, 942, "table or view does not exist"},
    {"42P02", NULL, 1008, "not all variables bound"},
    {"42P07", NULL, 955, "name is already used by an existing object"},
    {"42P08", NULL, 932, "inconsistent datatypes: %m"},
    {"42P18", NULL, 932, "inconsistent datatypes: %m"},
    {"42P20", NULL, 30483, "window functions are not allowed here"},
    {"42", NULL, 900, "invalid SQL statement: %m"},
    {"44000", NULL, 1402, "view WITH CHECK OPTION where-clause violation"},
    {"53100", NULL, 1653, "unable to extend table: %m"},
    {"53200", NULL, 4030, "out of process memory: %m"},
    {"53300", NULL, 18, "maximum number of sessions exceeded"},
    {"53", NULL, 4030, "out of resources: %m"},
    {"54011", NULL, 1792, "maximum number of columns in a table or view exceeded"},
    {"54", NULL, 1450, "a limit of the target was exceeded: %m"},
    {"55000", "currval", 8002, "sequence %q.CURRVAL is not yet defined in this session"},
    {"55000", "lastval", 8002, "sequence CURRVAL is not yet defined in this session"},
    {"55000", "view", 1732, "data manipulation operation not legal on this view: %m"},
    {"55006", NULL, 54, "resource busy and acquire with NOWAIT specified or timeout expired"},
    {"55P03", "lock timeout", 30006, "resource busy; acquire with WAIT timeout expired"},
    {"55P03", NULL, 54, "resource busy and acquire with NOWAIT specified or timeout expired"},
    {"57014", NULL, 1013, "user requested cancel of current operation"},
    {"57P", NULL, 3113, "end-of-file on communication channel"},
    {"72000", NULL, 1555, "snapshot too old"},
    {"P0002", NULL, 1403, "no data found"},
    {"P0003", NULL, 1422, "exact fetch returns more than requested number of rows"},
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A message that itself begins with an Oracle number, as understudy.raise_error and ported procedures write them. 0: none. */
static int raised_number(const char *sqlstate, const char *message, const char **text)
{
    if (!message ||
        !(starts_with(sqlstate, "OR") || starts_with(sqlstate, "P0") || starts_with(sqlstate, "2") || starts_with(sqlstate, "4")))
        return 0;
    if (starts_with(message, "ERROR:")) message += strlen("ERROR:");
    while (*message == ' ') message++;
    if (!starts_with(message, "ORA-")) return 0;
    char *end;
    long number = strtol(message + 4, &end, 10);
    if (end == message + 4 || number <= 0 || number > 99999) return 0;
    while (*end == ':' || *end == ' ') end++;
    *text = end;
    return (int)number;
}

static const struct state_row *find_state(const char *sqlstate, const char *message)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (starts_with(sqlstate, states[i].sqlstate) && (!states[i].part || strstr(message, states[i].part))) return &states[i];
    return NULL;
}

struct out {
    char *text;
    size_t size, at;
};

static void put(struct out *out, const char *text, size_t size, bool upper)
{
    for (size_t i = 0; i < size && out->at + 1 < out->size; i++) {
        char c = text[i];
        out->text[out->at++] = (char)(upper && c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    if (out->size > 0) out->text[out->at < out->size ? out->at : out->size - 1] = 0;
}
static void put_text(struct out *out, const char *text)
{
    put(out, text, strlen(text), false);
}

/* PostgreSQL's names are upper case to Oracle's clients, except those that hold upper case letters: they were quoted in the source. */
static void put_name(struct out *out, const char *name, size_t size)
{
    bool mixed = false;
    for (size_t i = 0; i < size; i++) mixed |= name[i] >= 'A' && name[i] <= 'Z';
    put(out, name, size, !mixed);
}

/* The nth word in double quotes. */
static const char *quoted(const char *message, int nth, size_t *size)
{
    const char *at = message;
    for (int i = 0;; i++) {
        const char *start = strchr(at, '"'), *end = start ? strchr(start + 1, '"') : NULL;
        if (!end) return NULL;
        *size = (size_t)(end - start) - 1;
        if (i == nth) return start + 1;
        at = end + 1;
    }
}

/* The column that a name leaves out of "s"."t"."c": PostgreSQL says column first, then relation. */
static void put_column(struct out *out, const char *schema, const char *message)
{
    size_t column_size = 0, table_size = 0;
    const char *column = quoted(message, 0, &column_size), *table = quoted(message, 1, &table_size);
    if (!column) return;
    if (schema && *schema && table) {
        put_text(out, "\"");
        put_name(out, schema, strlen(schema));
        put_text(out, "\".");
    }
    if (table) {
        put_text(out, "\"");
        put_name(out, table, table_size);
        put_text(out, "\".");
    }
    put_text(out, "\"");
    put_name(out, column, column_size);
    put_text(out, "\"");
}

static void put_quoted(struct out *out, const char *message)
{
    size_t size = 0, plain = 0;
    const char *word = quoted(message, 0, &size);
    if (!word && starts_with(message, "column ")) { /* column t.x does not exist: the name stands without quotes */
        word = message + strlen("column ");
        size = strcspn(word, " ");
        for (plain = size; plain > 0 && word[plain - 1] != '.'; plain--) {}
        word += plain;
        size -= plain;
    }
    if (!word) return;
    put_text(out, "\"");
    put_name(out, word, size);
    put_text(out, "\"");
}

static void put_constraint(struct out *out, const char *schema, const char *constraint, const char *message)
{
    size_t size = 0;
    const char *name = constraint;
    if (name && *name) {
        size = strlen(name);
    } else { /* the constraint is the first quoted word, or the second after the table */
        name = quoted(message, strstr(message, "on table") || strstr(message, "relation") ? 1 : 0, &size);
    }
    if (schema && *schema) {
        put_name(out, schema, strlen(schema));
        put_text(out, ".");
    }
    if (name) put_name(out, name, size);
}

static void expand(struct out *out, const char *form, const char *sqlstate, const char *constraint, const char *message, const char *schema)
{
    for (; *form; form++) {
        if (*form != '%') {
            put(out, form, 1, false);
            continue;
        }
        const char *bracket = strchr(message, '(');
        switch (*++form) {
        case 'c': put_constraint(out, schema, constraint, message); break;
        case 'q': put_quoted(out, message); break;
        case 't': put_column(out, schema, message); break;
        case 'n': put(out, bracket ? bracket + 1 : "?", bracket ? strspn(bracket + 1, "0123456789") : 1, false); break;
        case 's': put_text(out, sqlstate); break;
        case 'm': put_text(out, message); break;
        default: return;
        }
    }
}

int sql_error_to_ora(const char *sqlstate, const char *constraint, const char *message, const char *schema, char *text, size_t size)
{
    struct out out = {.text = text, .size = size};
    const char *rest = NULL;
    char number[16];
    if (!sqlstate) sqlstate = "";
    if (!message) message = "";
    if (size > 0) text[0] = 0;
    int ora = raised_number(sqlstate, message, &rest);
    const struct state_row *row = ora ? NULL : find_state(sqlstate, message);
    if (row) ora = row->ora;
    if (!ora) ora = 604;
    snprintf(number, sizeof number, "ORA-%05d: ", ora);
    put_text(&out, number);
    if (rest)
        put_text(&out, rest);
    else
        expand(&out, row ? row->text : "error occurred at recursive SQL level 1 (target: SQLSTATE %s: %m)", sqlstate, constraint, message,
               schema);
    return ora;
}

const char *sql_error_class_name(enum sql_error_class class_)
{
    return class_ < SQL_ERROR_CLASS_COUNT ? class_names[class_] : "other";
}

enum sql_error_class sql_error_class_of_ora(int ora)
{
    if (ora == 0) return SQL_ERROR_NONE;
    if (ora >= 20000 && ora <= 20999) return SQL_ERROR_RAISED;
    size_t low = 0, high = sizeof classes / sizeof *classes;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (classes[middle].ora == ora) return classes[middle].class_;
        if (classes[middle].ora < ora)
            low = middle + 1;
        else
            high = middle;
    }
    return SQL_ERROR_OTHER;
}

enum sql_error_class sql_error_class_of_sqlstate(const char *sqlstate, const char *message)
{
    if (!sqlstate || !*sqlstate || strcmp(sqlstate, "00000") == 0) return SQL_ERROR_NONE;
    return sql_error_class_of_ora(sql_error_to_ora(sqlstate, NULL, message, NULL, NULL, 0));
}

bool sql_error_agrees(int ora, const char *sqlstate, const char *message)
{
    enum sql_error_class a = sql_error_class_of_ora(ora), b = sql_error_class_of_sqlstate(sqlstate, message);
    if (a != b) return false;
    if (a == SQL_ERROR_OTHER || a == SQL_ERROR_RAISED) return ora == sql_error_to_ora(sqlstate, NULL, message, NULL, NULL, 0);
    return true;
}
