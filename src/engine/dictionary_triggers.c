/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers of the source's tables: what they fire on, and whether they may write other tables than their own. */
#include "engine/dictionary_private.h"

#include "base/log.h"
#include "base/memory.h"
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '$' || c == '#';
}

static bool word_is(struct view text, size_t at, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp((const char *)text.data + at, word, size) == 0;
}

/* Looks for the words of statements that write, and of dynamic SQL. Comments and texts may raise a false alarm: that costs a sweep, not a row. */
static bool body_writes(struct view body)
{
    static const char *const words[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "EXECUTE", "DBMS_SQL", "CALL", "COMMIT", "FORALL"};
    for (size_t at = 0; at < body.size;) {
        if (!is_word(body.data[at])) {
            at++;
            continue;
        }
        size_t end = at;
        while (end < body.size && is_word(body.data[end])) end++;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (word_is(body, at, end - at, words[i])) return true;
        at = end;
    }
    return false;
}

/* TRIGGER_NAME, TRIGGERING_EVENT, TABLE_NAME, TRIGGER_BODY */
static bool take_trigger(void *context, const struct value *values, uint32_t count)
{
    struct dictionary_load *load = context;
    char name[129], event[247], table_name[129];
    if (count < 4) return true;
    dictionary_text(&values[0], name, sizeof name);
    dictionary_text(&values[1], event, sizeof event);
    dictionary_text(&values[2], table_name, sizeof table_name);
    struct sql_table *table = map_get(&load->tables, view_text(table_name));
    if (!table || dictionary_is_internal(view_text(name))) return true; /* the key feed's own change no row of the application */
    if (strstr(event, "INSERT")) table->trigger_insert = true;
    if (strstr(event, "UPDATE")) table->trigger_update = true;
    if (strstr(event, "DELETE")) table->trigger_delete = true;
    if (values[3].type != VALUE_TEXT || body_writes(values[3].bytes)) dictionary_fact_set(table, TABLE_TRIGGERS_SPREAD);
    return true;
}

/* TABLE_NAME of a trigger that depends on a stored program of somebody's own: what that one writes is not looked into. */
static bool take_dependency(void *context, const struct value *values, uint32_t count)
{
    struct dictionary_load *load = context;
    char table_name[129];
    if (count < 1) return true;
    dictionary_text(&values[0], table_name, sizeof table_name);
    struct sql_table *table = map_get(&load->tables, view_text(table_name));
    if (table) dictionary_fact_set(table, TABLE_TRIGGERS_SPREAD);
    return true;
}

bool dictionary_read_triggers(struct dictionary_load *load)
{
    static const char triggers[] =
        "SELECT TRIGGER_NAME, TRIGGERING_EVENT, TABLE_NAME, TRIGGER_BODY FROM ALL_TRIGGERS WHERE TABLE_OWNER = :1 AND STATUS = 'ENABLED'";
    static const char programs[] =
        "SELECT T.TABLE_NAME FROM ALL_TRIGGERS T, ALL_DEPENDENCIES D WHERE T.TABLE_OWNER = :1 AND T.STATUS = 'ENABLED' "
        "AND SUBSTR(T.TRIGGER_NAME, 1, 11) <> 'UNDERSTUDY_' AND D.OWNER = T.OWNER AND D.NAME = T.TRIGGER_NAME AND D.TYPE = 'TRIGGER' AND "
        "D.REFERENCED_OWNER <> 'SYS' "
        "AND D.REFERENCED_TYPE IN ('PROCEDURE', 'FUNCTION', 'PACKAGE', 'TYPE', 'NON-EXISTENT')";
    bool known;
    if (!dictionary_query_if_known(load, triggers, load->schema, take_trigger, &known)) return false;
    if (!known) LOG(LOG_WARNING, "dictionary.partial", log_text("missing", "ALL_TRIGGERS: triggers are not known"));
    if (!dictionary_query_if_known(load, programs, load->schema, take_dependency, &known)) return false;
    return true;
}
