/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena: bump memory with a limit, reset whole. A session has two: one for its life, one for the call.
 * Going over the limit is an ordinary error of the input that asked for it: arena_try answers NULL and the arena
 * remembers it (arena_exhausted). arena_alloc is for sizes that the program itself chose. One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/view.h"

struct arena_block;
struct arena {
    struct arena_block *blocks; /* the first is the one being filled */
    size_t grown;               /* bytes of the last block that was not made for one large piece; 0: none yet */
    size_t used;                /* bytes handed out since the last reset */
    size_t held;                /* bytes of memory that its blocks take */
    size_t limit;               /* most bytes that may be handed out; 0: no limit */
    bool exhausted;
};

void arena_init(struct arena *arena, size_t limit);
void arena_release(struct arena *arena);
void arena_reset(struct arena *arena); /* keeps one block, so that a steady state does not allocate */

void *arena_alloc(struct arena *arena, size_t size);            /* 16-byte aligned, not zeroed; stops if over the limit */
void *arena_zero(struct arena *arena, size_t size);             /* the same, zeroed */
void *arena_try(struct arena *arena, size_t size);              /* NULL when over the limit */
struct view arena_copy(struct arena *arena, struct view bytes); /* empty view with exhausted set when over */
char *arena_string(struct arena *arena, struct view text);      /* NUL-terminated copy */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
