/* SPDX-License-Identifier: Apache-2.0 */
/* PL/SQL: statements of a block, composed for MariaDB's own PL/SQL. Declarations are in rewrite_declare.c. */
#include "standin/rewrite_block.h"
#include "standin/rewrite_query.h"

#include <stdio.h>

static const char *statement_one(struct rewriter *rw);

static bool at_list_end(const struct rewriter *rw)
{
    static const char *const words[] = {"END", "ELSE", "ELSIF", "EXCEPTION", "WHEN"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (rewrite_is(rw, words[i])) return true;
    }
    return rewrite_at_end(rw);
}

const char *block_statements(struct rewriter *rw)
{
    const char *text = "";
    if (!rewrite_deeper(rw)) return text;
    while (!at_list_end(rw) && !rewrite_failed(rw)) text = text_format(rw, "%s%s\n", text, statement_one(rw));
    rw->depth--;
    return text;
}

static void end_of_statement(struct rewriter *rw)
{
    if (!rewrite_take(rw, ";") && !rewrite_failed(rw)) {
        const struct token *t = rewrite_peek(rw, 0);
        rewrite_fail(rw, 6550, t, "line 1, column %u:\nPLS-00103: Encountered the symbol \"%s\" when expecting ;", t->at + 1, t->text);
    }
}

/* ---- SQL inside programs ---- */

/* DML composes a plan; here only its text is wanted. */
static const char *embedded(struct rewriter *rw, void (*statement)(struct rewriter *rw))
{
    struct plan *saved = rw->plan, scratch = {0};
    rw->plan = &scratch;
    rw->in_sql = true;
    statement(rw);
    rw->in_sql = false;
    rw->plan = saved;
    return scratch.sql ? text_format(rw, "%s;", scratch.sql) : "";
}

static const char *select_into(struct rewriter *rw)
{
    rw->in_sql = true;
    struct query *query = query_parse(rw);
    rw->in_sql = false;
    if (rewrite_failed(rw)) return "";
    if (!*query->into) {
        rewrite_fail(rw, 6550, NULL, "PLS-00428: an INTO clause is expected in this SELECT statement");
        return "";
    }
    /* MariaDB has no INTO NEW.column: from DUAL an assignment says the same. */
    if (strstr(query->into, "NEW.`")) {
        if (query->item_count != 1 || strcmp(query->tail, " FROM DUAL") != 0)
            rewrite_refuse(rw, "SELECT .. INTO :NEW.column other than FROM DUAL");
        return text_format(rw, "SET %s = %s;", query->into + 6, query->items[0].value.text);
    }
    rw->selects_into = true;
    return text_format(rw, "%s;", query->text);
}

const char *block_must_find(struct rewriter *rw, const char *text)
{
    if (!rw->selects_into) return text;
    rw->selects_into = false;
    return text_format(rw,
                       "BEGIN\n%s;\nEXCEPTION\nWHEN NO_DATA_FOUND THEN\nSIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1329, MESSAGE_TEXT = 'no "
                       "data found';\nEND",
                       text);
}

/* ---- assignment and calls ---- */

static const struct variable *variable_named(const struct rewriter *rw, const char *name)
{
    for (const struct scope *s = rw->scope; s; s = s->outer) {
        for (uint32_t i = s->variable_count; i-- > 0;) {
            if (strcmp(s->variables[i].name, name) == 0) return &s->variables[i];
        }
    }
    return NULL;
}

static uint32_t ordinal_of(const struct rewriter *rw, const char *name)
{
    uint32_t ordinal = 0;
    while (ordinal < rw->bind_name_count && strcmp(rw->bind_names[ordinal], name) != 0) ordinal++;
    return ordinal;
}

/* A bind that is only written to: the look at it as an operand does not count as reading. */
struct expression block_target(struct rewriter *rw, bool read, uint32_t *ordinal)
{
    const struct token *t = rewrite_peek(rw, 0);
    *ordinal = ordinal_of(rw, t->text);
    bool before = *ordinal < rw->bind_name_count && rw->bind_in[*ordinal];
    struct expression e = expression_primary(rw);
    if (t->kind == TOKEN_BIND && *ordinal < rw->bind_name_count) rw->bind_in[*ordinal] = before || read;
    return e;
}

