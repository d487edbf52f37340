/* SPDX-License-Identifier: Apache-2.0 */
/* Classification: keys, values, determinism, order. */
#include "sql/class.h"
#include "sql/build.h"
#include "sql/function.h"
#include "sql/walk.h"

enum { CANDIDATES_MAX = 64 };
struct equality {
    const struct relation_column *column;
    const struct expression *value;
};
struct equalities {
    struct equality list[CANDIDATES_MAX];
    uint32_t count;
};

static bool is_plain_value(const struct expression *e)
{
    if (e->kind == EXPRESSION_NEGATE || e->kind == EXPRESSION_PLUS) return e->arguments[0]->kind == EXPRESSION_NUMBER;
    return e->kind == EXPRESSION_BIND || e->kind == EXPRESSION_NUMBER || (e->kind == EXPRESSION_STRING && e->text.size > 0);
}

/* What a name of a subquery on DUAL stands for: the bind or literal there. */
static const struct expression *through_dual(const struct expression *e)
{
    for (int hops = 0; hops < 8 && e->kind == EXPRESSION_NAME && e->column && e->column->expression; hops++) {
        const struct relation *r = e->relation;
        if (!r || r->kind != RELATION_QUERY || !r->item->query || r->item->query->body->kind != BODY_SELECT) return e;
        const struct select *s = r->item->query->body->select;
        bool dual = s->from_count == 0 || (s->from_count == 1 && s->from[0]->relation && s->from[0]->relation->kind != RELATION_TABLE);
        if (!dual || s->where || s->aggregated || s->connect_by) return e;
        e = e->column->expression;
    }
    return e;
}

static void add_equality(struct equalities *list, const struct relation *target, const struct expression *a, const struct expression *b)
{
    const struct expression *value = through_dual(b);
    if (a->kind != EXPRESSION_NAME || a->relation != target || !a->column || !a->column->source || !is_plain_value(value)) return;
    if (value->kind != EXPRESSION_BIND) { /* a literal that is converted could match several spellings */
        enum sql_type type = a->column->source->type;
        bool number = value->kind != EXPRESSION_STRING;
        if (number ? !type_is_number(type) : !type_is_text(type) && !(type_is_number(type) && value->text.data[0] != ' ')) return;
    }
    if (list->count < CANDIDATES_MAX) list->list[list->count++] = (struct equality){a->column, value};
}

static void find_equalities(struct equalities *list, const struct relation *target, const struct expression *e)
{
    if (!e) return;
    if (e->kind == EXPRESSION_AND) {
        for (uint32_t i = 0; i < e->argument_count; i++) find_equalities(list, target, e->arguments[i]);
    } else if (e->kind == EXPRESSION_COMPARE && e->operator_code == OPERATOR_EQUAL && e->form == QUANTIFIER_NONE) {
        add_equality(list, target, e->arguments[0], e->arguments[1]);
        add_equality(list, target, e->arguments[1], e->arguments[0]);
    } else if (e->kind == EXPRESSION_IN && !e->negated && !e->query && e->argument_count == 2) {
        add_equality(list, target, e->arguments[0], e->arguments[1]);
    }
}

static struct sql_key_part key_part(struct translation *t, const struct sql_table *table, const struct sql_column *column,
                                    const struct expression *value)
{
    struct sql_key_part part = {.column = (uint16_t)(column - table->columns), .from = SQL_FROM_LITERAL};
    if (value->kind == EXPRESSION_BIND) {
        part.from = SQL_FROM_BIND;
        part.bind = value->bind;
        return part;
    }
    bool negative = value->kind == EXPRESSION_NEGATE;
    if (value->kind == EXPRESSION_NEGATE || value->kind == EXPRESSION_PLUS) value = value->arguments[0];
    part.literal =
        negative ? view_text(translation_printf(t, "-%.*s", (int)value->text.size, (const char *)value->text.data)) : value->text;
    part.literal_type = value->kind == EXPRESSION_NUMBER ? SQL_NUMBER : SQL_VARCHAR;
    return part;
}

static const struct expression *value_of(const struct equalities *list, const struct sql_column *column)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->list[i].column->source == column) return list->list[i].value;
    return NULL;
}

