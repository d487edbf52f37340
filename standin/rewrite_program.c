/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE PROCEDURE, FUNCTION, PACKAGE and TRIGGER. */
#include "standin/rewrite_block.h"
#include "standin/rewrite_ddl.h"
#include "standin/rewrite_query.h"

#include <stdio.h>

enum { ARGUMENT_MAX = 100 };
struct program {
    bool function;
    const char *name;
    struct {
        const char *name, *mode, *default_stored;
        struct sql_type type;
        bool in, out, defaulted;
    } arguments[ARGUMENT_MAX];
    uint32_t count;
    struct sql_type result;
    const char *cursor_result;
};

/* ---- headers ---- */

static void parse_parameter(struct rewriter *rw, struct program *p)
{
    if (p->count == ARGUMENT_MAX) {
        rewrite_refuse(rw, "more than 100 parameters");
        return;
    }
    uint32_t i = p->count++;
    p->arguments[i].name = rewrite_take_name(rw);
    bool in = rewrite_take(rw, "IN"), out = rewrite_take(rw, "OUT");
    rewrite_take(rw, "NOCOPY");
    p->arguments[i].in = in || !out;
    p->arguments[i].out = out;
    p->arguments[i].mode = in && out ? "IN OUT" : out ? "OUT" : "IN";
    p->arguments[i].type = sql_type_parse(rw);
    if (p->arguments[i].type.kind == KIND_CHAR) p->arguments[i].type.kind = KIND_VARCHAR;
    if (rewrite_take(rw, "DEFAULT") || rewrite_take(rw, ":=")) {
        struct expression e = expression_parse(rw);
        p->arguments[i].defaulted = true;
        if (!rewrite_failed(rw))
            p->arguments[i].default_stored =
                p->arguments[i].type.kind == KIND_BOOLEAN ? e.text : expression_as(rw, &e, &p->arguments[i].type);
    }
}

/* At PROCEDURE or FUNCTION: name, parameters, RETURN type and what may follow it. */
static void parse_header(struct rewriter *rw, struct program *p, const char **owner)
{
    static const char *const options[] = {"DETERMINISTIC", "PARALLEL_ENABLE", "RESULT_CACHE"};
    *p = (struct program){.function = rewrite_is(rw, "FUNCTION")};
    rw->at++;
    const char *given = NULL;
    rewrite_take_qualified(rw, &given, &p->name);
    if (owner) *owner = given ? given : rw->session->schema;
    if (rewrite_take(rw, "(")) {
        do {
            parse_parameter(rw, p);
        } while (!rewrite_failed(rw) && rewrite_take(rw, ","));
        rewrite_expect(rw, ")");
    }
    if (p->function) {
        rewrite_expect(rw, "RETURN");
        p->result = sql_type_parse(rw);
        if (p->result.kind == KIND_CURSOR) rewrite_refuse(rw, "functions that answer cursors");
        if (p->result.kind == KIND_CHAR) p->result.kind = KIND_VARCHAR;
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < sizeof options / sizeof *options; i++) more |= rewrite_take(rw, options[i]);
    }
    if (rewrite_take(rw, "AUTHID")) rw->at++;
}

static const char *header_text(struct rewriter *rw, const struct program *p, const char *name)
{
    const char *list = "";
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->arguments[i].type.kind == KIND_CURSOR) continue;
        const char *mode = p->function ? "" : text_format(rw, "%s ", p->arguments[i].mode);
        list = text_join(rw, list, ", ",
                         text_format(rw, "%s %s%s", text_name(rw, p->arguments[i].name), mode, block_type_text(rw, &p->arguments[i].type)));
    }
    const char *result = p->function ? text_format(rw, " RETURN %s", block_type_text(rw, &p->result)) : "";
    return text_format(rw, "%s %s(%s)%s", p->function ? "FUNCTION" : "PROCEDURE", name, list, result);
}