void block_bind_out(struct rewriter *rw, uint32_t ordinal, struct sql_type type)
{
    rw->bind_out[ordinal] = true;
    bool known = ordinal < rw->bind_type_count && rw->bind_types[ordinal].kind != KIND_UNKNOWN;
    rw->bind_out_types[ordinal] = known ? rw->bind_types[ordinal] : type;
}

static const char *assign_bind(struct rewriter *rw)
{
    uint32_t ordinal;
    struct expression target = block_target(rw, false, &ordinal);
    bool trigger = rw->place == PLACE_TRIGGER;
    rewrite_expect(rw, ":=");
    struct expression value = expression_parse(rw);
    end_of_statement(rw);
    if (rewrite_failed(rw)) return "";
    if (trigger) return text_format(rw, "SET %s = %s;", target.text, expression_as(rw, &value, &target.type));
    const char *text = target.type.kind == KIND_UNKNOWN ? value.text : expression_as(rw, &value, &target.type);
    block_bind_out(rw, ordinal, value.type);
    return text_format(rw, "SET @b%u = %s;", ordinal + 1, text);
}

static const char *assign_variable(struct rewriter *rw)
{
    struct expression target = expression_primary(rw);
    rewrite_expect(rw, ":=");
    struct expression value = expression_parse(rw);
    end_of_statement(rw);
    if (rewrite_failed(rw)) return "";
    const char *text =
        target.type.kind == KIND_BOOLEAN || target.type.kind == KIND_UNKNOWN ? value.text : expression_as(rw, &value, &target.type);
    return text_format(rw, "%s := %s;", target.text, text);
}

static const char *raise_application_error(struct rewriter *rw)
{
    rewrite_expect(rw, "(");
    struct expression number = expression_value(rw);
    rewrite_expect(rw, ",");
    struct expression message = expression_value(rw);
    if (rewrite_take(rw, ",")) (void)expression_parse(rw);
    rewrite_expect(rw, ")");
    end_of_statement(rw);
    if (rewrite_failed(rw)) return "";
    return text_format(rw, "CALL `SYS`.`ORA_APPLICATION_ERROR`(%s, %s);", expression_number(rw, &number), expression_text(rw, &message));
}

/* ---- control ---- */

static const char *if_statement(struct rewriter *rw)
{
    const char *text = "IF ";
    for (;;) {
        struct expression e = expression_parse(rw);
        rewrite_expect(rw, "THEN");
        text = text_format(rw, "%s%s THEN\n%s", text, e.text, block_statements(rw));
        if (!rewrite_take(rw, "ELSIF")) break;
        text = text_format(rw, "%sELSIF ", text);
    }
    if (rewrite_take(rw, "ELSE")) text = text_format(rw, "%sELSE\n%s", text, block_statements(rw));
    rewrite_expect(rw, "END");
    rewrite_expect(rw, "IF");
    end_of_statement(rw);
    return text_format(rw, "%sEND IF;", text);
}

static const char *case_statement(struct rewriter *rw)
{
    const char *text = "CASE";
    struct expression subject = expression_of("", sql_type_of(KIND_UNKNOWN));
    bool simple = !rewrite_is(rw, "WHEN");
    if (simple) subject = expression_value(rw);
    while (rewrite_take(rw, "WHEN")) {
        struct expression e = simple ? expression_value(rw) : expression_parse(rw);
        if (simple && !rewrite_failed(rw)) e = expression_compare(rw, &subject, "=", &e);
        rewrite_expect(rw, "THEN");
        text = text_format(rw, "%s WHEN %s THEN\n%s", text, e.text, block_statements(rw));
    }
    if (rewrite_take(rw, "ELSE")) text = text_format(rw, "%sELSE\n%s", text, block_statements(rw));
    rewrite_expect(rw, "END");
    rewrite_expect(rw, "CASE");
    end_of_statement(rw);
    return text_format(rw, "%sEND CASE;", text);
}

static const char *loop_body(struct rewriter *rw)
{
    rewrite_expect(rw, "LOOP");
    const char *body = block_statements(rw);
    rewrite_expect(rw, "END");
    rewrite_expect(rw, "LOOP");
    if (rewrite_is_name(rw, 0)) rewrite_take_name(rw);
    end_of_statement(rw);
    return text_format(rw, "LOOP\n%sEND LOOP;", body);
}

