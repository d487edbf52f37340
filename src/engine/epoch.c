/* SPDX-License-Identifier: Apache-2.0 */
/* Who is primary, written in both databases, and the tables in which the mirror and the reverse keep their positions. */
#include "engine/dictionary.h"

#include "base/check.h"
#include "base/log.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ORA_NAME_IN_USE = 955 };

static const char *side_name(enum engine_side side)
{
    return side == SIDE_TARGET ? "target" : "source";
}

/* ---- source ---- */

/* What a table of ours must be like: rows are found, and told apart, by the key. */
static const struct {
    const char *table, *key, *columns /* as an SQL list */, *text;
    int column_count;
} tables[] = {
    {"UNDERSTUDY_EPOCH", "ID", "'ID', 'EPOCH', 'PRIMARY_SIDE'",
     "CREATE TABLE UNDERSTUDY_EPOCH (ID NUMBER(1) NOT NULL, EPOCH NUMBER(20) NOT NULL, PRIMARY_SIDE VARCHAR2(10) NOT NULL, "
     "CHANGED VARCHAR2(40), CONSTRAINT UNDERSTUDY_EPOCH_PK PRIMARY KEY (ID))",
     3},
    {"UNDERSTUDY_APPLIED", "READER", "'READER', 'CSN', 'POSITION'",
     "CREATE TABLE UNDERSTUDY_APPLIED (READER VARCHAR2(60) NOT NULL, CSN NUMBER(20) NOT NULL, POSITION NUMBER(20) NOT NULL, "
     "UPDATED VARCHAR2(40), CONSTRAINT UNDERSTUDY_APPLIED_PK PRIMARY KEY (READER))",
     3},
    {"UNDERSTUDY_RETURNED", "CSN", "'CSN'",
     "CREATE TABLE UNDERSTUDY_RETURNED (CSN NUMBER(20) NOT NULL, CONSTRAINT UNDERSTUDY_RETURNED_PK PRIMARY KEY (CSN))", 1},
};
enum { TABLES = sizeof tables / sizeof *tables };

static bool count_of(struct source *source, int *count, struct error *error, const char *format, ...) PRINTF_LIKE(4, 5);
static bool count_of(struct source *source, int *count, struct error *error, const char *format, ...)
{
    char text[600], answer[32] = "";
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (!source_scalar(source, text, answer, sizeof answer, error)) return false;
    *count = atoi(answer);
    return true;
}

/* False with ERROR_CONFIG: it is there and not as we need it. */
static bool check_table(struct source *source, int at, bool *there, struct error *error)
{
    int count = 0, columns = 0, key = 0, all_of_key = 0;
    const char *table = tables[at].table;
    if (!count_of(source, &count, error, "SELECT COUNT(*) FROM USER_TABLES WHERE TABLE_NAME = '%s'", table)) return false;
    *there = count > 0;
    if (!*there) return true;
    if (!count_of(source, &columns, error, "SELECT COUNT(*) FROM USER_TAB_COLUMNS WHERE TABLE_NAME = '%s' AND COLUMN_NAME IN (%s)", table,
                  tables[at].columns) ||
        !count_of(source, &key, error,
                  "SELECT COUNT(*) FROM USER_CONSTRAINTS C, USER_CONS_COLUMNS K WHERE C.TABLE_NAME = '%s' AND C.CONSTRAINT_TYPE = 'P' AND "
                  "C.STATUS = 'ENABLED' AND C.DEFERRED = 'IMMEDIATE' AND K.CONSTRAINT_NAME = C.CONSTRAINT_NAME AND K.COLUMN_NAME = '%s'",
                  table, tables[at].key) ||
        !count_of(source, &all_of_key, error,
                  "SELECT COUNT(*) FROM USER_CONSTRAINTS C, USER_CONS_COLUMNS K WHERE C.TABLE_NAME = '%s' AND C.CONSTRAINT_TYPE = 'P' AND "
                  "K.CONSTRAINT_NAME = C.CONSTRAINT_NAME",
                  table))
        return error_prefix(error, "looking at %s on the source", table);
    if (columns == tables[at].column_count && key == 1 && all_of_key == 1) return true;
    return error_set(error, ERROR_CONFIG,
                     "%s on the source is not as Understudy needs it: %s. While the source is primary, DROP TABLE %s is enough: it is "
                     "made anew. As it must be: %s",
                     table,
                     columns == tables[at].column_count ? "its primary key is missing, disabled, deferred or over other columns"
                                                        : "it lacks columns",
                     table, tables[at].text);
}