/* After IS or AS: the body, with the parameters in scope. */
static const char *program_body(struct rewriter *rw, struct program *p)
{
    struct scope scope = {0};
    scope.variables = arena_zero(rw->arena, (ARGUMENT_MAX + VARIABLE_MAX) * sizeof *scope.variables);
    enum rewrite_place place = rw->place;
    rw->place = PLACE_PLSQL;
    rw->return_type = p->result;
    rw->cursor_parameter = rw->cursor_result = NULL;
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->arguments[i].type.kind == KIND_CURSOR) {
            if (rw->cursor_parameter) rewrite_refuse(rw, "more than one cursor parameter");
            rw->cursor_parameter = p->arguments[i].name;
            continue;
        }
        scope.variables[scope.variable_count++] =
            (struct variable){.name = p->arguments[i].name, .emit = text_name(rw, p->arguments[i].name), .type = p->arguments[i].type};
    }
    scope_push(rw, &scope);
    rw->selects_into = false;
    const char *text = block_body(rw, true);
    scope_pop(rw);
    if (p->function) rw->selects_into = false; /* in SQL a function that finds nothing is NULL */
    text = block_must_find(rw, text);
    rw->place = place;
    p->cursor_result = rw->cursor_result;
    if (!rewrite_failed(rw) && rw->cursor_parameter && !p->cursor_result) rewrite_refuse(rw, "a cursor parameter that is not opened here");
    /* A subprogram's declarations stand without DECLARE. */
    return strncmp(text, "DECLARE\n", 8) == 0 ? text + 8 : text;
}

static void argument_steps(struct rewriter *rw, const char *owner, const char *object, const char *type, const struct program *p)
{
    const char *where = text_format(rw, "FROM `SYS`.`STANDIN$OBJECT` WHERE OWNER = %s AND OBJECT_NAME = %s AND OBJECT_TYPE = '%s'",
                                    text_string(rw, owner), text_string(rw, object), type);
    for (uint32_t i = p->function ? 0 : 1; i <= p->count; i++) {
        bool result = i == 0;
        const struct sql_type *t = result ? &p->result : &p->arguments[i - 1].type;
        const char *extra = result ? NULL : t->kind == KIND_CURSOR ? p->cursor_result : p->arguments[i - 1].default_stored;
        rewrite_step(rw,
                     text_format(rw, "REPLACE INTO `SYS`.`STANDIN$ARGUMENT` SELECT OBJECT_ID, %s, %u, %s, '%s', %d, %u, %d, %u, %d, %s %s",
                                 text_string(rw, p->name), i, result ? "'$'" : text_string(rw, p->arguments[i - 1].name),
                                 result ? "OUT" : p->arguments[i - 1].mode, (int)t->kind, t->precision, t->scale, t->length,
                                 result ? 0 : p->arguments[i - 1].defaulted, extra ? text_string(rw, extra) : "NULL", where));
    }
}

