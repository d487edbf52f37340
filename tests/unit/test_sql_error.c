/* SPDX-License-Identifier: Apache-2.0 */
/* The error map: numbers, texts and classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sql/error_map.h"
#include "sql/translate.h"

struct row {
    const char *sqlstate, *constraint, *message;
    int ora;
    const char *text;
};
static const struct row rows[] = {
    {"23505", "emp_pk", "duplicate key value violates unique constraint \"emp_pk\" (Key (id)=(1) already exists.)", 1,
     "ORA-00001: unique constraint (SCOTT.EMP_PK) violated"},
    {"23505", NULL, "duplicate key value violates unique constraint \"emp_pk\"", 1, "ORA-00001: unique constraint (SCOTT.EMP_PK) violated"},
    {"23505", "Mixed", "duplicate key value violates unique constraint \"Mixed\"", 1,
     "ORA-00001: unique constraint (SCOTT.Mixed) violated"},
    {"23502", "", "null value in column \"name\" of relation \"emp\" violates not-null constraint (Failing row contains (1, null).)", 1400,
     "ORA-01400: cannot insert NULL into (\"SCOTT\".\"EMP\".\"NAME\")"},
    {"23514", "emp_ck", "new row for relation \"emp\" violates check constraint \"emp_ck\"", 2290,
     "ORA-02290: check constraint (SCOTT.EMP_CK) violated"},
    {"23514", NULL, "new row for relation \"emp\" violates check constraint \"emp_ck\"", 2290,
     "ORA-02290: check constraint (SCOTT.EMP_CK) violated"},
    {"23503", "emp_fk", "insert or update on table \"emp\" violates foreign key constraint \"emp_fk\"", 2291,
     "ORA-02291: integrity constraint (SCOTT.EMP_FK) violated - parent key not found"},
    {"23503", "emp_fk", "update or delete on table \"dept\" violates foreign key constraint \"emp_fk\" on table \"emp\"", 2292,
     "ORA-02292: integrity constraint (SCOTT.EMP_FK) violated - child record found"},
    {"42P01", NULL, "relation \"nope\" does not exist", 942, "ORA-00942: table or view does not exist"},
    {"42703", NULL, "column \"nope\" does not exist", 904, "ORA-00904: \"NOPE\": invalid identifier"},
    {"42703", NULL, "column e.nope does not exist", 904, "ORA-00904: \"NOPE\": invalid identifier"},
    {"22P02", NULL, "invalid input syntax for type numeric: \"abc\"", 1722, "ORA-01722: invalid number"},
    {"22003", NULL, "numeric field overflow (A field with precision 3, scale 0 must round to an absolute value less than 10^3.)", 1438,
     "ORA-01438: value larger than specified precision allowed for this column"},
    {"22003", NULL, "value overflows numeric format", 1426, "ORA-01426: numeric overflow"},
    {"22003", NULL, "integer out of range", 1426, "ORA-01426: numeric overflow"},
    {"22012", NULL, "division by zero", 1476, "ORA-01476: divisor is equal to zero"},
    {"22001", NULL, "value too long for type character varying(10)", 12899, "ORA-12899: value too large for column (maximum: 10)"},
    {"55P03", NULL, "could not obtain lock on row in relation \"emp\"", 54,
     "ORA-00054: resource busy and acquire with NOWAIT specified or timeout expired"},
    {"55P03", NULL, "canceling statement due to lock timeout", 30006, "ORA-30006: resource busy; acquire with WAIT timeout expired"},
    {"40P01", NULL, "deadlock detected", 60, "ORA-00060: deadlock detected while waiting for resource"},
    {"40001", NULL, "could not serialize access due to concurrent update", 8177, "ORA-08177: can't serialize access for this transaction"},
    {"57014", NULL, "canceling statement due to user request", 1013, "ORA-01013: user requested cancel of current operation"},
    {"22007", NULL, "invalid input syntax for type timestamp: \"x\"", 1858,
     "ORA-01858: a non-numeric character was found where a numeric was expected"},
    {"22008", NULL, "date/time field value out of range: \"2024-13-01\"", 1843, "ORA-01843: not a valid month"},
    {"21000", NULL, "more than one row returned by a subquery used as an expression", 1427,
     "ORA-01427: single-row subquery returns more than one row"},
    {"21000", NULL, "MERGE command cannot affect row a second time", 30926,
     "ORA-30926: unable to get a stable set of rows in the source tables"},
    {"P0001", NULL, "ORA-20001: no such customer", 20001, "ORA-20001: no such customer"},
    {"ORA00", NULL, "ORA-01839: date not valid for month specified", 1839, "ORA-01839: date not valid for month specified"},
    {"ORA00", NULL, "ERROR:  ORA-01722: invalid number", 1722, "ORA-01722: invalid number"},
    {"55000", NULL, "currval of sequence \"s\" is not yet defined in this session", 8002,
     "ORA-08002: sequence \"S\".CURRVAL is not yet defined in this session"},
    {"XX000", NULL, "cache lookup failed", 604,
     "ORA-00604: error occurred at recursive SQL level 1 (target: SQLSTATE XX000: cache lookup failed)"},
    {"P0001", NULL, "plain words", 604, "ORA-00604: error occurred at recursive SQL level 1 (target: SQLSTATE P0001: plain words)"},
};

static void errors_of_the_target_are_said_as_oracle_says_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[300];
        assert_int_equal(sql_error_to_ora(rows[i].sqlstate, rows[i].constraint, rows[i].message, "scott", text, sizeof text), rows[i].ora);
        assert_string_equal(text, rows[i].text);
    }
}

static void missing_parts_and_small_buffers_do_no_harm(void **state)
{
    (void)state;
    char text[12];
    assert_int_equal(sql_error_to_ora("23505", NULL, NULL, NULL, text, sizeof text), 1);
    assert_string_equal(text, "ORA-00001: ");
    assert_int_equal(sql_error_to_ora(NULL, NULL, NULL, NULL, NULL, 0), 604);
    char one[1] = {'x'};
    sql_error_to_ora("42703", NULL, "column \"unfinished", "s", one, 1);
    assert_int_equal(one[0], 0);
}

static void outcomes_agree_by_class(void **state)
{
    (void)state;
    assert_int_equal(sql_error_class_of_ora(0), SQL_ERROR_NONE);
    assert_int_equal(sql_error_class_of_sqlstate("", NULL), SQL_ERROR_NONE);
    assert_true(sql_error_agrees(0, NULL, NULL));
    assert_false(sql_error_agrees(0, "23505", "duplicate key"));
    assert_false(sql_error_agrees(1, "", ""));
    assert_true(sql_error_agrees(1, "23505", "duplicate key"));
    assert_false(sql_error_agrees(1, "23502", "null value"));
    assert_true(sql_error_agrees(1407, "23502", "null value")); /* one class: PostgreSQL does not tell insert from update */
    assert_true(sql_error_agrees(1722, "22P02", "invalid input syntax for type numeric"));
    assert_true(sql_error_agrees(1843, "ORA00", "ORA-01847: day of month must be between 1 and last day of month"));
    assert_true(sql_error_agrees(20001, "P0001", "ORA-20001: mine"));
    assert_false(sql_error_agrees(20001, "P0001", "ORA-20002: another"));
    assert_false(sql_error_agrees(31000, "XX000", "internal"));
}

static void the_tables_hold_what_they_promise(void **state)
{
    (void)state;
    int known = 0;
    for (int ora = 1; ora < 60000; ora++) known += sql_error_class_of_ora(ora) != SQL_ERROR_OTHER;
    assert_true(known > 1150); /* 1,000 raised ones and the table: a number out of order would not be found */
    for (int i = 0; i < SQL_ERROR_CLASS_COUNT; i++) assert_non_null(sql_error_class_name((enum sql_error_class)i));
    assert_string_equal(sql_error_class_name(SQL_ERROR_OTHER), "other");
    assert_string_equal(sql_error_class_name(SQL_ERROR_RAISED), "raised");
    assert_string_equal(sql_error_class_name(SQL_ERROR_LOCKED), "locked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_the_target_are_said_as_oracle_says_them),
        cmocka_unit_test(missing_parts_and_small_buffers_do_no_harm),
        cmocka_unit_test(outcomes_agree_by_class),
        cmocka_unit_test(the_tables_hold_what_they_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
