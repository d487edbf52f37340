/* SPDX-License-Identifier: Apache-2.0 */
/* Shadow reads under the settings of the session that they were captured from, on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limit.h"
#include "engine/shadow.h"
#include "tests/support/engine_fixture.h"

static struct shadow *shadow;
static struct statement_cache *cache;

static int start(void **state)
{
    struct error error = {0};
    if (fixture_start(state)) return -1;
    if (!fixture_there) return 0;
    on_source("CREATE TABLE days (id NUMBER(9) PRIMARY KEY, d DATE, n NUMBER(9,2))");
    on_source("INSERT INTO days VALUES (1, DATE '2024-02-29', 1.5)");
    on_target("CREATE SCHEMA app; CREATE TABLE app.days (id bigint PRIMARY KEY, d timestamp(0), n numeric(9,2)); "
              "INSERT INTO app.days VALUES (1, '2024-02-29', 1.5)");
    catalog_load();
    engine_set_policy(&engine, &(struct engine_policy){
                                   .phase = PHASE_SHADOW, .primary = SIDE_SOURCE, .mirror = true, .shadow = true, .source_attached = true});
    cache = statement_cache_new(engine.statements);
    shadow = shadow_start(&engine, &error);
    return shadow ? 0 : -1;
}

static int stop(void **state)
{
    shadow_stop(shadow);
    if (cache) statement_cache_free(cache);
    return fixture_stop(state);
}

/* What the session's client saw: one text. */
static struct shadow_job *job_of(const char *sql, const char *seen, const char *alter)
{
    struct shadow_job *job = shadow_job_new();
    struct value value = value_text(view_text(seen));
    job->statement = statement_of(cache, view_text(sql), "APP");
    job->plan = statement_plan(job->statement);
    if (!job->plan->target_text) fail_msg("%s is not translated", sql);
    snprintf(job->user, sizeof job->user, "APP");
    if (alter) assert_true(settings_alter(&job->settings, view_text(alter)));
    buffer_init(&job->binds, 0);
    capture_init(&job->capture, 1 << 20);
    buffer_u8(&job->capture.rows, 0);
    value_encode(&job->capture.rows, &value);
    job->capture.columns = job->capture.row_count = 1;
    job->capture.complete = true;
    return job;
}

struct counts {
    uint64_t equal, rechecked, divergent, impossible;
};

static struct counts counts(void)
{
    return (struct counts){engine_counted(&engine, COUNT_SHADOW_EQUAL), engine_counted(&engine, COUNT_SHADOW_RECHECKED),
                           engine_counted(&engine, COUNT_SHADOW_DIVERGENT), engine_counted(&engine, COUNT_SHADOW_NOT_COMPARABLE)};
}

static struct counts run(struct shadow_job *job)
{
    struct counts before = counts(), after = before;
    shadow_submit(shadow, job);
    for (int i = 0; i < 60000; i++) {
        after = counts();
        if (after.equal + after.divergent + after.impossible != before.equal + before.divergent + before.impossible) break;
        clock_sleep_us(1000);
    }
    return (struct counts){after.equal - before.equal, after.rechecked - before.rechecked, after.divergent - before.divergent,
                           after.impossible - before.impossible};
}

static const char days[] = "SELECT TO_CHAR(d) FROM days WHERE id = 1", numbers[] = "SELECT TO_CHAR(n) FROM days WHERE id = 1";

static void the_target_reads_under_the_settings(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct counts c = run(job_of(days, "2024/02/29", "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY/MM/DD'"));
    assert_int_equal(c.equal, 1);
    assert_int_equal(c.rechecked, 0);
    c = run(job_of(days, "29.02.2024 o'clock", "ALTER SESSION SET NLS_DATE_FORMAT = 'DD.MM.YYYY \"o''clock\"'"));
    assert_int_equal(c.equal, 1);
    c = run(job_of(numbers, "1,5", "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = ',.'"));
    assert_int_equal(c.equal, 1);
    assert_int_equal(c.rechecked, 0);
}

