/* SPDX-License-Identifier: Apache-2.0 */
/* What the target must be told before the roles can change: the publication, made by whoever may, and how rows without a primary key are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/outstanding.h"
#include "engine/reverse.h"
#include "tests/support/mirror_fixture.h"

static void account(const char *user)
{
    snprintf(engine.options.target_conninfo, sizeof engine.options.target_conninfo, "%s user=%s", postgres.conninfo, user);
}

static bool prepare(struct error *error)
{
    uint64_t lsn = 0;
    error_clear(error);
    bool good = reverse_prepare(&engine, &lsn, error);
    assert_true(!good || lsn > 0);
    return good;
}

static void only_the_mirrored_tables_are_published(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    on_target("CREATE TABLE public.others (n int); INSERT INTO public.others VALUES (1)");
    if (!prepare(&error)) fail_msg("%s", error.text);
    assert_string_equal(ask_target("SELECT puballtables FROM pg_publication"), "f");
    assert_string_equal(ask_target("SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables"),
                        "acct line plain trig");
    /* A table of somebody else without a key can be changed as before, and one of ours too. */
    on_target("DELETE FROM public.others");
    on_target("INSERT INTO app.plain VALUES (1, 'a'); UPDATE app.plain SET b = 'b'; DELETE FROM app.plain");
    assert_string_equal(ask_target("SELECT relreplident FROM pg_class WHERE oid = 'app.plain'::regclass"), "f");
    assert_string_equal(ask_target("SELECT relreplident FROM pg_class WHERE oid = 'app.acct'::regclass"), "d");
    if (!prepare(&error)) fail_msg("again: %s", error.text);
    assert_true(reverse_drop(&engine, &error));
    assert_string_equal(ask_target("SELECT count(*) FROM pg_publication"), "0");
    assert_string_equal(ask_target("SELECT count(*) FROM pg_replication_slots"), "0");
}

static void an_account_that_is_no_superuser(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    on_target("CREATE ROLE mover LOGIN REPLICATION; GRANT ALL ON SCHEMA app TO mover; GRANT ALL ON ALL TABLES IN SCHEMA app TO mover; "
              "GRANT CREATE ON DATABASE postgres TO mover");
    account("mover");
    assert_false(prepare(&error)); /* not the owner: it is told what to do */
    assert_non_null(strstr(error.text, "CREATE PUBLICATION understudy_reverse FOR TABLE"));
    assert_non_null(strstr(error.text, "app.acct"));
    on_target("CREATE PUBLICATION understudy_reverse FOR TABLE app.acct, app.line, app.trig");
    assert_false(prepare(&error));
    assert_non_null(strstr(error.text, "app.plain"));
    assert_null(strstr(error.text, "app.acct"));
    on_target("ALTER PUBLICATION understudy_reverse ADD TABLE app.plain"); /* somebody who may has done it */
    if (!prepare(&error)) fail_msg("%s", error.text);
    on_target("DROP PUBLICATION understudy_reverse; ALTER TABLE app.acct OWNER TO mover; ALTER TABLE app.line OWNER TO mover; ALTER TABLE "
              "app.trig OWNER TO mover; "
              "ALTER TABLE app.plain OWNER TO mover; ALTER TABLE app.plain REPLICA IDENTITY DEFAULT");
    if (!prepare(&error)) fail_msg("%s", error.text); /* the owner needs nobody */
    assert_string_equal(ask_target("SELECT relreplident FROM pg_class WHERE oid = 'app.plain'::regclass"), "f");
    assert_true(reverse_drop(&engine, &error));
    account("postgres");
}

/* The source was away at the start: clients have committed on the target before the reverse could begin, and go on while it comes to the end of the stream. */
static void what_was_given_since_the_start_stays_outstanding(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    engine.outstanding = outstanding_new();
    if (!prepare(&error)) fail_msg("%s", error.text);
    uint64_t earlier = journal_next_csn(engine.journal); /* of an earlier process, and never a commit */
    engine.start_csn = earlier;
    uint64_t since = journal_next_csn(engine.journal); /* about to commit */
    outstanding_add(engine.outstanding, since);
    struct reverse *reverse = reverse_open_stepped(&engine, 1, 0, &error);
    if (!reverse) fail_msg("%s", error.text);
    assert_true(outstanding_has(engine.outstanding, earlier));
    for (int i = 0; i < 1000 && atomic_load(&engine.reverse_from) == REVERSE_FROM_ALL; i++) reverse_step(reverse);
    assert_true(atomic_load(&engine.reverse_from) != REVERSE_FROM_ALL);
    assert_false(outstanding_has(engine.outstanding, earlier));
    assert_true(outstanding_has(engine.outstanding, since));
    reverse_stop(reverse);
    assert_true(reverse_drop(&engine, &error));
    outstanding_free(engine.outstanding);
    engine.outstanding = NULL;
    atomic_store(&engine.reverse_from, 0);
}

/* A start while the source is away: nothing is known of the tables, and nothing may be taken for none of ours, or for nothing to do. */
static void without_the_dictionary_nothing_begins(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    struct reverse_replayed replayed;
    const struct sql_catalog *catalog = atomic_load(&engine.catalog);
    atomic_store(&engine.catalog, NULL);
    assert_false(sequences_advance(&engine, SIDE_SOURCE, &error));
    assert_int_equal(error.code, ERROR_STATE);
    assert_null(reverse_open_stepped(&engine, 1, 0, &error));
    assert_int_equal(error.code, ERROR_STATE);
    assert_false(reverse_replay(&engine, 1, &replayed, &error));
    assert_int_equal(error.code, ERROR_STATE);
    atomic_store(&engine.catalog, catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_mirrored_tables_are_published),
        cmocka_unit_test(an_account_that_is_no_superuser),
        cmocka_unit_test(what_was_given_since_the_start_stays_outstanding),
        cmocka_unit_test(without_the_dictionary_nothing_begins),
    };
    return cmocka_run_group_tests(tests, mirror_fixture_start, mirror_fixture_stop);
}
