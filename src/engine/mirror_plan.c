/* SPDX-License-Identifier: Apache-2.0 */
/* Decides for each recorded statement how it reaches the secondary: replayed, or by images of the rows that it names. */
#include "engine/mirror_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/dictionary.h"
#include "engine/statement_private.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One recorded call while it is looked at. */
struct call_view {
    const struct mirror_transaction *transaction;
    struct record record;
    struct record_result result;
    bool has_result;
    const struct sql_plan *plan;
    uint64_t statement;
    struct fingerprint *fingerprint;
    const struct row_map *map; /* of the written table; NULL: several, none, or without counterpart */
    const char *table;         /* its name, for gaps */
    bool doubtful;             /* it may or may not have run, or not all of it was captured: only images are safe */
};

/* ---- plans ---- */

static struct sql_plan *plan_here(struct mirror *m, struct view text, const char *schema)
{
    struct mirror_batch *b = &m->batch;
    struct sql_plan *plan = statement_translate(m->engine->statements, text, schema);
    if (b->plan_count == b->plan_room) {
        b->plan_room = b->plan_room ? b->plan_room * 2 : 16;
        b->plans = memory_resize(b->plans, sizeof(struct sql_plan *) * b->plan_room);
    }
    return b->plans[b->plan_count++] = plan;
}

static bool plan_is_current(const struct mirror *m, const struct sql_plan *plan)
{
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct sql_table *t = plan->tables[i].table;
        if (t && (t->id >= m->table_count || sql_catalog_table_at(m->catalog, t->id) != t)) return false;
    }
    const struct sql_table *w = plan->written;
    return !w || (w->id < m->table_count && sql_catalog_table_at(m->catalog, w->id) == w);
}

static void find_plan(struct mirror *m, struct call_view *c)
{
    char schema[129];
    snprintf(schema, sizeof schema, VIEW_FORMAT, (int)(c->record.schema.size > 128 ? 128 : c->record.schema.size),
             (const char *)c->record.schema.data);
    struct statement *s = statement_of(m->statements, c->record.text, schema);
    c->plan = s ? statement_plan(s) : NULL;
    c->statement = s ? s->number : 0;
    c->fingerprint = s ? s->fingerprint : NULL;
    if (!c->plan || !plan_is_current(m, c->plan)) { /* the registry is full, or still has the plans of another catalog */
        c->plan = plan_here(m, c->record.text, schema);
        c->statement = view_hash(c->record.text) | (uint64_t)1 << 63;
    }
    if (c->plan->written) {
        c->table = c->plan->written->name;
        if (c->plan->written->target[0]) c->map = row_map_of(m->maps, c->plan->written);
    }
}

/* ---- gaps ---- */

static void gap_on_tables(struct mirror *m, const struct call_view *c, const char *reason)
{
    char text[300];
    bool any = false;
    bool ddl = c->plan && c->plan->kind == SQL_DDL; /* a key feed does not see it */
    engine_count(m->engine, COUNT_MIRROR_OPAQUE, 1);
    snprintf(text, sizeof text, "%s: " VIEW_FORMAT, reason, (int)(c->record.text.size > 160 ? 160 : c->record.text.size),
             (const char *)c->record.text.data);
    for (uint32_t i = 0; c->plan && i < c->plan->table_count; i++) {
        const struct sql_table_use *use = &c->plan->tables[i];
        if (!use->written || !use->table || use->table->temporary) continue;
        any = true;
        if (ddl)
            mirror_gap(m, use->table->name, text);
        else
            mirror_side_effects(m, c->transaction, use->table->name, text);
        watch_touch_all(m, use->table);
    }
    if (any) return;
    if (ddl)
        mirror_gap(m, c->table, text);
    else
        mirror_side_effects(m, c->transaction, c->table, text);
    if (c->plan && c->plan->written) watch_touch_all(m, c->plan->written);
}

/* ---- operations ---- */

