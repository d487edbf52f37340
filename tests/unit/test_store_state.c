/* SPDX-License-Identifier: Apache-2.0 */
/* The state: what is put survives a reopen, ledgers count and close, the audit chain shows what was changed. */
#include "store/state.h"

#include "store/state_database.h"
#include "store/state_schema.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char path[256];

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/understudy-state-XXXXXX");
    int descriptor = mkstemp(path);
    if (descriptor < 0) return -1;
    close(descriptor);
    return unlink(path);
}

static int remove_path(void **state)
{
    (void)state;
    char name[300];
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    return 0;
}

static struct state *open_state(void)
{
    struct error error = {0};
    struct state *state = state_open(path, &error);
    if (!state) fail_msg("%s", error.text);
    return state;
}

static void execute(struct state *state, const char *sql) /* behind the door's back */
{
    struct error error = {0};
    if (!state_execute(state, sql, &error)) fail_msg("%s", error.text);
}

static void test_values(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600); /* it holds verifiers of passwords */
    struct buffer value;
    buffer_init(&value, 0);
    assert_false(state_get(state, "phase", &value));
    assert_true(state_put(state, "phase", "shadow", NULL));
    assert_true(state_put(state, "phase", "canary 'x'; --", NULL));
    assert_true(state_put_u64(state, "applied_csn", UINT64_MAX, NULL));
    state_close(state);
    state = open_state();
    assert_true(state_get(state, "phase", &value));
    assert_true(view_equal(buffer_view(&value), view_text("canary 'x'; --")));
    assert_true(state_get_u64(state, "applied_csn", 5) == UINT64_MAX);
    assert_int_equal(state_get_u64(state, "nothing", 5), 5);
    assert_int_equal(state_get_u64(state, "phase", 6), 6);
    buffer_release(&value);
    state_close(state);
}

static void see_progress(void *context, const struct state_progress *progress)
{
    char *out = context;
    sprintf(out + strlen(out), "%s/%s/%s/%.*s/%llu ", progress->work, progress->table, progress->status, (int)progress->position.size,
            (const char *)progress->position.data, (unsigned long long)progress->rows);
}

static void test_progress(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    struct state_progress p = {.work = "backfill", .table = "SALES.ORDERS", .status = "running", .position = view_text("k1"), .rows = 10};
    assert_true(state_progress_put(state, &p, NULL));
    p.position = view_text("k2");
    p.rows = 20;
    assert_true(state_progress_put(state, &p, NULL));
    snprintf(p.table, sizeof p.table, "SALES.LINES");
    p.position = view_of(NULL, 0);
    assert_true(state_progress_put(state, &p, NULL));
    char seen[500] = "";
    state_progress_each(state, "backfill", see_progress, seen);
    assert_string_equal(seen, "backfill/SALES.LINES/running//20 backfill/SALES.ORDERS/running/k2/20 ");
    state_close(state);
}

struct seen {
    struct state *state;
    uint32_t count;
    struct state_divergence last;
};
static void see_divergence(void *context, const struct state_divergence *divergence)
{
    struct seen *seen = context;
    seen->count++;
    seen->last = *divergence;
    seen->last.key = view_of(NULL, 0);
    assert_true(state_divergence_count(seen->state, NULL) >= 1); /* calling back is allowed */
}