/* What was captured is out of date, so both sides are read again: the source too as the session would see it, one after the other on one connection. */
static void the_source_is_read_again_under_the_settings(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    static const char *const alters[] = {"ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY/MM/DD'", "ALTER SESSION SET NLS_DATE_FORMAT = 'MM'",
                                         NULL, "ALTER SESSION SET NLS_DATE_FORMAT = 'DD' TIME_ZONE = '+02:00'"};
    for (size_t i = 0; i < 4; i++) {
        struct counts c = run(job_of(days, "yesterday", alters[i]));
        assert_int_equal(c.equal, 1);
        assert_int_equal(c.rechecked, 1);
        assert_int_equal(c.divergent + c.impossible, 0);
    }
}

/* A setting that either side refuses is no divergence. */
static void settings_that_are_refused_are_not_comparable(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct counts c = run(job_of(days, "x", "ALTER SESSION SET TIME_ZONE = 'Nowhere/At_all'"));
    assert_int_equal(c.impossible, 1);
    c = run(job_of(days, "2024/02/29", "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY/MM/DD'")); /* and the next is not disturbed */
    assert_int_equal(c.equal, 1);
}

/* A read that the target does not answer in time is given up with its connection: the answer, when it comes, is nobody's. */
static void an_answer_that_comes_too_late_is_nobodys(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    struct pg *other = pg_connect(engine.options.target_conninfo, 2000, &error);
    assert_non_null(other);
    assert_true(pg_run(other, "BEGIN; LOCK TABLE app.days IN ACCESS EXCLUSIVE MODE", NULL, &error));
    struct counts c = run(job_of(days, "2024/02/29", "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY/MM/DD'"));
    assert_int_equal(c.impossible, 1);
    pg_close(other);
    for (int i = 0; i < 3; i++) {
        c = run(job_of(days, "2024/02/29", "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY/MM/DD'"));
        assert_int_equal(c.equal, 1);
    }
}

/* The mirror is behind, so nothing can be compared yet: what waits takes no more memory than the limit, and there is room again afterwards. */
static void what_waits_has_a_limit_in_bytes(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    enum { SIZE = 900000, JOBS = 2 * (LIMIT_SHADOW_QUEUE_BYTES / SIZE) };
    char *text = memory_alloc(SIZE + 1);
    memset(text, 'x', SIZE);
    text[SIZE] = 0;
    uint64_t queued = engine_counted(&engine, COUNT_SHADOW_QUEUED), skipped = engine_counted(&engine, COUNT_SHADOW_SKIPPED);
    for (uint32_t i = 0; i < JOBS; i++) {
        struct shadow_job *job = job_of("SELECT d FROM days WHERE id = 1", text, NULL);
        job->fence = UINT64_MAX;
        shadow_submit(shadow, job);
    }
    uint64_t taken = engine_counted(&engine, COUNT_SHADOW_QUEUED) - queued;
    assert_true(taken > JOBS / 4 && taken * SIZE <= LIMIT_SHADOW_QUEUE_BYTES);
    assert_int_equal(taken + engine_counted(&engine, COUNT_SHADOW_SKIPPED) - skipped, JOBS);
    engine_set_policy(&engine,
                      &(struct engine_policy){.phase = PHASE_DUAL_WRITE, .primary = SIDE_SOURCE, .mirror = true, .source_attached = true});
    for (int i = 0; i < 10000 && shadow_pending(shadow); i++) clock_sleep_us(1000);
    assert_int_equal(shadow_pending(shadow), 0);
    queued = engine_counted(&engine, COUNT_SHADOW_QUEUED);
    shadow_submit(shadow, job_of("SELECT d FROM days WHERE id = 1", text, NULL));
    assert_int_equal(engine_counted(&engine, COUNT_SHADOW_QUEUED) - queued, 1);
    memory_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_target_reads_under_the_settings),
        cmocka_unit_test(the_source_is_read_again_under_the_settings),
        cmocka_unit_test(settings_that_are_refused_are_not_comparable),
        cmocka_unit_test(an_answer_that_comes_too_late_is_nobodys),
        cmocka_unit_test(what_waits_has_a_limit_in_bytes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
