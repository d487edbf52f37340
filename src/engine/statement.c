/* SPDX-License-Identifier: Apache-2.0 */
/* Registry of statements and fingerprints, and the lock-free cache that each thread has of it. */
#include "engine/statement_private.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

struct engine_statements *statements_new(struct engine *engine, uint32_t statement_max)
{
    struct engine_statements *statements = memory_zero(1, sizeof *statements);
    statements->engine = engine;
    statements->maximum = statement_max;
    mutex_init(&statements->lock);
    map_init(&statements->statements);
    map_init(&statements->fingerprints);
    return statements;
}

/* ---- what the source said of a result ---- */

struct describe_link {
    struct statement_describe describe; /* first: the published pointer is a pointer to the link */
    struct describe_link *before;       /* kept: somebody may read it */
};

static void describe_free(struct statement_describe *describe)
{
    struct describe_link *link = (struct describe_link *)(void *)describe;
    while (link) {
        struct describe_link *before = link->before;
        for (uint32_t i = 0; i < link->describe.count; i++) {
            memory_free(link->describe.columns[i].name);
            memory_free(link->describe.columns[i].type_schema);
            memory_free(link->describe.columns[i].type_name);
        }
        memory_free(link->describe.columns);
        memory_free(link);
        link = before;
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_columns(const struct statement_describe *now, const struct wire_column *columns, uint32_t count)
{
    if (!now || now->count != count) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct wire_oac *a = &now->columns[i].oac, *b = &columns[i].oac;
        if (a->type != b->type || a->precision != b->precision || a->scale != b->scale || a->size_max != b->size_max ||
            a->form != b->form || a->characters_max != b->characters_max || now->columns[i].nullable != columns[i].nullable ||
            !same_text(now->columns[i].name, columns[i].name) || !same_text(now->columns[i].type_name, columns[i].type_name))
            return false;
    }
    return true;
}

void statement_set_describe(struct statement *statement, const struct wire_column *columns, uint32_t count)
{
    struct statement_describe *now = atomic_load_explicit(&statement->describe, memory_order_acquire);
    if (same_columns(now, columns, count)) return;
    struct describe_link *link = memory_zero(1, sizeof *link);
    link->describe.count = count;
    link->describe.columns = memory_zero(count ? count : 1, sizeof *columns);
    for (uint32_t i = 0; i < count; i++) {
        struct wire_column *column = &link->describe.columns[i];
        *column = columns[i];
        column->name = columns[i].name ? memory_string(columns[i].name) : NULL;
        column->type_schema = columns[i].type_schema ? memory_string(columns[i].type_schema) : NULL;
        column->type_name = columns[i].type_name ? memory_string(columns[i].type_name) : NULL;
    }
    link->before = (struct describe_link *)(void *)now;
    if (atomic_compare_exchange_strong(&statement->describe, &now, &link->describe)) return;
    link->before = NULL; /* another session was first: what it saw is as good */
    describe_free(&link->describe);
}

/* ---- end ---- */

void statements_free(struct engine_statements *statements)
{
    if (!statements) return;
    for (struct statement *s = atomic_load(&statements->newest), *next; s; s = next) {
        next = s->next;
        sql_plan_unref(atomic_load(&s->plan));
        describe_free(atomic_load(&s->describe));
        memory_free((void *)(uintptr_t)s->text.data);
        memory_free(s);
    }
    for (struct fingerprint *f = atomic_load(&statements->newest_fingerprint), *next; f; f = next) {
        next = f->next;
        memory_free(f->text);
        memory_free(f);
    }
    for (struct retired_plan *r = statements->retired, *next; r; r = next) {
        next = r->next;
        sql_plan_unref(r->plan);
        memory_free(r);
    }
    statement_overrides_release(statements);
    map_release(&statements->statements);
    map_release(&statements->fingerprints);
    mutex_release(&statements->lock);
    memory_free(statements);
}

/* ---- translation ---- */

struct sql_plan *statement_translate(struct engine_statements *statements, struct view text, const char *schema)
{
    struct sql_options options;
    sql_options_default(&options);
    options.catalog = atomic_load_explicit(&statements->engine->catalog, memory_order_acquire);
    options.current_schema = schema;
    options.function_schema = "understudy";
    uint64_t fingerprint = sql_fingerprint(text);
    mutex_lock(&statements->lock);
    uint64_t generation = statements->generation;
    const struct statement_override *override = statement_override_of(statements, text, fingerprint);
    char *target = override ? memory_string(override->target_text) : NULL;
    char *binds = override && override->bind_order ? memory_string(override->bind_order) : NULL;
    char *tables = override && override->tables ? memory_string(override->tables) : NULL;
    mutex_unlock(&statements->lock);
    struct sql_plan *plan = target ? sql_plan_override(&options, text, target, binds, tables, generation) : sql_translate(&options, text);
    engine_count(statements->engine, COUNT_TRANSLATIONS, 1);
    plan->generation = generation; /* not published yet: with the statement's number it makes names of prepared statements unique */
    memory_free(target);
    memory_free(binds);
    memory_free(tables);
    return plan;
}

/* The window starts anew; the lock is held. */
static void restart_window(struct fingerprint *fingerprint)
{
    atomic_fetch_add(&fingerprint->retired_comparable, atomic_exchange(&fingerprint->comparable, 0));
    atomic_fetch_add(&fingerprint->retired_divergent, atomic_exchange(&fingerprint->divergent, 0));
    atomic_store(&fingerprint->equal, 0);
    atomic_fetch_add(&fingerprint->generation, 1);
    atomic_store(&fingerprint->demoted, false);
    fingerprint->demoted_reason[0] = 0;
}

/* What was counted before the last start counts on only if the statement is still translated as it was then. */
static void note_translation(struct engine_statements *statements, struct fingerprint *fingerprint, const struct sql_plan *plan)
{
    if (!plan->target_text || !atomic_load(&statements->engine->catalog)) return;
    uint64_t translation = sql_fingerprint(view_text(plan->target_text));
    if (fingerprint->restored && fingerprint->translation && fingerprint->translation != translation) {
        restart_window(fingerprint);
        LOG(LOG_INFO, "statement.restarted", log_id("fingerprint", fingerprint->id),
            log_text("why", "it is translated otherwise than before the start"));
    }
    fingerprint->restored = false;
    fingerprint->translation = translation;
}

static void publish_plan(struct engine_statements *statements, struct statement *statement, struct sql_plan *plan)
{
    note_translation(statements, statement->fingerprint, plan);
    struct sql_plan *old = atomic_exchange_explicit(&statement->plan, plan, memory_order_acq_rel);
    statement->fingerprint->state = plan->state;
    statement->fingerprint->kind = plan->kind;
    statement->fingerprint->class_ = plan->class_;
    if (!old) return;
    struct retired_plan *retired = memory_alloc(sizeof *retired);
    *retired = (struct retired_plan){.plan = old, .next = statements->retired};
    statements->retired = retired;
}

void statement_replace_plans(struct engine_statements *statements, uint64_t fingerprint)
{
    for (struct statement *s = atomic_load(&statements->newest); s; s = s->next) {
        if (fingerprint && s->fingerprint->id != fingerprint) continue;
        mutex_unlock(&statements->lock); /* translating takes its time; statements never go away */
        struct sql_plan *plan = statement_translate(statements, s->text, s->schema);
        mutex_lock(&statements->lock);
        publish_plan(statements, s, plan);
    }
}

void statements_retranslate(struct engine_statements *statements)
{
    mutex_lock(&statements->lock);
    statements->generation++;
    statement_replace_plans(statements, 0);
    mutex_unlock(&statements->lock);
}

/* ---- registry ---- */

static struct fingerprint *fingerprint_make(struct engine_statements *statements, uint64_t id, const char *text)
{
    struct fingerprint *f = map_get_u64(&statements->fingerprints, id);
    if (f) return f;
    f = memory_zero(1, sizeof *f);
    f->id = id;
    f->text = memory_string(text);
    atomic_store(&f->generation, 1);
    f->next = atomic_load(&statements->newest_fingerprint);
    map_put_u64(&statements->fingerprints, f->id, f);
    atomic_store_explicit(&statements->newest_fingerprint, f, memory_order_release);
    return f;
}

static struct fingerprint *fingerprint_of(struct engine_statements *statements, const struct sql_plan *plan)
{
    return fingerprint_make(statements, plan->fingerprint, plan->normal_text ? plan->normal_text : plan->source_text);
}

struct fingerprint *fingerprint_restore(struct engine_statements *statements, uint64_t id, const char *text)
{
    mutex_lock(&statements->lock);
    struct fingerprint *f = fingerprint_make(statements, id, text);
    mutex_unlock(&statements->lock);
    return f;
}

static struct statement *statement_make(struct engine_statements *statements, struct view text, const char *schema, struct sql_plan *plan)
{
    struct statement *s = memory_zero(1, sizeof *s);
    s->text = view_of(memory_string_of(text.data, text.size), text.size);
    snprintf(s->schema, sizeof s->schema, "%s", schema);
    s->number = map_count(&statements->statements) + 1;
    s->fingerprint = fingerprint_of(statements, plan);
    publish_plan(statements, s, plan);
    s->next = atomic_load(&statements->newest);
    atomic_store_explicit(&statements->newest, s, memory_order_release);
    return s;
}

static struct statement *registry_find(struct engine_statements *statements, struct view text, const char *schema)
{
    struct buffer key;
    buffer_init(&key, 0);
    buffer_append(&key, schema, strlen(schema) + 1);
    buffer_append_view(&key, text);
    mutex_lock(&statements->lock);
    struct statement *s = map_get(&statements->statements, buffer_view(&key));
    bool full = map_count(&statements->statements) >= statements->maximum;
    mutex_unlock(&statements->lock);
    if (!s && full) {
        LOG_RATED(LOG_WARNING, "statements.full", log_u64("limit", statements->maximum));
        buffer_release(&key);
        return NULL;
    }
    if (!s) {
        struct sql_plan *plan = statement_translate(statements, text, schema);
        mutex_lock(&statements->lock);
        s = map_get(&statements->statements, buffer_view(&key));
        if (s) {
            sql_plan_unref(plan); /* another thread was first */
        } else {
            s = statement_make(statements, text, schema, plan);
            map_put(&statements->statements, buffer_view(&key), s);
        }
        mutex_unlock(&statements->lock);
    }
    buffer_release(&key);
    return s;
}

/* ---- one thread's cache ---- */

struct statement_cache {
    struct engine_statements *statements;
    struct statement **slots; /* open addressing, power of two; statements never go away */
    uint32_t slot_count, count;
};

struct statement_cache *statement_cache_new(struct engine_statements *statements)
{
    struct statement_cache *cache = memory_zero(1, sizeof *cache);
    cache->statements = statements;
    cache->slot_count = 256;
    cache->slots = memory_zero(cache->slot_count, sizeof *cache->slots);
    return cache;
}

void statement_cache_free(struct statement_cache *cache)
{
    if (!cache) return;
    memory_free(cache->slots);
    memory_free(cache);
}

static uint32_t slot_of(const struct statement_cache *cache, struct view text, const char *schema)
{
    uint32_t mask = cache->slot_count - 1, at = (uint32_t)(view_hash(text) * 31 + view_hash(view_text(schema))) & mask;
    while (cache->slots[at] && (!view_equal(cache->slots[at]->text, text) || strcmp(cache->slots[at]->schema, schema) != 0))
        at = (at + 1) & mask;
    return at;
}

static void cache_grow(struct statement_cache *cache)
{
    struct statement **old = cache->slots;
    uint32_t old_count = cache->slot_count;
    cache->slot_count *= 2;
    cache->slots = memory_zero(cache->slot_count, sizeof *cache->slots);
    for (uint32_t i = 0; i < old_count; i++)
        if (old[i]) cache->slots[slot_of(cache, old[i]->text, old[i]->schema)] = old[i];
    memory_free(old);
}

struct statement *statement_of(struct statement_cache *cache, struct view text, const char *schema)
{
    uint32_t at = slot_of(cache, text, schema);
    if (cache->slots[at]) return cache->slots[at];
    struct statement *s = registry_find(cache->statements, text, schema);
    if (!s) return NULL;
    if ((cache->count + 1) * 2 > cache->slot_count) {
        cache_grow(cache);
        at = slot_of(cache, text, schema);
    }
    cache->slots[at] = s;
    cache->count++;
    return s;
}

/* ---- fingerprints ---- */

struct fingerprint *statements_fingerprint(struct engine_statements *statements, uint64_t id)
{
    mutex_lock(&statements->lock);
    struct fingerprint *f = map_get_u64(&statements->fingerprints, id);
    mutex_unlock(&statements->lock);
    return f;
}

void statements_each_fingerprint(struct engine_statements *statements, void (*visit)(void *context, struct fingerprint *fingerprint),
                                 void *context)
{
    for (struct fingerprint *f = atomic_load_explicit(&statements->newest_fingerprint, memory_order_acquire); f; f = f->next)
        visit(context, f);
}

void fingerprint_demote(struct engine_statements *statements, struct fingerprint *fingerprint, const char *reason)
{
    mutex_lock(&statements->lock);
    bool news = !atomic_load(&fingerprint->demoted);
    if (news) {
        snprintf(fingerprint->demoted_reason, sizeof fingerprint->demoted_reason, "%s", reason);
        atomic_store_explicit(&fingerprint->demoted, true, memory_order_release);
    }
    mutex_unlock(&statements->lock);
    if (news) LOG(LOG_WARNING, "statement.demoted", log_id("fingerprint", fingerprint->id), log_text("reason", reason));
}

void fingerprint_restart(struct engine_statements *statements, struct fingerprint *fingerprint, const char *why)
{
    mutex_lock(&statements->lock);
    restart_window(fingerprint);
    mutex_unlock(&statements->lock);
    LOG(LOG_INFO, "statement.restarted", log_id("fingerprint", fingerprint->id), log_text("why", why));
}
