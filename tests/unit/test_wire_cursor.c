/* SPDX-License-Identifier: Apache-2.0 */
/* The cursor table against a plain model, its rules one by one, and the reading of statements. */
#include "wire/cursor.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { IDS = 200, ROUNDS = 1000000 };

/* An owner is a counter: how often it was freed. */
static unsigned frees_in_all;
static void owner_free(void *owner)
{
    unsigned *freed = owner;
    (*freed)++;
    frees_in_all++;
}

static struct wire_cursor_table *table;

static int setup(void **state)
{
    (void)state;
    table = wire_cursor_table_new(1000, owner_free);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wire_cursor_table_free(table);
    return 0;
}

static struct wire_cursor *make(const char *sql)
{
    return wire_cursor_make(table, view_text(sql));
}

static void test_life_of_an_entry(void **state)
{
    (void)state;
    static unsigned freed; /* outlives the table */
    assert_null(wire_cursor_find(table, 5));
    assert_null(wire_cursor_find(table, 0));
    struct wire_cursor *cursor = make("select 1 from dual");
    cursor->owner = &freed;
    assert_int_equal(cursor->id, 0);
    assert_int_equal(wire_cursor_count(table), 1);
    assert_null(wire_cursor_find(table, 0)); /* pending entries have no id to be found by */
    wire_cursor_bind_id(table, cursor, 5);
    assert_ptr_equal(wire_cursor_find(table, 5), cursor);
    wire_cursor_bind_id(table, cursor, 5);
    wire_cursor_bind_id(table, cursor, 0); /* no id: nothing changes */
    assert_ptr_equal(wire_cursor_find(table, 5), cursor);
    wire_cursor_close_id(table, 6);
    assert_int_equal(freed, 0);
    wire_cursor_close_id(table, 5);
    assert_int_equal(freed, 1);
    assert_null(wire_cursor_find(table, 5));
    assert_int_equal(wire_cursor_count(table), 0);
}

static void test_a_recycled_id_releases_what_had_it(void **state)
{
    (void)state;
    static unsigned freed[2]; /* outlives the table */
    struct wire_cursor *old = make("delete from a"), *new = make("delete from b");
    old->owner = &freed[0];
    new->owner = &freed[1];
    wire_cursor_bind_id(table, old, 9);
    wire_cursor_bind_id(table, new, 9);
    assert_int_equal(freed[0], 1);
    assert_int_equal(freed[1], 0);
    assert_string_equal(wire_cursor_find(table, 9)->sql, "delete from b");
    wire_cursor_bind_id(table, new, 10); /* the server gave it another one */
    assert_null(wire_cursor_find(table, 9));
    assert_ptr_equal(wire_cursor_find(table, 10), new);
}

static void test_the_limit_counts_pending_entries(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 1000; i++) {
        struct wire_cursor *cursor = make("select 1 from dual");
        assert_non_null(cursor);
        if (i % 2) wire_cursor_bind_id(table, cursor, i);
    }
    assert_null(make("one too many"));
    wire_cursor_close_id(table, 1);
    assert_non_null(make("again"));
}

static void test_owners_are_freed_once_at_the_end(void **state)
{
    (void)state;
    static unsigned freed[20]; /* outlives the table */
    for (uint32_t i = 0; i < 20; i++) {
        struct wire_cursor *cursor = make("select 1 from dual");
        cursor->owner = &freed[i];
        if (i % 3) wire_cursor_bind_id(table, cursor, i);
    }
    wire_cursor_table_clear(table);
    assert_int_equal(wire_cursor_count(table), 0);
    wire_cursor_table_clear(table);
    for (uint32_t i = 0; i < 20; i++) assert_int_equal(freed[i], 1);
}

/* A million parses, closings and recyclings: no id unknown that should be known, none that says the wrong statement. */
static void test_churn_against_a_model(void **state)
{
    (void)state;
    unsigned *freed = memory_zero(ROUNDS, sizeof *freed);
    uint32_t model[IDS] = {0}; /* id -> number of the statement, 0: closed */
    uint32_t made = 0, last_made = 0;
    unsigned unknown = 0, wrong = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t id = 1 + (uint32_t)rand() % (IDS - 1);
        struct wire_cursor *cursor = wire_cursor_find(table, id * 7);
        if (!cursor != !model[id]) unknown++;
        if (cursor && cursor->bind_count != 0) wrong++;
        if (cursor && strtoul(cursor->sql + 7, NULL, 10) != model[id]) wrong++;
        switch (rand() % 4) {
        case 0:
            wire_cursor_close_id(table, id * 7);
            model[id] = 0;
            break;
        case 1:
        case 2: {
            char sql[32];
            snprintf(sql, sizeof sql, "select %u", ++made);
            struct wire_cursor *new = make(sql);
            new->owner = &freed[last_made = made - 1];
            wire_cursor_bind_id(table, new, id * 7);
            model[id] = made;
            break;
        }
        default: break;
        }
    }
    wire_cursor_table_clear(table);
    assert_int_equal(unknown, 0);
    assert_int_equal(wrong, 0);
    for (uint32_t i = 0; i <= last_made; i++) assert_int_equal(freed[i], 1);
    memory_free(freed);
}

