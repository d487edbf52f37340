/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that PL/SQL blocks make: followed where the block does nothing else, and otherwise no read of the session is compared or served by the target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/session_play.h"

static const char *format(const struct play *p)
{
    return p->session->settings.values[SETTING_DATE_FORMAT];
}

static void block(struct play *p, const char *text, uint32_t error)
{
    play_run(p, text, false, error, error ? 0 : 1, false);
}

static void test_blocks_that_only_set(void **state)
{
    (void)state;
    static const struct {
        const char *text, *format, *foreign, *schema;
    } cases[] = {
        {"BEGIN DBMS_SESSION.SET_NLS('nls_date_format', '''YYYY''''MM'''); END;", "YYYY'MM", NULL, "APP"},
        {"begin sys.dbms_session.set_nls(param => 'NLS_DATE_FORMAT', value => q'['DD.MM']'); end;", "DD.MM", NULL, "APP"},
        {"BEGIN DBMS_SESSION.SET_NLS('NLS_SORT', 'GERMAN'); DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT', '''MM'''); END;", "MM", "NLS_SORT",
         "APP"},
        {"BEGIN EXECUTE IMMEDIATE 'ALTER SESSION SET NLS_DATE_FORMAT = ''YY'' NLS_COMP = LINGUISTIC'; END;", "YY", "NLS_COMP", "APP"},
        {"BEGIN EXECUTE IMMEDIATE 'alter session set current_schema = other'; END;", "", NULL, "OTHER"},
        {"BEGIN DBMS_SESSION.SET_IDENTIFIER('me'); DBMS_SESSION.CLEAR_IDENTIFIER; END;", "", NULL, "APP"},
        {"BEGIN DBMS_APPLICATION_INFO.SET_MODULE('session', NULL); END;", "", NULL, "APP"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play *p = play_begin(PHASE_DUAL_WRITE);
        block(p, cases[i].text, 0);
        assert_string_equal(play_records(p), ""); /* such a block writes nothing: it is no gap */
        assert_int_equal(engine_counted(&p->engine, COUNT_GAPS), 0);
        assert_string_equal(format(p), cases[i].format);
        assert_string_equal(p->session->schema, cases[i].schema);
        const char *foreign = settings_foreign(&p->session->settings);
        assert_string_equal(foreign ? foreign : "none", cases[i].foreign ? cases[i].foreign : "none");
        play_end(p);
    }
}

static void test_what_cannot_be_followed_is_not_guessed(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "BEGIN IF TO_CHAR(SYSDATE, 'D') = '1' THEN DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT', '''DD'''); END IF; END;",
        "BEGIN DBMS_SESSION.SET_ROLE('reader'); END;",
        "BEGIN DBMS_SESSION.SET_CONTEXT('ns', 'a', 'b'); END;",
        "BEGIN DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT', some_function); END;",
        "BEGIN DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT', '''DD'''); DBMS_OUTPUT.PUT_LINE('x'); END;",
        "BEGIN DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT = ''X'' NLS_SORT', 'BINARY'); END;",
        "BEGIN DBMS_SESSION.SET_NLS(:1, :2); END;", /* its binds did not come */
        "BEGIN EXECUTE IMMEDIATE 'ALTER SESSION SET NLS_SORT = ' || x; END;",
        "BEGIN EXECUTE IMMEDIATE 'ALTER SESSION SET NLS_DATE_FORMAT = ''DD''' USING x; END;",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play *p = play_begin(PHASE_DUAL_WRITE);
        block(p, cases[i], 0);
        assert_string_equal(format(p), "");
        if (!settings_foreign(&p->session->settings)) fail_msg("not noticed: %s", cases[i]);
        assert_string_equal(settings_foreign(&p->session->settings), "DBMS_SESSION");
        play_end(p);
    }
}

static void test_a_block_that_failed_may_have_set_a_part(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    block(p, "BEGIN DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT', '''DD'''); DBMS_SESSION.SET_NLS('NLS_SORT', 'NOSUCH'); END;", 12705);
    assert_string_equal(format(p), "");
    assert_string_equal(settings_foreign(&p->session->settings), "DBMS_SESSION");
    play_end(p);
}

