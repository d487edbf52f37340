/* SPDX-License-Identifier: Apache-2.0 */
/* PL/SQL: calls of procedures, with named arguments, defaults and OUT arguments. */
#include "standin/rewrite_block.h"

struct call {
    const struct dictionary_object *object;
    const char *member;
    const char *texts[100];
    bool given[100];
    const char *after;
    bool cursor;
};

static const struct dictionary_argument *argument_at(const struct call *call, int position, const char *name)
{
    for (uint32_t i = 0; i < call->object->argument_count; i++) {
        const struct dictionary_argument *a = &call->object->arguments[i];
        if (strcmp(a->member, call->member) != 0 || a->position == 0) continue;
        if (name ? strcmp(a->name, name) == 0 : a->position == position) return a;
    }
    return NULL;
}

static void out_argument(struct rewriter *rw, struct call *call, const struct dictionary_argument *a)
{
    const struct token *t = rewrite_peek(rw, 0);
    uint32_t ordinal;
    struct expression e = block_target(rw, a->in, &ordinal);
    if (rewrite_failed(rw)) return;
    bool bind = t->kind == TOKEN_BIND && rw->place != PLACE_TRIGGER;
    if (!bind) {
        call->texts[a->position] = e.text;
        return;
    }
    call->texts[a->position] = text_format(rw, "@b%u", ordinal + 1);
    block_bind_out(rw, ordinal, a->type);
    if (a->type.kind == KIND_CURSOR) {
        call->cursor = true;
        rw->bind_cursor_results[ordinal] = a->result ? a->result : "";
        return;
    }
    /* What comes back is the parameter's type; the bind wants its own. */
    struct expression out = expression_of(call->texts[a->position], a->type);
    if (sql_kind_is_time(a->type.kind)) out.text = text_format(rw, "CAST(%s AS DATETIME(6))", out.text);
    const char *converted = expression_as(rw, &out, &rw->bind_out_types[ordinal]);
    if (strcmp(converted, out.text) != 0)
        call->after = text_format(rw, "%s SET %s = %s;", call->after, call->texts[a->position], converted);
}

static void call_argument(struct rewriter *rw, struct call *call, int position)
{
    const char *name = NULL;
    if (rewrite_is_name(rw, 0) && rewrite_is_ahead(rw, 1, "=>")) {
        name = rewrite_take_name(rw);
        rw->at++;
    }
    const struct dictionary_argument *a = argument_at(call, position, name);
    if (!a || a->position >= 100) {
        rewrite_fail(rw, 6550, NULL, "PLS-00306: wrong number or types of arguments in call to '%s'", call->member);
        return;
    }
    call->given[a->position] = true;
    if (a->out) {
        out_argument(rw, call, a);
        return;
    }
    struct expression e = expression_parse(rw);
    if (!rewrite_failed(rw)) call->texts[a->position] = a->type.kind == KIND_BOOLEAN ? e.text : expression_as(rw, &e, &a->type);
}

static const char *call_text(struct rewriter *rw, struct call *call)
{
    const char *list = "";
    for (int position = 1; position < 100; position++) {
        const struct dictionary_argument *a = argument_at(call, position, NULL);
        if (!a) break;
        if (!call->given[position]) {
            if (!a->defaulted) rewrite_fail(rw, 6550, NULL, "PLS-00306: wrong number or types of arguments in call to '%s'", call->member);
            call->texts[position] = a->result ? a->result : "NULL";
        }
        if (a->type.kind == KIND_CURSOR) continue; /* MariaDB's procedure answers its rows instead */
        list = text_join(rw, list, ", ", call->texts[position]);
    }
    const char *name = text_table(rw, call->object->owner, call->object->name);
    if (call->object->kind == OBJECT_PACKAGE) name = text_format(rw, "%s.%s", name, text_name(rw, call->member));
    return text_format(rw, "CALL %s(%s);%s", name, list, call->after);
}

static bool find_program(struct rewriter *rw, struct call *call)
{
    const char *parts[3] = {0};
    uint32_t count = 0;
    do {
        if (count < 3) parts[count++] = rewrite_peek(rw, 0)->text;
        rw->at++;
    } while (rewrite_take(rw, "."));
    const char *schema = rw->session->schema;
    if (count == 1) call->object = dictionary_resolve(rw->dictionary, schema, NULL, parts[0]);
    if (count >= 2) call->object = dictionary_resolve(rw->dictionary, schema, count == 3 ? parts[0] : NULL, parts[count - 2]);
    call->member = parts[count - 1];
    if (count == 2 && (!call->object || call->object->kind != OBJECT_PACKAGE))
        call->object = dictionary_resolve(rw->dictionary, schema, parts[0], parts[1]);
    if (count == 1 && !call->object && rw->member_owner) call->object = dictionary_find(rw->dictionary, schema, rw->member_owner);
    if (call->object && call->object->kind == OBJECT_PROCEDURE) call->member = call->object->name;
    bool found = call->object && (call->object->kind == OBJECT_PROCEDURE || call->object->kind == OBJECT_PACKAGE);
    if (!found) rewrite_fail(rw, 6550, rewrite_peek(rw, 0), "line 1, column 7:\nPLS-00201: identifier '%s' must be declared", parts[0]);
    if (found) rewrite_depends(rw, call->object);
    return found;
}

const char *block_call(struct rewriter *rw)
{
    struct call call = {.after = ""};
    if (!find_program(rw, &call)) return "";
    if (rewrite_take(rw, "(") && !rewrite_take(rw, ")")) {
        int position = 1;
        do {
            call_argument(rw, &call, position++);
        } while (!rewrite_failed(rw) && rewrite_take(rw, ","));
        rewrite_expect(rw, ")");
    }
    return rewrite_failed(rw) ? "" : call_text(rw, &call);
}
