/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the checker, shared by checker*.c only. */
#ifndef ENGINE_CHECKER_PRIVATE_H
#define ENGINE_CHECKER_PRIVATE_H

#include "base/map.h"
#include "base/queue.h"
#include "base/random.h"
#include "base/thread.h"
#include "engine/checker.h"

enum {
    CHECKER_SAMPLED_MAX = 65536,   /* beyond, checks of the mirror's sample are dropped */
    CHECKER_WAITING_MAX = 1000000, /* beyond, the others wait */
    CHECKER_ADD_WAIT_MS = 5000,    /* .. no longer than this */
    CHECKER_BATCH = 256,           /* rows of one table read at once */
    CHECKER_STABLE_LOOKS = 3,      /* a difference must be seen as often, with the row unchanged on the primary around each look */
    CHECKER_MOVING_LOOKS = 40,     /* a row that changes all the time is given up after as many; its next write brings it back */
};

struct checker_item {
    struct queue_node node;
    enum checker_origin origin;
    const struct sql_table *table; /* of the catalog of its time; looked up by name in a newer one */
    struct view key;               /* behind the item */
    struct fingerprint *fingerprint;
    uint64_t csn, sequence, due_us;
    uint32_t looks, stable;
    struct checker_item *next;
};
struct checker_list {
    struct checker_item *first, *last;
    uint32_t count;
};

/* An open divergence with a key. */
struct open_divergence {
    uint64_t id, fingerprint;
    bool refused; /* part of a transaction that the source refused */
    struct open_divergence *next;
};

struct checker {
    struct engine *engine;
    struct thread *thread;
    struct mutex lock;
    struct condition wake, decided;
    struct queue queue;
    _Atomic uint64_t pending, sequence, oldest; /* oldest: sequence of the oldest undecided one, UINT64_MAX: none */
    _Atomic uint32_t drains;
    _Atomic bool stopping;
    /* the thread's own */
    struct checker_list ready, later;
    struct map known; /* table and key -> item that waits in `ready`: the same row is not looked at twice */
    struct pg *target;
    struct source *source;
    uint64_t target_retry_us, source_retry_us;
    uint32_t target_tries, source_tries;
    struct random_generator random;
    const struct sql_catalog *catalog;
    struct row_maps *maps;
    struct arena arena;
    struct map open; /* table and key -> open_divergence */
    uint64_t open_read_us, open_count;
};

/* One look at a batch of items of one table (checker_look.c): decided ones are freed, the others go to `later`. False: a side is not there. */
bool checker_look(struct checker *checker, const struct row_map *map, struct checker_item **items, uint32_t count);
void checker_later(struct checker *checker, struct checker_item *item, uint64_t after_us);
void checker_settled(struct checker *checker, struct checker_item *item); /* frees */
/* checker_record.c */
void checker_equal(struct checker *checker, const struct row_map *map, const struct checker_item *item);
void checker_divergent(struct checker *checker, const struct row_map *map, const struct checker_item *item, const struct row *source,
                       const struct row *target, uint32_t column);
void checker_open_refresh(struct checker *checker, bool now);
void checker_open_release(struct checker *checker);
void checker_key_name(struct buffer *out, const char *table, struct view key);

#endif
