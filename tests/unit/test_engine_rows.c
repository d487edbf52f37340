/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by key: the same values are equal whichever side they come from, others are not; images go over and come back equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/engine_fixture.h"

static struct arena arena;
static struct row_maps *maps;

static int start(void **state)
{
    if (fixture_start(state)) return -1;
    arena_init(&arena, 0);
    if (!fixture_there) return 0;
    on_source("CREATE TABLE kinds (id NUMBER(9) PRIMARY KEY, n NUMBER, m NUMBER(12,2), v VARCHAR2(100), c CHAR(6), d DATE, t TIMESTAMP(6), "
              "z TIMESTAMP(6) WITH TIME ZONE, "
              "r RAW(20), b BLOB, x CLOB, f BINARY_DOUBLE, u VARCHAR2(20) UNIQUE)");
    on_source("CREATE TABLE pairs (a NUMBER(9) NOT NULL, b CHAR(5) NOT NULL, v VARCHAR2(20), CONSTRAINT pairs_pk PRIMARY KEY (a, b))");
    on_source("CREATE TABLE only_key (id NUMBER(9) PRIMARY KEY)");
    on_source("CREATE TABLE nokey (a NUMBER(9))");
    on_target("CREATE SCHEMA app; CREATE TABLE app.kinds (id bigint PRIMARY KEY, n numeric, m numeric(12,2), v varchar(100), c char(6), d "
              "timestamp(0), t timestamp(6), "
              "z timestamptz(6), r bytea, b bytea, x text, f float8, u varchar(20) UNIQUE);"
              "CREATE TABLE app.pairs (a bigint, b char(5), v varchar(20), PRIMARY KEY (a, b)); CREATE TABLE app.only_key (id bigint "
              "PRIMARY KEY);"
              "CREATE TABLE app.nokey (a bigint)");
    catalog_load();
    maps = row_maps_new(atomic_load(&engine.catalog));
    return 0;
}

static int stop(void **state)
{
    row_maps_free(maps);
    arena_release(&arena);
    return fixture_stop(state);
}

/* ---- normal forms: no database needed ---- */

static struct value number(const char *text)
{
    return value_number_text(&arena, view_text(text));
}
static struct value moment(int year, int nanosecond, bool zone)
{
    return (struct value){.type = VALUE_DATETIME,
                          .datetime = {.year = year,
                                       .month = 5,
                                       .day = 6,
                                       .hour = 7,
                                       .minute = 8,
                                       .second = 9,
                                       .nanosecond = (uint32_t)nanosecond,
                                       .has_zone = zone,
                                       .zone_minutes = (int16_t)(zone ? 120 : 0)}};
}