static const char *for_loop(struct rewriter *rw)
{
    const char *name = rewrite_take_name(rw);
    rewrite_expect(rw, "IN");
    bool reverse = rewrite_take(rw, "REVERSE");
    struct scope scope = {0};
    scope.variables = arena_zero(rw->arena, sizeof *scope.variables);
    struct variable *v = &scope.variables[scope.variable_count++];
    *v = (struct variable){.name = name, .emit = text_name(rw, name), .type = {.kind = KIND_NUMBER, .precision = 38}};
    const char *header;
    if (rewrite_is(rw, "(") && (rewrite_is_ahead(rw, 1, "SELECT") || rewrite_is_ahead(rw, 1, "WITH"))) {
        rw->at++;
        struct query *query = query_parse_nested(rw);
        if (rewrite_failed(rw)) return "";
        v->record = source_of_query(rw, name, query);
        header = text_format(rw, "FOR %s IN (%s) ", v->emit, query_text(rw, query, true));
    } else if (rewrite_is_name(rw, 0) && variable_named(rw, rewrite_peek(rw, 0)->text) &&
               variable_named(rw, rewrite_peek(rw, 0)->text)->cursor) {
        const struct variable *cursor = variable_named(rw, rewrite_peek(rw, 0)->text);
        rw->at++;
        v->record = cursor->record;
        header = text_format(rw, "FOR %s IN %s ", v->emit, cursor->emit);
    } else {
        struct expression low = expression_value(rw);
        rewrite_expect(rw, "..");
        struct expression high = expression_value(rw);
        if (rewrite_failed(rw)) return "";
        header = text_format(rw, "FOR %s IN %s%s .. %s ", v->emit, reverse ? "REVERSE " : "", expression_number(rw, &low),
                             expression_number(rw, &high));
    }
    scope_push(rw, &scope);
    const char *body = loop_body(rw);
    scope_pop(rw);
    return text_format(rw, "%s%s", header, body);
}

static const char *exit_statement(struct rewriter *rw, const char *word)
{
    if (rewrite_is_name(rw, 0) && !rewrite_is(rw, "WHEN")) rewrite_refuse(rw, "loop labels");
    const char *when = "";
    if (rewrite_take(rw, "WHEN")) when = text_format(rw, " WHEN %s", expression_parse(rw).text);
    end_of_statement(rw);
    return text_format(rw, "%s%s;", word, when);
}

static const char *return_statement(struct rewriter *rw)
{
    if (rewrite_take(rw, ";")) return "RETURN;";
    struct expression e = expression_parse(rw);
    end_of_statement(rw);
    if (rewrite_failed(rw)) return "";
    return text_format(
        rw, "RETURN %s;",
        rw->return_type.kind == KIND_BOOLEAN || rw->return_type.kind == KIND_UNKNOWN ? e.text : expression_as(rw, &e, &rw->return_type));
}

/* ---- cursors ---- */

static const char *describe_columns(struct rewriter *rw, const struct query *query)
{
    const char *text = "";
    for (uint32_t i = 0; i < query->item_count; i++) {
        struct sql_type t = query->items[i].value.type;
        if (t.kind == KIND_UNKNOWN || t.kind == KIND_BOOLEAN) t = sql_type_varchar(1);
        text = text_format(rw, "%s%d %u %d %u %d %d %u %d %s\n", text, (int)t.kind, t.precision, t.scale, t.length, t.characters,
                           t.national, t.object, query->items[i].value.maybe_null, query->items[i].name);
    }
    return text;
}

static const char *open_statement(struct rewriter *rw)
{
    const struct token *t = rewrite_peek(rw, 0);
    rw->at++;
    if (!rewrite_take(rw, "FOR")) {
        if (rewrite_is(rw, "(")) rewrite_refuse(rw, "cursors with parameters");
        end_of_statement(rw);
        return text_format(rw, "OPEN %s;", text_name(rw, t->text));
    }
    if (!rewrite_is(rw, "SELECT") && !rewrite_is(rw, "WITH")) {
        rewrite_refuse(rw, "OPEN .. FOR a text");
        return "";
    }
    if (!rw->cursor_parameter || strcmp(rw->cursor_parameter, t->text) != 0 || rw->cursor_result) {
        rewrite_refuse(rw, "OPEN .. FOR other than for the one SYS_REFCURSOR parameter");
        return "";
    }
    struct query *query = query_parse(rw);
    end_of_statement(rw);
    if (rewrite_failed(rw)) return "";
    rw->cursor_result = describe_columns(rw, query);
    return text_format(rw, "%s;", query_text(rw, query, false));
}

