/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of bump memory; each new block is twice the last, so that the one kept at a reset soon holds a whole call. A piece that is larger than such a
 * block has one of its own size: doubled, the few bytes behind a large one would take twice its size.
 */
#include "base/arena.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define HIDE(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define SHOW(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
#define HIDE(at, size) ((void)0)
#define SHOW(at, size) ((void)0)
#endif

enum { ALIGNMENT = 16, BLOCK_FIRST = 4096, BLOCK_KEPT_MAX = 256 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t size; /* bytes after the header */
    size_t used;
    size_t unused_for_alignment;
};
_Static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "what follows the header is aligned");

static uint8_t *block_bytes(struct arena_block *block)
{
    return (uint8_t *)(block + 1);
}

static void block_free(struct arena *arena, struct arena_block *block)
{
    arena->held -= block->size;
    SHOW(block_bytes(block), block->size);
    memory_free(block);
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
    size_t wanted = arena->grown ? arena->grown * 2 : BLOCK_FIRST;
    if (wanted > BLOCK_KEPT_MAX) wanted = BLOCK_KEPT_MAX;
    bool own = wanted < size;
    if (own)
        wanted = size;
    else
        arena->grown = wanted;
    struct arena_block *block = memory_alloc(sizeof *block + wanted);
    *block = (struct arena_block){.size = wanted};
    arena->held += wanted;
    HIDE(block_bytes(block), wanted);
    /* Behind the first, if there is one: that is filled on. */
    struct arena_block **at = own && arena->blocks ? &arena->blocks->next : &arena->blocks;
    block->next = *at;
    *at = block;
    return block;
}

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_release(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        block_free(arena, arena->blocks);
        arena->blocks = next;
    }
    arena->grown = 0;
    arena->used = 0;
    arena->exhausted = false;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = NULL;
    for (struct arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        bool better = block->size <= BLOCK_KEPT_MAX && (!kept || block->size > kept->size);
        struct arena_block *loser = better ? kept : block;
        if (better) kept = block;
        if (loser) block_free(arena, loser);
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
        HIDE(block_bytes(kept), kept->size);
    }
    arena->blocks = kept;
    arena->grown = kept ? kept->size : 0;
    arena->used = 0;
    arena->exhausted = false;
}

void *arena_try(struct arena *arena, size_t size)
{
    if (size > PTRDIFF_MAX - ALIGNMENT) {
        arena->exhausted = true;
        return NULL;
    }
    size_t rounded = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    if (arena->limit && rounded > arena->limit - arena->used) {
        arena->exhausted = true;
        return NULL;
    }
    struct arena_block *block = arena->blocks;
    if (!block || rounded > block->size - block->used) block = block_add(arena, rounded);
    uint8_t *bytes = block_bytes(block) + block->used;
    block->used += rounded;
    arena->used += rounded;
    SHOW(bytes, size);
    return bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *bytes = arena_try(arena, size);
    CHECK(bytes != NULL);
    return bytes;
}

void *arena_zero(struct arena *arena, size_t size)
{
    void *bytes = arena_alloc(arena, size);
    memset(bytes, 0, size);
    return bytes;
}

struct view arena_copy(struct arena *arena, struct view bytes)
{
    if (bytes.size == 0) return view_of(NULL, 0);
    void *copy = arena_try(arena, bytes.size);
    if (!copy) return view_of(NULL, 0);
    memcpy(copy, bytes.data, bytes.size);
    return view_of(copy, bytes.size);
}

/* One empty string for all who are over their limit: nobody has a reason to write into it. */
static char *no_string(void)
{
    static char empty[1];
    return empty;
}

char *arena_string(struct arena *arena, struct view text)
{
    char *copy = arena_try(arena, text.size + 1);
    if (!copy) return no_string();
    if (text.size) memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(size >= 0);
    char *text = arena_try(arena, (size_t)size + 1);
    if (!text) return no_string();
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}