static struct mirror_op *add_op(struct mirror *m, const struct call_view *c, enum mirror_action action, struct mirror_record *record)
{
    struct mirror_batch *b = &m->batch;
    if (b->op_count == b->op_room) {
        b->op_room = b->op_room ? b->op_room * 2 : 256;
        b->ops = memory_resize(b->ops, sizeof *b->ops * b->op_room);
    }
    struct mirror_op *op = &b->ops[b->op_count++];
    memset(op, 0, sizeof *op);
    op->action = action;
    op->transaction = c->transaction;
    op->plan = c->plan;
    op->statement = c->statement;
    op->fingerprint = c->fingerprint;
    op->map = c->map;
    op->record = record;
    record->ops++;
    if (action == ACTION_PREDICATE) b->predicates++;
    return op;
}

static void add_rowid(struct mirror *m, const struct call_view *c)
{
    struct mirror_batch *b = &m->batch;
    if (b->rowid_count == b->rowid_room) {
        b->rowid_room = b->rowid_room ? b->rowid_room * 2 : 64;
        b->rowids = memory_resize(b->rowids, sizeof *b->rowids * b->rowid_room);
    }
    struct mirror_rowid *r = &b->rowids[b->rowid_count++];
    *r = (struct mirror_rowid){.map = c->map, .csn = c->transaction->csn, .transaction = c->transaction, .fingerprint = c->fingerprint};
    memcpy(r->rowid, c->result.rowid, sizeof r->rowid);
    r->rowid[18] = 0;
}

static bool is_name_part(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '#' || (unsigned char)c >= 0x80;
}

static bool text_names(const char *text, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = text; *at; at++)
        if (strncasecmp(at, name, size) == 0 && (at == text || !is_name_part(at[-1])) && !is_name_part(at[size])) return true;
    return false;
}

/* Does the text name a column of a unique key other than the one by which rows are known? Then the row may get or give up such a value. */
static bool names_unique(const struct call_view *c)
{
    const struct sql_table *table = c->map->table;
    for (uint32_t k = 0; k < table->key_count; k++) {
        if (&table->keys[k] == c->map->key) continue;
        for (uint16_t i = 0; i < table->keys[k].column_count; i++)
            if (text_names(c->plan->source_text, table->columns[table->keys[k].columns[i]].name)) return true;
    }
    return false;
}

static void note_unique(const struct call_view *c, struct mirror_key *key)
{
    if (c->map->table->key_count < 2 || (key->takes_unique && key->frees_unique)) return;
    switch (c->plan->kind) {
    case SQL_INSERT: key->takes_unique = true; break;
    case SQL_DELETE: key->frees_unique = true; break;
    case SQL_UPDATE:
        if (c->plan->key_changes || names_unique(c)) key->takes_unique = key->frees_unique = true;
        break;
    default: key->takes_unique = key->frees_unique = true; break;
    }
}

static struct mirror_key *add_key(struct mirror *m, const struct call_view *c, const struct value *normal)
{
    struct mirror_key *key = mirror_key_add(&m->batch, c->map, normal);
    mirror_links_key(&m->batch, key, c->transaction);
    note_unique(c, key);
    key->csn = c->transaction->csn;
    if (c->fingerprint) key->fingerprint = c->fingerprint;
    if (c->doubtful) key->must_check = true;
    if (c->transaction->state == TRANSACTION_DOUBT) key->doubt = true;
    return key;
}

/* ---- rules ---- */

/*
 * May something whose last outcomes these are (of anybody; of auto-commit calls) overlap with t, [intent, outcome] each, one of the two being auto-commit? Then CSN order may
 * not be the order in which the primary did them.
 */
static bool outcomes_overlap(const struct mirror *m, const struct mirror_transaction *t, uint64_t any, uint64_t automatic)
{
    return (t->auto_commit ? m->done_any : m->done_auto) > t->intent_position || (t->auto_commit ? any : automatic) > t->intent_position;
}

