/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/evidence.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/statement_private.h"
#include "store/state.h"
#include <stdio.h>

/* The counters of a fingerprint in the order of state_evidence.counters. */
enum { COUNTER_COUNT = EVIDENCE_COUNTERS };
static void counters_of(struct fingerprint *f, _Atomic uint64_t *out[COUNTER_COUNT])
{
    _Atomic uint64_t *const all[COUNTER_COUNT] = {
        &f->executions, &f->relayed, &f->served,         &f->comparable,         &f->equal,
        &f->divergent,  &f->noise,   &f->not_comparable, &f->retired_comparable, &f->retired_divergent,
        &f->generation};
    for (int i = 0; i < COUNTER_COUNT; i++) out[i] = all[i];
}

static const struct {
    const char *name;
    enum engine_counter counter;
} row_counters[] = {{"rows_compared", COUNT_ROWS_COMPARED}, {"rows_equal", COUNT_ROWS_EQUAL}, {"rows_divergent", COUNT_ROWS_DIVERGENT}};

/* ---- load ---- */

static uint64_t fingerprint_mark(struct fingerprint *f);

static void take(void *context, const struct state_evidence *e)
{
    struct engine *engine = context;
    struct fingerprint *f = fingerprint_restore(engine->statements, e->fingerprint, e->text);
    _Atomic uint64_t *counters[COUNTER_COUNT];
    counters_of(f, counters);
    for (int i = 0; i < COUNTER_COUNT; i++) atomic_store(counters[i], e->counters[i]);
    f->state = (enum sql_state)e->state;
    f->kind = (enum sql_kind)e->kind;
    f->class_ = (enum sql_class)e->class_;
    f->translation = e->translation;
    f->restored = true;
    snprintf(f->demoted_reason, sizeof f->demoted_reason, "%s", e->reason);
    atomic_store(&f->demoted, e->demoted);
    atomic_store(&f->waived, e->waived);
    f->saved = fingerprint_mark(f);
}

void evidence_load(struct engine *engine)
{
    state_evidence_each(engine->state, take, engine);
    for (size_t i = 0; i < sizeof row_counters / sizeof *row_counters; i++)
        engine_count(engine, row_counters[i].counter, state_get_u64(engine->state, row_counters[i].name, 0));
}

/* ---- save ---- */

static uint64_t fingerprint_mark(struct fingerprint *f)
{
    _Atomic uint64_t *counters[COUNTER_COUNT];
    uint64_t mark = (uint64_t)atomic_load(&f->demoted) * 3 + (uint64_t)atomic_load(&f->waived) * 5 + f->translation;
    counters_of(f, counters);
    for (int i = 0; i < COUNTER_COUNT; i++) mark = mark * UINT64_C(1099511628211) + atomic_load(counters[i]);
    return mark;
}

struct saving {
    struct state_evidence *list;
    struct fingerprint **of;
    uint64_t *marks;
    uint32_t count, room;
};

static void note(void *context, struct fingerprint *f)
{
    struct saving *s = context;
    uint64_t mark = fingerprint_mark(f);
    if (mark == f->saved) return;
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 256;
        s->list = memory_resize(s->list, sizeof *s->list * s->room);
        s->of = memory_resize(s->of, sizeof *s->of * s->room);
        s->marks = memory_resize(s->marks, sizeof *s->marks * s->room);
    }
    struct state_evidence *e = &s->list[s->count];
    *e = (struct state_evidence){.fingerprint = f->id,
                                 .text = f->text,
                                 .state = f->state,
                                 .kind = f->kind,
                                 .class_ = f->class_,
                                 .translation = f->translation,
                                 .demoted = atomic_load(&f->demoted),
                                 .waived = atomic_load(&f->waived)};
    _Atomic uint64_t *counters[COUNTER_COUNT];
    counters_of(f, counters);
    for (int i = 0; i < COUNTER_COUNT; i++) e->counters[i] = atomic_load(counters[i]);
    if (e->demoted) snprintf(e->reason, sizeof e->reason, "%s", f->demoted_reason);
    s->of[s->count] = f;
    s->marks[s->count++] = mark;
}

bool evidence_save(struct engine *engine, struct error *error)
{
    struct saving saving = {0};
    statements_each_fingerprint(engine->statements, note, &saving);
    bool good = state_evidence_put(engine->state, saving.list, saving.count, error);
    for (uint32_t i = 0; good && i < saving.count; i++) saving.of[i]->saved = saving.marks[i];
    for (size_t i = 0; good && i < sizeof row_counters / sizeof *row_counters; i++)
        good = state_put_u64(engine->state, row_counters[i].name, engine_counted(engine, row_counters[i].counter), error);
    memory_free(saving.list);
    memory_free(saving.of);
    memory_free(saving.marks);
    return good;
}
