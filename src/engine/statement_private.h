/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the statement registry, shared by statement*.c only. */
#ifndef ENGINE_STATEMENT_PRIVATE_H
#define ENGINE_STATEMENT_PRIVATE_H

#include "base/map.h"
#include "base/thread.h"
#include "engine/statement.h"

struct retired_plan {
    struct sql_plan *plan;
    struct retired_plan *next;
};
struct engine_statements {
    struct engine *engine;
    uint32_t maximum;
    struct mutex lock;                  /* all below but the two list heads */
    struct map statements;              /* schema, NUL, text -> statement */
    struct map fingerprints;            /* id -> fingerprint */
    _Atomic(struct statement *) newest; /* lists only grow at their head: they are walked without the lock */
    _Atomic(struct fingerprint *) newest_fingerprint;
    struct statement_override *overrides;
    struct retired_plan *retired;
    uint64_t generation; /* of translations: grows with each catalog and each change of the overrides */
};

/* A plan as the overrides and the catalog of now say it. The lock is not held. */
struct sql_plan *statement_translate(struct engine_statements *statements, struct view text, const char *schema);
/* Makes the plans of a fingerprint again (0: of all). The lock is held. */
void statement_replace_plans(struct engine_statements *statements, uint64_t fingerprint);
/* The override for a text; the lock is held. NULL: none. */
const struct statement_override *statement_override_of(const struct engine_statements *statements, struct view text, uint64_t fingerprint);
enum { OVERRIDES_MAX = 10000 };
struct statement_override *
statement_override_copy(const struct statement_override *override); /* fills fingerprint and time where they are missing */
bool statement_override_is_valid(const struct statement_override *override, struct error *error) MUST_USE;
/* Puts what the file says in front of *out. Whatever *out holds afterwards is the caller's, also on failure. */
bool statement_overrides_parse(const char *file, struct statement_override **out, struct error *error) MUST_USE;
/* evidence.c: a fingerprint of an earlier start, without a statement yet; and what tells whether it has to be saved. */
struct fingerprint *fingerprint_restore(struct engine_statements *statements, uint64_t id, const char *text);
void statement_overrides_release(struct engine_statements *statements);

#endif