static bool overlaps(const struct mirror *m, const struct call_view *c, const struct mirror_key *key)
{
    const struct table_recent *table = &m->tables[key->map->table->id];
    struct recent_entry recent;
    recent_find(m, key, &recent);
    return outcomes_overlap(m, c->transaction, recent.any_outcome, recent.auto_outcome) ||
           outcomes_overlap(m, c->transaction, table->predicate_any, table->predicate_auto);
}

static bool is_ahead(const struct mirror *m, const struct call_view *c, const struct mirror_key *key)
{
    struct recent_entry recent;
    uint64_t csn = c->transaction->csn;
    if (csn <= m->horizon_start || csn <= m->tables[key->map->table->id].horizon) return true;
    recent_find(m, key, &recent);
    return csn <= recent.horizon;
}

static void note_outcome(const struct mirror_transaction *t, uint64_t *any, uint64_t *automatic)
{
    if (*any < t->outcome_position) *any = t->outcome_position;
    if (t->auto_commit && *automatic < t->outcome_position) *automatic = t->outcome_position;
}

static void note_key(struct mirror *m, const struct call_view *c, const struct mirror_key *key)
{
    struct table_recent *table = &m->tables[key->map->table->id];
    recent_note(m, key, 0, c->transaction->outcome_position, c->transaction->auto_commit);
    note_outcome(c->transaction, &table->any_outcome, &table->auto_outcome);
}

/* Rows of the table were written, and which ones is not known. */
static void note_table(const struct mirror_transaction *t, struct table_recent *table, bool adds)
{
    note_outcome(t, &table->predicate_any, &table->predicate_auto);
    note_outcome(t, &table->any_outcome, &table->auto_outcome);
    if (!adds) note_outcome(t, &table->change_any, &table->change_auto);
}

/* A delete that cascades writes the tables below without naming a row: for who overlaps it there, it is a statement over a predicate. */
static void note_cascades(struct mirror *m, const struct mirror_transaction *t, const struct sql_table *parent, int depth)
{
    for (uint32_t i = 0; i < m->table_count && depth < 8; i++) {
        const struct sql_table *child = sql_catalog_table_at(m->catalog, i);
        bool below = false;
        for (uint32_t f = 0; f < child->foreign_key_count && !below; f++)
            below = child->foreign_keys[f].cascades && strcmp(child->foreign_keys[f].table, parent->name) == 0;
        if (!below) continue;
        note_outcome(t, &m->tables[i].predicate_any, &m->tables[i].predicate_auto);
        note_outcome(t, &m->tables[i].change_any, &m->tables[i].change_auto);
        if (child != parent && (dictionary_facts(child) & TABLE_CASCADES)) note_cascades(m, t, child, depth + 1);
    }
}

static bool fires_trigger(const struct call_view *c)
{
    const struct sql_table *t = c->plan->written;
    switch (c->plan->kind) {
    case SQL_INSERT: return t->trigger_insert;
    case SQL_UPDATE: return t->trigger_update;
    case SQL_DELETE: return t->trigger_delete;
    default: return t->trigger_insert || t->trigger_update || t->trigger_delete;
    }
}

/* The target's own cascades do not fire: what a delete took with it is found by the images of the rows that are gone. */
static bool cascades(const struct call_view *c)
{
    return (dictionary_facts(c->plan->written) & TABLE_CASCADES) && c->plan->kind != SQL_INSERT && c->plan->kind != SQL_UPDATE;
}

/* Must the rows that the call names be read from the primary, whatever its class? */
static bool image_only(struct mirror *m, const struct call_view *c)
{
    if (c->doubtful || c->plan->class_ == SQL_CLASS_IMAGE || c->plan->class_ == SQL_CLASS_OPAQUE || !c->plan->target_text) return true;
    if (c->plan->key_changes || c->result.partial || c->result.failed_count || cascades(c)) return true;
    return fires_trigger(c) || watch_is_on(m, c->plan->written);
}

/* ---- keys of one execution ---- */

static bool iteration_failed(const struct call_view *c, uint32_t iteration)
{
    if (!c->has_result) return false;
    if (c->result.partial && iteration >= c->result.good_iterations) return true;
    for (uint32_t i = 0; i < c->result.failed_count; i++)
        if (c->result.failed[i] == iteration) return true;
    return false;
}

