/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of pg share: one server for the file, connections to it, questions, and answers collected in order. Include after cmocka.h. */
#ifndef TESTS_SUPPORT_PG_FIXTURE_H
#define TESTS_SUPPORT_PG_FIXTURE_H

#include "base/clock.h"
#include "base/memory.h"
#include "pg/connection.h"
#include "tests/support/private_postgres.h"

#define FIXTURE_UNUSED __attribute__((unused))

static struct private_postgres server;
FIXTURE_UNUSED static int start_server(void **state)
{
    (void)state;
    return private_postgres_start(&server, "");
}
FIXTURE_UNUSED static int stop_server(void **state)
{
    (void)state;
    return private_postgres_do(&server, "stop");
}

FIXTURE_UNUSED static struct pg *connect_blocking(void)
{
    struct error error = {0};
    struct pg *pg = pg_connect(server.conninfo, 60000, &error);
    if (!pg) fail_msg("%s", error.text);
    return pg;
}

FIXTURE_UNUSED static void run(struct pg *pg, const char *text)
{
    struct error error = {0};
    if (!pg_run(pg, text, NULL, &error)) fail_msg("%s: %s", text, error.text);
}

/* First value of the first row, as text. */
FIXTURE_UNUSED static const char *ask(struct pg *pg, const char *text)
{
    static char answer[500];
    struct pg_result result;
    struct error error = {0};
    if (!pg_run(pg, text, &result, &error)) fail_msg("%s: %s", text, error.text);
    assert_true(result.rows >= 1);
    struct view value = pg_result_text(&result, 0, 0);
    snprintf(answer, sizeof answer, "%.*s", (int)value.size, (const char *)value.data);
    pg_result_free(&result);
    return answer;
}

/* Until a statement sleeps on the server (pg_sleep): a request to cancel what has not begun would be lost. May be called on any thread. */
FIXTURE_UNUSED static void wait_until_asleep(void)
{
    struct error error = {0};
    struct pg *pg = pg_connect(server.conninfo, 60000, &error);
    bool asleep = false;
    for (int i = 0; pg && !asleep && i < 6000; i++) {
        struct pg_result result;
        if (!pg_run(pg, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'", &result, &error)) break;
        asleep = result.rows > 0;
        pg_result_free(&result);
        if (!asleep) clock_sleep_us(10000);
    }
    if (pg) pg_close(pg);
}

FIXTURE_UNUSED static struct pg_parameter text_parameter(const char *text)
{
    return (struct pg_parameter){.text = view_text(text)};
}

/* ---- collecting results ---- */

struct answers {
    uint32_t count;
    struct {
        int tag;
        bool ok;
        enum error_code code;
        char sqlstate[6];
        char first[100];
        uint64_t affected;
    } items[5000];
};
struct tagged {
    struct answers *answers;
    int tag;
};
FIXTURE_UNUSED static struct tagged *tag(struct answers *answers, int number)
{
    struct tagged *tagged = memory_alloc(sizeof *tagged);
    *tagged = (struct tagged){answers, number};
    return tagged;
}
FIXTURE_UNUSED static void note(void *context, struct pg_result *result)
{
    struct tagged *tagged = context;
    struct answers *a = tagged->answers;
    assert_true(a->count < 5000);
    a->items[a->count].tag = tagged->tag;
    a->items[a->count].ok = result->ok;
    a->items[a->count].code = result->error.code;
    memcpy(a->items[a->count].sqlstate, result->error.sqlstate, 6);
    a->items[a->count].affected = result->affected;
    if (result->rows && result->columns) {
        struct view value = pg_result_text(result, 0, 0);
        snprintf(a->items[a->count].first, sizeof a->items[0].first, "%.*s", (int)value.size, (const char *)value.data);
    }
    a->count++;
    memory_free(tagged);
}

#endif