bool epoch_check_source(struct source *source, bool *all_there, struct error *error)
{
    *all_there = true;
    for (int i = 0; i < TABLES; i++) {
        bool there = false;
        if (!check_table(source, i, &there, error)) return false;
        *all_there = *all_there && there;
    }
    return true;
}

bool epoch_prepare_source(struct source *source, struct error *error)
{
    for (int i = 0; i < TABLES; i++) {
        bool there = false;
        if (!check_table(source, i, &there, error)) return false;
        if (there || source_run(source, tables[i].text, NULL, 0, 0, 0, NULL, NULL, NULL, error)) continue;
        if (error->code == ERROR_SOURCE && error->native == ORA_NAME_IN_USE) continue; /* somebody else was faster */
        return error_prefix(error, "making %s on the source", tables[i].table);
    }
    return true;
}

static bool source_update(struct source *source, const char *text, uint64_t epoch, enum engine_side primary, uint64_t *affected,
                          struct error *error)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct value binds[] = {value_number_i64(&arena, (int64_t)epoch), value_text(view_text(side_name(primary))),
                            value_number_i64(&arena, (int64_t)epoch)};
    struct source_result result;
    bool good = source_run(source, text, binds, strstr(text, ":3") ? 3 : 2, 1, 0, NULL, NULL, &result, error);
    if (good) *affected = result.affected;
    arena_release(&arena);
    return good;
}

bool epoch_write_source(struct source *source, uint64_t epoch, enum engine_side primary, struct error *error)
{
    uint64_t affected = 0, stored = 0;
    if (!epoch_prepare_source(source, error)) return false;
    if (!source_update(source, "UPDATE UNDERSTUDY_EPOCH SET EPOCH = :1, PRIMARY_SIDE = :2 WHERE ID = 1 AND EPOCH <= :3", epoch, primary,
                       &affected, error))
        goto failed;
    if (affected == 0) {
        if (!epoch_read_source(source, &stored, error)) goto failed;
        if (stored > epoch) {
            error_set(error, ERROR_STATE,
                      "the source stands at epoch %" PRIu64 ", we wanted to write %" PRIu64 ": another proxy has switched since", stored,
                      epoch);
            goto failed;
        }
        if (!source_update(source, "INSERT INTO UNDERSTUDY_EPOCH (ID, EPOCH, PRIMARY_SIDE) VALUES (1, :1, :2)", epoch, primary, &affected,
                           error))
            goto failed;
    }
    if (source_commit(source, error)) return true;
failed:
    if (!source_rollback(source, NULL)) LOG(LOG_WARNING, "epoch.rollback_failed", log_text("side", "source"));
    return error_prefix(error, "epoch on the source");
}

bool epoch_read_source(struct source *source, uint64_t *epoch, struct error *error)
{
    char text[32];
    *epoch = 0;
    if (!epoch_prepare_source(source, error)) return false;
    if (!source_scalar(source, "SELECT MAX(EPOCH) FROM UNDERSTUDY_EPOCH WHERE ID = 1", text, sizeof text, error)) return false;
    *epoch = strtoull(text, NULL, 10);
    return true;
}

/* ---- target ---- */

bool epoch_prepare_target(struct pg *target, struct error *error)
{
    static const char text[] =
        "CREATE SCHEMA IF NOT EXISTS understudy;"
        "CREATE TABLE IF NOT EXISTS understudy.applied (reader text PRIMARY KEY, csn bigint, position bigint, updated timestamptz);"
        "CREATE TABLE IF NOT EXISTS understudy.lane (lane integer PRIMARY KEY, lanes integer NOT NULL, csn bigint NOT NULL, upto bigint "
        "NOT "
        "NULL, position bigint NOT NULL, horizon bigint NOT NULL, ahead bigint[] NOT NULL, updated timestamptz);"
        "CREATE TABLE IF NOT EXISTS understudy.epoch (id integer PRIMARY KEY, epoch bigint NOT NULL, primary_side text NOT NULL, changed "
        "timestamptz);";
    return pg_run(target, text, NULL, error) || error_prefix(error, "making the tables of the schema understudy");
}