static uint32_t iterations_of(const struct call_view *c)
{
    return c->record.row_count ? c->record.row_count : 1;
}

/* RETURNING rows come one for each iteration that ran, if each touched one row; else which row is whose is not known. */
static uint32_t returned_row(const struct call_view *c, uint32_t iteration)
{
    uint32_t before = 0, all = 0;
    if (!c->has_result || c->result.returned_rows == 0) return UINT32_MAX;
    for (uint32_t i = 0; i < iterations_of(c); i++) {
        if (iteration_failed(c, i)) continue;
        if (i < iteration) before++;
        all++;
    }
    return all == c->result.returned_rows ? before : UINT32_MAX;
}

static bool key_of(struct mirror *m, const struct call_view *c, const struct mirror_execution *e, struct value *normal)
{
    struct value raw[32];
    const struct sql_plan *plan = c->plan;
    if (!c->map || !c->map->key || plan->key != c->map->key || !plan->key_parts) return false;
    for (uint16_t i = 0; i < plan->key->column_count; i++)
        if (!mirror_part_value(e, &plan->key_parts[i], &m->batch.arena, &raw[i])) return false;
    return rows_normal_key(c->map, raw, normal, &m->batch.arena);
}

/* The key after an UPDATE that assigns key columns. */
static bool new_key_of(struct mirror *m, const struct call_view *c, const struct mirror_execution *e, const struct value *old,
                       struct value *normal)
{
    struct value raw[32];
    const struct sql_plan *plan = c->plan;
    for (uint16_t i = 0; i < c->map->key->column_count; i++) {
        const struct sql_key_part *assigned = NULL;
        for (uint32_t a = 0; a < plan->assigned_count; a++)
            if (plan->assigned[a].column == c->map->key->columns[i]) assigned = &plan->assigned[a];
        raw[i] = old[i];
        if (assigned && !mirror_part_value(e, assigned, &m->batch.arena, &raw[i])) return false;
    }
    return rows_normal_key(c->map, raw, normal, &m->batch.arena);
}

/* The primary key of rows that the call names by another unique key, or not at all, is not known: what is left is the ROWID, or a replay. */
static void plan_unkeyed(struct mirror *m, const struct call_view *c, const struct value *binds, uint32_t bind_count,
                         struct mirror_record *record)
{
    const struct sql_plan *plan = c->plan;
    bool insert = plan->kind == SQL_INSERT, runnable = plan->target_text && !c->doubtful && plan->class_ != SQL_CLASS_OPAQUE;
    bool keyed_table = c->map && c->map->key;
    if (keyed_table && insert && c->has_result && c->result.has_rowid && c->result.affected == 1 && iterations_of(c) == 1) {
        add_rowid(m, c);
        return;
    }
    if (plan->overridden && plan->target_text && !c->doubtful) runnable = true;
    /* What the clock, the session or chance says, a replay finds otherwise. Not the new keys of an INSERT or MERGE: rows under keys that the source does not have would go. */
    bool otherwise = plan->volatile_ && !plan->overridden && !plan->key_changes && (plan->kind == SQL_UPDATE || plan->kind == SQL_DELETE);
    bool image = plan->class_ == SQL_CLASS_IMAGE;
    if (!runnable || (keyed_table && insert && image) || (!keyed_table && (image || otherwise))) {
        gap_on_tables(m, c, c->doubtful ? "it is not known whether it ran, and its rows are not known" : "its rows are not known");
        return;
    }
    struct mirror_op *op =
        add_op(m, c, keyed_table && plan->returning_text && plan->returning_image_count ? ACTION_PREDICATE : ACTION_EXACT, record);
    op->binds = (struct value *)(uintptr_t)binds;
    op->bind_count = bind_count;
    if (!plan->written) return;
    struct table_recent *table = &m->tables[plan->written->id];
    const struct mirror_transaction *t = c->transaction;
    bool adds = insert && plan->class_ == SQL_CLASS_EXACT; /* into a table without a key: the same rows in any order with others that add */
    bool overlap = adds && !keyed_table ? outcomes_overlap(m, t, table->change_any, table->change_auto)
                                        : outcomes_overlap(m, t, table->any_outcome, table->auto_outcome);
    op->strict = outcomes_overlap(m, t, table->predicate_any, table->predicate_auto);
    /* Who overlaps may have moved a row into the predicate, or out of it, on the other side of this statement than its CSN says. */
    if (overlap && keyed_table) recent_images(m, c->map, t);
    op->image_touched = image || otherwise || overlap || fires_trigger(c) || cascades(c) || watch_is_on(m, plan->written);
    if (op->action == ACTION_EXACT && (overlap || (keyed_table && !insert)))
        gap_on_tables(m, c, "its rows are not known, and others wrote the table meanwhile");
    note_table(t, table, adds);
    if (cascades(c)) note_cascades(m, t, plan->written, 0);
    watch_touch_all(m, plan->written);
}

