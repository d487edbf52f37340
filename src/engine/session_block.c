/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings that a PL/SQL block makes: DBMS_SESSION.SET_NLS, and ALTER SESSION said by EXECUTE IMMEDIATE. A block that does nothing else is followed as the statement
 * would be. Of any other the text says only that settings may have changed: from then on no read of the session is compared or served while the source is primary.
 */
#include "engine/session_private.h"

#include "base/log.h"
#include "sql/token.h"

enum { SET_TEXT_SIZE = 4 * SETTING_SIZE };

enum block_sets {
    BLOCK_SETS_NOTHING,
    BLOCK_SETS,        /* all of its statements were understood */
    BLOCK_SETS_UNKNOWN /* some setting, or none */
};

struct block {
    struct session *s;
    struct lexer lexer;
    struct token t; /* the next one */
    uint32_t binds; /* in the whole text */
    bool apply;
};

/* Members that change neither what a query gives nor who may ask it. */
static bool member_is_harmless(struct view member)
{
    static const char *const names[] = {
        "CLEAR_IDENTIFIER",
        "CLOSE_DATABASE_LINK",
        "FREE_UNUSED_USER_MEMORY",
        "IS_ROLE_ENABLED",
        "IS_SESSION_ALIVE",
        "LIST_CONTEXT",
        "MODIFY_PACKAGE_STATE",
        "RESET_PACKAGE",
        "SESSION_TRACE_DISABLE",
        "SESSION_TRACE_ENABLE",
        "SET_IDENTIFIER",
        "SET_SQL_TRACE",
        "SLEEP",
        "UNIQUE_SESSION_ID",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (view_equal_ignoring_case(member, view_text(names[i]))) return true;
    return false;
}

static bool is_word(const struct token *t, const char *word)
{
    return t->kind == TOKEN_WORD && view_equal_ignoring_case(t->text, view_text(word));
}

static bool take(struct block *b, bool matches)
{
    if (matches) b->t = lexer_next(&b->lexer);
    return matches;
}

static bool take_operator(struct block *b, enum operator_code code)
{
    return take(b, b->t.kind == TOKEN_OPERATOR && b->t.code == code);
}

static bool take_word(struct block *b, const char *word)
{
    return take(b, is_word(&b->t, word));
}

/* ---- what a block says ---- */

/* Nearly every block does not, and is not looked at any further. */
static bool mentions_session(struct view text)
{
    static const char word[] = "SESSION";
    for (size_t i = 0; i + sizeof word - 1 <= text.size; i++)
        if ((text.data[i] | 0x20) == 's' && view_equal_ignoring_case(view_of(text.data + i, sizeof word - 1), view_text(word))) return true;
    return false;
}

/* A look at any block: does something in it set what queries depend on? */
static bool may_set(struct view text)
{
    struct lexer lexer = lexer_of(text);
    lexer.plain = true;
    bool package = false, dotted = false, immediate = false;
    for (struct token t = lexer_next(&lexer); t.kind != TOKEN_END && t.kind != TOKEN_BAD; t = lexer_next(&lexer)) {
        if (dotted && t.kind == TOKEN_WORD && !member_is_harmless(t.text)) return true;
        if (immediate && t.kind == TOKEN_STRING && mentions_session(t.text)) return true;
        dotted = package && t.kind == TOKEN_OPERATOR && t.code == OPERATOR_DOT;
        package = is_word(&t, "DBMS_SESSION");
        immediate = is_word(&t, "IMMEDIATE");
    }
    return false;
}

/* A literal as the server reads it, or the value of a bind. False: it does not fit, or is neither. */
static bool take_text(struct block *b, char *out, size_t size)
{
    struct view text = b->t.text;
    bool plain = b->t.kind == TOKEN_STRING && (b->t.form & 0x0F) == STRING_PLAIN;
    if (b->t.kind == TOKEN_BIND) {
        const struct wire_request *request = wire_tap_request(b->s->tap);
        const struct wire_cursor *cursor = request->cursor;
        if (!cursor || cursor->bind_count != b->binds || request->execute.row_count != 1) return false;
        struct value value = wire_bind_value(b->s->wire, &cursor->binds[b->t.value], &request->execute.rows[b->t.value], &b->s->call.arena);
        if (value.type != VALUE_TEXT) return false;
        text = value.bytes;
    } else if (b->t.kind != TOKEN_STRING) {
        return false;
    }
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (used + 1 >= size) return false;
        out[used++] = (char)text.data[i];
        if (plain && text.data[i] == '\'') i++; /* doubled */
    }
    out[used] = 0;
    return take(b, true);
}

static bool is_name(const char *text)
{
    return *text && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")] == 0;
}

