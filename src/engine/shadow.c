/* SPDX-License-Identifier: Apache-2.0 */
/* Shadow: the thread that runs captured reads on the target and decides what a difference is. */
#include "engine/shadow.h"

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/queue.h"
#include "base/reader.h"
#include "base/thread.h"
#include "engine/parameters.h"
#include "engine/shadow_compare.h"
#include "engine/shadow_source.h"
#include <stdio.h>

enum {
    TARGET_WAIT_MS = 10000,
    BATCH_MAX = 64,
    RECHECK_MAX = 512,
    RERUN_MAX = 24 /* on the source, in one turn */,
    RECHECK_TRIES = 6,
    OPEN_MAX = 512,
    RECHECK_PAUSE_US = 15000,
    READ_PATIENCE_US = 2000000
};

struct item {
    struct queue_node node;
    struct shadow_job job;
    uint32_t tries;
    bool reran; /* the capture is of a second look at the source */
    uint64_t not_before_us;
    uint64_t divergence; /* id in the state store, once it is one */
    struct shadow *shadow;
    enum compare_outcome outcome;
    bool failed;    /* the target answered an error */
    bool unsettled; /* it did not take the session's settings */
    struct buffer why, target_rows;
    size_t counted; /* in the shadow's bytes */
    struct item *next;
};
struct shadow {
    struct engine *engine;
    struct queue queue;
    _Atomic size_t bytes;       /* memory of all that was submitted and is there */
    struct item *first, **last; /* waiting for their fence, in order */
    uint32_t waiting;
    struct item *rechecks;
    uint32_t recheck_count; /* to be read on the source again when their time has come */
    struct item *again;
    uint32_t again_count; /* read on the source again, waiting for their fence */
    struct item *open;
    uint32_t open_count; /* confirmed divergences, kept to be looked at again */
    struct pg *target;
    struct shadow_source source;
    uint64_t target_retry_us;
    struct arena arena;
    struct thread *thread;
    struct mutex mutex;
    struct condition wake;
    atomic_bool stopping, sleeping, recheck_open;
};

struct shadow_job *shadow_job_new(void)
{
    struct item *item = memory_zero(1, sizeof *item);
    return &item->job;
}

static struct item *item_of(struct shadow_job *job)
{
    return QUEUE_OWNER(job, struct item, job);
}

static size_t item_cost(const struct item *item)
{
    return sizeof *item + item->job.binds.capacity + item->job.capture.rows.capacity;
}

static void uncount(struct item *item)
{
    if (item->counted) atomic_fetch_sub(&item->shadow->bytes, item->counted);
    item->counted = 0;
}

static void item_free(struct item *item)
{
    uncount(item);
    buffer_release(&item->job.binds);
    capture_release(&item->job.capture);
    buffer_release(&item->why);
    buffer_release(&item->target_rows);
    memory_free(item);
}

void shadow_job_free(struct shadow_job *job)
{
    if (job) item_free(item_of(job));
}

void shadow_submit(struct shadow *shadow, struct shadow_job *job)
{
    struct item *item = item_of(job);
    size_t cost = item_cost(item);
    if (!shadow || queue_count(&shadow->queue) >= shadow->engine->options.shadow_queue ||
        atomic_load(&shadow->bytes) + cost > LIMIT_SHADOW_QUEUE_BYTES) {
        if (shadow) engine_count(shadow->engine, COUNT_SHADOW_SKIPPED, 1);
        item_free(item);
        return;
    }
    item->shadow = shadow;
    item->counted = cost;
    atomic_fetch_add(&shadow->bytes, cost);
    engine_count(shadow->engine, COUNT_SHADOW_QUEUED, 1);
    if (queue_put(&shadow->queue, &item->node) && atomic_load(&shadow->sleeping)) {
        mutex_lock(&shadow->mutex);
        condition_signal(&shadow->wake);
        mutex_unlock(&shadow->mutex);
    }
}

uint64_t shadow_pending(struct shadow *shadow)
{
    return queue_count(&shadow->queue) + shadow->waiting + shadow->recheck_count + shadow->again_count;
}

static void count_equal(struct shadow *shadow, struct item *item)
{
    struct fingerprint *fingerprint = item->job.statement->fingerprint;
    atomic_fetch_add(&fingerprint->comparable, 1);
    atomic_fetch_add(&fingerprint->equal, 1);
    if (item->reran) engine_count(shadow->engine, COUNT_SHADOW_RECHECKED, 1);
    engine_count(shadow->engine, COUNT_SHADOW_EQUAL, 1);
}

