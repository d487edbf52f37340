/* SPDX-License-Identifier: Apache-2.0 */
/* The target's runtime on a real PostgreSQL: it installs twice, holds every function that translated text may call, with the types and the rules for NULL that are promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sql/contract.h"
#include "tests/support/private_postgres.h"

#include <libpq-fe.h>

static struct private_postgres server;
static PGconn *target;

static int start(void **state)
{
    (void)state;
    if (private_postgres_start(&server, "") != 0) return -1;
    target = PQconnectdb(server.conninfo);
    PQclear(PQexec(target, "SET client_min_messages = error"));
    return PQstatus(target) == CONNECTION_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    PQfinish(target);
    return private_postgres_do(&server, "stop");
}

static void run(const char *text)
{
    PGresult *result = PQexec(target, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail_msg("%s in %.200s", PQresultErrorMessage(result), text);
    PQclear(result);
}

/* One value as text, or the SQLSTATE and message of an error. */
static void expect(const char *text, const char *expected)
{
    PGresult *result = PQexec(target, text);
    char got[600];
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        snprintf(got, sizeof got, "%s", PQgetisnull(result, 0, 0) ? "NULL" : PQgetvalue(result, 0, 0));
    else
        snprintf(got, sizeof got, "%s %s", PQresultErrorField(result, PG_DIAG_SQLSTATE),
                 PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    PQclear(result);
    if (strcmp(got, expected) != 0) fail_msg("%s: %s instead of %s", text, got, expected);
}

static void the_script_can_be_run_again_and_again(void **state)
{
    (void)state;
    run(sql_runtime_script);
    run(sql_runtime_script);
}

/* timestamp(0) as a type of a function is timestamp. */
static const char *plain_type(const char *type)
{
    return strcmp(type, "timestamp(0) without time zone") == 0 ? "timestamp without time zone" : type;
}

static void every_promised_function_is_there(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (uint32_t i = 0; i < runtime_row_count; i++) {
        const struct runtime_row *row = &runtime_rows[i];
        char signature[300];
        snprintf(signature, sizeof signature, "understudy.%s(%s)", row->name, row->arguments);
        const char *values[] = {signature};
        PGresult *result =
            PQexecParams(target, "SELECT format_type(p.prorettype, NULL), p.provolatile FROM pg_proc p WHERE p.oid = to_regprocedure($1)",
                         1, NULL, values, NULL, NULL, 0);
        if (PQntuples(result) != 1) {
            print_message("missing: %s\n", signature);
            wrong++;
        } else {
            const char volatility = *PQgetvalue(result, 0, 1);
            bool looser = (volatility == 'v' && row->volatility[0] != 'v') ||
                          (volatility == 'i' && row->volatility[0] == 'v'); /* stable for immutable is a promise kept */
            if (strcmp(PQgetvalue(result, 0, 0), plain_type(row->result)) != 0 || looser) {
                print_message("%s: %s, %c; promised %s, %s\n", signature, PQgetvalue(result, 0, 0), volatility, row->result,
                              row->volatility);
                wrong++;
            }
        }
        PQclear(result);
    }
    assert_int_equal(wrong, 0);
    assert_true(runtime_row_count > 80);
}

/* Each argument in turn is NULL, the others are something harmless. */
static void null_in_is_null_out_where_promised(void **state)
{
    (void)state;
    static const char *const harmless[][2] = {{"numeric", "1"},
                                              {"text", "'X'"},
                                              {"integer", "1"},
                                              {"timestamp without time zone", "'2024-01-01'"},
                                              {"timestamp with time zone", "'2024-01-01'"},
                                              {"interval", "'1 day'"},
                                              {"double precision", "1"},
                                              {"bytea", "'1'"},
                                              {"boolean", "true"},
                                              {"anyarray", "ARRAY[1]"}};
    for (uint32_t i = 0; i < runtime_row_count; i++) {
        const struct runtime_row *row = &runtime_rows[i];
        char types[300], *rest = NULL, *type[10];
        int count = 0;
        if (!row->strict || !*row->arguments) continue;
        snprintf(types, sizeof types, "%s", row->arguments);
        for (char *at = strtok_r(types, ",", &rest); at && count < 10; at = strtok_r(NULL, ",", &rest)) type[count++] = at + (*at == ' ');
        for (int null = 0; null < count; null++) {
            char query[700];
            size_t at = (size_t)snprintf(query, sizeof query, "SELECT understudy.%s(", row->name);
            for (int k = 0; k < count; k++) {
                const char *value = "NULL";
                for (size_t h = 0; h < sizeof harmless / sizeof *harmless && k != null; h++)
                    if (strcmp(harmless[h][0], type[k]) == 0) value = harmless[h][1];
                if (k != null && strcmp(row->name, "next_day") == 0 && k == 1) value = "'MON'";
                if (k != null && strcmp(row->name, "new_time") == 0 && k > 0) value = "'GMT'";
                at += (size_t)snprintf(query + at, sizeof query - at, "%s%s::%s", k ? ", " : "", value,
                                       strcmp(type[k], "anyarray") == 0 ? "integer[]" : type[k]);
            }
            snprintf(query + at, sizeof query - at, ")");
            expect(query, "NULL");
        }
    }
}

static void errors_carry_oracles_number(void **state)
{
    (void)state;
    expect("SELECT understudy.raise_error(20001, 'no such customer')", "ORA00 ORA-20001: no such customer");
    expect("SELECT understudy.to_number('abc')", "ORA00 ORA-01722: invalid number");
    expect("SELECT understudy.to_number('NaN')", "ORA00 ORA-01722: invalid number");
    expect("SELECT understudy.to_number('-')", "22P02 invalid input syntax for type numeric: \"-\"");
    expect("SELECT understudy.to_date('2024-02-30', 'YYYY-MM-DD')", "ORA00 ORA-01839: date not valid for month specified");
    expect("SELECT understudy.refuse_loop(true)", "ORA00 ORA-01436: CONNECT BY loop in user data");
    expect("SELECT understudy.pick(ARRAY[NULL, 5, NULL, 6], 2)", "6");
    expect("SELECT understudy.pick(ARRAY[5, 6, NULL], -2)", "5");
    expect("SELECT understudy.pick_any(ARRAY[5, 6, NULL], -1)", "NULL");
    expect("SELECT understudy.divide(1, 0)", "22012 division by zero");
}

static void settings_of_the_session_are_followed(void **state)
{
    (void)state;
    expect("SELECT understudy.to_char('2024-01-05 13:04:05'::timestamp)", "05-JAN-24");
    run("SET understudy.nls_date_format = 'YYYY/MM/DD'");
    expect("SELECT understudy.to_char('2024-01-05 13:04:05'::timestamp)", "2024/01/05");
    expect("SELECT understudy.to_date('2024/01/06')", "2024-01-06 00:00:00");
    expect("SELECT understudy.sys_context('USERENV', 'NLS_DATE_FORMAT')", "YYYY/MM/DD");
    run("RESET understudy.nls_date_format");
    run("SET understudy.nls_numeric_characters = ',.'");
    expect("SELECT understudy.to_char(1234.5::numeric)", "1234,5");
    expect("SELECT understudy.to_char(1234.5::numeric, 'FM9G999D00')", "1.234,50");
    expect("SELECT understudy.to_number('1234,5')", "1234.5");
    expect("SELECT understudy.to_number('1.234,50', '9G999D99')", "1234.5");
    run("RESET understudy.nls_numeric_characters");
    run("SET understudy.user_name = 'SCOTT'");
    expect("SELECT understudy.user_name() || understudy.sys_context('userenv', 'session_user')", "SCOTTSCOTT");
    run("SET understudy.database_time_zone = 'Asia/Tokyo'");
    expect("SELECT understudy.sysdate() = date_trunc('second', statement_timestamp() AT TIME ZONE 'Asia/Tokyo')", "t");
    run("SET TimeZone = '+05:30'");
    run("RESET TimeZone");
}

/* A constant model must be read once, at planning: the plan holds the array, not the call. */
static void constant_models_are_read_at_planning(void **state)
{
    (void)state;
    PGresult *result =
        PQexec(target, "EXPLAIN (VERBOSE, COSTS OFF) SELECT understudy.to_char(x::numeric, 'FM990.00') FROM generate_series(1, 2) x");
    bool read = false, called = false;
    for (int i = 0; i < PQntuples(result); i++) {
        read |= strstr(PQgetvalue(result, i, 0), "{number,FM") != NULL;
        called |= strstr(PQgetvalue(result, i, 0), "number_model(") != NULL;
    }
    PQclear(result);
    assert_true(read);
    assert_false(called);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_script_can_be_run_again_and_again), cmocka_unit_test(every_promised_function_is_there),
        cmocka_unit_test(null_in_is_null_out_where_promised),    cmocka_unit_test(errors_carry_oracles_number),
        cmocka_unit_test(settings_of_the_session_are_followed),  cmocka_unit_test(constant_models_are_read_at_planning),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