/* The first key, primary before unique, whose columns all have a value. */
static const struct sql_key *find_key(struct translation *t, const struct sql_table *table, const struct equalities *list,
                                      struct sql_key_part **parts)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct sql_key *key = &table->keys[i];
        bool whole = key->column_count > 0;
        for (uint16_t j = 0; j < key->column_count && whole; j++)
            whole = key->columns[j] < table->column_count && value_of(list, &table->columns[key->columns[j]]) != NULL;
        if (!whole) continue;
        *parts = translation_alloc(t, sizeof **parts * key->column_count);
        for (uint16_t j = 0; j < key->column_count; j++) {
            const struct sql_column *column = &table->columns[key->columns[j]];
            (*parts)[j] = key_part(t, table, column, value_of(list, column));
        }
        return key;
    }
    return NULL;
}

static void add_assigned(struct translation *t, struct classification *c, const struct sql_table *table, const struct expression *column,
                         const struct expression *value)
{
    if (!table || !column->column || !column->column->source || !is_plain_value(value)) return;
    struct sql_key_part part = key_part(t, table, column->column->source, value);
    LIST_ADD(t, c->assigned, c->assigned_count, part);
}

static void look_for_reads(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    struct classification *c = context;
    const struct expression *e = *at;
    if (e->kind == EXPRESSION_CALL && e->rule && !strcmp(e->rule->name, "ROWNUM")) c->chance = true;
}

static bool body_reads(const struct body *body);
static bool item_reads(const struct from_item *item);

static bool query_reads(const struct query *q)
{
    for (uint32_t i = 0; i < q->with_count; i++)
        if (query_reads(q->withs[i].query)) return true;
    return body_reads(q->body);
}

static bool item_reads(const struct from_item *item)
{
    if (item->left && item_reads(item->left)) return true;
    if (item->right && item_reads(item->right)) return true;
    if (item->query) return query_reads(item->query);
    return item->relation && item->relation->kind != RELATION_DUAL && item->relation->kind != RELATION_WITH && item->kind != FROM_JOIN;
}

static bool body_reads(const struct body *body)
{
    if (body->kind == BODY_QUERY) return query_reads(body->query);
    if (body->kind == BODY_SET) {
        for (uint32_t i = 0; i < body->term_count; i++)
            if (body_reads(body->terms[i])) return true;
        return false;
    }
    for (uint32_t i = 0; i < body->select->from_count; i++)
        if (item_reads(body->select->from[i])) return true;
    return false;
}

static void look_for_subqueries(struct translation *t, struct expression **at, void *context)
{
    struct classification *c = context;
    if ((*at)->query && query_reads((*at)->query)) c->reads_tables = true;
    look_for_reads(t, at, context);
}

static void look_at(struct translation *t, struct expression *e, struct classification *c)
{
    if (e) walk_expression(t, &e, look_for_subqueries, c);
}

static bool is_cascaded(struct translation *t, const struct sql_table *table)
{
    const struct sql_catalog *catalog = t->options->catalog;
    for (uint32_t i = 0; catalog && i < sql_catalog_table_count(catalog); i++) {
        const struct sql_table *child = sql_catalog_table_at(catalog, i);
        for (uint32_t j = 0; j < child->foreign_key_count; j++)
            if (child->foreign_keys[j].cascades && !strcmp(child->foreign_keys[j].table, table->name)) return true;
    }
    return false;
}

static bool column_is_given(const struct insert_branch *b, const struct sql_column *column)
{
    for (uint32_t i = 0; i < b->column_count; i++) {
        if (!b->columns[i]->column || b->columns[i]->column->source != column) continue;
        if (i >= b->value_count) return true;
        if (b->values[i]->kind == EXPRESSION_DEFAULT) return false;
        return !column->identity || (b->values[i]->kind != EXPRESSION_BIND && !is_null_literal(b->values[i]));
    }
    return false;
}

/* Columns that the source fills by itself, not knowably. */
static bool defaults_vary(const struct sql_table *table, const struct insert_branch *b)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct sql_column *column = &table->columns[i];
        if ((column->identity || column->default_varies) && !column->generated_virtual && !column_is_given(b, column)) return true;
    }
    return false;
}