static void equal_means_the_same_value(void **state)
{
    (void)state;
    struct value uuid_text = value_text(view_text("00112233-4455-6677-8899-aabbccddeeff"));
    const struct {
        enum sql_type type;
        uint32_t oid;
        struct value a, b;
        bool equal;
    } cases[] = {
        {SQL_NUMBER, PG_OID_NUMERIC, number("1.10"), number("1.1"), true},
        {SQL_NUMBER, PG_OID_NUMERIC, number("1.10"), number("1.11"), false},
        {SQL_NUMBER, PG_OID_NUMERIC, value_text(view_text("5")), number("5"), true},
        {SQL_NUMBER, PG_OID_FLOAT8, number("0.1"), {.type = VALUE_DOUBLE, .real = 0.1}, true},
        {SQL_NUMBER, PG_OID_FLOAT8, number("0.1"), {.type = VALUE_DOUBLE, .real = 0.2}, false},
        {SQL_INTEGER, PG_OID_BOOL, number("1"), {.type = VALUE_BOOLEAN, .boolean = true}, true},
        {SQL_INTEGER, PG_OID_BOOL, number("0"), {.type = VALUE_BOOLEAN, .boolean = true}, false},
        {SQL_CHAR, PG_OID_BPCHAR, value_text(view_text("ab    ")), value_text(view_text("ab")), true},
        {SQL_CHAR, PG_OID_BPCHAR, value_text(view_text("   ")), value_null(), false},
        {SQL_CHAR, PG_OID_BPCHAR, value_text(view_text("      ")), value_text(view_text(" ")), true},
        {SQL_VARCHAR, PG_OID_VARCHAR, value_text(view_text("ab ")), value_text(view_text("ab")), false},
        {SQL_VARCHAR, PG_OID_VARCHAR, value_text(view_text("")), value_null(), true},
        {SQL_VARCHAR, PG_OID_VARCHAR, number("0.5"), value_text(view_text(".5")), true},
        {SQL_DATE, PG_OID_TIMESTAMP, moment(2026, 0, false), moment(2026, 0, false), true},
        {SQL_DATE, PG_OID_TIMESTAMP, moment(2026, 999999999, false), moment(2026, 0, false), true},
        {SQL_DATE, PG_OID_TIMESTAMP, moment(2026, 0, false), moment(2025, 0, false), false},
        {SQL_TIMESTAMP, PG_OID_TIMESTAMP, moment(2026, 123456789, false), moment(2026, 123456000, false), true},
        {SQL_TIMESTAMP, PG_OID_TIMESTAMP, moment(2026, 123456000, false), moment(2026, 123457000, false), false},
        {SQL_TIMESTAMP_TZ, PG_OID_TIMESTAMPTZ, moment(2026, 5000, true), moment(2026, 5000, true), true},
        {SQL_TIMESTAMP_LTZ, PG_OID_TIMESTAMPTZ, moment(2026, 5000, false), moment(2026, 5000, true), true},
        {SQL_BINARY_DOUBLE, PG_OID_FLOAT8, {.type = VALUE_DOUBLE, .real = -0.0}, {.type = VALUE_DOUBLE, .real = 0.0}, true},
        {SQL_BINARY_FLOAT, PG_OID_FLOAT4, {.type = VALUE_FLOAT, .real = (double)0.1f}, {.type = VALUE_DOUBLE, .real = 0.1}, true},
        {SQL_RAW, PG_OID_BYTEA, value_bytes(view_of("\1\2", 2)), value_bytes(view_of("\1\2", 2)), true},
        {SQL_RAW, PG_OID_BYTEA, value_bytes(view_of("\1\2", 2)), value_bytes(view_of("\1\3", 2)), false},
        {SQL_RAW, PG_OID_UUID, value_bytes(view_of("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16)), uuid_text,
         true},
        {SQL_NUMBER, PG_OID_NUMERIC, {.type = VALUE_UNSUPPORTED}, {.type = VALUE_UNSUPPORTED}, false},
        {SQL_NUMBER, PG_OID_NUMERIC, value_null(), number("0"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sql_column column = {.name = "C", .target = "c", .type = cases[i].type, .target_type = cases[i].oid, .length = 6};
        if (rows_value_equal(&column, &cases[i].a, &cases[i].b) != cases[i].equal ||
            rows_value_equal(&column, &cases[i].b, &cases[i].a) != cases[i].equal)
            fail_msg("case %zu", i);
        struct rows_normal a, b;
        rows_normalise(&column, &cases[i].a, &a);
        rows_normalise(&column, &cases[i].b, &b);
        if (cases[i].equal) assert_true(value_hash(&a.value, 1) == value_hash(&b.value, 1));
    }
}

/* ---- both sides ---- */

static const char insert_kinds[] =
    "INSERT INTO kinds (id, n, m, v, c, d, t, z, r, b, x, f, u) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13)";

static void put_kinds(int from, int to)
{
    struct error error = {0};
    for (int i = from; i < to; i++) {
        bool empty = i % 5 == 4;
        struct value v[13] = {value_number_i64(&arena, i)};
        if (!empty) {
            v[1] = number(arena_printf(&arena, "-%d.%08d", i * 7919, i));
            v[2] = number(arena_printf(&arena, "%d.5", i));
            v[3] = value_text(view_text(arena_printf(&arena, "täxt %d\\ '\"\t\n", i)));
            v[4] = value_text(view_text(arena_printf(&arena, "c%d", i % 100)));
            v[5] = moment(1950 + i % 100, 0, false);
            v[6] = moment(2000, (i * 1000) % 1000000000, false);
            v[7] = moment(2001, (i * 1000) % 1000000000, true);
            v[8] = value_bytes(view_of(arena_printf(&arena, "%c%c%c", i, 0, 255), 3));
            v[9] = value_bytes(view_of(arena_zero(&arena, 5000), (size_t)(1 + i % 5000)));
            v[10] = value_text(view_text(arena_printf(&arena, "%0*d", 1 + i % 9000, i)));
            v[11] = (struct value){.type = VALUE_DOUBLE, .real = i / 3.0};
        }
        v[12] = value_text(view_text(arena_printf(&arena, "u%d", i)));
        if (!source_run(app, insert_kinds, v, 13, 1, 0, NULL, NULL, NULL, &error)) fail_msg("%s", error.text);
    }
    if (!source_commit(app, &error)) fail_msg("%s", error.text);
}

static struct row *rows_by_ids(const struct row_map *map, uint32_t from, uint32_t count, uint32_t step)
{
    struct row *rows = arena_zero(&arena, sizeof *rows * (count + 1));
    for (uint32_t i = 0; i < count; i++) {
        rows[i].key = arena_zero(&arena, sizeof *rows[i].key * map->key->column_count);
        rows[i].key[0] = value_number_i64(&arena, from + i * step);
    }
    return rows;
}

struct outcome {
    uint32_t good, bad;
    char sqlstate[6];
};
static void note(void *context, struct pg_result *result)
{
    struct outcome *o = context;
    if (result->ok)
        o->good++;
    else {
        if (!o->bad++) memcpy(o->sqlstate, result->error.sqlstate, 6);
    }
}

static struct outcome send_rows(const struct row_map *map, const struct row *rows, uint32_t count, bool replace)
{
    struct outcome o = {0};
    struct error error = {0};
    bool sent = replace ? rows_send_replace(pg, map, rows, count, &arena, note, &o, &error)
                        : rows_send_image(pg, map, rows, count, &arena, note, &o, &error);
    if (!sent) fail_msg("%s", error.text);
    pg_sync(pg);
    if (!pg_run_wait(pg, 60000, &error) && error.code == ERROR_TARGET_LOST) fail_msg("%s", error.text);
    return o;
}

static void rows_go_over_and_come_back_equal(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    const struct row_map *map = row_map_of(maps, table_named("KINDS"));
    put_kinds(0, 300);
    for (uint32_t count = 1; count <= 1000; count = count * 3 + 2) { /* sizes around those of the IN lists */
        struct row *source = rows_by_ids(map, 0, count, 1), *target = rows_by_ids(map, 0, count, 1);
        if (!rows_read_source(app, map, source, count, &arena, &error)) fail_msg("%s", error.text);
        for (uint32_t i = 0; i < count; i++) assert_int_equal(source[i].found, i < 300);
        struct outcome o = send_rows(map, source, count, false);
        assert_int_equal(o.good, count);
        if (!rows_read_target(pg, map, target, count, &arena, &error)) fail_msg("%s", error.text);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t column;
            if (!rows_equal(map, &source[i], &target[i], &column)) fail_msg("row %u, column %u", i, column);
            if (!source[i].found) continue;
            assert_true(rows_hash(map, source[i].values) == rows_hash(map, target[i].values));
        }
    }
    assert_string_equal(ask_target("SELECT count(*) FROM app.kinds"), "300");
    /* What differs is found, and where. */
    on_target("UPDATE app.kinds SET m = m + 1 WHERE id = 7; DELETE FROM app.kinds WHERE id = 8");
    struct row *source = rows_by_ids(map, 5, 5, 1), *target = rows_by_ids(map, 5, 5, 1);
    assert_true(rows_read_source(app, map, source, 5, &arena, &error) && rows_read_target(pg, map, target, 5, &arena, &error));
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t column = 99;
        assert_int_equal(rows_equal(map, &source[i], &target[i], &column), i != 2 && i != 3);
        if (i == 2) assert_string_equal(map->table->columns[map->columns[column]].name, "M");
    }
    /* The same key asked for twice. */
    struct row *twice = rows_by_ids(map, 7, 3, 0);
    assert_true(rows_read_source(app, map, twice, 3, &arena, &error));
    assert_true(twice[0].found && twice[1].found && twice[2].found);
}

static void keys_of_several_columns_and_of_characters(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    const struct row_map *map = row_map_of(maps, table_named("PAIRS"));
    on_source("INSERT INTO pairs (a, b, v) VALUES (1, 'x', 'one')");
    on_source("INSERT INTO pairs (a, b, v) VALUES (1, 'yy', 'two')");
    on_source("INSERT INTO pairs (a, b, v) VALUES (2, 'x', NULL)");
    struct row rows[5];
    static const char *const seconds[] = {"x", "yy   ", "x", "no", "x    "};
    for (int i = 0; i < 5; i++) {
        struct value *key = arena_zero(&arena, sizeof *key * 2);
        key[0] = value_number_i64(&arena, i == 2 ? 2 : 1);
        key[1] = value_text(view_text(seconds[i]));
        rows[i] = (struct row){.key = key};
    }
    if (!rows_read_source(app, map, rows, 5, &arena, &error)) fail_msg("%s", error.text);
    for (int i = 0; i < 5; i++) assert_int_equal(rows[i].found, i != 3);
    assert_int_equal(send_rows(map, rows, 5, false).good, 5);
    assert_string_equal(ask_target("SELECT string_agg(a || trim(b) || coalesce(v, '-'), ',' ORDER BY a, b) FROM app.pairs"),
                        "1xone,1yytwo,2x-");
    struct buffer encoded;
    buffer_init(&encoded, 0);
    rows_encode_key(&encoded, map, rows[1].key);
    struct value back[2];
    assert_true(rows_decode_key(buffer_view(&encoded), map, &arena, back));
    struct value trimmed = value_text(view_text("yy"));
    assert_true(value_equal(&back[1], &trimmed));
    assert_false(rows_decode_key(view_of(encoded.data + encoded.start, buffer_size(&encoded) - 1), map, &arena, back));
    buffer_release(&encoded);
    struct value null_key[2] = {value_number_i64(&arena, 1), value_null()};
    assert_false(rows_normal_key(map, null_key, back, &arena));
    const struct row_map *key_only = row_map_of(maps, table_named("ONLY_KEY"));
    on_source("INSERT INTO only_key VALUES (5)");
    struct row *one = rows_by_ids(key_only, 5, 1, 1);
    assert_true(rows_read_source(app, key_only, one, 1, &arena, &error));
    assert_int_equal(send_rows(key_only, one, 1, false).good, 1);
    assert_int_equal(send_rows(key_only, one, 1, false).good, 1);
    assert_string_equal(ask_target("SELECT count(*) FROM app.only_key"), "1");
    assert_null(row_map_of(maps, table_named("NOKEY"))->key);
}

static void unique_values_that_change_hands(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    const struct row_map *map = row_map_of(maps, table_named("KINDS"));
    on_source("UPDATE kinds SET u = 'swap' WHERE id = 10");
    on_source("UPDATE kinds SET u = 'u10' WHERE id = 11");
    on_source("UPDATE kinds SET u = 'u11' WHERE id = 10");
    struct row *rows = rows_by_ids(map, 10, 2, 1);
    assert_true(rows_read_source(app, map, rows, 2, &arena, &error));
    struct outcome o = send_rows(map, rows, 2, false);
    assert_true(o.bad > 0);
    assert_string_equal(o.sqlstate, "23505");
    o = send_rows(map, rows, 2, true);
    assert_int_equal(o.bad, 0);
    assert_string_equal(ask_target("SELECT string_agg(u, ',' ORDER BY id) FROM app.kinds WHERE id IN (10, 11)"), "u11,u10");
    /* One that is not among ours holds the value: it is found. */
    on_source("UPDATE kinds SET u = 'moved' WHERE id = 12");
    on_source("UPDATE kinds SET u = 'u12' WHERE id = 13");
    rows = rows_by_ids(map, 13, 1, 1);
    assert_true(rows_read_source(app, map, rows, 1, &arena, &error));
    assert_int_equal(send_rows(map, rows, 1, true).bad > 0, true);
    struct value *keys;
    uint32_t count;
    if (!rows_find_conflicts(pg, map, rows, 1, &arena, &keys, &count, &error)) fail_msg("%s", error.text);
    assert_int_equal(count, 1);
    struct value twelve = value_number_i64(&arena, 12);
    assert_true(value_equal(&keys[0], &twelve));
}

static void rowids_and_writes_to_the_source(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    const struct row_map *map = row_map_of(maps, table_named("PAIRS"));
    char rowids[3][19];
    for (int i = 0; i < 3; i++) {
        struct source_result result;
        struct value binds[3] = {value_number_i64(&arena, 50 + i), value_text(view_text("r")), value_text(view_text("by rowid"))};
        assert_true(source_run(app, "INSERT INTO pairs (a, b, v) VALUES (:1, :2, :3)", binds, 3, 1, 0, NULL, NULL, &result, &error));
        assert_true(result.has_rowid);
        memcpy(rowids[i], result.rowid, 19);
    }
    assert_true(source_commit(app, &error));
    on_source("DELETE FROM pairs WHERE a = 51");
    struct row found[3];
    uint32_t count;
    if (!rows_read_rowids(app, map, (const char(*)[19])rowids, 3, found, &count, &arena, &error)) fail_msg("%s", error.text);
    assert_int_equal(count, 2);
    assert_true(found[0].found && found[0].values[2].type == VALUE_TEXT);

    struct row row = found[0];
    row.values[2] = value_text(view_text("written"));
    if (!rows_write_source(app, map, &row, &error)) fail_msg("%s", error.text);
    struct row fresh = {.key = row.key, .found = true, .values = row.values};
    fresh.key[0] = row.values[0] = value_number_i64(&arena, 77);
    if (!rows_write_source(app, map, &fresh, &error)) fail_msg("%s", error.text);
    struct row gone = found[1];
    gone.found = false;
    if (!rows_write_source(app, map, &gone, &error)) fail_msg("%s", error.text);
    assert_true(source_commit(app, &error));
    assert_string_equal(ask_source("SELECT COUNT(*) FROM pairs WHERE v = 'written'"), "2");
    assert_string_equal(ask_source("SELECT COUNT(*) FROM pairs WHERE a = 77"), "1");
    assert_string_equal(ask_source("SELECT COUNT(*) FROM pairs WHERE v = 'by rowid'"), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_means_the_same_value),
        cmocka_unit_test(rows_go_over_and_come_back_equal),
        cmocka_unit_test(keys_of_several_columns_and_of_characters),
        cmocka_unit_test(unique_values_that_change_hands),
        cmocka_unit_test(rowids_and_writes_to_the_source),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
