/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions that operators are told of: a journal that cannot be written, from the disk's first error until it is written again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/alert.h"
#include "tests/support/journal_disk.h"

static struct daemon the_daemon; /* stays: policies that were published hang from it */
static struct daemon *const daemon_ = &the_daemon;
static struct disk *disk;

static bool firing(const char *code)
{
    for (uint32_t i = 0; i < alert_condition_count(); i++)
        if (strcmp(alert_condition_name(i, NULL), code) == 0) return alert_condition_firing(daemon_->alerts, i);
    fail_msg("there is no condition %s", code);
    return false;
}

/* A look; the conditions are looked at once a second. */
static void look(void)
{
    clock_sleep_us(1100000);
    alerts_tick(daemon_);
}

static void write_some(void)
{
    uint8_t bytes[2000] = {1};
    uint64_t transaction = journal_new_transaction(daemon_->engine.journal);
    journal_append(daemon_->engine.journal, JOURNAL_INTENT, transaction, journal_next_csn(daemon_->engine.journal),
                   view_of(bytes, sizeof bytes), NULL, NULL);
    while (journal_step(daemon_->engine.journal)) {}
}

static int start(void **state)
{
    (void)state;
    struct error error = {0};
    struct journal_options options;
    struct engine *engine = &daemon_->engine;
    engine_options_default(&engine->options);
    snprintf(engine->options.journal_folder, sizeof engine->options.journal_folder, "/tmp");
    snprintf(engine->options.source_host, sizeof engine->options.source_host, "127.0.0.1");
    engine->options.source_port = 1;
    disk = disk_new(1);
    journal_options_default(&options);
    options.segment_size = 64 * 1024;
    struct journal_files files = disk_files(disk);
    struct journal_clock clock = disk_clock(disk);
    engine->journal = journal_open_stepped(&options, &files, &clock, &error);
    engine->state = state_open(":memory:", &error);
    engine->statements = statements_new(engine, 100);
    engine_set_policy(engine, &(struct engine_policy){.phase = PHASE_DUAL_WRITE, .mirror = true, .source_attached = true});
    daemon_->mirror = engine->journal && engine->state ? mirror_open_stepped(engine, 1) : NULL;
    daemon_->feed = daemon_->mirror ? feed_start(engine, daemon_->mirror, &error) : NULL;
    daemon_->alerts = daemon_->feed ? alerts_start(daemon_, &error) : NULL;
    if (!daemon_->alerts) fprintf(stderr, "%s\n", error.text);
    return daemon_->alerts ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    alerts_stop(daemon_->alerts);
    feed_stop(daemon_->feed);
    mirror_stop(daemon_->mirror);
    feed_free(daemon_->feed);
    statements_free(daemon_->engine.statements);
    journal_close(daemon_->engine.journal);
    state_close(daemon_->engine.state);
    disk_free(disk);
    return 0;
}

static void a_journal_that_cannot_be_written(void **state)
{
    (void)state;
    write_some();
    look();
    assert_false(firing("JOURNAL_FAILED"));
    disk->fail_at = disk->operations + 1;
    disk->fail_count = UINT64_MAX;
    write_some();
    assert_true(journal_failed(daemon_->engine.journal, NULL));
    look();
    assert_true(firing("JOURNAL_FAILED"));
    look();
    assert_true(firing("JOURNAL_FAILED"));
    disk->fail_at = UINT64_MAX;
    for (int i = 0; i < 1000 && journal_failed(daemon_->engine.journal, NULL); i++) {
        disk->now_us += 1000000; /* it tries at intervals */
        write_some();
    }
    assert_false(journal_failed(daemon_->engine.journal, NULL));
    look();
    assert_false(firing("JOURNAL_FAILED"));
    assert_int_equal(alerts_failed(daemon_->alerts), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
