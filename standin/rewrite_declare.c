/* SPDX-License-Identifier: Apache-2.0 */
/* PL/SQL: declarations, exception handlers, the frame of a block. */
#include "standin/rewrite_block.h"
#include "standin/rewrite_query.h"

const char *block_type_text(struct rewriter *rw, const struct sql_type *type)
{
    const char *storage = "", *why = NULL;
    struct sql_type t = *type;
    if (t.kind == KIND_BOOLEAN) return "BOOLEAN";
    if (t.kind == KIND_CHAR && t.length > 255) t.kind = KIND_VARCHAR;
    if (t.kind == KIND_VARCHAR)
        return text_format(rw, "VARCHAR(%u) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", t.length > 16000 ? 16000 : t.length);
    if (t.kind == KIND_CLOB) return "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin";
    if (!sql_type_storage(rw->arena, &t, &storage, &why)) rewrite_refuse(rw, why);
    return storage;
}

static struct variable *variable_add(struct rewriter *rw, const char *name)
{
    static struct variable spare;
    if (rw->scope->variable_count == VARIABLE_MAX) {
        rewrite_refuse(rw, "more than 256 variables in one block");
        return &spare;
    }
    struct variable *v = &rw->scope->variables[rw->scope->variable_count++];
    *v = (struct variable){.name = name, .emit = text_name(rw, name)};
    return v;
}

/* A record with the fields of a table, as a row of named fields. */
static const char *record_text(struct rewriter *rw, const struct source *source)
{
    const char *fields = "";
    for (uint32_t i = 0; i < source->column_count; i++)
        fields =
            text_join(rw, fields, ", ",
                      text_format(rw, "%s %s", text_name(rw, source->columns[i].stored), block_type_text(rw, &source->columns[i].type)));
    return text_format(rw, "ROW(%s)", fields);
}

static bool row_type(struct rewriter *rw, struct variable *v, const char **text)
{
    uint32_t names = 1;
    while (names < 2 && rewrite_is_ahead(rw, names * 2 - 1, ".")) names++;
    if (!rewrite_is_ahead(rw, names * 2 - 1, "%") || !rewrite_is_ahead(rw, names * 2, "ROWTYPE")) return false;
    const char *owner = names == 2 ? rewrite_peek(rw, 0)->text : NULL, *name = rewrite_peek(rw, names * 2 - 2)->text;
    const struct token *at = rewrite_peek(rw, 0);
    rw->at += names * 2 + 1;
    for (const struct scope *s = rw->scope; s && !owner; s = s->outer) {
        for (uint32_t i = 0; i < s->variable_count; i++) {
            if (!s->variables[i].cursor || strcmp(s->variables[i].name, name) != 0) continue;
            v->record = s->variables[i].record;
            *text = record_text(rw, v->record);
            return true;
        }
    }
    const struct dictionary_object *object = rewrite_object(rw, at, owner, name);
    if (!object) return true;
    v->record = source_new(rw, v->name, NULL, object);
    *text = record_text(rw, v->record);
    return true;
}

static const char *declare_cursor(struct rewriter *rw)
{
    const char *name = rewrite_take_name(rw);
    if (rewrite_is(rw, "(")) rewrite_refuse(rw, "cursors with parameters");
    if (!rewrite_take(rw, "IS")) rewrite_expect(rw, "AS");
    struct query *query = query_parse(rw);
    if (rewrite_failed(rw)) return "";
    struct variable *v = variable_add(rw, name);
    v->cursor = true;
    v->record = source_of_query(rw, name, query);
    return text_format(rw, "CURSOR %s IS %s", v->emit, query_text(rw, query, true));
}

static const char *declare_variable(struct rewriter *rw)
{
    const char *name = rewrite_take_name(rw), *text = NULL;
    if (rewrite_failed(rw)) return "";
    if (rewrite_take(rw, "EXCEPTION")) return text_format(rw, "%s EXCEPTION", text_name(rw, name));
    rewrite_take(rw, "CONSTANT");
    struct variable *v = variable_add(rw, name);
    if (!row_type(rw, v, &text)) {
        v->type = sql_type_parse(rw);
        if (rewrite_failed(rw)) return "";
        if (v->type.kind == KIND_CHAR) v->type.kind = KIND_VARCHAR;
        text = block_type_text(rw, &v->type);
    }
    rewrite_take2(rw, "NOT", "NULL");
    if (rewrite_take(rw, ":=") || rewrite_take(rw, "DEFAULT")) {
        struct expression e = expression_parse(rw);
        if (rewrite_failed(rw)) return "";
        text = text_format(rw, "%s := %s", text, v->type.kind == KIND_BOOLEAN ? e.text : expression_as(rw, &e, &v->type));
    }
    return text_format(rw, "%s %s", v->emit, text);
}

