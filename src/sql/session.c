/* SPDX-License-Identifier: Apache-2.0 */
/* Session and transaction control; tables of untranslated text. */
#include "sql/session.h"
#include "sql/parse.h"
#include "sql/resolve.h"

struct session_row {
    const char *parameter;
    const char *note; /* NULL: nothing differs, the engine puts it back on every connection it uses */
};
static const struct session_row session_rows[] = {
    {"CURRENT_SCHEMA", NULL},
    {"NLS_CALENDAR", "calendars other than Gregorian are not followed"},
    {"NLS_COMP", "linguistic comparison is not followed"},
    {"NLS_CURRENCY", "currency signs of formats are not followed"},
    {"NLS_DATE_FORMAT", NULL},
    {"NLS_DATE_LANGUAGE", "names of days and months are English on the target"},
    {"NLS_ISO_CURRENCY", "currency signs of formats are not followed"},
    {"NLS_LANGUAGE", "names of days and months are English on the target"},
    {"NLS_NUMERIC_CHARACTERS", NULL},
    {"NLS_SORT", "text is ordered by its bytes on the target"},
    {"NLS_TERRITORY", "the first day of the week is Sunday on the target"},
    {"NLS_TIMESTAMP_FORMAT", NULL},
    {"NLS_TIMESTAMP_TZ_FORMAT", NULL},
    {"TIME_ZONE", NULL},
};

static void check_parameter(struct translation *t, const struct statement *s)
{
    const struct control *c = s->control;
    for (size_t i = 0; i < sizeof session_rows / sizeof *session_rows; i++) {
        if (!view_equal(c->name, view_text(session_rows[i].parameter))) continue;
        bool harmless =
            view_equal_ignoring_case(c->value, view_text("BINARY")) || view_equal_ignoring_case(c->value, view_text("AMERICAN")) ||
            view_equal_ignoring_case(c->value, view_text("AMERICA")) || view_equal_ignoring_case(c->value, view_text("GREGORIAN"));
        if (session_rows[i].note && !harmless)
            finding_difference(t, s->at, "alter session", session_rows[i].note, "leave the setting, or refuse such sessions");
        return;
    }
    t->passed = true;
    finding_note(t, s->at, "alter session", "this setting has no meaning for the target", "none is needed");
}

void session_control(struct translation *t, struct statement *s)
{
    struct control *c = s->control;
    if (s->kind == SQL_ALTER_SESSION) check_parameter(t, s);
    for (uint32_t i = 0; i < c->table_count; i++) {
        struct scope *scope = scope_new(t, NULL);
        c->tables[i]->kind = FROM_TABLE;
        resolve_from(t, scope, c->tables[i]);
    }
    if (s->kind == SQL_LOCK_TABLE && c->wait == LOCK_WAIT_SECONDS)
        finding_difference(t, s->at, "lock table wait", "the wait limit is not in the target's statement",
                           "set lock_timeout for the session");
}

void session_keep(struct sql_plan *plan, const struct statement *s, struct arena *arena)
{
    const struct control *c = s->control;
    if (s->kind == SQL_SAVEPOINT || s->kind == SQL_ROLLBACK_TO) plan->savepoint = arena_string(arena, c->name);
    if (s->kind == SQL_ALTER_SESSION && c->name.size) {
        plan->session_parameter = arena_string(arena, c->name);
        plan->session_value = arena_string(arena, c->value);
    }
}

static void scan_name(struct translation *t, uint32_t at, bool written)
{
    const struct token *token = &t->tokens[at];
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_QUOTED) return;
    if (token->kind == TOKEN_WORD && word_reserved(token->code)) return;
    struct from_item *item = translation_alloc(t, sizeof *item);
    item->name = token_name(t, token);
    item->at = token->at;
    if (at + 2 < t->token_count && token_is_operator(&t->tokens[at + 1], OPERATOR_DOT)) {
        item->schema = item->name;
        item->name = token_name(t, &t->tokens[at + 2]);
    }
    const struct sql_table *table = resolve_table(t, item->schema, item->name);
    if (!table && t->options->catalog) return;
    struct relation *r = scope_add(t, scope_new(t, NULL), item);
    r->table = table;
    item->dml_target = written;
}

/* Without a catalog to ask, what is no table's place: SELECT .. INTO variable, FOR UPDATE OF, USING of bind lists, EXTRACT(.. FROM ..). */
static bool may_name_table(const struct translation *t, uint32_t at, bool bracketed)
{
    const struct token *before = at > 0 ? &t->tokens[at - 1] : NULL;
    if (t->options->catalog) return true;
    switch ((enum word)t->tokens[at].code) {
    case WORD_INTO: return before && (token_is_word(before, WORD_INSERT) || token_is_word(before, WORD_MERGE));
    case WORD_UPDATE: return !before || (!token_is_word(before, WORD_FOR) && !token_is_word(before, WORD_THEN));
    case WORD_TABLE:
        return before && (token_is_word(before, WORD_CREATE) || token_is_word(before, WORD_ALTER) || token_is_word(before, WORD_DROP) ||
                          token_is_word(before, WORD_TRUNCATE));
    case WORD_USING: return false;
    case WORD_FROM: return !bracketed;
    default: return true;
    }
}

/* Does a FROM that follows belong to EXTRACT(..), TRIM(..)? Seen at their names; over at their closing bracket. */
static bool takes_from(const struct translation *t, uint32_t at)
{
    const struct token *token = &t->tokens[at];
    return (token_is_word(token, WORD_EXTRACT) || token_is_word(token, WORD_TRIM)) && token_is_operator(token + 1, OPERATOR_LEFT);
}

void session_scan_tables(struct translation *t)
{
    uint32_t until = 0;
    for (uint32_t i = 0; i + 1 < t->token_count; i++) {
        if (t->tokens[i].kind != TOKEN_WORD) continue;
        if (takes_from(t, i)) until = t->tokens[i + 1].value;
        if (!may_name_table(t, i, i < until)) continue;
        switch ((enum word)t->tokens[i].code) {
        case WORD_INTO:
        case WORD_UPDATE:
        case WORD_TABLE: scan_name(t, i + 1, true); break;
        case WORD_DELETE: scan_name(t, i + 1 + token_is_word(&t->tokens[i + 1], WORD_FROM), true); break;
        case WORD_FROM:
            if (i > 0 && token_is_word(&t->tokens[i - 1], WORD_DELETE)) break; /* fall through */
        case WORD_JOIN:
        case WORD_USING: scan_name(t, i + 1, false); break;
        default: break;
        }
    }
}
