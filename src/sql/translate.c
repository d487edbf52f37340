/* SPDX-License-Identifier: Apache-2.0 */
/* The door: lexer, parser, resolver, classification, rewrites, emitter, plan. */
#include "sql/translate.h"

#include "base/limit.h"
#include "sql/bind_type.h"
#include "sql/class.h"
#include "sql/emit.h"
#include "sql/fingerprint.h"
#include "sql/name.h"
#include "sql/parse.h"
#include "sql/plan.h"
#include "sql/resolve.h"
#include "sql/rewrite.h"
#include "sql/session.h"
#include "sql/table_name.h"

enum { WORK_MAX = 384 << 20, TEXT_FACTOR = 16, TEXT_BASE = 256 << 10 };

struct texts {
    const char *target, *returning, *returning_into;
    uint32_t parameters;
};

static char *keep(struct arena *arena, struct view text)
{
    return arena_string(arena, text);
}

static void list_binds(struct translation *t)
{
    t->binds = translation_alloc(t, sizeof *t->binds * (t->bind_count + 1));
    uint32_t positional = 0, count = 0;
    bool block = sql_kind_quick(t->text) == SQL_PLSQL; /* there a name is one bind, however often it stands */
    for (uint32_t i = 0; i < t->token_count; i++) {
        struct token *token = &t->tokens[i];
        if (token->kind != TOKEN_BIND) continue;
        bool question = token->text.size == 1 && token->text.data[0] == '?';
        struct view name = question      ? view_text(translation_printf(t, "%u", ++positional))
                           : token->form ? token->text
                                         : translation_upper(t, token->text);
        token->value = count;
        for (uint32_t j = 0; block && j < count && j < 512; j++)
            if (view_equal(t->binds[j].name, name)) token->value = j;
        if (token->value < count) continue;
        t->binds[count++] = (struct bind_occurrence){.at = token->at, .name = name};
    }
    t->bind_count = count;
}

/* Without what ends it. What stands before it stays: findings give places in the text as it came. */
static struct view trimmed(struct view text)
{
    while (text.size > 0 && (text.data[text.size - 1] == ';' || text.data[text.size - 1] == '/' || text.data[text.size - 1] <= ' ')) {
        if (text.data[text.size - 1] == '/' && text.size > 1 && text.data[text.size - 2] == '*') break; /* the end of a comment */
        text.size--;
    }
    return text;
}

static const char *emit_once(struct translation *t, const struct statement *s, enum emit_returning returning, uint32_t *parameters,
                             struct arena *into)
{
    struct buffer out;
    buffer_init(&out, t->text.size * TEXT_FACTOR + TEXT_BASE);
    struct emitter m = {.t = t, .out = &out, .parameters = parameters, .returning = returning};
    emit_statement(&m, s);
    const char *text = NULL;
    if (out.failed)
        finding_refuse(t, 0, "limit", "the translation would be too long", "split the statement");
    else if (buffer_size(&out) > 0)
        text = keep(into, buffer_view(&out));
    buffer_release(&out);
    return text;
}

static void emit_all(struct translation *t, const struct statement *s, struct texts *texts, struct arena *into)
{
    const struct change *c = s->change;
    if (t->refused) return;
    texts->target = emit_once(t, s, RETURN_NOTHING, &texts->parameters, into);
    bool single = c && c->target && c->target->relation && c->target->relation->table && s->kind != SQL_MERGE &&
                  (s->kind != SQL_INSERT_ALL || c->rows_of_values);
    if (single) texts->returning = emit_once(t, s, RETURN_IMAGE, &texts->parameters, into);
    if (c && c->returning_count > 0) texts->returning_into = emit_once(t, s, RETURN_INTO, &texts->parameters, into);
    if (t->refused) *texts = (struct texts){0};
}

static void keep_findings(struct sql_plan *plan, const struct translation *t, struct arena *arena)
{
    plan->finding_count = t->findings.count;
    plan->findings = arena_zero(arena, sizeof *plan->findings * (t->findings.count + 1));
    for (uint32_t i = 0; i < t->findings.count; i++) {
        struct sql_finding *f = &plan->findings[i];
        *f = t->findings.items[i];
        f->rule = keep(arena, view_text(f->rule));
        f->reason = keep(arena, view_text(f->reason ? f->reason : ""));
        f->advice = keep(arena, view_text(f->advice ? f->advice : ""));
    }
}