static void count_impossible(struct shadow *shadow, struct item *item)
{
    atomic_fetch_add(&item->job.statement->fingerprint->not_comparable, 1);
    engine_count(shadow->engine, COUNT_SHADOW_NOT_COMPARABLE, 1);
}

static void record_divergence(struct shadow *shadow, struct item *item)
{
    struct fingerprint *fingerprint = item->job.statement->fingerprint;
    atomic_fetch_add(&fingerprint->comparable, 1);
    atomic_fetch_add(&fingerprint->divergent, 1);
    engine_count(shadow->engine, COUNT_SHADOW_DIVERGENT, 1);
    struct state_divergence *divergence = memory_zero(1, sizeof *divergence);
    snprintf(divergence->origin, sizeof divergence->origin, "shadow");
    if (item->job.plan->table_count && item->job.plan->tables[0].table)
        snprintf(divergence->table, sizeof divergence->table, "%s", item->job.plan->tables[0].table->name);
    divergence->fingerprint = fingerprint->id;
    compare_print_job(&item->job, divergence->statement, sizeof divergence->statement);
    snprintf(divergence->reason, sizeof divergence->reason, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&item->why)));
    struct buffer rows;
    buffer_init(&rows, 0);
    compare_print_capture(&rows, &item->job.capture, 3);
    snprintf(divergence->source_row, sizeof divergence->source_row, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&rows)));
    buffer_release(&rows);
    snprintf(divergence->target_row, sizeof divergence->target_row, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&item->target_rows)));
    snprintf(divergence->key_text, sizeof divergence->key_text, "%.400s",
             divergence->statement + (strlen(divergence->statement) > 400 ? strlen(divergence->statement) - 400 : 0));
    divergence->csn = item->job.fence;
    struct error error;
    if (!state_divergence_add(shadow->engine->state, divergence, &item->divergence, &error))
        LOG(LOG_ERROR, "divergence.not_stored", log_failure(&error));
    /* Where it is, for the log and whoever is called; the values stand in the ledger alone. */
    char reason[200];
    snprintf(reason, sizeof reason, "a shadow read differed (divergence %llu): %.*s", (unsigned long long)item->divergence,
             (int)strcspn(divergence->reason, ":"), divergence->reason);
    LOG(LOG_WARNING, "shadow.divergent", log_id("fingerprint", fingerprint->id), log_text("reason", reason),
        log_text("statement", fingerprint->text));
    fingerprint_demote(shadow->engine->statements, fingerprint, reason);
    memory_free(divergence);
    if (shadow->open_count < OPEN_MAX) {
        uncount(item); /* it is kept until somebody repairs it: what waits to be compared needs the room */
        item->next = shadow->open;
        shadow->open = item;
        shadow->open_count++;
    } else {
        item_free(item);
    }
}

static void schedule_recheck(struct shadow *shadow, struct item *item)
{
    if (shadow->recheck_count >= RECHECK_MAX) { /* too many to look at again: it counts against the gate unconfirmed, never in favour */
        record_divergence(shadow, item);
        return;
    }
    item->not_before_us = clock_monotonic_us() + RECHECK_PAUSE_US * (1ull << item->tries);
    item->next = shadow->rechecks;
    shadow->rechecks = item;
    shadow->recheck_count++;
}

/* ---- the target ---- */

static bool target_ready(struct shadow *shadow)
{
    struct error error;
    if (shadow->target && pg_state(shadow->target) == PG_READY) return true;
    if (shadow->target) pg_close(shadow->target);
    shadow->target = NULL;
    uint64_t now = clock_monotonic_us();
    if (now < shadow->target_retry_us) return false;
    shadow->target = pg_connect(shadow->engine->options.target_conninfo, 2000, &error);
    if (!shadow->target) shadow->target_retry_us = now + 500000;
    return shadow->target != NULL;
}

/* What is not answered in time is given up with its connection: an answer that came later would be given to a read that is gone. */
static bool wait_for_target(struct shadow *shadow, struct error *error)
{
    if (pg_run_wait(shadow->target, TARGET_WAIT_MS, error)) return true;
    pg_abandon(shadow->target, "no answer in time");
    return false;
}

