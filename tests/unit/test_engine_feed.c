/* SPDX-License-Identifier: Apache-2.0 */
/* The key feed: rows that no statement names reach the target; a feed that did not see everything leaves a gap; nothing is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/feed_private.h"
#include "tests/support/mirror_fixture.h"

static struct client *client;
static struct checker *checker;
static struct feed *feed;

static void feed_begin(void)
{
    struct error error = {0};
    feed = feed_start(&engine, mirror, &error);
    if (!feed) fail_msg("%s", error.text);
}

static void feed_end(void)
{
    feed_stop(feed);
    feed_free(feed);
    feed = NULL;
}

static int start(void **state)
{
    struct error error;
    if (mirror_fixture_start(state)) return -1;
    if (!fixture_there) return 0;
    engine.options.feed_poll_us = 5000;
    engine.options.feed_poll_max_us = 20000;
    engine.options.feed_look_us = 100000;
    engine.options.feed_backlog_max = 1000000;
    on_source("CREATE TABLE side (id NUMBER(9) PRIMARY KEY, acct NUMBER(9), what VARCHAR2(20))");
    on_source("CREATE SEQUENCE side_seq START WITH 1 INCREMENT BY 1");
    on_source(
        "CREATE OR REPLACE TRIGGER acct_side AFTER INSERT OR UPDATE ON acct FOR EACH ROW BEGIN INSERT INTO side (id, acct, what) VALUES "
        "(side_seq.NEXTVAL, :NEW.id, 'changed'); END;");
    on_source("CREATE OR REPLACE PROCEDURE twice(which NUMBER) AS BEGIN UPDATE trig SET v = v || '2' WHERE id = which; UPDATE acct SET n = "
              "n * 2 WHERE "
              "id = which; COMMIT; END;");
    on_target("CREATE TABLE side (id bigint PRIMARY KEY, acct bigint, what varchar(20)); DROP TABLE plain");
    catalog_load();
    checker = checker_start(&engine, &error);
    engine.checker = checker;
    mirror_begin();
    feed_begin();
    return checker ? 0 : -1;
}

static int stop(void **state)
{
    if (client) client_free(client);
    if (feed) feed_end();
    if (mirror) mirror_end();
    checker_stop(checker);
    return mirror_fixture_stop(state);
}

static struct feed_table table_of(const char *name)
{
    static struct feed_table tables[64];
    struct feed_statistics all;
    uint32_t count = feed_statistics(feed, &all, tables, 64);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(tables[i].table, name) == 0) return tables[i];
    return (struct feed_table){.state = FEED_ABSENT};
}

static void wait_state(const char *name, enum feed_state state)
{
    for (int i = 0; i < 12000; i++) {
        if (table_of(name).state == state) return;
        clock_sleep_us(5000);
    }
    struct feed_statistics all;
    feed_statistics(feed, &all, NULL, 0);
    fail_msg("%s is %s (%s), wanted %s; %s", name, feed_state_name(table_of(name).state), table_of(name).reason, feed_state_name(state),
             all.last_error);
}

static void drained(void)
{
    struct feed_statistics all;
    if (!wait_applied(90000)) fail_msg("not applied: %s", mirror_numbers().last_error);
    bool good = feed_drain(feed, 90000000);
    feed_statistics(feed, &all, NULL, 0);
    if (!good) fail_msg("the feed is not drained: %llu wait; %s", (unsigned long long)all.backlog, all.last_error);
}

static void install(const char *name)
{
    struct error error = {0};
    if (!feed_install(feed, name, FEED_TRIGGER, &error)) fail_msg("%s", error.text);
    wait_state(name, FEED_ON);
}

static bool gap_named(const char *table, const char *reason);

/* ---- texts ---- */