static void forget_arguments(struct rewriter *rw, const char *owner, const char *name)
{
    const struct dictionary_object *old = dictionary_find(rw->dictionary, owner, name);
    if (old) rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$ARGUMENT` WHERE OBJECT_ID = %u", old->id));
}

static void check_replace(struct rewriter *rw, bool replace, const char *owner, const char *name)
{
    const struct dictionary_object *old = dictionary_find(rw->dictionary, owner, name);
    bool program = old && (old->kind == OBJECT_PROCEDURE || old->kind == OBJECT_FUNCTION || old->kind == OBJECT_PACKAGE);
    if (old && !(replace && program)) rewrite_fail(rw, 955, NULL, "name is already used by an existing object");
}

static void finish_program(struct rewriter *rw)
{
    rewrite_take(rw, ";");
    rewrite_take(rw, "/");
    if (!rewrite_at_end(rw) && !rewrite_failed(rw))
        rewrite_fail(rw, 6550, NULL, "PLS-00103: Encountered the symbol \"%s\"", rewrite_peek(rw, 0)->text);
}

void create_program(struct rewriter *rw, bool replace)
{
    struct program p;
    const char *owner = "";
    rw->place = PLACE_PLSQL;
    parse_header(rw, &p, &owner);
    if (!rewrite_take(rw, "IS")) rewrite_expect(rw, "AS");
    if (rewrite_failed(rw)) return;
    check_replace(rw, replace, owner, p.name);
    const char *body = program_body(rw, &p);
    finish_program(rw);
    if (rewrite_failed(rw)) return;
    const char *type = p.function ? "FUNCTION" : "PROCEDURE";
    rewrite_step(rw, text_format(rw, "CREATE OR REPLACE %s AS\n%s", header_text(rw, &p, text_table(rw, owner, p.name)), body));
    forget_arguments(rw, owner, p.name);
    ddl_object_steps(rw, owner, p.name, type);
    argument_steps(rw, owner, p.name, type, &p);
    ddl_dependency_steps(rw, owner, p.name, type);
    rw->plan->command = p.function ? 91 : 24;
}

/* ---- packages ---- */

static void package_spec(struct rewriter *rw, const char *owner, const char *name)
{
    const char *members = "";
    forget_arguments(rw, owner, name);
    ddl_object_steps(rw, owner, name, "PACKAGE");
    while (!rewrite_is(rw, "END") && !rewrite_at_end(rw) && !rewrite_failed(rw)) {
        if (!rewrite_is(rw, "PROCEDURE") && !rewrite_is(rw, "FUNCTION")) {
            rewrite_refuse(rw, "package variables and types");
            return;
        }
        struct program p;
        parse_header(rw, &p, NULL);
        rewrite_expect(rw, ";");
        if (rewrite_failed(rw)) return;
        for (uint32_t i = 0; i < p.count; i++) {
            if (p.arguments[i].type.kind == KIND_CURSOR) rewrite_refuse(rw, "cursor parameters of package members");
        }
        members = text_format(rw, "%s%s;\n", members, header_text(rw, &p, text_name(rw, p.name)));
        argument_steps(rw, owner, name, "PACKAGE", &p);
    }
    rewrite_step(rw, text_format(rw, "CREATE OR REPLACE PACKAGE %s AS\n%sEND", text_table(rw, owner, name), members));
}

static void package_body(struct rewriter *rw, const char *owner, const char *name)
{
    const char *members = "";
    rw->member_owner = name;
    while (!rewrite_is(rw, "END") && !rewrite_is(rw, "BEGIN") && !rewrite_at_end(rw) && !rewrite_failed(rw)) {
        if (!rewrite_is(rw, "PROCEDURE") && !rewrite_is(rw, "FUNCTION")) {
            rewrite_refuse(rw, "package variables and types");
            return;
        }
        struct program p;
        parse_header(rw, &p, NULL);
        if (!rewrite_take(rw, "IS")) rewrite_expect(rw, "AS");
        const char *body = rewrite_failed(rw) ? "" : program_body(rw, &p);
        rewrite_expect(rw, ";");
        if (rewrite_failed(rw)) return;
        members = text_format(rw, "%s%s AS\n%s;\n", members, header_text(rw, &p, text_name(rw, p.name)), body);
    }
    if (rewrite_is(rw, "BEGIN")) rewrite_refuse(rw, "package initialisation");
    rewrite_step(rw, text_format(rw, "CREATE OR REPLACE PACKAGE BODY %s AS\n%sEND", text_table(rw, owner, name), members));
    ddl_object_steps(rw, owner, name, "PACKAGE BODY");
    ddl_dependency_steps(rw, owner, name, "PACKAGE BODY");
}

void create_package(struct rewriter *rw, bool replace)
{
    const char *owner, *name;
    rw->at++;
    bool body = rewrite_take(rw, "BODY");
    rw->place = PLACE_PLSQL;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    if (!owner) owner = rw->session->schema;
    if (!body) check_replace(rw, replace, owner, name);
    if (rewrite_take(rw, "AUTHID")) rw->at++;
    if (!rewrite_take(rw, "IS")) rewrite_expect(rw, "AS");
    if (rewrite_failed(rw)) return;
    if (body)
        package_body(rw, owner, name);
    else
        package_spec(rw, owner, name);
    rewrite_expect(rw, "END");
    if (rewrite_is_name(rw, 0)) rewrite_take_name(rw);
    finish_program(rw);
    rw->plan->command = body ? 95 : 94;
}

/* ---- triggers ---- */

struct trigger {
    const char *owner, *name, *timing, *events[3];
    uint32_t event_count;
    const struct dictionary_object *table;
    uint32_t when_at, body_at;
    const char *event_text;
};

static void trigger_events(struct rewriter *rw, struct trigger *t)
{
    t->event_text = "";
    do {
        const char *event = rewrite_peek(rw, 0)->text;
        if (!rewrite_take(rw, "INSERT") && !rewrite_take(rw, "UPDATE")) rewrite_expect(rw, "DELETE");
        if (rewrite_is(rw, "OF")) rewrite_refuse(rw, "UPDATE OF in triggers");
        if (rewrite_failed(rw) || t->event_count == 3) return;
        t->events[t->event_count++] = event;
        t->event_text = text_join(rw, t->event_text, " OR ", event);
    } while (rewrite_take(rw, "OR"));
}

static void trigger_header(struct rewriter *rw, struct trigger *t)
{
    const char *owner, *table_owner, *table;
    if (!rewrite_take_qualified(rw, &owner, &t->name)) return;
    t->owner = owner ? owner : rw->session->schema;
    t->timing = rewrite_peek(rw, 0)->text;
    if (rewrite_is(rw, "INSTEAD") || rewrite_is(rw, "FOR")) rewrite_refuse(rw, "INSTEAD OF and compound triggers");
    if (!rewrite_take(rw, "BEFORE")) rewrite_expect(rw, "AFTER");
    trigger_events(rw, t);
    rewrite_expect(rw, "ON");
    const struct token *at = rewrite_peek(rw, 0);
    if (rewrite_failed(rw) || !rewrite_take_qualified(rw, &table_owner, &table)) return;
    t->table = rewrite_object(rw, at, table_owner, table);
    if (rewrite_take(rw, "REFERENCING")) {
        while (!rewrite_is(rw, "FOR") && !rewrite_at_end(rw)) {
            /* Only the usual names. */
            if (rewrite_take(rw, "AS") && !rewrite_is(rw, "NEW") && !rewrite_is(rw, "OLD"))
                rewrite_refuse(rw, "REFERENCING other names");
            else
                rw->at++;
        }
    }
    if (!rewrite_take(rw, "FOR")) rewrite_refuse(rw, "statement triggers");
    rewrite_expect(rw, "EACH");
    rewrite_expect(rw, "ROW");
    rewrite_take(rw, "ENABLE");
    if (rewrite_is(rw, "DISABLE") || rewrite_is(rw, "FOLLOWS")) rewrite_refuse(rw, "disabled and ordered triggers");
    if (rewrite_take(rw, "WHEN")) {
        t->when_at = rw->at;
        rw->at = rewrite_match_parenthesis(rw, rw->at) + 1;
    }
    t->body_at = rw->at;
}

static void trigger_for_event(struct rewriter *rw, const struct trigger *t, const char *event, const char *stored)
{
    struct scope scope = {0};
    rw->place = PLACE_TRIGGER;
    rw->trigger_table = t->table;
    rw->trigger_event = event;
    scope_push(rw, &scope);
    const char *when = NULL;
    if (t->when_at) {
        rw->at = t->when_at + 1;
        when = expression_condition(rw).text;
    }
    if (!rewrite_failed(rw)) rw->at = t->body_at;
    bool declare = rewrite_take(rw, "DECLARE");
    const char *body = block_body(rw, declare);
    scope_pop(rw);
    finish_program(rw);
    if (rewrite_failed(rw)) return;
    if (when) body = text_format(rw, "BEGIN\nIF %s THEN\n%s;\nEND IF;\nEND", when, body);
    rewrite_step(rw, text_format(rw, "CREATE OR REPLACE TRIGGER %s %s %s ON %s FOR EACH ROW\n%s", text_table(rw, t->owner, stored),
                                 t->timing, event, text_table(rw, t->table->owner, t->table->name), body));
}

void create_trigger(struct rewriter *rw, bool replace)
{
    static const struct {
        const char *event, *suffix;
    } suffixes[] = {{"INSERT", ""}, {"UPDATE", "$U"}, {"DELETE", "$D"}};
    struct trigger t = {0};
    trigger_header(rw, &t);
    if (rewrite_failed(rw)) return;
    for (size_t k = 0; replace && k < 3; k++)
        rewrite_step(
            rw, text_format(rw, "DROP TRIGGER IF EXISTS %s", text_table(rw, t.owner, text_format(rw, "%s%s", t.name, suffixes[k].suffix))));
    const char *source = rewrite_source_text(rw, t.body_at, rw->list.count),
               *when = t.when_at ? rewrite_source_text(rw, t.when_at + 1, t.body_at - 1) : NULL;
    for (uint32_t i = 0; i < t.event_count; i++) {
        for (size_t k = 0; k < 3; k++) {
            if (strcmp(suffixes[k].event, t.events[i]) == 0)
                trigger_for_event(rw, &t, t.events[i], text_format(rw, "%s%s", t.name, suffixes[k].suffix));
        }
    }
    if (rewrite_failed(rw)) return;
    ddl_object_steps(rw, t.owner, t.name, "TRIGGER");
    ddl_dependency_steps(rw, t.owner, t.name, "TRIGGER");
    rewrite_step(rw, text_format(rw,
                                 "REPLACE INTO `SYS`.`STANDIN$TRIGGER` (OWNER, TRIGGER_NAME, TRIGGER_TYPE, TRIGGERING_EVENT, TABLE_OWNER, "
                                 "TABLE_NAME, WHEN_CLAUSE, STATUS, TRIGGER_BODY)"
                                 " VALUES (%s, %s, '%s EACH ROW', %s, %s, %s, %s, 'ENABLED', %s)",
                                 text_string(rw, t.owner), text_string(rw, t.name), t.timing, text_string(rw, t.event_text),
                                 text_string(rw, t.table->owner), text_string(rw, t.table->name), when ? text_string(rw, when) : "NULL",
                                 text_string(rw, source)));
    rw->plan->command = 59;
}