static const char *fetch_statement(struct rewriter *rw)
{
    const char *cursor = text_name(rw, rewrite_take_name(rw));
    if (rewrite_is(rw, "BULK")) rewrite_refuse(rw, "BULK COLLECT");
    rewrite_expect(rw, "INTO");
    const char *list = "";
    do {
        list = text_join(rw, list, ", ", expression_primary(rw).text);
    } while (rewrite_take(rw, ","));
    end_of_statement(rw);
    return text_format(rw, "FETCH %s INTO %s;", cursor, list);
}

/* ---- one statement ---- */

static const char *rest_of_transaction(struct rewriter *rw, const char *word)
{
    const char *text = word;
    while (!rewrite_is(rw, ";") && !rewrite_at_end(rw)) {
        const struct token *t = rewrite_peek(rw, 0);
        text = text_format(rw, "%s %s", text, t->kind == TOKEN_QUOTED ? text_name(rw, t->text) : t->text);
        rw->at++;
    }
    end_of_statement(rw);
    return text_format(rw, "%s;", text);
}

static const char *keyword_statement(struct rewriter *rw, bool *known)
{
    static const struct {
        const char *word;
        void (*make)(struct rewriter *rw);
    } sql[] = {{"INSERT", statement_insert}, {"UPDATE", statement_update}, {"DELETE", statement_delete}, {"MERGE", statement_merge}};
    static const struct {
        const char *word;
        const char *(*make)(struct rewriter *rw);
    } control[] = {{"IF", if_statement},
                   {"CASE", case_statement},
                   {"FOR", for_loop},
                   {"RETURN", return_statement},
                   {"OPEN", open_statement},
                   {"FETCH", fetch_statement},
                   {"RAISE_APPLICATION_ERROR", raise_application_error}};
    static const char *const refused[] = {"EXECUTE", "FORALL", "GOTO", "PIPE"};
    *known = true;
    for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) {
        if (!rewrite_is(rw, sql[i].word)) continue;
        const char *text = embedded(rw, sql[i].make);
        end_of_statement(rw);
        return text;
    }
    for (size_t i = 0; i < sizeof control / sizeof *control; i++) {
        if (rewrite_take(rw, control[i].word)) return control[i].make(rw);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (rewrite_is(rw, refused[i])) rewrite_refuse(rw, text_format(rw, "%s in PL/SQL", refused[i]));
    }
    *known = false;
    return "";
}

static const char *statement_one(struct rewriter *rw)
{
    bool known;
    const struct token *t = rewrite_peek(rw, 0);
    const char *text = keyword_statement(rw, &known);
    if (known || rewrite_failed(rw)) return text;
    if (rewrite_is(rw, "SELECT") || rewrite_is(rw, "WITH")) {
        text = select_into(rw);
        end_of_statement(rw);
        return text;
    }
    if (rewrite_is(rw, "BEGIN") || rewrite_is(rw, "DECLARE")) {
        bool declare = rewrite_take(rw, "DECLARE");
        text = block_body(rw, declare);
        end_of_statement(rw);
        return text_format(rw, "%s;", text);
    }
    if (rewrite_is(rw, "LOOP")) return loop_body(rw);
    if (rewrite_take(rw, "WHILE")) {
        struct expression e = expression_parse(rw);
        return text_format(rw, "WHILE %s %s", e.text, loop_body(rw));
    }
    if (rewrite_take2(rw, "NULL", ";")) return "NULL;";
    if (rewrite_is(rw, "EXIT") || rewrite_is(rw, "CONTINUE")) {
        rw->at++;
        return exit_statement(rw, t->text);
    }
    if (rewrite_is(rw, "COMMIT") || rewrite_is(rw, "ROLLBACK") || rewrite_is(rw, "SAVEPOINT")) {
        rw->at++;
        return rest_of_transaction(rw, t->text);
    }
    if (rewrite_take(rw, "CLOSE")) {
        const char *name = text_name(rw, rewrite_take_name(rw));
        end_of_statement(rw);
        return text_format(rw, "CLOSE %s;", name);
    }
    if (rewrite_take(rw, "RAISE")) {
        const char *name = rewrite_is(rw, ";") ? "" : text_format(rw, " %s", text_name(rw, rewrite_take_name(rw)));
        end_of_statement(rw);
        return text_format(rw, "RAISE%s;", name);
    }
    if (rewrite_is(rw, "DBMS_OUTPUT") && rewrite_is_ahead(rw, 1, ".")) {
        while (!rewrite_is(rw, ";") && !rewrite_at_end(rw)) rw->at++;
        end_of_statement(rw);
        return "NULL;";
    }
    if (t->kind == TOKEN_BIND) return assign_bind(rw);
    bool assignment = rewrite_is_ahead(rw, 1, ":=") || (rewrite_is_ahead(rw, 1, ".") && rewrite_is_ahead(rw, 3, ":="));
    if (assignment) return assign_variable(rw);
    text = block_call(rw);
    end_of_statement(rw);
    return text;
}