static void test_free_ids(void **state)
{
    (void)state;
    assert_int_equal(wire_cursor_free_id(table, 0), 1);
    for (uint32_t id = 1; id <= 3; id++) wire_cursor_bind_id(table, make("x"), id);
    assert_int_equal(wire_cursor_free_id(table, 1), 4);
    wire_cursor_close_id(table, 2);
    assert_int_equal(wire_cursor_free_id(table, 1), 2);
    assert_int_equal(wire_cursor_free_id(table, 3), 4);
    assert_int_equal(wire_cursor_free_id(table, 1), 2);
}

static struct wire_column column(uint8_t type, const char *name)
{
    return (struct wire_column){.oac = {.type = type, .size_max = 10, .form = type == WIRE_TYPE_CLOB ? 2 : 0},
                                .name = (char *)(uintptr_t)name};
}

static void test_what_an_entry_knows_is_copied(void **state)
{
    (void)state;
    struct wire_cursor *cursor = make("select a, b from t");
    {
        char name[] = "A", schema[] = "S";
        struct wire_column columns[] = {column(1, name), column(2, "B")};
        columns[0].type_schema = schema;
        wire_cursor_set_columns(cursor, columns, 2);
        memset(name, 'x', sizeof name - 1);
        memset(schema, 'x', sizeof schema - 1);
    }
    assert_string_equal(cursor->columns[0].name, "A");
    assert_string_equal(cursor->columns[0].type_schema, "S");
    assert_null(cursor->columns[1].type_schema);
    struct wire_oac binds[] = {{.type = 1}, {.type = 2}};
    uint8_t directions[] = {WIRE_IN, WIRE_OUT};
    wire_cursor_set_binds(cursor, binds, 2);
    wire_cursor_set_directions(cursor, directions, 2);
    assert_int_equal(cursor->directions[1], WIRE_OUT);
    wire_cursor_set_binds(cursor, binds, 1); /* other binds: which of them are OUT is open again */
    assert_null(cursor->directions);
    assert_int_equal(cursor->bind_count, 1);
    wire_cursor_set_binds(cursor, NULL, 0);
    wire_cursor_set_columns(cursor, NULL, 0);
    assert_int_equal(cursor->column_count, 0);
}

/* A column that was fetched as text and is a LOB the next time comes inline. */
static void test_a_column_that_becomes_a_lob(void **state)
{
    (void)state;
    struct wire_cursor *cursor = make("select * from t");
    struct wire_column before[] = {column(WIRE_TYPE_VARCHAR, "A"), column(WIRE_TYPE_NUMBER, "B"), column(WIRE_TYPE_RAW, "C")};
    struct wire_column after[] = {column(WIRE_TYPE_CLOB, "A"), column(WIRE_TYPE_CLOB, "B"), column(WIRE_TYPE_BLOB, "C")};
    wire_cursor_set_columns(cursor, after, 3);
    assert_int_equal(cursor->define_count, 0);
    wire_cursor_set_columns(cursor, before, 3);
    wire_cursor_set_columns(cursor, after, 3);
    assert_int_equal(cursor->define_count, 3);
    assert_int_equal(cursor->defines[0].type, WIRE_TYPE_LONG);
    assert_int_equal(cursor->defines[1].type, WIRE_TYPE_CLOB);
    assert_int_equal(cursor->defines[2].type, WIRE_TYPE_LONG_RAW);
    wire_cursor_set_columns(cursor, after, 3); /* and stays so */
    assert_int_equal(cursor->defines[0].type, WIRE_TYPE_LONG);
    struct wire_oac defines[3] = {{.type = 112}, {.type = 112}, {.type = 113}};
    wire_cursor_set_defines(cursor, defines, 3);
    assert_int_equal(cursor->defines[0].form, 2); /* left open by the define, so the column's */
}

static void count_visit(struct wire_cursor *cursor, void *context)
{
    (void)cursor;
    (*(unsigned *)context)++;
}

static void test_each_visits_bound_and_pending(void **state)
{
    (void)state;
    unsigned visited = 0;
    wire_cursor_bind_id(table, make("a"), 1);
    wire_cursor_bind_id(table, make("b"), 65);
    make("c");
    wire_cursor_each(table, count_visit, &visited);
    assert_int_equal(visited, 3);
}