/* The select list of INSERT .. SELECT .. FROM dual stands for values. */
static bool values_from_dual(struct translation *t, const struct change *c, struct insert_branch *b)
{
    if (!c->query || c->query->body->kind != BODY_SELECT || query_reads(c->query) || c->branch_count != 1) return false;
    const struct select *s = c->query->body->select;
    if (s->aggregated || s->connect_by || s->from_count > 1 || s->item_count != b->column_count) return false;
    b->values = translation_alloc(t, sizeof *b->values * (s->item_count + 1));
    for (uint32_t i = 0; i < s->item_count; i++) b->values[i] = s->items[i].expression;
    b->value_count = s->item_count;
    return true;
}

static void insert_keys(struct translation *t, struct classification *c, const struct sql_table *table, const struct insert_branch *b,
                        struct expression *const *values)
{
    struct equalities list = {.count = 0};
    for (uint32_t i = 0; i < b->column_count && i < b->value_count; i++) {
        add_assigned(t, c, table, b->columns[i], values[i]);
        if (b->columns[i]->column && b->columns[i]->column->source && is_plain_value(values[i]) && list.count < CANDIDATES_MAX)
            list.list[list.count++] = (struct equality){b->columns[i]->column, values[i]};
    }
    c->key = find_key(t, table, &list, &c->key_parts);
}

/* A column of the primary key that is not in the values but is returned into a bind: better than another unique key whose columns are in the values. */
static void key_from_returning(struct translation *t, struct classification *c, const struct change *change, const struct insert_branch *b,
                               struct expression *const *values)
{
    const struct sql_table *table = c->written;
    const struct sql_key *key = table ? sql_table_primary_key(table) : NULL;
    if (!key || c->key == key || change->into_count == 0) return;
    struct sql_key_part *parts = translation_alloc(t, sizeof *parts * key->column_count);
    for (uint16_t i = 0; i < key->column_count; i++) {
        const struct sql_column *column = &table->columns[key->columns[i]];
        bool found = false;
        for (uint32_t j = 0; b && j < b->column_count && j < b->value_count && !found; j++)
            if (b->columns[j]->column && b->columns[j]->column->source == column && is_plain_value(values[j])) {
                parts[i] = key_part(t, table, column, values[j]);
                found = true;
            }
        for (uint32_t j = 0; j < change->returning_count && j < change->into_count && !found; j++) {
            const struct expression *e = change->returning[j];
            if (e->kind != EXPRESSION_NAME || !e->column || e->column->source != column || change->into[j]->kind != EXPRESSION_BIND)
                continue;
            parts[i] = (struct sql_key_part){
                .column = (uint16_t)(column - table->columns), .from = SQL_FROM_RETURNING, .bind = change->into[j]->bind};
            found = true;
        }
        if (!found) return;
    }
    c->key = key;
    c->key_parts = parts;
}

static void classify_insert(struct translation *t, struct change *change, struct classification *c)
{
    struct insert_branch first = change->branches[0];
    const struct sql_table *table = first.target->relation ? first.target->relation->table : NULL;
    bool dual = values_from_dual(t, change, &first);
    c->written = table;
    c->by_values = !change->query || !query_reads(change->query);
    if (change->query) walk_query(t, change->query, look_for_subqueries, c);
    if (change->query && query_reads(change->query)) c->reads_tables = true;
    for (uint32_t i = 0; i < change->branch_count; i++) {
        const struct insert_branch *b = i == 0 ? &first : &change->branches[i];
        const struct sql_table *own = b->target->relation ? b->target->relation->table : table;
        if (own != table) c->several = true;
        for (uint32_t j = 0; j < b->value_count && !(i == 0 && dual); j++) look_at(t, b->values[j], c);
        if (own && (own->trigger_insert || own->view || defaults_vary(own, b))) c->side_effects = true;
    }
    if (c->several) c->written = NULL;
    if (!table || change->branch_count != 1 || !c->by_values) return;
    insert_keys(t, c, table, &first, first.values);
    key_from_returning(t, c, change, &first, first.values);
}

static bool is_key_column(const struct sql_table *table, const struct sql_column *column)
{
    for (uint32_t i = 0; i < table->key_count; i++)
        for (uint16_t j = 0; j < table->keys[i].column_count; j++)
            if (&table->columns[table->keys[i].columns[j]] == column) return true;
    return false;
}