bool epoch_write_target(struct pg *target, uint64_t epoch, enum engine_side primary, uint64_t *lsn, struct error *error)
{
    char text[900];
    struct pg_result result = {0};
    if (!epoch_prepare_target(target, error)) return false;
    /* The message marks the place in the stream; the row is what a stale proxy is refused by. One statement: both or nothing. */
    snprintf(text, sizeof text,
             "WITH put AS (INSERT INTO understudy.epoch AS e (id, epoch, primary_side, changed) VALUES (1, %" PRIu64
             ", '%s', clock_timestamp()) "
             "ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, primary_side = excluded.primary_side, changed = excluded.changed "
             "WHERE e.epoch <= excluded.epoch RETURNING 1) "
             "SELECT (pg_logical_emit_message(true, 'understudy', 'epoch %" PRIu64 "') - '0/0'::pg_lsn)::numeric FROM put",
             epoch, side_name(primary), epoch);
    if (!pg_run(target, text, &result, error)) {
        pg_result_free(&result);
        return error_prefix(error, "epoch on the target");
    }
    uint64_t at = 0;
    bool good = result.rows == 1 && view_to_u64(pg_result_text(&result, 0, 0), &at);
    pg_result_free(&result);
    if (lsn) *lsn = at;
    if (good) return true;
    uint64_t stored = 0;
    if (!epoch_read_target(target, &stored, error)) return false;
    return error_set(error, ERROR_STATE,
                     "the target stands at epoch %" PRIu64 ", we wanted to write %" PRIu64 ": another proxy has switched since", stored,
                     epoch);
}

bool epoch_read_target(struct pg *target, uint64_t *epoch, struct error *error)
{
    struct pg_result result = {0};
    *epoch = 0;
    if (!epoch_prepare_target(target, error)) return false;
    if (!pg_run(target, "SELECT coalesce(max(epoch), 0) FROM understudy.epoch WHERE id = 1", &result, error)) {
        pg_result_free(&result);
        return error_prefix(error, "epoch on the target");
    }
    bool good = result.rows == 1 && view_to_u64(pg_result_text(&result, 0, 0), epoch);
    pg_result_free(&result);
    return good || error_set(error, ERROR_CORRUPT, "the target's epoch cannot be read");
}

/* ---- is this proxy the one that switched last? ---- */

static bool stored_on_source(struct source *source, uint64_t *epoch, struct error *error)
{
    char text[32];
    *epoch = 0;
    if (!source_scalar(source, "SELECT COUNT(*) FROM USER_TABLES WHERE TABLE_NAME = 'UNDERSTUDY_EPOCH'", text, sizeof text, error))
        return false;
    return atoi(text) == 0 || epoch_read_source(source, epoch, error);
}

static bool stored_on_target(struct pg *target, uint64_t *epoch, struct error *error)
{
    struct pg_result result = {0};
    *epoch = 0;
    bool good = pg_run(target, "SELECT to_regclass('understudy.epoch') IS NOT NULL", &result, error);
    bool there = good && result.rows == 1 && view_equal(pg_result_text(&result, 0, 0), view_text("t"));
    pg_result_free(&result);
    return good && (!there || epoch_read_target(target, epoch, error));
}

static bool is_ours(const char *side, uint64_t stored, uint64_t epoch, struct error *error)
{
    if (stored <= epoch) return true;
    return error_set(error, ERROR_STATE,
                     "the %s stands at epoch %" PRIu64 ", our state store at %" PRIu64
                     ": another proxy has switched since, or the state store is lost or an older copy. Two "
                     "primaries would be the end of it, so this one does not start. Put back the state store of the proxy that switched "
                     "last; to begin anew on purpose, "
                     "delete the row of %s",
                     side, stored, epoch, strcmp(side, "source") == 0 ? "UNDERSTUDY_EPOCH" : "understudy.epoch");
}

bool epoch_is_ours(struct source *source, struct pg *target, uint64_t epoch, struct error *error)
{
    uint64_t stored = 0;
    if (source && (!stored_on_source(source, &stored, error) || !is_ours("source", stored, epoch, error))) return false;
    return !target || (stored_on_target(target, &stored, error) && is_ours("target", stored, epoch, error));
}