/* ---- statements ---- */

static const struct reading {
    const char *sql;
    char kind;
    uint32_t return_binds;
} readings[] = {
    {"select 1 from dual", 'q', 0},
    {"  /* c */ -- d\n SELECT :a from dual", 'q', 0},
    {"(select 1 from dual)", 'q', 0},
    {"with x as (select 1 from dual) select * from x", 'q', 0},
    {"begin :a := 1; end;", 'p', 0},
    {"DECLARE x int; begin null; end;", 'p', 0},
    {"call p(:a)", 'p', 0},
    {"create table t(a int)", '-', 0},
    {"commit", '-', 0},
    {"", '-', 0},
    {"/* unfinished", '-', 0},
    {"insert into t values(:a, :b)", 'd', 0},
    {"insert into t values(:a, :b) returning id into :c", 'd', 1},
    {"INSERT INTO T VALUES(:1) RETURNING A, B INTO :2, :3", 'd', 2},
    {"update t set a = :a return id into :b", 'd', 1},
    {"delete from t where a = 'returning x into :b' returning id into :c", 'd', 1},
    {"delete from t where a = q'[it's :x returning into]' returning id into : c", 'd', 1},
    {"delete from t where a = nq'!a!!' || :x and b = :y returning id into :c, :c", 'd', 2},
    {"delete from t /* returning a into :x */ returning id -- into :y\n into :z", 'd', 1},
    {"delete from t where \"returning into :q\" = 1 returning id into :\"Quoted \", :a_b$c#1, :12", 'd', 3},
    {"insert into t(into_x, returning_y) values('a''b', :a)", 'd', 0},
    {"update t set j = json_object('k' : :v) returning j into :o", 'd', 1},
    {"update t set j = json_object('k':null) returning json_value(j, 'x') into :o", 'd', 1},
    {"update t set a = :x where b = 'r' : returning id into :o", 'd', 1},
    {"merge into t using s on (t.a = s.a) when matched then update set b = :b", 'd', 0},
    {"update t set a=:a returning", 'd', 0},
    {"delete from t returning a into :", 'd', 0},
    {"delete from t returning a into :'x'", 'd', 0},
    {"delete from t where a = 'unfinished", 'd', 0},
    {"delete from t where a = q'[unfinished", 'd', 0},
    {"delete from t where a = q'", 'd', 0},
};

static void test_statements_are_read_as_drivers_read_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        size_t size = strlen(readings[i].sql);
        char *exact = malloc(size ? size : 1); /* no NUL behind it */
        struct wire_cursor cursor = {.id = 0};
        memcpy(exact, readings[i].sql, size);
        wire_cursor_classify(view_of(exact, size), &cursor);
        char kind = cursor.query ? 'q' : cursor.plsql ? 'p' : cursor.dml ? 'd' : '-';
        if (kind != readings[i].kind || cursor.return_binds != readings[i].return_binds)
            print_error("%s: %c %u\n", readings[i].sql, kind, cursor.return_binds);
        assert_int_equal(kind, readings[i].kind);
        assert_int_equal(cursor.return_binds, readings[i].return_binds);
        free(exact);
    }
}

static void test_placeholders_of_one_name(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        uint32_t count, first_of[5];
    } cases[] = {
        {"SELECT :x + :X, :y, :x FROM dual", 4, {0, 0, 2, 0}},
        {"SELECT ':x', :x /* :y */ -- :z\n, :y FROM dual", 2, {0, 1}},
        {"UPDATE t SET a = :1, b = :2 WHERE c = :1 RETURNING d INTO :d", 4, {0, 1, 0, 3}},
        {"SELECT 1 FROM dual", 0, {0}},
        {"SELECT : x, :\"x\", :\"x\" FROM dual", 3, {0, 1, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t first_of[5] = {9, 9, 9, 9, 9};
        assert_int_equal(wire_statement_same_names(view_text(cases[i].sql), first_of, cases[i].count), cases[i].count);
        for (uint32_t k = 0; k < cases[i].count; k++) assert_int_equal(first_of[k], cases[i].first_of[k]);
    }
    uint32_t one = 7;
    assert_int_equal(wire_statement_same_names(view_text("SELECT :a, :b FROM dual"), &one, 1), 2); /* more than asked for */
    assert_int_equal(one, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life_of_an_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_recycled_id_releases_what_had_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_limit_counts_pending_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owners_are_freed_once_at_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_churn_against_a_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_free_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_an_entry_knows_is_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_column_that_becomes_a_lob, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_visits_bound_and_pending, setup, teardown),
        cmocka_unit_test(test_statements_are_read_as_drivers_read_them),
        cmocka_unit_test(test_placeholders_of_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