const char *block_declarations(struct rewriter *rw)
{
    const char *text = "", *cursors = "";
    while (!rewrite_is(rw, "BEGIN") && !rewrite_at_end(rw) && !rewrite_failed(rw)) {
        if (rewrite_take(rw, "PRAGMA")) {
            while (!rewrite_is(rw, ";") && !rewrite_at_end(rw)) rw->at++;
            if (rewrite_is_ahead(rw, 0, ";")) rw->at++;
            rewrite_refuse(rw, "PRAGMA");
            break;
        }
        if (rewrite_is(rw, "TYPE") || rewrite_is(rw, "SUBTYPE") || rewrite_is(rw, "PROCEDURE") || rewrite_is(rw, "FUNCTION")) {
            rewrite_refuse(rw, text_format(rw, "%s in a declaration", rewrite_peek(rw, 0)->text));
            break;
        }
        /* MariaDB wants cursors after variables. */
        if (rewrite_take(rw, "CURSOR"))
            cursors = text_format(rw, "%s%s;\n", cursors, declare_cursor(rw));
        else
            text = text_format(rw, "%s%s;\n", text, declare_variable(rw));
        if (!rewrite_take(rw, ";") && !rewrite_failed(rw))
            rewrite_fail(rw, 6550, NULL, "PLS-00103: Encountered the symbol \"%s\" when expecting ;", rewrite_peek(rw, 0)->text);
    }
    return text_format(rw, "%s%s", text, cursors);
}

static const char *handlers(struct rewriter *rw)
{
    static const char *const refused[] = {"ZERO_DIVIDE",  "VALUE_ERROR",         "INVALID_NUMBER",
                                          "LOGIN_DENIED", "TIMEOUT_ON_RESOURCE", "ACCESS_INTO_NULL"};
    const char *text = "EXCEPTION\n";
    while (rewrite_take(rw, "WHEN")) {
        const char *names = "";
        do {
            for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
                if (rewrite_is(rw, refused[i])) rewrite_refuse(rw, text_format(rw, "the exception %s", refused[i]));
            }
            const char *name = rewrite_take_name(rw);
            bool known = strcmp(name, "OTHERS") == 0 || strcmp(name, "NO_DATA_FOUND") == 0 || strcmp(name, "TOO_MANY_ROWS") == 0 ||
                         strcmp(name, "DUP_VAL_ON_INDEX") == 0 || strcmp(name, "INVALID_CURSOR") == 0;
            names = text_join(rw, names, " OR ", known ? name : text_name(rw, name));
        } while (rewrite_take(rw, "OR"));
        rewrite_expect(rw, "THEN");
        text = text_format(rw, "%sWHEN %s THEN\n%s", text, names, block_statements(rw));
        if (rewrite_failed(rw)) break;
    }
    return text;
}

const char *block_body(struct rewriter *rw, bool declarations)
{
    struct scope scope = {0};
    scope.variables = arena_zero(rw->arena, VARIABLE_MAX * sizeof *scope.variables);
    if (!rewrite_deeper(rw)) return "";
    scope_push(rw, &scope);
    const char *text = declarations ? block_declarations(rw) : "";
    bool has = *text;
    rewrite_expect(rw, "BEGIN");
    const char *statements = block_statements(rw);
    const char *exceptions = rewrite_take(rw, "EXCEPTION") ? handlers(rw) : "";
    rewrite_expect(rw, "END");
    if (rewrite_is_name(rw, 0)) rewrite_take_name(rw);
    scope_pop(rw);
    rw->depth--;
    return text_format(rw, "%s%sBEGIN\n%s%sEND", has ? "DECLARE\n" : "", text, statements, exceptions);
}