static void plan_keyed(struct mirror *m, const struct call_view *c, const struct mirror_execution *e, const struct value *normal,
                       bool images, struct mirror_record *record)
{
    struct mirror_key *key = add_key(m, c, normal);
    bool image = images || is_ahead(m, c, key) || overlaps(m, c, key);
    if (cascades(c)) {
        key->deleted = true;
        note_cascades(m, c->transaction, c->plan->written, 0);
    }
    note_key(m, c, key);
    if (c->plan->key_changes) {
        struct value other[32];
        bool rowid = c->has_result && c->result.has_rowid && c->result.affected == 1 && iterations_of(c) == 1;
        if (new_key_of(m, c, e, normal, other)) {
            struct mirror_key *second = add_key(m, c, other);
            mirror_key_image(second);
            note_key(m, c, second);
            watch_touch(m, second);
        } else if (rowid) {
            add_rowid(m, c); /* a row keeps its ROWID when its key changes */
        } else if (!c->has_result || c->result.affected > 0) {
            gap_on_tables(m, c, "the new key is not known");
        }
    }
    watch_touch(m, key);
    if (image) {
        mirror_key_image(key);
        return;
    }
    struct mirror_op *op = add_op(m, c, ACTION_EXACT, record);
    op->binds = (struct value *)(uintptr_t)e->binds;
    op->bind_count = e->bind_count;
    op->key = key;
}

/* An INSERT whose trigger may have given another key than its statement says: the ROWID knows. */
static bool key_is_uncertain(const struct call_view *c)
{
    return c->plan->kind == SQL_INSERT && c->plan->written->trigger_insert;
}

/* Row images, which a target that was primary gave back, name every row that was written, also by a statement over a predicate. */
static bool plan_images(struct mirror *m, const struct call_view *c)
{
    const struct record_result *result = &c->result;
    if (!c->has_result || result->image_rows == 0 || !c->map->key || c->plan->key_changes) return false;
    if (result->image_columns != c->map->table->column_count || c->plan->written != c->map->table) return false;
    for (uint32_t r = 0; r < result->image_rows; r++) {
        struct value raw[32], normal[32];
        for (uint16_t k = 0; k < c->map->key->column_count; k++)
            raw[k] = result->images[(size_t)r * result->image_columns + c->map->key->columns[k]];
        if (!rows_normal_key(c->map, raw, normal, &m->batch.arena)) return false;
        struct mirror_key *key = add_key(m, c, normal);
        mirror_key_image(key);
        note_key(m, c, key);
        watch_touch(m, key);
    }
    return true;
}

