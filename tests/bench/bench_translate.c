/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translate bench: a statement of 1 KiB that a thread has seen before (its cache), one that is new (a whole translation), and, so that the figures mean
 * something on any machine, one pass of XXH3 and memcmp over the same text. One core; medians of rounds.
 *   bench_translate [rounds]
 * Fails when a hit takes more than 2 us or a miss more than 200 us.
 */
#include "engine/statement.h"
#include "tests/unit/sql_catalog.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

enum { TEXTS = 64, HITS = 200000, MISSES = 1500, ROUNDS_MAX = 31, SIZE = 1024 };
static const double hit_limit_us = 2, miss_limit_us = 200;

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* What applications send: a join with a few outer ones, conditions by bind, functions, an order and a limit; padded to SIZE with more conditions. */
static char *make_text(unsigned number)
{
    static const char *const shapes[] = {
        "SELECT a.id, a.title, NVL(a.kind, 'none') kind, TO_CHAR(a.created, 'YYYY-MM-DD HH24:MI') made, DECODE(a.version, 0, 'new', 1, "
        "'seen', 'old') state, "
        "o.name, (SELECT COUNT(*) FROM tag t WHERE t.asset_id = a.id AND t.weight > :w%u) tags FROM asset a, owner o WHERE a.owner_id = "
        "o.id(+) AND a.price "
        "BETWEEN :low AND :high AND a.created > SYSDATE - 30",
        "UPDATE asset SET title = SUBSTR(:title, 1, 200), updated = SYSTIMESTAMP, version = version + 1, price = ROUND(price * 1.1, 2), "
        "kind = TRIM(:kind%u), owner_id = (SELECT MAX(id) "
        "FROM owner WHERE email = :mail) WHERE id = :id AND version = :version",
        "INSERT INTO asset (id, title, kind, price, created, version, body, owner_id) SELECT asset_seq.NEXTVAL, a.title || ' copy %u', "
        "a.kind, a.price / 2, SYSDATE, 0, a.body, o.id FROM "
        "asset a JOIN owner o ON o.id = a.owner_id WHERE a.id IN (:a, :b, :c) AND NVL(o.email, '-') LIKE '%%@' || :domain",
    };
    char *text = calloc(1, SIZE + 200);
    size_t size = (size_t)snprintf(text, SIZE, shapes[number % 3], number);
    const char *table = number % 3 == 1 ? "" : "a.";
    for (unsigned i = 0; size < SIZE - 60; i++)
        size += (size_t)snprintf(text + size, SIZE - size, " AND (%sid <> :x%u OR %stitle IS NULL)", table, number * 100 + i, table);
    if (number % 3 == 0) snprintf(text + size, 60, " ORDER BY a.created DESC");
    return text;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}
static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_number);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 11;
    if (rounds < 1 || rounds > ROUNDS_MAX) rounds = 11;
    static struct engine engine;
    char *texts[TEXTS], *copies[TEXTS];
    double hits[ROUNDS_MAX], misses[ROUNDS_MAX], bare[ROUNDS_MAX];
    struct sql_catalog *catalog = catalog_of_media();
    atomic_store(&engine.catalog, catalog);
    engine.statements = statements_new(&engine, TEXTS * 2);
    struct statement_cache *cache = statement_cache_new(engine.statements);
    struct sql_options options;
    sql_options_default(&options);
    options.catalog = catalog;
    options.current_schema = "APP";
    uint64_t seen = 0;
    for (unsigned i = 0; i < TEXTS; i++) {
        texts[i] = make_text(i);
        copies[i] = strdup(texts[i]);
        struct statement *s = statement_of(cache, view_text(texts[i]), "APP");
        if (!s || statement_plan(s)->state > SQL_APPROXIMATE) {
            fprintf(stderr, "bench_translate: not translated: %s\n", texts[i]);
            return 1;
        }
    }
    for (int r = 0; r < rounds; r++) {
        double start = now_us();
        for (int i = 0; i < HITS; i++) seen += statement_of(cache, view_text(copies[i % TEXTS]), "APP")->number;
        hits[r] = (now_us() - start) / HITS;
        start = now_us();
        for (int i = 0; i < HITS; i++) {
            size_t size = strlen(copies[i % TEXTS]);
            seen += XXH3_64bits(copies[i % TEXTS], size) + (uint64_t)(memcmp(copies[i % TEXTS], texts[i % TEXTS], size) == 0);
        }
        bare[r] = (now_us() - start) / HITS;
        start = now_us();
        for (int i = 0; i < MISSES; i++) sql_plan_unref(sql_translate(&options, view_text(texts[i % TEXTS])));
        misses[r] = (now_us() - start) / MISSES;
    }
    double hit = median(hits, rounds), miss = median(misses, rounds), hash = median(bare, rounds);
    printf("translate: hit %.3f us (bare hash and compare %.3f us, limit %.0f), miss %.1f us (limit %.0f), texts of %zu bytes%s\n", hit,
           hash, hit_limit_us, miss, miss_limit_us, strlen(texts[0]), seen ? "" : "?");
    statement_cache_free(cache);
    statements_free(engine.statements);
    sql_catalog_free(catalog);
    for (unsigned i = 0; i < TEXTS; i++) free(texts[i]), free(copies[i]);
    return hit <= hit_limit_us && miss <= miss_limit_us ? 0 : 1;
}