static void names_fit_every_version_of_oracle(void **state)
{
    (void)state;
    char name[FEED_NAME_SIZE], other[FEED_NAME_SIZE];
    feed_log_name("ACCT", name);
    assert_string_equal(name, "UNDERSTUDY_F_ACCT");
    feed_trigger_name("SEVENTEEN_LETTERS", name);
    assert_string_equal(name, "UNDERSTUDY_T_SEVENTEEN_LETTERS");
    feed_log_name("EIGHTEEN_LETTERS_X", name);
    feed_log_name("EIGHTEEN_LETTERS_Y", other);
    assert_int_equal(strlen(name), 30);
    assert_string_not_equal(name, other);
    feed_log_name("Größe", name);
    assert_memory_equal(name, "UNDERSTUDY_F_", 13);
    for (const char *c = name; *c; c++) assert_true((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == 'r');
    enum feed_form form;
    assert_true(feed_form_parse("mvlog", &form) && form == FEED_MVLOG);
    assert_false(feed_form_parse("redo", &form));
}

static bool gather(void *context, const char *comment, const char *sql)
{
    (void)comment;
    buffer_printf(context, "%s\n/\n", sql);
    return true;
}

static const char *script_of(const char *table, enum feed_form form, bool make, const char *reader, struct buffer *out)
{
    struct error error = {0};
    struct row_maps *maps;
    const struct row_map *map = feed_table_map(&engine, table, &maps, &error);
    if (!map) fail_msg("%s", error.text);
    struct feed_script script = {.map = map, .form = form, .reader = reader};
    buffer_clear(out);
    bool good = make ? feed_script_install(&script, gather, out, &error) : feed_script_remove(&script, gather, out, &error);
    if (!good) buffer_printf(out, "refused: %s", error.text);
    buffer_u8(out, 0);
    row_maps_free(maps);
    return (const char *)buffer_view(out).data;
}

static void the_sql_is_what_it_says(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct buffer out;
    buffer_init(&out, 0);
    assert_string_equal(
        script_of("LINE", FEED_TRIGGER, true, "REPL", &out),
        "CREATE TABLE \"APP\".\"UNDERSTUDY_F_LINE\" (OP$$ CHAR(1) NOT NULL, AT$$ TIMESTAMP(6) NOT NULL, \"A\" NUMBER(9,0), \"L\" "
        "NUMBER(4,0)) INITRANS 8 "
        "PCTFREE 0\n/\n"
        "COMMENT ON TABLE \"APP\".\"UNDERSTUDY_F_LINE\" IS 'Understudy key feed of LINE'\n/\n"
        "INSERT INTO \"APP\".\"UNDERSTUDY_F_LINE\" (OP$$, AT$$) SELECT 'S', SYSTIMESTAMP FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM "
        "\"APP\".\"UNDERSTUDY_F_LINE\" WHERE OP$$ = 'S')\n/\n"
        "COMMIT\n/\n"
        "GRANT SELECT, INSERT, DELETE ON \"APP\".\"UNDERSTUDY_F_LINE\" TO \"REPL\"\n/\n"
        "CREATE OR REPLACE TRIGGER \"APP\".\"UNDERSTUDY_T_LINE\"\nAFTER INSERT OR UPDATE OR DELETE ON \"APP\".\"LINE\"\nFOR EACH ROW\n"
        "DECLARE\n  lost NUMBER;\nBEGIN\n  IF INSERTING THEN\n"
        "    INSERT INTO \"APP\".\"UNDERSTUDY_F_LINE\" (OP$$, AT$$, \"A\", \"L\") VALUES ('I', SYSTIMESTAMP, :NEW.\"A\", :NEW.\"L\");\n"
        "  ELSE\n"
        "    INSERT INTO \"APP\".\"UNDERSTUDY_F_LINE\" (OP$$, AT$$, \"A\", \"L\") VALUES ('O', SYSTIMESTAMP, :OLD.\"A\", :OLD.\"L\");\n"
        "    IF UPDATING AND (:NEW.\"A\" <> :OLD.\"A\" OR :NEW.\"L\" <> :OLD.\"L\") THEN\n"
        "      INSERT INTO \"APP\".\"UNDERSTUDY_F_LINE\" (OP$$, AT$$, \"A\", \"L\") VALUES ('N', SYSTIMESTAMP, :NEW.\"A\", :NEW.\"L\");\n"
        "    END IF;\n  END IF;\nEXCEPTION\n  WHEN OTHERS THEN\n    SELECT \"APP\".\"UNDERSTUDY_F_LOST\".NEXTVAL INTO lost FROM "
        "DUAL;\nEND;\n/\n");
    assert_string_equal(script_of("LINE", FEED_TRIGGER, false, "REPL", &out),
                        "DROP TRIGGER \"APP\".\"UNDERSTUDY_T_LINE\"\n/\nDROP TABLE \"APP\".\"UNDERSTUDY_F_LINE\" PURGE\n/\n");
    assert_string_equal(script_of("ACCT", FEED_MVLOG, true, "REPL", &out),
                        "CREATE MATERIALIZED VIEW LOG ON \"APP\".\"ACCT\" WITH PRIMARY KEY, SEQUENCE EXCLUDING NEW VALUES\n/\n"
                        "COMMENT ON TABLE \"APP\".\"MLOG$_ACCT\" IS 'Understudy key feed of ACCT'\n/\n"
                        "GRANT SELECT, DELETE ON \"APP\".\"MLOG$_ACCT\" TO \"REPL\"\n/\n");
    assert_string_equal(script_of("ACCT", FEED_MVLOG, false, "APP", &out), "DROP MATERIALIZED VIEW LOG ON \"APP\".\"ACCT\"\n/\n");
    struct error error = {0};
    struct row_maps *maps;
    assert_null(feed_table_map(&engine, "PLAIN", &maps, &error));
    assert_non_null(strstr(error.text, "no counterpart"));
    assert_null(feed_table_map(&engine, "NOWHERE", &maps, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    buffer_release(&out);
}

/* ---- what it brings ---- */

static void the_survey_says_which_tables_need_one(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    struct feed_need *needs;
    uint32_t count, seen = 0;
    if (!feed_survey(feed, &needs, &count, &error)) fail_msg("%s", error.text);
    for (uint32_t i = 0; i < count; i++) {
        const struct feed_need *n = &needs[i];
        seen++;
        if (strcmp(n->table, "SIDE") == 0) assert_string_equal(n->why, "trigger ACCT_SIDE on ACCT names it");
        if (strcmp(n->table, "LINE") == 0) assert_string_equal(n->why, "its rows change with those of ACCT (LINE_ACCT_FK)");
        if (strcmp(n->table, "TRIG") == 0) assert_string_equal(n->why, "PROCEDURE TWICE names it");
        if (strcmp(n->table, "PLAIN") == 0) assert_false(n->possible);
        if (strcmp(n->table, "PLAIN") == 0) assert_string_equal(n->why, "");
        assert_int_equal(n->state, FEED_ABSENT);
    }
    assert_true(seen >= 5);
    memory_free(needs);
}

static void writers_that_bypass_us_are_mirrored(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    static const char *const tables[] = {"ACCT", "LINE", "SIDE", "TRIG"};
    for (size_t i = 0; i < 4; i++) install(tables[i]);
    on_source("INSERT INTO acct (id, n, v) VALUES (1, 10, 'one')");
    on_source("INSERT INTO acct (id, n, v) VALUES (2, 20, 'two')");
    on_source("INSERT INTO line (a, l, note) VALUES (1, 1, 'first')");
    on_source("INSERT INTO line (a, l, note) VALUES (2, 1, 'second')");
    on_source("INSERT INTO trig (id, v) VALUES (1, 'abc')");
    drained();
    for (size_t i = 0; i < 4; i++) assert_same_rows(tables[i]);
    assert_string_equal(ask_target("SELECT count(*) FROM app.side"), "2");
    on_source("UPDATE line SET l = 9 WHERE a = 2"); /* the key changes: both are noted */
    on_source("UPDATE acct SET n = 11, v = NULL WHERE id = 1");
    on_source("DELETE FROM acct WHERE id = 1"); /* takes its line with it, and in the stand-in fires no trigger for that */
    drained();
    assert_same_rows("ACCT");
    assert_same_rows("SIDE");
    assert_string_equal(ask_target("SELECT l FROM app.line WHERE a = 2"), "9");
    assert_string_equal(ask_source("SELECT COUNT(*) FROM UNDERSTUDY_F_ACCT"), "1"); /* the mark */
    assert_int_equal(open_gaps(), 0);
}

static void side_effects_of_statements_are_no_gap(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    client = client_new();
    uint64_t equal = engine_counted(&engine, COUNT_FEED_EQUAL);
    assert_true(feed_pause(feed, true, 10000000)); /* what the mirror does with the statement does not wait for the reader */
    WRITE(client, "INSERT INTO acct (id, n, v) VALUES (:1, :2, :3)", "iis", (int64_t)5, (int64_t)50, "five");
    client_commit(client);
    assert_true(wait_applied(90000));
    assert_same_rows("SIDE"); /* the trigger's row is there when the commit counts as applied */
    client_write_array(client, "INSERT INTO trig (id, v) VALUES (5, 'five')", NULL, 0, 1);
    client_commit(client);
    struct record_result result;
    struct record block = client_record(client, "BEGIN twice(5); END;", NULL, 0, 1);
    client_intent(client, &block); /* as a session records a block whose effects are not known */
    assert_true(client_execute(client, "BEGIN twice(5); END;", NULL, 0, 1, &result) && source_commit(client->source, &error));
    client_outcome(client, JOURNAL_COMMITTED, &result);
    assert_true(wait_applied(90000));
    assert_same_rows("TRIG");
    assert_same_rows("ACCT");
    assert_same_rows("SIDE");
    assert_string_equal(ask_target("SELECT v FROM app.trig WHERE id = 5"), "five2");
    (void)feed_pause(feed, false, 10000000);
    drained();
    assert_true(engine_counted(&engine, COUNT_FEED_EQUAL) > equal);
    assert_int_equal(open_gaps(), 0);
}

static void our_triggers_are_not_the_applications(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    catalog_load();
    assert_false(table_named("SIDE")->trigger_insert);
    assert_int_equal(dictionary_facts(table_named("SIDE")), 0);
    assert_false(table_named("ACCT")->trigger_delete); /* its own trigger fires on INSERT and UPDATE only */
    assert_int_equal(dictionary_facts(table_named("ACCT")), TABLE_TRIGGERS_SPREAD | TABLE_CASCADES);
    assert_null(sql_catalog_table(atomic_load(&engine.catalog), "APP", NULL, "UNDERSTUDY_F_ACCT"));
    drained();
    assert_int_equal(table_of("SIDE").state, FEED_ON); /* a new catalog changes nothing */
}

/* ---- what it missed ---- */

struct gap_search {
    const char *table, *reason;
    bool found;
};
static void look_for_gap(void *context, const struct state_gap *gap)
{
    struct gap_search *s = context;
    if (strcmp(gap->table, s->table) == 0 && strstr(gap->reason, s->reason)) s->found = true;
}
static bool gap_named(const char *table, const char *reason)
{
    struct gap_search s = {table, reason, false};
    for (int i = 0; i < 6000 && !s.found; i++) {
        state_gap_each(engine.state, true, look_for_gap, &s);
        if (!s.found) clock_sleep_us(5000);
    }
    return s.found;
}

static void a_log_that_is_emptied_leaves_a_gap(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    drained();
    clear_gaps();
    on_source("TRUNCATE TABLE UNDERSTUDY_F_TRIG");
    assert_true(gap_named("TRIG", "emptied"));
    wait_state("TRIG", FEED_ON); /* the mark is made again */
    assert_int_equal(open_gaps(), 1);
    clear_gaps();
}

static void a_trigger_that_goes_leaves_a_gap(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    on_source("DROP TRIGGER UNDERSTUDY_T_TRIG");
    assert_true(gap_named("TRIG", "its trigger is missing"));
    wait_state("TRIG", FEED_BROKEN);
    /* Now a block of which nothing is known leaves a gap on this table, and on no other. */
    clear_gaps();
    struct record_result result;
    struct error error;
    struct record block = client_record(client, "BEGIN twice(5); END;", NULL, 0, 1);
    client_intent(client, &block);
    assert_true(client_execute(client, "BEGIN twice(5); END;", NULL, 0, 1, &result) && source_commit(client->source, &error));
    client_outcome(client, JOURNAL_COMMITTED, &result);
    assert_true(wait_applied(90000));
    assert_true(gap_named("TRIG", "BEGIN twice"));
    assert_int_equal(open_gaps(), 1);
    assert_same_rows("ACCT");
    install("TRIG");
    clear_gaps();
    on_source("UPDATE trig SET v = 'same again' WHERE id = 5");
    drained();
    assert_same_rows("TRIG");
}

static void a_log_that_cannot_be_written_harms_no_statement(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    drained();
    on_source("DROP TABLE UNDERSTUDY_F_TRIG PURGE");
    assert_int_equal(on_source("UPDATE trig SET v = 'unseen' WHERE id = 5"), 1);
    assert_true(gap_named("TRIG", "log table is missing"));
    assert_true(gap_named("ACCT", "could not note a key")); /* the counter does not say whose it was */
    install("TRIG");
    clear_gaps();
    on_source("UPDATE trig SET v = 'seen' WHERE id = 5");
    drained();
    assert_same_rows("TRIG");
    assert_int_equal(open_gaps(), 0);
}

static void a_restart_loses_no_key_and_sees_what_changed(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    drained();
    feed_end();
    on_source("UPDATE acct SET n = 77 WHERE id = 5");
    on_source("INSERT INTO line (a, l, note) VALUES (5, 5, 'while nobody read')");
    feed_begin();
    wait_state("ACCT", FEED_ON);
    drained();
    assert_same_rows("ACCT");
    assert_same_rows("LINE");
    assert_same_rows("SIDE");
    assert_int_equal(open_gaps(), 0); /* it was on all the time */
    feed_end();
    on_source("DROP TRIGGER UNDERSTUDY_T_LINE");
    on_source("UPDATE line SET note = 'unseen' WHERE a = 5");
    feed_begin();
    assert_true(gap_named("LINE", "its trigger is missing"));
    install("LINE");
    on_source("UPDATE line SET note = 'seen' WHERE a = 5");
    drained();
    assert_same_rows("LINE");
    clear_gaps();
}

static void too_many_keys_are_given_up_and_told(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    drained();
    feed_end();
    engine.options.feed_backlog_max = 3000;
    for (int i = 0; i < 4; i++) { /* 4000 rows of the log */
        char text[200];
        snprintf(
            text, sizeof text,
            "INSERT INTO side (id, acct, what) SELECT %d + ROWNUM, 5, 'many' FROM (SELECT 1 FROM ALL_OBJECTS), (SELECT 1 FROM ALL_OBJECTS) "
            "WHERE ROWNUM <= 1000",
            100000 + i * 1000);
        assert_int_equal(on_source(text), 1000);
    }
    feed_begin();
    assert_true(gap_named("SIDE", "backlog_max"));
    drained();
    assert_true(table_of("SIDE").discarded >= 3000);
    assert_string_equal(ask_source("SELECT COUNT(*) FROM UNDERSTUDY_F_SIDE"), "1");
    engine.options.feed_backlog_max = 1000000;
    on_source("DELETE FROM side WHERE id > 100000");
    drained();
    assert_same_rows("SIDE");
    clear_gaps();
}

/* ---- the other direction ---- */

static void policy_primary(enum engine_side primary, uint64_t epoch)
{
    engine_set_policy(&engine, &(struct engine_policy){.phase = primary == SIDE_TARGET ? PHASE_CUTOVER : PHASE_DUAL_WRITE,
                                                       .primary = primary,
                                                       .epoch = epoch,
                                                       .mirror = true,
                                                       .source_attached = true});
}

static void a_target_that_is_primary_gets_nothing_from_the_feed(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    drained();
    mirror_pause(mirror, true);
    policy_primary(SIDE_TARGET, 2);
    atomic_store(&engine.reverse_csn, journal_last_csn(engine.journal));
    /* What our own stream would write to both: equal, discarded. */
    on_target("UPDATE app.acct SET n = 123 WHERE id = 5");
    on_source("UPDATE acct SET n = 123 WHERE id = 5");
    on_target("INSERT INTO app.side SELECT max(id) + 1000, 5, 'changed' FROM app.side"); /* the source's trigger makes another row */
    on_source("UPDATE trig SET v = 'written behind our back' WHERE id = 5");
    assert_true(feed_drain(feed, 20000000));
    assert_true(checker_drain(checker, 60000));
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 5"), "123");
    assert_string_equal(ask_target("SELECT v FROM app.trig WHERE id = 5"), "seen");
    assert_true(state_divergence_count(engine.state, "open") >= 1); /* the fallback's row is told, not copied */
    assert_int_equal(open_gaps(), 0);
    policy_primary(SIDE_SOURCE, 3);
    mirror_pause(mirror, false);
    on_target("DELETE FROM app.side WHERE id > (SELECT max(id) - 1000 FROM app.side) + 500");
    on_source("UPDATE trig SET v = 'after the rollback' WHERE id = 5");
    on_source("UPDATE side SET what = what");
    drained();
    assert_same_rows("TRIG");
    assert_same_rows("SIDE");
    assert_same_rows("ACCT");
}

/* ---- the other form ---- */

static void a_materialized_view_log_is_read_as_oracle_fills_it(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    struct arena arena;
    struct row_maps *maps;
    const struct row_map *map = feed_table_map(&engine, "ACCT", &maps, &error);
    struct feed_log log;
    struct feed_keys keys;
    arena_init(&arena, 0);
    on_source(
        "CREATE TABLE \"MLOG$_ACCT\" (id NUMBER(9), sequence$$ NUMBER, snaptime$$ DATE, dmltype$$ VARCHAR2(1), old_new$$ VARCHAR2(1), "
        "change_vector$$ RAW(255), xid$$ NUMBER)");
    for (int i = 0; i < 5; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "INSERT INTO \"MLOG$_ACCT\" VALUES (%d, %d, TO_DATE('4000-01-01', 'YYYY-MM-DD'), '%c', '%c', NULL, NULL)", i < 3 ? 5 : i,
                 1000 + i, "IUUDI"[i], "NUUON"[i]);
        on_source(text);
    }
    feed_log_make(&log, map, FEED_MVLOG, "MLOG$_ACCT", 100, 1000);
    assert_string_equal(log.delete[0], "DELETE FROM \"APP\".\"MLOG$_ACCT\" WHERE ROWID IN (:1) AND SEQUENCE$$ <= :2");
    if (!feed_log_read(app, &log, map, &arena, &keys, &error)) fail_msg("%s", error.text);
    assert_int_equal(keys.rows, 5);
    assert_int_equal(keys.count, 3); /* 5, 3 and 4 */
    assert_int_equal(keys.nameless, 0);
    assert_int_equal(keys.age_us, 0);
    on_source("INSERT INTO \"MLOG$_ACCT\" VALUES (6, 1005, TO_DATE('4000-01-01', 'YYYY-MM-DD'), 'I', 'N', NULL, NULL)");
    if (!feed_log_delete(app, &log, &keys, &error)) fail_msg("%s", error.text);
    assert_string_equal(ask_source("SELECT MIN(id) || '/' || COUNT(*) FROM \"MLOG$_ACCT\""), "6/1"); /* exactly what was read */
    feed_log_release(&log);
    on_source("DROP TABLE \"MLOG$_ACCT\" PURGE");
    arena_release(&arena);
    row_maps_free(maps);
}

/* ---- the end ---- */

static void a_removed_feed_leaves_nothing(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    static const char *const tables[] = {"ACCT", "LINE", "SIDE", "TRIG"};
    struct error error = {0};
    on_source("UPDATE trig SET v = 'the last change' WHERE id = 5"); /* still noted: read before the log goes */
    for (size_t i = 0; i < 4; i++)
        if (!feed_remove(feed, tables[i], false, &error)) fail_msg("%s: %s", tables[i], error.text);
    assert_same_rows("TRIG");
    assert_string_equal(ask_source("SELECT COUNT(*) FROM ALL_OBJECTS WHERE OWNER = 'APP' AND SUBSTR(OBJECT_NAME, 1, 11) = 'UNDERSTUDY_'"),
                        "0");
    assert_int_equal(table_of("TRIG").state, FEED_ABSENT);
    assert_int_equal(open_gaps(), 0);
    assert_false(feed_remove(feed, "TRIG", false, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    /* And now nobody covers anything. */
    struct record_result result;
    struct record block = client_record(client, "BEGIN twice(5); END;", NULL, 0, 1);
    client_intent(client, &block);
    assert_true(client_execute(client, "BEGIN twice(5); END;", NULL, 0, 1, &result) && source_commit(client->source, &error));
    client_outcome(client, JOURNAL_COMMITTED, &result);
    assert_true(wait_applied(90000));
    assert_true(gap_named("*", "BEGIN twice"));
}

/* Oracle's dictionary and log as they would be after CREATE MATERIALIZED VIEW LOG: the stand-in cannot make one, the reader cannot tell. */
static void a_materialized_view_log_is_found_and_followed(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    clear_gaps();
    on_source(
        "CREATE TABLE \"MLOG$_ACCT\" (id NUMBER(9), sequence$$ NUMBER, snaptime$$ DATE, dmltype$$ VARCHAR2(1), old_new$$ VARCHAR2(1), "
        "change_vector$$ RAW(255), xid$$ NUMBER)");
    on_source(
        "CREATE OR REPLACE VIEW SYS.ALL_MVIEW_LOGS AS SELECT CAST('APP' AS VARCHAR2(128)) LOG_OWNER, CAST('ACCT' AS VARCHAR2(128)) MASTER, "
        "CAST('MLOG$_ACCT' AS VARCHAR2(128)) LOG_TABLE, CAST('YES' AS VARCHAR2(3)) PRIMARY_KEY, CAST('YES' AS VARCHAR2(3)) SEQUENCE FROM "
        "DUAL");
    wait_state("ACCT", FEED_FOREIGN); /* somebody's, for all we know */
    on_source("INSERT INTO \"MLOG$_ACCT\" VALUES (5, 1, TO_DATE('4000-01-01', 'YYYY-MM-DD'), 'U', 'U', NULL, NULL)");
    assert_false(feed_install(feed, "ACCT", FEED_MVLOG, &error));
    assert_true(feed_drain(feed, 20000000));
    assert_string_equal(ask_source("SELECT COUNT(*) FROM \"MLOG$_ACCT\""), "1"); /* left alone */
    on_source("COMMENT ON TABLE \"MLOG$_ACCT\" IS 'Understudy key feed of ACCT'");
    wait_state("ACCT", FEED_ON);
    assert_int_equal(table_of("ACCT").form, FEED_MVLOG);
    on_source("UPDATE acct SET n = 4321, v = 'by the log' WHERE id = 5");
    on_source("INSERT INTO \"MLOG$_ACCT\" VALUES (5, 2, TO_DATE('4000-01-01', 'YYYY-MM-DD'), 'U', 'U', NULL, NULL)");
    drained();
    assert_same_rows("ACCT");
    assert_string_equal(ask_source("SELECT COUNT(*) FROM \"MLOG$_ACCT\""), "0");
    assert_int_equal(open_gaps(), 0);
    on_source(
        "CREATE OR REPLACE VIEW SYS.ALL_MVIEW_LOGS AS SELECT CAST(NULL AS VARCHAR2(128)) LOG_OWNER, CAST(NULL AS VARCHAR2(128)) MASTER, "
        "CAST(NULL "
        "AS VARCHAR2(128)) LOG_TABLE, CAST(NULL AS VARCHAR2(3)) PRIMARY_KEY, CAST(NULL AS VARCHAR2(3)) SEQUENCE FROM DUAL WHERE 1 = 0");
    /* Oracle does both in one. The other way round a look in between would find a log without its table. */
    on_source("DROP TABLE \"MLOG$_ACCT\" PURGE");
    assert_true(gap_named("ACCT", "removed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_fit_every_version_of_oracle),
        cmocka_unit_test(the_sql_is_what_it_says),
        cmocka_unit_test(the_survey_says_which_tables_need_one),
        cmocka_unit_test(writers_that_bypass_us_are_mirrored),
        cmocka_unit_test(side_effects_of_statements_are_no_gap),
        cmocka_unit_test(our_triggers_are_not_the_applications),
        cmocka_unit_test(a_log_that_is_emptied_leaves_a_gap),
        cmocka_unit_test(a_trigger_that_goes_leaves_a_gap),
        cmocka_unit_test(a_log_that_cannot_be_written_harms_no_statement),
        cmocka_unit_test(a_restart_loses_no_key_and_sees_what_changed),
        cmocka_unit_test(too_many_keys_are_given_up_and_told),
        cmocka_unit_test(a_target_that_is_primary_gets_nothing_from_the_feed),
        cmocka_unit_test(a_materialized_view_log_is_read_as_oracle_fills_it),
        cmocka_unit_test(a_removed_feed_leaves_nothing),
        cmocka_unit_test(a_materialized_view_log_is_found_and_followed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