/* (param, value), in that order or by name. The value is taken as it stands: its own quotes belong to it. */
static bool take_set_nls(struct block *b)
{
    char texts[2][SETTING_SIZE], statement[SET_TEXT_SIZE];
    if (!take_operator(b, OPERATOR_LEFT)) return false;
    for (int i = 0; i < 2; i++) {
        if (i && !take_operator(b, OPERATOR_COMMA)) return false;
        if (b->t.kind == TOKEN_WORD && (!take_word(b, i ? "VALUE" : "PARAM") || !take_operator(b, OPERATOR_ARROW))) return false;
        if (!take_text(b, texts[i], sizeof texts[i])) return false;
    }
    if (!take_operator(b, OPERATOR_RIGHT) || !is_name(texts[0])) return false;
    snprintf(statement, sizeof statement, "ALTER SESSION SET %s = %s", texts[0], texts[1]);
    if (b->apply) session_settings_alter(b->s, view_text(statement));
    return true;
}

/* What ALTER SESSION sets besides settings: the schema. */
static void alter_schema(struct session *s, struct view statement)
{
    struct lexer lexer = lexer_of(statement);
    lexer.plain = true;
    for (struct token t = lexer_next(&lexer); t.kind != TOKEN_END && t.kind != TOKEN_BAD; t = lexer_next(&lexer)) {
        if (!is_word(&t, "CURRENT_SCHEMA")) continue;
        (void)lexer_next(&lexer); /* = */
        t = lexer_next(&lexer);
        if (t.text.size == 0 || t.text.size >= sizeof s->schema) return;
        for (size_t i = 0; i < t.text.size; i++) {
            uint8_t c = t.text.data[i];
            s->schema[i] = (char)(t.kind == TOKEN_WORD && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        s->schema[t.text.size] = 0;
        return;
    }
}

static bool take_immediate(struct block *b)
{
    char statement[SET_TEXT_SIZE];
    if (!take_word(b, "IMMEDIATE") || b->t.kind != TOKEN_STRING || !take_text(b, statement, sizeof statement)) return false;
    struct view text = view_trim(view_text(statement));
    if (text.size < 18 || strncasecmp((const char *)text.data, "ALTER SESSION SET ", 18) != 0) return false;
    if (b->apply) session_settings_alter(b->s, text);
    if (b->apply) alter_schema(b->s, text);
    return true;
}

static bool take_statement(struct block *b)
{
    if (take_word(b, "EXECUTE")) return take_immediate(b);
    if (take_word(b, "SYS") && !take_operator(b, OPERATOR_DOT)) return false;
    return take_word(b, "DBMS_SESSION") && take_operator(b, OPERATOR_DOT) && take_word(b, "SET_NLS") && take_set_nls(b);
}

/* BEGIN, statements with a semicolon each, END; or CALL and one statement. */
static bool read_block(struct block *b)
{
    b->t = lexer_next(&b->lexer);
    if (take_word(b, "CALL")) {
        if (!take_statement(b)) return false;
    } else {
        if (!take_word(b, "BEGIN")) return false;
        do {
            if (!take_statement(b) || !take_operator(b, OPERATOR_SEMICOLON)) return false;
        } while (!take_word(b, "END"));
    }
    (void)take_operator(b, OPERATOR_SEMICOLON);
    return b->t.kind == TOKEN_END;
}

static enum block_sets block_sets(struct session *s, bool apply)
{
    const struct wire_cursor *cursor = s->call.wire_cursor;
    struct view text = cursor && cursor->sql ? view_of(cursor->sql, cursor->sql_size) : view_of(NULL, 0);
    if (!mentions_session(text) || !may_set(text)) return BLOCK_SETS_NOTHING;
    struct block block = {.s = s, .lexer = lexer_of(text)};
    block.lexer.plain = true;
    struct lexer counting = block.lexer;
    for (struct token t = lexer_next(&counting); t.kind != TOKEN_END && t.kind != TOKEN_BAD;) t = lexer_next(&counting);
    block.binds = counting.binds;
    struct block again = block;
    if (!read_block(&block)) return BLOCK_SETS_UNKNOWN;
    again.apply = apply; /* all of it or nothing */
    return read_block(&again) ? BLOCK_SETS : BLOCK_SETS_UNKNOWN;
}

void session_block_settings(struct session *s, bool good)
{
    enum block_sets sets = block_sets(s, good);
    if (sets == BLOCK_SETS_NOTHING || (sets == BLOCK_SETS && good)) return;
    settings_lose(&s->settings); /* one that failed may have done a part */
    LOG_RATED(LOG_WARNING, "session.settings_unknown", log_u64("session", s->id),
              log_text("effect", "a block changed settings in a way that is not followed: reads of this session are not compared"));
}

bool session_block_only_sets(struct session *s, bool apply)
{
    return block_sets(s, apply) == BLOCK_SETS;
}
