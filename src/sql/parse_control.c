/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: transaction and session control. */
#include "sql/parse_foreign.h"

static void skip_rest(struct parser *p)
{
    while (parse_token(p)->kind != TOKEN_END && !parse_at(p, OPERATOR_SEMICOLON)) parse_advance(p);
}

static void accept_transaction_word(struct parser *p)
{
    if (!parse_at_word(p, WORD_TRANSACTION)) return;
    foreign_note(p, FOREIGN_TRANSACTION_WORD);
    parse_advance(p);
}

static bool parse_rollback(struct parser *p, struct control *c, enum sql_kind *kind)
{
    *kind = SQL_ROLLBACK;
    parse_advance(p);
    accept_transaction_word(p);
    parse_accept_word(p, WORD_WORK);
    if (parse_accept_word(p, WORD_TO)) {
        if (parse_at_word(p, WORD_SAVEPOINT) && parse_ahead(p, 1)->kind != TOKEN_END) parse_advance(p);
        c->name = parse_name(p, NULL);
        *kind = SQL_ROLLBACK_TO;
    } else if (parse_accept_word(p, WORD_FORCE)) {
        skip_rest(p);
        return false;
    }
    return true;
}

static bool parse_commit(struct parser *p, enum sql_kind *kind)
{
    *kind = SQL_COMMIT;
    parse_advance(p);
    accept_transaction_word(p);
    parse_accept_word(p, WORD_WORK);
    if (parse_at_word(p, WORD_FORCE)) return false;
    while (parse_at_word(p, WORD_COMMENT) ||
           parse_at_word(p, WORD_WRITE)) { /* WRITE BATCH NOWAIT: when it is durable; no effect on content */
        parse_advance(p);
        while (parse_token(p)->kind == TOKEN_STRING || parse_at_word(p, WORD_WAIT) || parse_at_word(p, WORD_NOWAIT) ||
               parse_at_word(p, WORD_BATCH) || parse_at_word(p, WORD_IMMEDIATE))
            parse_advance(p);
    }
    return true;
}

static void parse_set_transaction(struct parser *p, struct control *c)
{
    p->at += 2;
    if (parse_accept_word(p, WORD_READ)) {
        c->isolation = parse_at_word(p, WORD_ONLY) ? ISOLATION_READ_ONLY : ISOLATION_READ_WRITE;
        if (!parse_accept_word(p, WORD_ONLY)) parse_expect_word(p, WORD_WRITE);
    } else if (parse_accept_word(p, WORD_ISOLATION)) {
        parse_expect_word(p, WORD_LEVEL);
        c->isolation = parse_at_word(p, WORD_SERIALIZABLE) ? ISOLATION_SERIALIZABLE : ISOLATION_READ_COMMITTED;
        if (!parse_accept_word(p, WORD_SERIALIZABLE)) {
            parse_expect_word(p, WORD_READ);
            parse_expect_word(p, WORD_COMMITTED);
        }
    }
    if (parse_accept_word(p, WORD_NAME)) parse_advance(p);
}

static const char *parse_lock_mode(struct parser *p)
{
    static const struct {
        enum word words[3];
        const char *mode;
    } modes[] = {
        {{WORD_SHARE, WORD_ROW, WORD_EXCLUSIVE}, "SHARE ROW EXCLUSIVE"},
        {{WORD_ROW, WORD_SHARE}, "ROW SHARE"},
        {{WORD_ROW, WORD_EXCLUSIVE}, "ROW EXCLUSIVE"},
        {{WORD_SHARE, WORD_UPDATE}, "ROW SHARE"},
        {{WORD_SHARE}, "SHARE"},
        {{WORD_EXCLUSIVE}, "EXCLUSIVE"},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        uint32_t n = 0;
        while (n < 3 && modes[i].words[n] != WORD_NONE && token_is_word(parse_ahead(p, n), modes[i].words[n])) n++;
        if (n < 3 && modes[i].words[n] != WORD_NONE) continue;
        p->at += n;
        return modes[i].mode;
    }
    parse_fail(p, "a lock mode");
}

static void parse_lock_table(struct parser *p, struct control *c)
{
    p->at += 2;
    do {
        struct from_item *item = translation_alloc(p->t, sizeof *item);
        item->at = parse_token(p)->at;
        parse_object_name(p, &item->schema, &item->name, &item->link);
        if (parse_at_word(p, WORD_PARTITION) || parse_at_word(p, WORD_SUBPARTITION)) {
            item->unsupported = "a partition is named, and the target's partitions may be others";
            parse_advance(p);
            parse_skip_brackets(p);
        }
        LIST_ADD(p->t, c->tables, c->table_count, item);
    } while (parse_accept(p, OPERATOR_COMMA));
    parse_expect_word(p, WORD_IN);
    c->lock_mode = parse_lock_mode(p);
    parse_expect_word(p, WORD_MODE);
    parse_lock_clause(p, &c->wait, &c->wait_seconds);
}

/* ALTER SESSION SET parameter = value ..: the first pair. */
static void parse_alter_session(struct parser *p, struct control *c)
{
    p->at += 2;
    if (parse_accept_word(p, WORD_SET) && (parse_token(p)->kind == TOKEN_WORD || parse_token(p)->kind == TOKEN_QUOTED)) {
        c->name = parse_any_name(p);
        if (parse_accept(p, OPERATOR_EQUAL)) {
            bool negative = parse_accept(p, OPERATOR_MINUS);
            const struct token *token = parse_token(p);
            c->value =
                token->kind == TOKEN_WORD && view_equal(c->name, view_text("CURRENT_SCHEMA")) ? token_name(p->t, token) : token->text;
            if (negative) c->value = view_text(translation_printf(p->t, "-%.*s", (int)token->text.size, (const char *)token->text.data));
        }
    }
    skip_rest(p);
}

struct control *parse_control(struct parser *p, enum sql_kind *kind)
{
    struct control *c = translation_alloc(p->t, sizeof *c);
    if (parse_at_word(p, WORD_COMMIT)) {
        if (parse_commit(p, kind)) return c;
    } else if (parse_at_word(p, WORD_ROLLBACK)) {
        if (parse_rollback(p, c, kind)) return c;
    } else if (parse_at_word(p, WORD_SAVEPOINT)) {
        *kind = SQL_SAVEPOINT;
        parse_advance(p);
        c->name = parse_name(p, NULL);
        return c;
    } else if (parse_at_words(p, WORD_SET, WORD_TRANSACTION)) {
        *kind = SQL_SET_TRANSACTION;
        parse_set_transaction(p, c);
        return c;
    } else if (parse_at_words(p, WORD_LOCK, WORD_TABLE)) {
        *kind = SQL_LOCK_TABLE;
        parse_lock_table(p, c);
        return c;
    } else if (parse_at_words(p, WORD_ALTER, WORD_SESSION)) {
        *kind = SQL_ALTER_SESSION;
        parse_alter_session(p, c);
        return c;
    } else {
        return NULL;
    }
    parse_fail_at(p, parse_token(p)->at, "distributed transactions are not translated", "end them on the source");
}
