/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB's errors as the legacy server says them. */
#include "standin/server.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    unsigned number;
    int ora;
    const char *text;
} table[] = {
    {1264, 1438, "value larger than specified precision allowed for this column"},
    {1366, 1722, "invalid number"},
    {1292, 1722, "invalid number"},
    {1213, 60, "deadlock detected while waiting for resource"},
    {1317, 1013, "user requested cancel of current operation"},
    {1969, 1013, "user requested cancel of current operation"},
    {1146, 942, "table or view does not exist"},
    {1054, 904, "invalid identifier"},
    {1242, 1427, "single-row subquery returns more than one row"},
    {1329, 1403, "no data found"},
    {1172, 1422, "exact fetch returns more than requested number of rows"},
    {1701, 2266, "unique/primary keys in table referenced by enabled foreign keys"},
    {1792, 1456, "may not perform insert/delete/update operation inside a READ ONLY transaction"},
    {2006, 3113, "end-of-file on communication channel"},
    {2013, 3113, "end-of-file on communication channel"},
    {1050, 955, "name is already used by an existing object"},
    {1061, 955, "name is already used by an existing object"},
    {1064, 900, "invalid SQL statement"},
    {1690, 1426, "numeric overflow"},
    {1305, 904, "invalid identifier"},
    {1442, 4091, "table is mutating, trigger/function may not see it"},
    {1091, 1418, "specified index does not exist"},
    {1091, 2443, "Cannot drop constraint - nonexistent constraint"},
    {1305, 6550, "identifier must be declared"},
    {1138, 2296, "cannot enable - null values found"},
    {1265, 1401, "inserted value too large for column"},
    {4084, 8004, "sequence NEXTVAL exceeds MAXVALUE and cannot be instantiated"},
    {1553, 2429, "cannot drop index used for enforcement of unique/primary key"},
    {1205, 2049, "timeout: distributed transaction waiting for lock"},
    {1305, 4043, "object does not exist"},
    {1339, 6592, "CASE not found while executing CASE statement"},
    {1325, 6511, "PL/SQL: cursor already open"},
    {1326, 1001, "invalid cursor"},
    {1644, 6510, "PL/SQL: unhandled user-defined exception"},
    {1318, 6550, "wrong number or types of arguments"},
    {1305, 1086, "savepoint never established"},
};

static void say(struct plan_error *out, int ora, const char *text)
{
    out->ora = ora;
    snprintf(out->text, sizeof out->text, "ORA-%05d: %s", ora, text);
}

/* The n-th text between two marks: 'x' in "entry 'x' for key 'y'". */
static bool between(const char *text, const char *start, char end, char *out, size_t size)
{
    const char *at = strstr(text, start);
    if (!at) return false;
    at += strlen(start);
    const char *stop = strchr(at, end);
    if (!stop || (size_t)(stop - at) >= size) return false;
    memcpy(out, at, (size_t)(stop - at));
    out[stop - at] = '\0';
    return true;
}

static void unique_violated(const struct client *client, const struct plan *plan, const char *text, struct plan_error *out)
{
    char key[200] = "", full[400];
    const char *at = strstr(text, "for key '");
    if (at) between(at, "for key '", '\'', key, sizeof key);
    const struct dictionary *dictionary = dictionary_acquire(client->server->dictionary);
    const char *owner = plan && plan->table_owner ? plan->table_owner : client->schema;
    const struct dictionary_constraint *c = dictionary_constraint_stored(dictionary, owner, plan ? plan->table_name : NULL, key);
    snprintf(full, sizeof full, "unique constraint (%s.%s) violated", c ? c->owner : owner, c ? c->name : key);
    dictionary_release(dictionary);
    say(out, 1, full);
}

static void null_refused(const struct plan *plan, const char *text, struct plan_error *out)
{
    char column[200] = "", full[450];
    if (!between(text, "Column '", '\'', column, sizeof column)) between(text, "Field '", '\'', column, sizeof column);
    bool update = plan && plan->command == 6;
    snprintf(full, sizeof full, update ? "cannot update (\"%s\".\"%s\".\"%s\") to NULL" : "cannot insert NULL into (\"%s\".\"%s\".\"%s\")",
             plan && plan->table_owner ? plan->table_owner : "?", plan && plan->table_name ? plan->table_name : "?", column);
    say(out, update ? 1407 : 1400, full);
}