static void on_result(void *context, struct pg_result *result)
{
    struct item *item = context;
    buffer_clear(&item->why);
    buffer_clear(&item->target_rows);
    item->failed = !result->ok;
    if (item->unsettled) return;
    if (!result->ok) {
        item->outcome = result->error.code == ERROR_TARGET ? COMPARE_DIFFERENT : COMPARE_IMPOSSIBLE;
        buffer_printf(&item->why, "the target answered an error: %s", result->error.text);
        return;
    }
    item->outcome = compare_capture(&item->job.capture, result, item->job.plan->ordered, &item->why);
    if (item->outcome == COMPARE_DIFFERENT) compare_print_result(&item->target_rows, result, 3);
}

static void on_settings(void *context, struct pg_result *result)
{
    struct item *item = context;
    item->unsettled = !result->ok;
    if (result->ok) return;
    LOG_RATED(LOG_WARNING, "shadow.settings", log_failure(&result->error));
    item->outcome = COMPARE_IMPOSSIBLE;
}

/* Valid until the next sync, like the read behind it. */
static void send_settings(struct shadow *shadow, struct item *item)
{
    item->unsettled = false;
    if (!item->job.settings.altered) return;
    struct buffer text;
    buffer_init(&text, 0);
    settings_statement(&item->job.settings, item->job.user, &text);
    pg_send_text(shadow->target, (const char *)text.data + text.start, on_settings, item);
    buffer_release(&text);
}

static bool send_item(struct shadow *shadow, struct item *item)
{
    struct error error;
    struct value *values = arena_zero(&shadow->arena, sizeof *values * (item->job.bind_count + 1));
    struct reader r = reader_of(buffer_view(&item->job.binds));
    for (uint32_t i = 0; i < item->job.bind_count; i++)
        if (!value_decode(&r, &values[i])) return false;
    struct pg_parameter *parameters;
    if (!parameters_make(item->job.plan, values, item->job.bind_count, &shadow->arena, &parameters, &error)) return false;
    char name[64];
    parameters_name(item->job.statement->number, item->job.plan, parameters, 'r', name);
    send_settings(shadow, item);
    pg_send_prepared(shadow->target, name, item->job.plan->target_text, parameters, item->job.plan->bind_count, on_result, item);
    pg_sync(shadow->target);
    return true;
}

static void take_new(struct shadow *shadow)
{
    struct queue_node *node;
    while (shadow->waiting < BATCH_MAX * 4 && (node = queue_take(&shadow->queue)) != NULL) {
        struct item *item = QUEUE_OWNER(node, struct item, node);
        item->next = NULL;
        *shadow->last = item;
        shadow->last = &item->next;
        shadow->waiting++;
    }
}

/* Translated anew meanwhile: says nothing of the present plan. */
static bool drop_stale(struct shadow *shadow, struct item *item)
{
    if (statement_plan(item->job.statement) == item->job.plan) return false;
    engine_count(shadow->engine, COUNT_SHADOW_SKIPPED, 1);
    item_free(item);
    return true;
}

/* What is looked at again comes first: the longer it waits, the more it is out of date on the target. */
static uint32_t take_again(struct shadow *shadow, struct item **batch, uint64_t applied)
{
    uint32_t count = 0;
    for (struct item **at = &shadow->again; *at && count < BATCH_MAX;) {
        struct item *item = *at;
        if (item->job.fence > applied) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        shadow->again_count--;
        if (!drop_stale(shadow, item)) batch[count++] = item;
    }
    return count;
}

static uint32_t take_batch(struct shadow *shadow, struct item **batch)
{
    uint64_t applied = atomic_load(&shadow->engine->applied);
    uint32_t count = take_again(shadow, batch, applied);
    /* Each of a batch may have to be looked at again: no more than there is room for. */
    if (shadow->recheck_count + shadow->again_count + BATCH_MAX > RECHECK_MAX) return count;
    while (shadow->first && count < BATCH_MAX && shadow->first->job.fence <= applied) {
        struct item *item = shadow->first;
        shadow->first = item->next;
        if (!shadow->first) shadow->last = &shadow->first;
        shadow->waiting--;
        if (!drop_stale(shadow, item)) batch[count++] = item;
    }
    return count;
}

/* ---- rechecks: both sides again ---- */