/* ---- anonymous blocks ---- */

static bool open_for_bind(struct rewriter *rw)
{
    bool alone = rewrite_is(rw, "BEGIN") && rewrite_is_ahead(rw, 1, "OPEN") && rewrite_peek(rw, 2)->kind == TOKEN_BIND &&
                 rewrite_is_ahead(rw, 3, "FOR");
    if (!alone) return false;
    rw->at += 2;
    rw->bind_variables = false;
    struct expression cursor = expression_primary(rw);
    rw->plan->cursor_bind = (uint32_t)cursor.bind;
    rw->bind_in[cursor.bind] = false;
    rw->bind_out[cursor.bind] = true;
    rw->at++;
    struct query *query = query_parse(rw);
    end_of_statement(rw);
    rewrite_expect(rw, "END");
    rewrite_take(rw, ";");
    if (!rewrite_at_end(rw)) rewrite_refuse(rw, "a block that opens a cursor for a bind and does more");
    query_to_plan(rw, query);
    rw->plan->kind = PLAN_CURSOR;
    rw->plan->command = 47;
    return true;
}

/* One OPEN c FOR query; DBMS_SQL.RETURN_RESULT(c); and the query becomes a step, planned when it is run. */
static void returned_result(struct rewriter *rw)
{
    rewrite_expect(rw, "OPEN");
    const char *name = rewrite_take_name(rw);
    rewrite_expect(rw, "FOR");
    uint32_t from = rw->at;
    while (!rewrite_is(rw, ";") && !rewrite_at_end(rw)) {
        if (rewrite_peek(rw, 0)->kind == TOKEN_BIND) rewrite_refuse(rw, "a bind in a query whose result is returned");
        rw->at++;
    }
    const char *query = rewrite_source_text(rw, from, rw->at);
    end_of_statement(rw);
    for (const char *const *word = (const char *const[]){"DBMS_SQL", ".", "RETURN_RESULT", "(", NULL}; *word; word++)
        rewrite_expect(rw, *word);
    const char *returned = rewrite_take_name(rw);
    if (!rewrite_failed(rw) && strcmp(name, returned) != 0) rewrite_refuse(rw, "returning another result than the one just opened");
    rewrite_expect(rw, ")");
    end_of_statement(rw);
    if (!rewrite_failed(rw)) rewrite_step(rw, query);
}

/* A block that returns results and does nothing else. */
static bool return_results(struct rewriter *rw)
{
    uint32_t at = 1;
    if (!rewrite_is(rw, "DECLARE")) return false;
    while (rewrite_is_ahead(rw, at + 1, "SYS_REFCURSOR") && rewrite_is_ahead(rw, at + 2, ";")) at += 3;
    bool returns = false;
    for (uint32_t i = 0; !returns && rewrite_peek(rw, i)->kind != TOKEN_END; i++) returns = rewrite_is_ahead(rw, i, "RETURN_RESULT");
    if (at == 1 || !rewrite_is_ahead(rw, at, "BEGIN") || !returns) return false;
    rw->at += at + 1;
    while (!rewrite_is(rw, "END") && !rewrite_failed(rw)) returned_result(rw);
    rewrite_expect(rw, "END");
    rewrite_take(rw, ";");
    if (!rewrite_at_end(rw)) rewrite_refuse(rw, "a block that returns results and does more");
    rw->plan->kind = PLAN_RESULTS;
    return true;
}