static void plan_call(struct mirror *m, const struct call_view *c)
{
    if (plan_images(m, c)) return;
    const struct sql_plan *plan = c->plan;
    bool keyed = c->map && c->map->key && plan->key == c->map->key, images = keyed && image_only(m, c);
    struct mirror_record *record = arena_zero(&m->batch.arena, sizeof *record);
    record->expected = c->result.affected;
    record->comparable = c->has_result && !c->doubtful && !c->result.partial && c->result.failed_count == 0;
    uint32_t iterations = iterations_of(c);
    for (uint32_t i = 0; i < iterations; i++) {
        if (iteration_failed(c, i) && !c->result.partial) continue;
        struct mirror_execution e = {
            .plan = plan, .result = c->has_result ? &c->result : NULL, .iteration = i, .returned_row = returned_row(c, i)};
        struct value *binds = mirror_expand_binds(plan, c->record.binds + (size_t)i * c->record.bind_count, c->record.bind_count,
                                                  &m->batch.arena, &e.bind_count);
        if (!binds) {
            gap_on_tables(m, c, "its binds do not fit its text");
            return;
        }
        e.binds = binds;
        struct value normal[32];
        bool known = keyed && key_of(m, c, &e, normal);
        bool rowid = keyed && key_is_uncertain(c) && iterations == 1 && c->has_result && c->result.has_rowid && c->result.affected == 1;
        if (known && key_is_uncertain(c) && !rowid && !(c->has_result && c->result.affected == 0))
            mirror_side_effects(m, c->transaction, c->table, "a trigger may have changed the keys of rows inserted by an array");
        if (known && !rowid)
            plan_keyed(m, c, &e, normal, images, record);
        else
            plan_unkeyed(m, c, e.binds, e.bind_count, record);
    }
    if (dictionary_facts(plan->written) & TABLE_TRIGGERS_SPREAD && fires_trigger(c)) {
        char reason[300];
        snprintf(reason, sizeof reason, "a trigger on %s may have written other tables", c->table);
        mirror_side_effects(m, c->transaction, NULL, reason);
    }
}

/*
 * Whoever overlaps with it may have written one of its rows on the other side of it than its CSN says. Rows that he names are read from the primary; where neither
 * does (it only adds rows: the second of two that add the same one is refused, and that is seen), the table is in a gap.
 */
static void order_other(struct mirror *m, const struct call_view *c)
{
    const struct mirror_transaction *t = c->transaction;
    bool adds = c->plan->kind == SQL_INSERT_ALL && c->plan->class_ == SQL_CLASS_EXACT;
    for (uint32_t i = 0; i < c->plan->table_count; i++) {
        const struct sql_table *table = c->plan->tables[i].table;
        if (!c->plan->tables[i].written || !table || table->temporary) continue;
        struct table_recent *recent = &m->tables[table->id];
        const struct row_map *map = table->target[0] ? row_map_of(m->maps, table) : NULL;
        if (map && map->key && outcomes_overlap(m, t, recent->any_outcome, recent->auto_outcome)) recent_images(m, map, t);
        if (!adds && outcomes_overlap(m, t, recent->predicate_any, recent->predicate_auto))
            mirror_side_effects(m, t, table->name, "statements that name none of their rows overlapped: in which order is not known");
        note_table(t, recent, adds);
        watch_touch_all(m, table);
    }
}

/* Several tables, or a table that the catalog does not have. */
static void plan_other(struct mirror *m, const struct call_view *c)
{
    const struct sql_plan *plan = c->plan;
    bool here = true;
    for (uint32_t i = 0; i < plan->table_count; i++)
        if (plan->tables[i].written && plan->tables[i].table && !plan->tables[i].table->target[0]) here = false;
    bool runnable = plan->target_text && !c->doubtful && here &&
                    (plan->overridden || plan->class_ == SQL_CLASS_EXACT || plan->class_ == SQL_CLASS_PREDICATE);
    if (!runnable) {
        gap_on_tables(m, c, here ? "it cannot be replayed and its rows are not known" : "a table of it is not there on the target");
        return;
    }
    struct mirror_record *record = arena_zero(&m->batch.arena, sizeof *record);
    record->expected = c->result.affected;
    record->comparable = c->has_result && !plan->overridden;
    for (uint32_t i = 0; i < iterations_of(c); i++) {
        uint32_t count;
        struct value *binds =
            mirror_expand_binds(plan, c->record.binds + (size_t)i * c->record.bind_count, c->record.bind_count, &m->batch.arena, &count);
        if (!binds) {
            gap_on_tables(m, c, "its binds do not fit its text");
            return;
        }
        if (iteration_failed(c, i)) continue;
        struct mirror_op *op = add_op(m, c, ACTION_EXACT, record);
        op->binds = binds;
        op->bind_count = count;
    }
    order_other(m, c);
}