static void keep_binds(struct sql_plan *plan, const struct translation *t, uint32_t parameters, struct arena *arena)
{
    plan->source_bind_count = t->binds && plan->kind != SQL_DDL ? t->bind_count : 0; /* :new and :old of triggers are no binds */
    plan->source_binds = arena_zero(arena, sizeof *plan->source_binds * (plan->source_bind_count + 1));
    plan->return_binds = arena_zero(arena, sizeof *plan->return_binds * (plan->source_bind_count + 1));
    plan->binds = arena_zero(arena, sizeof *plan->binds * (parameters + 1));
    plan->bind_count = parameters;
    for (uint32_t i = 0; i < plan->source_bind_count; i++) {
        const struct bind_occurrence *bind = &t->binds[i];
        plan->source_binds[i] = keep(arena, bind->name);
        if (bind->into) plan->return_binds[plan->return_bind_count++] = i;
        if (bind->parameter == 0 || bind->parameter > parameters) continue;
        plan->binds[bind->parameter - 1] =
            (struct sql_bind){.name = plan->source_binds[i], .position = i, .type = bind->type, .cast = bind->cast, .length = bind->length};
    }
}

static void add_table(struct sql_plan *plan, const struct sql_table *table, bool read, bool written)
{
    for (uint32_t i = 0; i < plan->table_count; i++) {
        if (plan->tables[i].table != table) continue;
        plan->tables[i].read |= read;
        plan->tables[i].written |= written;
        return;
    }
    plan->tables[plan->table_count++] = (struct sql_table_use){table, read, written};
}

static void keep_tables(struct sql_plan *plan, const struct translation *t, const struct statement *s, struct arena *arena)
{
    plan->tables = arena_zero(arena, sizeof *plan->tables * (t->relation_count + 1));
    for (uint32_t i = 0; i < t->relation_count; i++) {
        const struct relation *r = t->relations[i];
        if (!r->table) continue;
        bool written = r->item->dml_target;
        bool read = !written || (s && s->kind != SQL_INSERT && s->kind != SQL_INSERT_ALL);
        add_table(plan, r->table, read, written);
    }
}

static struct sql_key_part *keep_parts(const struct sql_key_part *parts, uint32_t count, struct arena *arena)
{
    struct sql_key_part *copy = arena_zero(arena, sizeof *copy * (count + 1));
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = parts[i];
        if (parts[i].from == SQL_FROM_LITERAL) {
            char *text = keep(arena, parts[i].literal);
            copy[i].literal = view_of(text, parts[i].literal.size);
        }
    }
    return copy;
}

static void keep_class(struct sql_plan *plan, const struct classification *c, struct arena *arena)
{
    plan->class_ = c->class_;
    plan->written = c->written;
    plan->key = c->key;
    if (c->key) plan->key_parts = keep_parts(c->key_parts, c->key->column_count, arena);
    plan->key_changes = c->key_changes;
    plan->assigned = keep_parts(c->assigned, c->assigned_count, arena);
    plan->assigned_count = c->assigned_count;
    plan->ordered = c->ordered;
    plan->order_by = c->order_by;
    plan->single_row = c->single_row;
    plan->for_update = c->for_update;
    plan->lock_wait_s = c->lock_wait_s;
}

static void keep_columns(struct sql_plan *plan, const struct statement *s, struct arena *arena)
{
    const struct query *q = s->query;
    if (!q || !q->known) return;
    plan->columns = arena_zero(arena, sizeof *plan->columns * (q->column_count + 1));
    plan->column_count = q->column_count;
    for (uint32_t i = 0; i < q->column_count; i++) {
        const struct typing *typing = &q->columns[i].typing;
        plan->columns[i] = (struct sql_result_column){.name = keep(arena, q->columns[i].name),
                                                      .type = typing->type,
                                                      .precision = typing->precision,
                                                      .scale = typing->scale,
                                                      .length = typing->length,
                                                      .nullable = typing->nullable};
    }
}

static enum sql_state state_of(const struct translation *t, const struct statement *s)
{
    if (!s) return t->unparsed ? SQL_UNPARSED : SQL_REFUSED;
    if (t->refused) return SQL_REFUSED;
    if (t->approximate) return SQL_APPROXIMATE;
    return t->passed ? SQL_PASSED : SQL_EXACT;
}

/* What the statement does, as far as its words tell when it was not read to its end. */
static void refuse_kind(struct translation *t, const struct statement *s)
{
    switch (s->kind) {
    case SQL_PLSQL:
        if (s->call) {
            t->calls_unknown = t->has_side_effect = t->passed = true;
            return;
        }
        finding_refuse(t, s->at, "pl/sql", "procedural code is not translated",
                       "give its translation and the tables it touches in the mapping file");
        session_scan_tables(t);
        return;
    case SQL_EXPLAIN: finding_refuse(t, s->at, "explain", "a plan of the source is asked", "ask the source"); return;
    default: return;
    }
}