/* BEGIN STANDIN_ARRAYS.member(:a [, :b]); END; for drivers' index-by tables, which MariaDB does not have. call_block.c does what the members do. */
static bool array_call(struct rewriter *rw)
{
    static const struct {
        const char *name;
        bool in[2], out[2];
    } members[] = {
        {"COUNT_OF", {true, false}, {false, true}}, {"REVERSED", {true, false}, {false, true}}, {"REVERSE", {true, false}, {true, false}}};
    if (!rewrite_is(rw, "BEGIN") || !rewrite_is_ahead(rw, 1, "STANDIN_ARRAYS") || !rewrite_is_ahead(rw, 2, ".")) return false;
    rw->at += 3;
    rw->bind_variables = false;
    const char *name = rewrite_take_name(rw);
    size_t member = 0;
    while (name && member < sizeof members / sizeof *members && strcmp(members[member].name, name) != 0) member++;
    if (!name || member == sizeof members / sizeof *members) {
        rewrite_fail(rw, 6550, NULL, "PLS-00302: component must be declared");
        return true;
    }
    rewrite_expect(rw, "(");
    for (int i = 0; i < 2 && (members[member].in[i] || members[member].out[i]); i++) {
        if (i > 0) rewrite_expect(rw, ",");
        struct expression bind = expression_primary(rw);
        if (bind.bind != i) rewrite_refuse(rw, "an array that is no bind");
        if (rewrite_failed(rw)) return true;
        rw->bind_in[i] = members[member].in[i];
        rw->bind_out[i] = members[member].out[i];
    }
    rewrite_expect(rw, ")");
    end_of_statement(rw);
    rewrite_expect(rw, "END");
    rewrite_take(rw, ";");
    rw->plan->kind = PLAN_ARRAYS;
    rw->plan->sql = name;
    return true;
}

static void plan_outs(struct rewriter *rw)
{
    struct plan *plan = rw->plan;
    plan->source_binds = plan->out_count = rw->bind_name_count;
    plan->outs = arena_zero(rw->arena, (rw->bind_name_count + 1) * sizeof *plan->outs);
    for (uint32_t i = 0; i < rw->bind_name_count; i++) {
        struct plan_out *out = &plan->outs[i];
        out->name = rw->bind_names[i];
        out->in = rw->bind_in[i] || !rw->bind_out[i];
        out->out = rw->bind_out[i];
        out->type = rw->bind_out_types[i];
        out->cursor_result = rw->bind_cursor_results[i];
    }
}

void statement_block(struct rewriter *rw)
{
    struct scope scope = {0};
    rw->place = PLACE_PLSQL;
    rw->block_binds = rw->bind_variables = true;
    rw->plan->kind = PLAN_BLOCK;
    rw->plan->command = 47;
    scope_push(rw, &scope);
    const char *text;
    if (open_for_bind(rw) || return_results(rw) || array_call(rw)) {
        scope_pop(rw);
        if (!rewrite_failed(rw)) plan_outs(rw);
        return;
    }
    if (rewrite_take(rw, "CALL")) {
        /* CALL p(..) [INTO :x]: a block of one statement, without semicolon. */
        text = text_format(rw, "BEGIN\n%s\nEND", block_call(rw));
        if (!rewrite_at_end(rw)) rewrite_refuse(rw, "CALL .. INTO");
    } else {
        bool declare = rewrite_take(rw, "DECLARE");
        text = block_must_find(rw, block_body(rw, declare));
        rewrite_take(rw, ";");
    }
    rewrite_take(rw, "/");
    if (!rewrite_at_end(rw)) rewrite_fail(rw, 6550, NULL, "PLS-00103: Encountered the symbol \"%s\"", rewrite_peek(rw, 0)->text);
    scope_pop(rw);
    if (rewrite_failed(rw)) return;
    plan_outs(rw);
    rw->plan->sql = text;
    static const char *const writes[] = {"INSERT INTO ", "UPDATE ", "DELETE FROM ", "FOR UPDATE", "SAVEPOINT", "COMMIT", "ROLLBACK"};
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) rw->plan->locks |= strstr(text, writes[i]) != NULL;
    for (const char *c = text; (c = strstr(c, "CALL `")) != NULL; c++) rw->plan->locks |= strncmp(c, "CALL `SYS`.", 11) != 0;
    for (uint32_t i = 0; i < rw->bind_name_count; i++) {
        if (!rw->bind_cursor_results[i]) continue;
        /* The rows of a cursor come as the result of one CALL. */
        const char *start = strstr(text, "CALL "), *end = start ? strchr(start, ';') : NULL;
        if (!start || strncmp(text, "BEGIN\nCALL ", 11) != 0 || strcmp(end, ";\nEND") != 0) {
            rewrite_refuse(rw, "a block that gets a cursor from a procedure and does more");
            return;
        }
        rw->plan->sql = text_format(rw, "%.*s", (int)(end - start), start);
    }
}