static void too_long(const struct client *client, const struct plan *plan, const char *column, struct plan_error *out)
{
    char full[450];
    uint32_t length = 0;
    const struct dictionary *dictionary = dictionary_acquire(client->server->dictionary);
    const struct dictionary_object *object =
        plan && plan->table_name ? dictionary_find(dictionary, plan->table_owner, plan->table_name) : NULL;
    const struct dictionary_column *c = object ? dictionary_column_find(object, column) : NULL;
    if (c) length = c->type.length;
    dictionary_release(dictionary);
    snprintf(full, sizeof full, "value too large for column \"%s\".\"%s\".\"%s\" (maximum: %u)",
             plan && plan->table_owner ? plan->table_owner : "?", plan && plan->table_name ? plan->table_name : "?", column, length);
    say(out, 12899, full);
}

static void check_violated(const struct client *client, const struct plan *plan, const char *text, struct plan_error *out)
{
    char name[200] = "", full[450];
    if (!between(text, "CONSTRAINT `", '`', name, sizeof name)) between(text, "CONSTRAINT \"", '"', name, sizeof name);
    if (strncmp(name, "SYS$L_", 6) == 0) {
        too_long(client, plan, name + 6, out);
        return;
    }
    snprintf(full, sizeof full, "check constraint (%s.%s) violated", plan && plan->table_owner ? plan->table_owner : client->schema, name);
    say(out, 2290, full);
}

static void foreign_key_violated(const struct client *client, unsigned number, const char *text, struct plan_error *out)
{
    char name[130] = "", owner[130] = "", full[450];
    if (!between(text, "CONSTRAINT `", '`', name, sizeof name)) between(text, "CONSTRAINT \"", '"', name, sizeof name);
    if (!between(text, "(`", '`', owner, sizeof owner)) between(text, "(\"", '"', owner, sizeof owner);
    snprintf(full, sizeof full, "integrity constraint (%s.%s) violated - %s", *owner ? owner : client->schema, name,
             number == 1451 || number == 1217 ? "child record found" : "parent key not found");
    say(out, number == 1451 || number == 1217 ? 2292 : 2291, full);
}

static void lock_failed(const struct plan *plan, struct plan_error *out)
{
    if (plan && plan->wait_seconds)
        say(out, 30006, "resource busy; acquire with WAIT timeout expired");
    else
        say(out, 54, "resource busy and acquire with NOWAIT specified or timeout expired");
}

/* An assignment in a program, which MariaDB reports like one to a column of row 0. */
static bool variable_refused(const struct plan *plan, const struct engine_error *failed, struct plan_error *out)
{
    static const struct {
        unsigned number;
        const char *text;
    } reasons[] = {{1406, "character string buffer too small"},
                   {1264, "number precision too large"},
                   {1366, "character to number conversion error"},
                   {1292, "character to number conversion error"},
                   {1265, "character string buffer too small"}};
    if (!plan || plan->kind != PLAN_BLOCK || !strstr(failed->text, " at row 0")) return false;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        char full[200];
        if (reasons[i].number != failed->number) continue;
        snprintf(full, sizeof full, "PL/SQL: numeric or value error: %s", reasons[i].text);
        say(out, 6502, full);
        return true;
    }
    return false;
}

/* A text that already is an ORA error: from our functions, triggers and RAISE_APPLICATION_ERROR. */
static bool own_error(const char *text, struct plan_error *out)
{
    const char *at = strstr(text, "ORA-");
    if (!at) return false;
    out->ora = atoi(at + 4);
    snprintf(out->text, sizeof out->text, "%s", at);
    return out->ora != 0;
}

void error_from_engine(const struct client *client, const struct plan *plan, const struct engine_error *failed, struct plan_error *out)
{
    out->position = 0;
    server_log(client->server, "session %u: MariaDB %u: %s", client->session_id, failed->number, failed->text);
    if (own_error(failed->text, out) || variable_refused(plan, failed, out)) return;
    char column[200] = "";
    switch (failed->number) {
    case 1062:
    case 1586: unique_violated(client, plan, failed->text, out); return;
    case 1048:
    case 1364:
    case 1263: null_refused(plan, failed->text, out); return;
    case 1406:
        between(failed->text, "column '", '\'', column, sizeof column);
        too_long(client, plan, column, out);
        return;
    case 4025: check_violated(client, plan, failed->text, out); return;
    case 1451:
    case 1452:
    case 1216:
    case 1217: foreign_key_violated(client, failed->number, failed->text, out); return;
    case 1205: lock_failed(plan, out); return;
    case 1690:
        if (strstr(failed->text, "18446744073709551615 +")) {
            say(out, 1476, "divisor is equal to zero");
            return;
        }
        break;
    default: break;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].number == failed->number) {
            say(out, table[i].ora, table[i].text);
            return;
        }
    }
    char full[450];
    snprintf(full, sizeof full, "feature not enabled: stand-in: MariaDB %u: %.380s", failed->number, failed->text);
    say(out, 439, full);
}
