/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements: every distinct text that ran, with its plan, and one record for each fingerprint with what was measured of it. The registry is
 * looked into on a parse only: a cursor keeps the pointer. Statements and fingerprints live as long as the engine (their
 * number is limited; beyond the limit texts are not registered: relayed, recorded as opaque, counted).
 *
 * A plan may be replaced (override, new catalog): load it once a call with statement_plan. Old plans are kept until the engine ends.
 */
#ifndef ENGINE_STATEMENT_H
#define ENGINE_STATEMENT_H

#include "engine/engine.h"
#include "engine/histogram.h"
#include "wire/cursor.h"

/* The measured side of one fingerprint. All counters relaxed atomics. `generation` restarts the window: it grows when the translation changes (override
 * added or removed) and when a divergence of it was repaired; equal/divergent are of the current generation, retired_* of those before. */
struct fingerprint {
    uint64_t id;
    char *text; /* normalised */
    _Atomic uint64_t executions, relayed, served;
    _Atomic uint64_t comparable, equal, divergent, noise, not_comparable;
    _Atomic uint64_t retired_comparable, retired_divergent;
    _Atomic uint64_t generation;
    _Atomic bool demoted;     /* not served by the target */
    _Atomic bool waived;      /* an operator signed for it */
    char demoted_reason[200]; /* written under the registry's mutex before `demoted` is set */
    struct histogram source_us, target_us;
    enum sql_state state;
    enum sql_kind kind;
    enum sql_class class_;
    uint64_t translation;     /* of the target's text, literals left out; under the registry's mutex */
    bool restored;            /* counted before the last start: the first translation now is compared with the one of then */
    uint64_t saved;           /* fingerprint_mark when it was last saved; evidence.c */
    struct fingerprint *next; /* in the registry's list, newest first */
};
struct statement {
    struct view text;
    char schema[129]; /* current schema it was translated under */
    _Atomic(struct sql_plan *) plan;
    struct fingerprint *fingerprint;
    _Atomic(struct statement_describe *) describe; /* as the source described it, once seen */
    uint64_t number;                               /* 1, 2, 3 ..: makes prepared statement names */
    struct statement *next;
};
struct statement_describe {
    uint32_t count;
    struct wire_column *columns;
}; /* never changes once published */

struct engine_statements;
struct engine_statements *statements_new(struct engine *engine, uint32_t statement_max);
void statements_free(struct engine_statements *statements);
/* Finds or makes. Any thread; takes the registry's lock on a miss of the caller's `cache` only. NULL: limit reached. */
struct statement_cache; /* one per thread: text+schema -> statement, without locks */
struct statement_cache *statement_cache_new(struct engine_statements *statements);
void statement_cache_free(struct statement_cache *cache);
struct statement *statement_of(struct statement_cache *cache, struct view text, const char *schema);
static inline const struct sql_plan *statement_plan(struct statement *s)
{
    return atomic_load_explicit(&s->plan, memory_order_acquire);
}
void statement_set_describe(struct statement *statement, const struct wire_column *columns,
                            uint32_t count); /* first one wins; a different one replaces */

/* New catalog: every plan is made again. */
void statements_retranslate(struct engine_statements *statements);
/* Overrides: exact text or fingerprint -> target SQL. Takes effect at once for later calls; the fingerprint's generation grows. */
struct statement_override {
    uint64_t fingerprint;
    char *source_text, *target_text, *bind_order, *tables, *author, *reason;
    int64_t time_us;
    struct statement_override *next;
};
bool statements_override_add(struct engine_statements *statements, const struct statement_override *override, struct error *error) MUST_USE;
bool statements_override_remove(struct engine_statements *statements, uint64_t fingerprint, struct error *error) MUST_USE;
void statements_each_override(struct engine_statements *statements, void (*visit)(void *context, const struct statement_override *override),
                              void *context);
bool statements_overrides_load(struct engine_statements *statements, const char *file,
                               struct error *error) MUST_USE; /* JSON list; hot reload */
/* As load, but what `good` refuses is left out (and said by it); a file that cannot be read changes nothing. */
typedef bool statements_override_good(void *context, const struct statement_override *override);
bool statements_overrides_reload(struct engine_statements *statements, const char *file, statements_override_good *good, void *context,
                                 struct error *error) MUST_USE;
bool statements_overrides_save(struct engine_statements *statements, const char *file, struct error *error) MUST_USE;

void fingerprint_demote(struct engine_statements *statements, struct fingerprint *fingerprint, const char *reason);
void fingerprint_restart(struct engine_statements *statements, struct fingerprint *fingerprint,
                         const char *why);                                                     /* a new generation; promotes again */
struct fingerprint *statements_fingerprint(struct engine_statements *statements, uint64_t id); /* NULL: never seen */
void statements_each_fingerprint(struct engine_statements *statements, void (*visit)(void *context, struct fingerprint *fingerprint),
                                 void *context);

#endif