static bool wait_applied(struct shadow *shadow, uint64_t csn, uint64_t at_most_us)
{
    uint64_t until = clock_monotonic_us() + at_most_us;
    while (atomic_load(&shadow->engine->applied) < csn) {
        if (clock_monotonic_us() > until || atomic_load(&shadow->stopping)) return false;
        clock_sleep_us(500);
    }
    return true;
}

/* Not while the mirror commits in an order of its own. */
static bool read_begin(struct shadow *shadow)
{
    uint64_t until = clock_monotonic_us() + READ_PATIENCE_US;
    while (!engine_read_begin(shadow->engine)) {
        if (clock_monotonic_us() > until || atomic_load(&shadow->stopping)) return false;
        clock_sleep_us(500);
    }
    return true;
}

/* One more look at both sides. True: decided (equal, or it could not be done). */
static bool look_again(struct shadow *shadow, struct item *item)
{
    struct capture fresh;
    if (!shadow_source_read(&shadow->source, &item->job, &shadow->arena, &fresh)) {
        item->outcome = COMPARE_IMPOSSIBLE;
        return true;
    }
    capture_release(&item->job.capture);
    item->job.capture = fresh;
    if (!wait_applied(shadow, atomic_load(&shadow->engine->acknowledged), 2000000)) return false;
    struct error error;
    item->outcome = COMPARE_IMPOSSIBLE;
    if (!target_ready(shadow) || !read_begin(shadow)) return false;
    bool good = send_item(shadow, item) && wait_for_target(shadow, &error);
    engine_read_end(shadow->engine);
    if (!good) return false;
    arena_reset(&shadow->arena);
    return item->outcome != COMPARE_DIFFERENT;
}

/* Still different: later again, or noise (a read that differs from itself), or a divergence. */
static void not_equal(struct shadow *shadow, struct item *item)
{
    struct capture again;
    if (!item->reran) {
        schedule_recheck(shadow, item);
        return;
    }
    if (++item->tries < RECHECK_TRIES) {
        schedule_recheck(shadow, item);
        return;
    }
    if (shadow_source_read(&shadow->source, &item->job, &shadow->arena, &again)) {
        bool same = compare_captures(&item->job.capture, &again, item->job.plan->ordered);
        capture_release(&again);
        if (!same) {
            engine_count(shadow->engine, COUNT_SHADOW_NOISE, 1);
            atomic_fetch_add(&item->job.statement->fingerprint->noise, 1);
            count_impossible(shadow, item);
            item_free(item);
            return;
        }
    }
    record_divergence(shadow, item);
}

static void run_batch(struct shadow *shadow, struct item **batch, uint32_t count)
{
    struct error error;
    bool begun = read_begin(shadow);
    for (uint32_t i = 0; i < count; i++) {
        batch[i]->outcome = COMPARE_IMPOSSIBLE;
        if (!begun || !send_item(shadow, batch[i])) batch[i]->failed = true;
    }
    if (begun && !wait_for_target(shadow, &error)) LOG(LOG_WARNING, "shadow.target", log_failure(&error));
    if (begun) engine_read_end(shadow->engine);
    arena_reset(&shadow->arena);
    for (uint32_t i = 0; i < count; i++) {
        struct item *item = batch[i];
        if (item->outcome == COMPARE_DIFFERENT) {
            not_equal(shadow, item);
            continue;
        }
        if (item->outcome == COMPARE_EQUAL)
            count_equal(shadow, item);
        else
            count_impossible(shadow, item);
        item_free(item);
    }
}

/* Reads on the source again what is due; it joins the batches once the target has applied what was acknowledged by then. */
static void run_rechecks(struct shadow *shadow)
{
    uint64_t now = clock_monotonic_us();
    uint32_t count = 0;
    for (struct item **at = &shadow->rechecks; *at && count < RERUN_MAX;) {
        struct item *item = *at;
        struct capture fresh;
        if (item->not_before_us > now) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        shadow->recheck_count--;
        count++;
        if (drop_stale(shadow, item)) continue;
        if (!shadow_source_read(&shadow->source, &item->job, &shadow->arena, &fresh)) {
            count_impossible(shadow, item);
            item_free(item);
        } else {
            capture_release(&item->job.capture);
            item->job.capture = fresh;
            item->job.fence = atomic_load(&shadow->engine->acknowledged);
            item->reran = true;
            item->next = shadow->again;
            shadow->again = item;
            shadow->again_count++;
        }
    }
    arena_reset(&shadow->arena);
}