static void classify_update(struct translation *t, struct change *change, enum sql_kind kind, struct classification *c)
{
    const struct relation *target = change->target->relation;
    const struct sql_table *table = target ? target->table : NULL;
    struct equalities list = {.count = 0};
    c->written = table;
    look_at(t, change->where, c);
    look_at(t, change->on, c);
    look_at(t, change->delete_where, c);
    look_at(t, change->insert_where, c);
    for (uint32_t i = 0; i < change->from_count; i++)
        if (item_reads(change->from[i])) c->reads_tables = true;
    for (uint32_t i = 0; i < change->assignment_count; i++) {
        struct assignment *a = &change->assignments[i];
        look_at(t, a->value, c);
        for (uint32_t j = 0; j < a->column_count; j++) {
            const struct relation_column *column = a->columns[j]->column;
            if (!table || !column || !column->source || !is_key_column(table, column->source)) continue;
            c->key_changes = true;
            if (a->column_count == 1 && kind == SQL_UPDATE && is_plain_value(a->value)) continue;
            struct sql_key_part unknown = {.column = (uint16_t)(column->source - table->columns), .from = SQL_FROM_NOWHERE};
            LIST_ADD(t, c->assigned, c->assigned_count, unknown);
        }
        if (a->column_count == 1 && kind == SQL_UPDATE) add_assigned(t, c, table, a->columns[0], a->value);
    }
    for (uint32_t i = 0; i < change->insert.value_count; i++) look_at(t, change->insert.values[i], c);
    if (!table) return;
    c->side_effects = table->view || (kind == SQL_UPDATE && table->trigger_update) ||
                      (kind == SQL_DELETE && (table->trigger_delete || is_cascaded(t, table))) ||
                      (kind == SQL_MERGE && (table->trigger_update || table->trigger_insert ||
                                             (change->delete_where && (table->trigger_delete || is_cascaded(t, table))))) ||
                      (change->has_insert && defaults_vary(table, &change->insert));
    find_equalities(&list, target, kind == SQL_MERGE ? change->on : change->where);
    if (!c->chance) c->key = find_key(t, table, &list, &c->key_parts);
    if (!c->key && kind == SQL_UPDATE) key_from_returning(t, c, change, NULL, NULL);
}

/* ---- queries ---- */

static const struct relation *only_table(const struct select *s)
{
    if (s->from_count != 1 || s->from[0]->kind != FROM_TABLE) return NULL;
    const struct relation *r = s->from[0]->relation;
    return r && r->table ? r : NULL;
}

static bool key_in_order(const struct sql_table *table, const struct query *q, const struct select *s)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct sql_key *key = &table->keys[i];
        bool whole = key->column_count > 0;
        for (uint16_t j = 0; j < key->column_count && whole; j++) {
            bool found = false;
            if (!key->primary && table->columns[key->columns[j]].nullable) whole = false;
            for (uint32_t k = 0; k < q->order.count && !found; k++) {
                const struct expression *e = q->order.keys[k].expression;
                if (e->item && e->item <= s->item_count && s->items[e->item - 1].expression->kind != EXPRESSION_STAR)
                    e = s->items[e->item - 1].expression;
                found = e->kind == EXPRESSION_NAME && e->column && e->column->source == &table->columns[key->columns[j]];
            }
            whole = whole && found;
        }
        if (whole) return true;
    }
    return false;
}

static bool item_in_order(const struct query *q, const struct select *s, uint32_t index)
{
    for (uint32_t k = 0; k < q->order.count; k++) {
        const struct expression *e = q->order.keys[k].expression;
        if (e->item == index + 1 || expression_equal(e, s->items[index].expression)) return true;
    }
    return false;
}

static bool groups_in_order(const struct query *q, const struct select *s)
{
    if (s->group_count == 0) return false;
    for (uint32_t i = 0; i < s->group_count; i++) {
        bool found = false;
        if (s->group[i].kind != GROUP_PLAIN) return false;
        for (uint32_t k = 0; k < q->order.count && !found; k++) {
            const struct expression *e = q->order.keys[k].expression;
            if (e->item && e->item <= s->item_count) e = s->items[e->item - 1].expression;
            found = expression_equal(e, s->group[i].expression);
        }
        if (!found) return false;
    }
    return true;
}

