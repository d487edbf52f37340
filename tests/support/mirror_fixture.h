/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and a running mirror for its tests. Include after cmocka.h. */
#ifndef TESTS_SUPPORT_MIRROR_FIXTURE_H
#define TESTS_SUPPORT_MIRROR_FIXTURE_H

#include "tests/support/engine_fixture.h"

static struct mirror *mirror;

FIXTURE_UNUSED static void mirror_begin(void)
{
    struct error error = {0};
    mirror = mirror_start(&engine, &error);
    if (!mirror) fail_msg("%s", error.text);
}
FIXTURE_UNUSED static void mirror_end(void)
{
    mirror_stop(mirror);
    mirror = NULL;
}
FIXTURE_UNUSED static struct mirror_statistics mirror_numbers(void)
{
    struct mirror_statistics s;
    mirror_statistics(mirror, &s);
    return s;
}

FIXTURE_UNUSED static void assert_applied(void)
{
    if (!wait_applied(60000))
        fail_msg("applied %llu of %llu: %s", (unsigned long long)atomic_load(&engine.applied),
                 (unsigned long long)journal_last_csn(engine.journal), mirror_numbers().last_error);
}
FIXTURE_UNUSED static uint64_t counted(enum engine_counter counter)
{
    return engine_counted(&engine, counter);
}

static int mirror_fixture_start(void **state)
{
    if (fixture_start(state)) return -1;
    if (!fixture_there) return 0;
    on_source("CREATE TABLE acct (id NUMBER(9) PRIMARY KEY, n NUMBER(12) NOT NULL, v VARCHAR2(40), grp NUMBER(4), u VARCHAR2(20) UNIQUE, d "
              "DATE, c CLOB)");
    on_source("CREATE TABLE line (a NUMBER(9) NOT NULL, l NUMBER(4) NOT NULL, note VARCHAR2(60), CONSTRAINT line_pk PRIMARY KEY (a, l), "
              "CONSTRAINT line_acct_fk FOREIGN KEY (a) REFERENCES acct (id) ON DELETE CASCADE)");
    on_source("CREATE TABLE trig (id NUMBER(9) PRIMARY KEY, v VARCHAR2(40), up VARCHAR2(40))");
    on_source("CREATE TABLE plain (a NUMBER(9), b VARCHAR2(20))");
    on_source("CREATE TABLE alone (id NUMBER(9) PRIMARY KEY)");
    on_source("CREATE SEQUENCE trig_seq START WITH 1 INCREMENT BY 1");
    on_source("CREATE OR REPLACE TRIGGER trig_bi BEFORE INSERT ON trig FOR EACH ROW BEGIN :NEW.up := UPPER(:NEW.v); END;");
    on_target("CREATE SCHEMA app; SET search_path = app, public;"
              "CREATE TABLE acct (id bigint PRIMARY KEY, n bigint NOT NULL, v varchar(40), grp bigint, u varchar(20) UNIQUE, d "
              "timestamp(0), c text);"
              "CREATE TABLE line (a bigint, l bigint, note varchar(60), PRIMARY KEY (a, l), FOREIGN KEY (a) REFERENCES acct (id) ON DELETE "
              "CASCADE);"
              "CREATE TABLE trig (id bigint PRIMARY KEY, v varchar(40), up varchar(40)); CREATE TABLE plain (a bigint, b varchar(20))");
    catalog_load();
    return 0;
}

/* .. and the mirror runs. */
FIXTURE_UNUSED static int mirror_fixture_begin(void **state)
{
    if (mirror_fixture_start(state)) return -1;
    if (fixture_there) mirror_begin();
    return 0;
}
static int mirror_fixture_stop(void **state)
{
    if (mirror) mirror_end();
    return fixture_stop(state);
}

#endif