/* After a repair or a new translation: a divergence whose statement now gives the same rows is closed, and its fingerprint's window starts anew. */
static void recheck_open_items(struct shadow *shadow)
{
    struct item *items = shadow->open;
    shadow->open = NULL;
    shadow->open_count = 0;
    while (items) {
        struct item *item = items;
        items = item->next;
        item->job.plan = statement_plan(item->job.statement);
        item->tries = 0;
        bool equal = look_again(shadow, item) && item->outcome == COMPARE_EQUAL;
        if (!equal) {
            item->next = shadow->open;
            shadow->open = item;
            shadow->open_count++;
            continue;
        }
        struct error error;
        if (item->divergence && !state_divergence_close(shadow->engine->state, item->divergence, "repaired",
                                                        "the statement gives the same rows on both sides again", &error))
            LOG(LOG_ERROR, "divergence.not_closed", log_failure(&error));
        struct fingerprint *fingerprint = item->job.statement->fingerprint;
        bool others = false;
        for (struct item *other = items; other; other = other->next) others = others || other->job.statement->fingerprint == fingerprint;
        for (struct item *other = shadow->open; other; other = other->next)
            others = others || other->job.statement->fingerprint == fingerprint;
        if (!others) fingerprint_restart(shadow->engine->statements, fingerprint, "its divergences were repaired and proven equal");
        item_free(item);
    }
}

void shadow_recheck_open(struct shadow *shadow)
{
    atomic_store(&shadow->recheck_open, true);
}

static void drop_all(struct shadow *shadow)
{
    do {
        while (shadow->first) {
            struct item *item = shadow->first;
            shadow->first = item->next;
            engine_count(shadow->engine, COUNT_SHADOW_SKIPPED, 1);
            item_free(item);
        }
        shadow->last = &shadow->first;
        shadow->waiting = 0;
        take_new(shadow);
    } while (shadow->first);
}

static void shadow_main(void *context)
{
    struct shadow *shadow = context;
    struct item *batch[BATCH_MAX];
    while (!atomic_load(&shadow->stopping)) {
        const struct engine_policy *policy = engine_policy(shadow->engine);
        bool active = policy->phase == PHASE_SHADOW || policy->phase == PHASE_CANARY;
        take_new(shadow);
        if (!active || !target_ready(shadow)) drop_all(shadow);
        uint32_t count = active ? take_batch(shadow, batch) : 0;
        if (count) run_batch(shadow, batch, count);
        if (active && shadow->rechecks) run_rechecks(shadow);
        if (active && atomic_exchange(&shadow->recheck_open, false)) recheck_open_items(shadow);
        if (count == BATCH_MAX) continue;
        mutex_lock(&shadow->mutex);
        atomic_store(&shadow->sleeping, true);
        bool more = shadow->first || shadow->again || queue_count(&shadow->queue);
        condition_wait_us(&shadow->wake, &shadow->mutex, more ? 1000 : active ? 5000 : 100000);
        atomic_store(&shadow->sleeping, false);
        mutex_unlock(&shadow->mutex);
    }
    drop_all(shadow);
}

struct shadow *shadow_start(struct engine *engine, struct error *error)
{
    struct shadow *shadow = memory_zero(1, sizeof *shadow);
    shadow->engine = engine;
    shadow->source.options = &engine->options;
    shadow->last = &shadow->first;
    queue_init(&shadow->queue);
    arena_init(&shadow->arena, 0);
    mutex_init(&shadow->mutex);
    condition_init(&shadow->wake);
    shadow->thread = thread_start("shadow", shadow_main, shadow, error);
    return shadow->thread ? shadow : NULL;
}

void shadow_stop(struct shadow *shadow)
{
    if (!shadow) return;
    atomic_store(&shadow->stopping, true);
    thread_join(shadow->thread);
    while (shadow->open) {
        struct item *item = shadow->open;
        shadow->open = item->next;
        item_free(item);
    }
    while (shadow->again) {
        struct item *item = shadow->again;
        shadow->again = item->next;
        item_free(item);
    }
    while (shadow->rechecks) {
        struct item *item = shadow->rechecks;
        shadow->rechecks = item->next;
        item_free(item);
    }
    if (shadow->target) pg_close(shadow->target);
    shadow_source_close(&shadow->source);
    arena_release(&shadow->arena);
    mutex_release(&shadow->mutex);
    condition_release(&shadow->wake);
    memory_free(shadow);
}