static bool is_single_row(struct translation *t, const struct select *s)
{
    if (s->aggregated && s->group_count == 0) return true;
    if (s->connect_by || s->group_count > 0) return false;
    bool dual = s->from_count == 0 || (s->from_count == 1 && s->from[0]->relation && s->from[0]->relation->kind == RELATION_DUAL);
    if (dual) return true;
    const struct relation *r = only_table(s);
    if (!r) return false;
    struct equalities list = {.count = 0};
    struct sql_key_part *parts;
    find_equalities(&list, r, s->where);
    return find_key(t, r->table, &list, &parts) != NULL;
}

static bool is_ordered(struct translation *t, const struct query *q)
{
    if (q->body->kind != BODY_SELECT) {
        if (q->order.count < q->column_count || !q->known) return false;
        for (uint32_t i = 0; i < q->column_count; i++) {
            bool found = false;
            for (uint32_t k = 0; k < q->order.count; k++) found |= q->order.keys[k].expression->item == i + 1;
            if (!found) return false;
        }
        return true;
    }
    const struct select *s = q->body->select;
    if (is_single_row(t, s)) return true;
    if (q->order.count == 0) { /* a page around an ordered subquery keeps its order */
        if (s->from_count != 1 || s->from[0]->kind != FROM_QUERY || s->aggregated || s->distinct || s->connect_by) return false;
        return is_ordered(t, s->from[0]->query);
    }
    if (s->connect_by || q->order.siblings) return false;
    const struct relation *r = only_table(s);
    if (s->distinct) {
        for (uint32_t i = 0; i < s->item_count; i++)
            if (s->items[i].expression->kind == EXPRESSION_STAR || !item_in_order(q, s, i)) return false;
        return true;
    }
    if (s->aggregated) return groups_in_order(q, s);
    return r && key_in_order(r->table, q, s);
}

static void classify_query(struct translation *t, const struct query *q, struct classification *c)
{
    c->class_ = SQL_CLASS_READ;
    c->for_update = q->for_update;
    if (q->wait == LOCK_WAIT_SECONDS) c->lock_wait_s = q->wait_seconds;
    c->order_by = q->order.count > 0;
    c->ordered = is_ordered(t, q);
    c->single_row = q->body->kind == BODY_SELECT && is_single_row(t, q->body->select);
    if (q->body->kind == BODY_SELECT && !c->order_by && q->body->select->from_count == 1 && q->body->select->from[0]->kind == FROM_QUERY &&
        c->ordered && !c->single_row)
        c->order_by = true;
}

void classify_statement(struct translation *t, struct statement *s, struct classification *c)
{
    switch (s->kind) {
    case SQL_SELECT: classify_query(t, s->query, c); return;
    case SQL_INSERT:
    case SQL_INSERT_ALL:
        if (s->change->branch_count > 0) classify_insert(t, s->change, c);
        return;
    case SQL_UPDATE:
    case SQL_DELETE:
    case SQL_MERGE: classify_update(t, s->change, s->kind, c); return;
    default: return;
    }
}

void classify_finish(struct translation *t, const struct statement *s, struct classification *c)
{
    switch (s->kind) {
    case SQL_SELECT: return;
    case SQL_COMMIT:
    case SQL_ROLLBACK:
    case SQL_ROLLBACK_TO:
    case SQL_SAVEPOINT:
    case SQL_SET_TRANSACTION:
    case SQL_LOCK_TABLE:
    case SQL_ALTER_SESSION:
    case SQL_EXPLAIN: c->class_ = SQL_CLASS_CONTROL; return;
    case SQL_INSERT:
    case SQL_INSERT_ALL:
    case SQL_UPDATE:
    case SQL_DELETE:
    case SQL_MERGE: break;
    default: c->class_ = SQL_CLASS_OPAQUE; return;
    }
    bool unknowable = t->is_volatile || t->uses_sequence || t->calls_unknown || t->approximate || c->side_effects;
    bool addressed = c->key != NULL || c->by_values;
    if (t->refused)
        c->class_ = c->key ? SQL_CLASS_IMAGE : SQL_CLASS_OPAQUE; /* which row it is we know; its values are read */
    else if (c->chance)
        c->class_ = SQL_CLASS_IMAGE;
    else if (!addressed)
        c->class_ = SQL_CLASS_PREDICATE;
    else
        c->class_ = unknowable || c->reads_tables ? SQL_CLASS_IMAGE : SQL_CLASS_EXACT;
}