static void binds(struct play *p, const char *name, const char *value)
{
    struct wire_oac oacs[] = {{.type = WIRE_TYPE_VARCHAR, .flags = 1, .size_max = 100, .form = 1},
                              {.type = WIRE_TYPE_VARCHAR, .flags = 1, .size_max = 100, .form = 1}};
    struct wire_bind rows[] = {{.present = true, .raw = view_text(name)}, {.present = true, .raw = view_text(value)}};
    struct wire_execute_spec spec = {.options = WIRE_OPTION_PARSE | WIRE_OPTION_BIND | WIRE_OPTION_EXECUTE | WIRE_OPTION_IO_VECTOR,
                                     .sql = view_text("BEGIN DBMS_SESSION.SET_NLS(:1, :2); END;"),
                                     .execution_count = 1,
                                     .plsql = true,
                                     .binds = oacs,
                                     .bind_count = 2,
                                     .rows = rows,
                                     .row_count = 1};
    buffer_clear(&p->to_source);
    assert_true(wire_execute_write(p->session->wire, 1, &spec, &p->message));
    play_input(p, false);
}

static void test_binds(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    binds(p, "NLS_DATE_FORMAT", "'HH24'");
    play_answer(p, 0, 1, false);
    assert_string_equal(format(p), "HH24");
    assert_null(settings_foreign(&p->session->settings));
    play_end(p);
}

static bool said(const struct play *p, const char *text)
{
    struct view all = buffer_view(&p->to_client);
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= all.size; i++)
        if (memcmp(all.data + i, text, size) == 0) return true;
    return false;
}

/* The target follows what only sets settings, and refuses the rest as it refuses any block without a mapping. */
static void test_on_the_target(void **state)
{
    (void)state;
    static const struct {
        const char *text, *format;
        bool refused;
    } cases[] = {
        {"BEGIN DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT', '''YYYY'''); END;", "YYYY", false},
        {"BEGIN DBMS_SESSION.SET_ROLE('reader'); END;", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play *p = play_begin(PHASE_DUAL_WRITE);
        play_policy(p, PHASE_CUTOVER, SIDE_TARGET);
        play_statement(p, cases[i].text, false);
        assert_int_equal(buffer_size(&p->to_source), 0);
        assert_int_equal(p->session->call.state, CALL_NONE);
        assert_true(buffer_size(&p->to_client) > 0);
        assert_int_equal(said(p, "ORA-00439"), cases[i].refused);
        assert_string_equal(format(p), cases[i].format);
        play_end(p);
    }
}

/* Close lists of calls that the target answers are said to the source later, however many they are: it would keep the cursors open otherwise. */
static void test_all_closed_cursors_are_told_to_the_source(void **state)
{
    (void)state;
    enum { CALLS = 30, IDS = 40 };
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    play_policy(p, PHASE_CUTOVER, SIDE_TARGET);
    for (uint32_t i = 0; i < CALLS; i++) {
        uint32_t ids[IDS];
        for (uint32_t k = 0; k < IDS; k++) ids[k] = 1 + i * IDS + k;
        wire_close_cursors_write(p->session->wire, 1, ids, IDS, &p->message);
        play_statement(p, "BEGIN DBMS_SESSION.SET_NLS('NLS_DATE_FORMAT', '''YYYY'''); END;", false);
        assert_int_equal(buffer_size(&p->to_source), 0);
    }
    assert_int_equal(p->session->pending_close_count, CALLS * IDS);
    play_policy(p, PHASE_DUAL_WRITE, SIDE_SOURCE);
    play_statement(p, "SELECT n FROM t WHERE id = 1", false);
    assert_int_equal(p->session->pending_close_count, 0);
    assert_true(buffer_size(&p->to_source) > CALLS * IDS * 2);
    play_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_that_only_set),
        cmocka_unit_test(test_what_cannot_be_followed_is_not_guessed),
        cmocka_unit_test(test_a_block_that_failed_may_have_set_a_part),
        cmocka_unit_test(test_binds),
        cmocka_unit_test(test_on_the_target),
        cmocka_unit_test(test_all_closed_cursors_are_told_to_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