static void test_divergences(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    struct state_divergence d = {
        .origin = "shadow", .table = "T", .key_text = "ID=1", .fingerprint = 0xfedcba9876543210u, .key = view_text("\1\2"), .csn = 7};
    memset(d.source_row, 'x', sizeof d.source_row); /* not even terminated */
    snprintf(d.reason, sizeof d.reason, "value differs");
    uint64_t first, again, other, reopened;
    assert_true(state_divergence_add(state, &d, &first, NULL));
    d.csn = 9;
    assert_true(state_divergence_add(state, &d, &again, NULL));
    assert_int_equal(first, again);
    d.key = view_text("\1\3");
    assert_true(state_divergence_add(state, &d, &other, NULL));
    assert_true(other != first);
    assert_int_equal(state_divergence_count(state, "open"), 2);
    assert_true(state_divergence_close(state, first, "repaired", "by key", NULL));
    struct error error = {0};
    assert_false(state_divergence_close(state, first, "waived", "", &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_int_equal(state_divergence_count(state, "open"), 1);
    assert_int_equal(state_divergence_count(state, NULL), 2);
    struct seen seen = {.state = state};
    state_divergence_each(state, "repaired", 0, see_divergence, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.id, first);
    assert_int_equal(seen.last.seen, 2);
    assert_int_equal(seen.last.csn, 9);
    assert_true(seen.last.fingerprint == 0xfedcba9876543210u);
    assert_int_equal(strlen(seen.last.source_row), sizeof d.source_row - 1);
    assert_string_equal(seen.last.note, "by key");
    assert_true(seen.last.closed_us > 0);
    d.key = view_text("\1\2"); /* the same again after it was closed: a new one */
    assert_true(state_divergence_add(state, &d, &reopened, NULL));
    assert_true(reopened != first);
    seen.count = 0;
    state_divergence_each(state, NULL, 2, see_divergence, &seen);
    assert_int_equal(seen.count, 2);
    state_close(state);
}

static void see_gap(void *context, const struct state_gap *gap)
{
    char *out = context;
    sprintf(out + strlen(out), "%llu:%s:%s ", (unsigned long long)gap->id, gap->table, gap->cleared_by);
}

static void test_gaps(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    struct state_gap gap = {.from_us = 1, .to_us = 2, .from_csn = 3, .to_csn = UINT64_MAX, .table = "*", .reason = "disk full"};
    uint64_t ids[3];
    assert_true(state_gap_add(state, &gap, &ids[0], NULL));
    snprintf(gap.table, sizeof gap.table, "A");
    assert_true(state_gap_add(state, &gap, &ids[1], NULL));
    assert_true(state_gap_add(state, &gap, &ids[2], NULL));
    assert_true(state_gap_clear(state, "A", ids[1], "sweep", NULL));
    char seen[200] = "";
    state_gap_each(state, true, see_gap, seen);
    assert_string_equal(seen, "1:*: 3:A: ");
    seen[0] = 0;
    state_gap_each(state, false, see_gap, seen);
    assert_string_equal(seen, "1:*: 2:A:sweep 3:A: ");
    state_close(state);
}

static void see_audit(void *context, int64_t time_us, const char *author, const char *action, const char *reason, const char *detail,
                      const char *hash)
{
    char *out = context;
    assert_true(time_us > 0);
    assert_int_equal(strlen(hash), 64);
    sprintf(out + strlen(out), "%s|%s|%s|%s ", author, action, reason, detail);
}

static void fill_audit(struct state *state)
{
    assert_true(state_audit(state, "ann", "phase", "why", "{}", NULL));
    assert_true(state_audit(state, "bob", "cutover", NULL, "{\"a\":1}", NULL));
    assert_true(state_audit(state, "ann", "rollback", "guard", NULL, NULL));
}

static void test_audit(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    fill_audit(state);
    uint64_t rows;
    assert_true(state_audit_verify(state, &rows, NULL));
    assert_int_equal(rows, 3);
    char seen[300] = "";
    state_audit_each(state, 2, see_audit, seen);
    assert_string_equal(seen, "ann|rollback|guard| bob|cutover||{\"a\":1} ");
    struct error error = {0};
    assert_false(state_execute(state, "UPDATE audit SET author = 'eve' WHERE id = 2", &error));
    assert_false(state_execute(state, "DELETE FROM audit WHERE id = 1", &error));
    state_close(state);
    static const char *const tampering[] = {
        "UPDATE audit SET author = 'eve' WHERE id = 2",
        "UPDATE audit SET reason = 'x' WHERE id = 3",
        "DELETE FROM audit WHERE id = 1",
        "DELETE FROM audit WHERE id = 2",
        "UPDATE audit SET author = author || substr(action, 1, 1), action = substr(action, 2) WHERE id = 2",
        "DELETE FROM audit WHERE id = 1; UPDATE audit SET id = id - 1",
    };
    for (size_t i = 0; i < sizeof tampering / sizeof *tampering; i++) {
        remove_path(NULL);
        state = open_state();
        fill_audit(state);
        execute(state, "DROP TRIGGER audit_is_final; DROP TRIGGER audit_stays");
        execute(state, tampering[i]);
        assert_false(state_audit_verify(state, &rows, &error));
        assert_int_equal(error.code, ERROR_CORRUPT);
        assert_true(rows < 3);
        state_close(state);
    }
}

static void test_users(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    char text[100];
    bool locked = true;
    assert_false(state_user_get(state, "SCOTT", text, sizeof text, &locked));
    assert_true(state_user_put(state, "SCOTT", "S:AB;T:CD", false, NULL));
    assert_true(state_user_get(state, "SCOTT", text, sizeof text, &locked));
    assert_string_equal(text, "S:AB;T:CD");
    assert_false(locked);
    assert_true(state_user_put(state, "SCOTT", "S:EF", true, NULL));
    assert_true(state_user_get(state, "SCOTT", text, sizeof text, &locked));
    assert_true(locked);
    assert_int_equal(state_user_count(state), 1);
    state_close(state);
}

static void test_versions(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    execute(state, "PRAGMA user_version = 999");
    state_close(state);
    struct error error = {0};
    assert_null(state_open(path, &error));
    assert_int_equal(error.code, ERROR_STATE);
    for (size_t i = 1; i < state_schema_count; i++) assert_true(state_schema[i].version > state_schema[i - 1].version);
    remove_path(NULL);
    FILE *file = fopen(path, "w");
    fputs("this is no database, only some text that is long enough to be looked at ...................................", file);
    fclose(file);
    assert_null(state_open(path, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_null(state_open("/nowhere/state", &error));
    struct state *memory = state_open(":memory:", &error);
    assert_non_null(memory);
    state_close(memory);
}

static void *hammer(void *context)
{
    struct state *state = context;
    for (int i = 0; i < 50; i++) {
        if (!state_audit(state, "thread", "tick", "", "", NULL)) return "audit";
        if (!state_put_u64(state, "tick", (uint64_t)i, NULL)) return "put";
    }
    return NULL;
}

static void test_threads(void **unused)
{
    (void)unused;
    struct state *state = open_state();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, hammer, state), 0);
    for (int i = 0; i < 4; i++) {
        void *answer;
        pthread_join(threads[i], &answer);
        assert_null(answer);
    }
    uint64_t rows;
    assert_true(state_audit_verify(state, &rows, NULL));
    assert_int_equal(rows, 200);
    state_close(state);
}

/* What was answered with true is there after a kill. */
static void test_kill(void **unused)
{
    (void)unused;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct state *state = state_open(path, NULL);
        if (!state) _exit(2);
        for (uint64_t i = 1;; i++)
            if (!state_put_u64(state, "n", i, NULL) || write(ends[1], &i, sizeof i) != sizeof i) _exit(1);
    }
    close(ends[1]);
    uint64_t number = 0;
    for (int i = 0; i < 50; i++) assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
    kill(pid, SIGKILL);
    uint64_t next;
    while (read(ends[0], &next, sizeof next) == sizeof next) number = next;
    waitpid(pid, NULL, 0);
    close(ends[0]);
    struct state *state = open_state();
    assert_true(state_get_u64(state, "n", 0) >= number);
    state_close(state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_path, remove_path)
    const struct CMUnitTest tests[] = {
        TEST(test_values), TEST(test_progress), TEST(test_divergences), TEST(test_gaps), TEST(test_audit),
        TEST(test_users),  TEST(test_versions), TEST(test_threads),     TEST(test_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