static bool writes(const struct sql_plan *plan)
{
    return plan->class_ != SQL_CLASS_READ && plan->class_ != SQL_CLASS_CONTROL;
}

void mirror_plan_entry(struct mirror *m, struct mirror_transaction *t, const struct mirror_entry *entry)
{
    struct call_view c = {.transaction = t};
    struct error error;
    error_clear(&error);
    bool good = true;
    enum journal_outcome outcome;
    if (entry->of_intent) {
        struct record_intent intent;
        good = record_decode_intent(entry->payload, &m->batch.arena, &intent, &error);
        c.record = intent.record;
        if (good && t->outcome.size) good = record_decode_outcome(t->outcome, &m->batch.arena, &outcome, &c.result, &c.has_result, &error);
    } else {
        good = record_decode(entry->payload, &m->batch.arena, &c.record, &c.result, &c.has_result, &error);
    }
    if (!good) {
        LOG(LOG_ERROR, "mirror.record", log_failure(&error), log_u64("position", entry->position));
        mirror_gap(m, NULL, error.text);
        return;
    }
    c.doubtful = t->state == TRANSACTION_DOUBT || t->unsure || (c.record.flags & RECORD_INCOMPLETE) || !c.has_result;
    if (c.has_result && c.result.good_iterations == 0 && !c.result.partial) c.result.good_iterations = c.record.row_count;
    find_plan(m, &c);
    if (!writes(c.plan)) return;
    if (c.plan->written && c.plan->written->temporary) return;
    if (c.has_result && !c.doubtful && c.result.affected == 0 && c.plan->class_ == SQL_CLASS_IMAGE) return;
    if (c.map && c.plan->written)
        plan_call(m, &c);
    else
        plan_other(m, &c);
}

void mirror_plan_batch(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    struct error error;
    mirror_links_begin(b);
    for (uint32_t i = 0; i < b->count; i++) {
        struct mirror_transaction *t = b->transactions[i];
        if (t->state == TRANSACTION_VOID || t->target_primary || t->ahead) continue;
        if (t->entry_count == 0 && t->state == TRANSACTION_DOUBT && t->unknown_tables)
            mirror_side_effects(m, t, NULL, "a commit of unknown tables is in doubt");
        if (!mirror_load_payloads(m, t, &error)) {
            LOG(LOG_ERROR, "mirror.payloads", log_failure(&error), log_u64("csn", t->csn));
            mirror_gap(m, NULL, error.text);
            continue;
        }
        for (uint32_t e = 0; e < t->entry_count; e++) mirror_plan_entry(m, t, &t->entries[e]);
    }
}

void mirror_batch_reset(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->op_count; i++) pg_result_free(&b->ops[i].result);
    for (uint32_t i = 0; i < b->plan_count; i++) sql_plan_unref(b->plans[i]);
    for (uint32_t i = 0; i < b->count; i++)
        for (uint32_t e = 0; e < b->transactions[i]->entry_count; e++) {
            struct mirror_entry *entry = &b->transactions[i]->entries[e];
            if (entry->borrowed)
                *entry = (struct mirror_entry){.position = entry->position, .ordinal = entry->ordinal, .of_intent = entry->of_intent};
        }
    b->op_count = b->rowid_count = b->plan_count = b->predicates = b->count = 0;
    b->images = b->horizon = 0;
    b->links = b->lanes = NULL;
    b->lane_count = 1;
    b->wide = b->planned = false;
    b->feed_wanted = false;
    mirror_keys_reset(b);
    arena_reset(&b->arena);
}
