/* SPDX-License-Identifier: Apache-2.0 */
/* Journal segments: what files there are, in order, and which may go. */
#include "store/journal_segments.h"

#include "base/memory.h"
#include "store/journal_format.h"

void journal_segments_init(struct journal_segments *segments)
{
    memset(segments, 0, sizeof *segments);
    pthread_mutex_init(&segments->lock, NULL);
    pthread_mutex_init(&segments->removing, NULL);
}

void journal_segments_release(struct journal_segments *segments)
{
    memory_free(segments->items);
    pthread_mutex_destroy(&segments->lock);
    pthread_mutex_destroy(&segments->removing);
}

static void changed(struct journal_segments *segments)
{
    atomic_store(&segments->first, segments->count ? segments->items[0].first : 0);
    atomic_store(&segments->live, segments->count);
    atomic_fetch_add(&segments->generation, 1);
}

void journal_segments_add(struct journal_segments *segments, const struct journal_segment *segment)
{
    pthread_mutex_lock(&segments->lock);
    if (segments->count == segments->capacity) {
        segments->capacity = segments->capacity ? segments->capacity * 2 : 64;
        segments->items = memory_resize(segments->items, segments->capacity * sizeof *segments->items);
    }
    segments->items[segments->count] = *segment;
    segments->items[segments->count++].id = ++segments->next_id;
    atomic_fetch_add(&segments->bytes, segment->bytes);
    changed(segments);
    pthread_mutex_unlock(&segments->lock);
}

void journal_segments_seal(struct journal_segments *segments, uint64_t end, uint64_t bytes)
{
    pthread_mutex_lock(&segments->lock);
    CHECK(segments->count > 0);
    struct journal_segment *last = &segments->items[segments->count - 1];
    atomic_fetch_add(&segments->bytes, bytes - last->bytes);
    last->end = end;
    last->bytes = bytes;
    changed(segments);
    pthread_mutex_unlock(&segments->lock);
}

void journal_segments_drop_last(struct journal_segments *segments)
{
    pthread_mutex_lock(&segments->lock);
    CHECK(segments->count > 0);
    atomic_fetch_sub(&segments->bytes, segments->items[--segments->count].bytes);
    changed(segments);
    pthread_mutex_unlock(&segments->lock);
}

bool journal_segments_find(struct journal_segments *segments, uint64_t position, struct journal_segment *out, uint64_t *next)
{
    pthread_mutex_lock(&segments->lock);
    size_t low = 0, high = segments->count; /* items[low - 1].first <= position < items[high].first */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segments->items[middle].first <= position)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 && segments->count && segments->items[0].jump) low = 1;
    if (low > 0) *out = segments->items[low - 1];
    *next = low < segments->count ? segments->items[low].first : UINT64_MAX;
    pthread_mutex_unlock(&segments->lock);
    return low > 0;
}

/* The oldest segment, if it is released and the released ones take more than keep_bytes, or it ended too long ago: when the next one began. */
static bool oldest_to_remove(struct journal_segments *segments, uint64_t keep_bytes, uint64_t keep_since_us, uint64_t *first)
{
    uint64_t released = atomic_load(&segments->released), bytes = 0;
    pthread_mutex_lock(&segments->lock);
    for (size_t i = 0; i + 1 < segments->count && segments->items[i].end <= released; i++) bytes += segments->items[i].bytes;
    bool old = bytes > 0 && segments->items[1].begun_us < keep_since_us;
    *first = segments->count ? segments->items[0].first : 0;
    pthread_mutex_unlock(&segments->lock);
    return bytes > keep_bytes || old;
}

static void forget_oldest(struct journal_segments *segments)
{
    pthread_mutex_lock(&segments->lock);
    atomic_fetch_sub(&segments->bytes, segments->items[0].bytes);
    memmove(segments->items, segments->items + 1, --segments->count * sizeof *segments->items);
    changed(segments);
    pthread_mutex_unlock(&segments->lock);
}

bool journal_segments_prune(struct journal_segments *segments, const struct journal_files *files, uint64_t keep_bytes,
                            uint64_t keep_since_us, struct error *error)
{
    bool good = true;
    uint64_t first;
    pthread_mutex_lock(&segments->removing);
    while (good && oldest_to_remove(segments, keep_bytes, keep_since_us, &first)) {
        char name[JOURNAL_NAME_SIZE];
        journal_segment_name(first, name);
        good = files->remove(files->context, name, error);
        if (!good) break; /* it stays in the index: a younger one must not go before it */
        forget_oldest(segments);
        good = files->sync_folder(files->context, error);
    }
    pthread_mutex_unlock(&segments->removing);
    return good;
}