/* Everything that may leave by longjmp. What it made so far stands in *statement and *class. */
static void translate_inside(struct translation *t, struct statement **statement, struct classification *class_, struct texts *texts,
                             struct arena *into)
{
    if (setjmp(t->stop) != 0) return;
    t->tokens = token_list(t->arena, t->text, &t->token_count, &t->bind_count);
    if (t->tokens && parse_drop_continuations(t)) t->tokens = token_list(t->arena, t->text, &t->token_count, &t->bind_count);
    if (!t->tokens) {
        finding_refuse(t, 0, "limit", "the statement needs more working memory than one translation may have", "split the statement");
        return;
    }
    list_binds(t);
    struct statement *s = parse_statement(t);
    *statement = s;
    refuse_kind(t, s);
    resolve_statement(t, s);
    if (!t->options->catalog && t->reads_tables)
        finding_note(t, s->at, "catalog", "without a catalog the types of columns are not known",
                     "give the catalog: comparisons, arithmetic and order depend on types");
    if (s->control) session_control(t, s);
    classify_statement(t, s, class_);
    bind_types_spread(t, s);
    if (!t->refused) rewrite_statement(t, s);
    classify_finish(t, s, class_);
    emit_all(t, s, texts, into);
}

static void scan_tables_safely(struct translation *t)
{
    if (setjmp(t->stop) != 0) return;
    session_scan_tables(t);
}

static void fill_plan(struct sql_plan *plan, struct translation *t, struct statement *s, struct classification *c,
                      const struct texts *texts, struct arena *arena)
{
    plan->state = state_of(t, s);
    plan->kind = s ? (s->block ? SQL_PLSQL : s->kind) : sql_kind_quick(t->text);
    if (!s) {
        if (t->tokens) scan_tables_safely(t);
        c->class_ = plan->kind == SQL_SELECT ? SQL_CLASS_READ : SQL_CLASS_OPAQUE;
        if (plan->kind >= SQL_COMMIT && plan->kind <= SQL_EXPLAIN) c->class_ = SQL_CLASS_CONTROL;
    }
    plan->target_text = texts->target;
    plan->returning_text = texts->returning;
    plan->returning_into_text = texts->returning_into;
    if (plan->returning_text && c->written) plan->returning_image_count = c->written->column_count;
    keep_findings(plan, t, arena);
    keep_binds(plan, t, texts->parameters, arena);
    keep_tables(plan, t, s, arena);
    table_names_keep(plan, t, s, arena);
    keep_class(plan, c, arena);
    if (s) keep_columns(plan, s, arena);
    plan->volatile_ = t->is_volatile || t->arbitrary_rows;
    plan->pure = plan->kind == SQL_SELECT && s && !t->has_side_effect && !t->calls_unknown && !c->for_update;
    plan->uses_sequence = t->uses_sequence;
    plan->uses_rowid = t->uses_rowid;
    if (s && s->control) session_keep(plan, s, arena);
}

struct sql_plan *sql_translate(const struct sql_options *options, struct view statement)
{
    struct arena *into, work;
    struct sql_plan *plan = plan_new(&into);
    struct sql_options own = *options;
    if (!own.function_schema) own.function_schema = "understudy";
    if (!own.text_max) own.text_max = LIMIT_STATEMENT_BYTES;
    if (!own.depth_max) own.depth_max = LIMIT_STATEMENT_DEPTH;
    struct translation t = {.options = &own, .arena = &work};
    struct statement *s = NULL;
    struct classification class_ = {0};
    struct texts texts = {0};
    arena_init(&work, WORK_MAX);
    char *source = keep(into, statement);
    plan->source_text = source;
    t.text = trimmed(view_of(source, statement.size));
    if (statement.size > own.text_max)
        finding_refuse(&t, 0, "limit", "the statement is longer than the limit", "raise the limit on a statement's length");
    else
        translate_inside(&t, &s, &class_, &texts, into);
    struct buffer normal;
    buffer_init(&normal, own.text_max * 3);
    plan->fingerprint = fingerprint_write(view_of(source, statement.size), &normal);
    plan->normal_text = keep(into, buffer_view(&normal));
    buffer_release(&normal);
    fill_plan(plan, &t, s, &class_, &texts, into);
    arena_release(&work);
    return plan;
}
