/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog of a small media-metadata application, for the translator's tests. */
#ifndef TESTS_SQL_CATALOG_H
#define TESTS_SQL_CATALOG_H

#include "sql/catalog.h"
#include <stdio.h>

static inline struct sql_column *catalog_column(struct sql_table *table, const char *name, enum sql_type type, int precision, int scale,
                                                int length, bool nullable)
{
    struct sql_column column = {.type = type, .precision = precision, .scale = scale, .length = length, .nullable = nullable};
    snprintf(column.name, sizeof column.name, "%s", name);
    return sql_catalog_add_column(table, &column);
}

static inline void catalog_key(struct sql_table *table, const char *name, bool primary, uint16_t first, int second)
{
    struct sql_key key = {.primary = primary, .columns = {first, (uint16_t)(second < 0 ? 0 : second)}, .column_count = second < 0 ? 1 : 2};
    snprintf(key.name, sizeof key.name, "%s", name);
    sql_catalog_add_key(table, &key);
}

/* ASSET, OWNER, TAG (key of two columns), RENDITION (identity, default that varies), AUDITED (triggers), NOTE (no key), CHILD (cascade),
 * "Mixed" (quoted names), V_ASSET (view), ASSET_SEQ, synonym MEDIA for ASSET, function APP.SCORE_OF, procedures APP.TOUCH and TOOLS.CLEAN. */
static inline struct sql_catalog *catalog_of_media(void)
{
    struct sql_catalog *catalog = sql_catalog_new();
    struct sql_table *t = sql_catalog_add_table(catalog, "APP", "ASSET");
    catalog_column(t, "ID", SQL_INTEGER, 12, 0, 0, false);
    catalog_column(t, "TITLE", SQL_VARCHAR, 0, 0, 200, true);
    catalog_column(t, "KIND", SQL_CHAR, 0, 0, 5, true);
    catalog_column(t, "PRICE", SQL_NUMBER, 10, 2, 0, true);
    catalog_column(t, "CREATED", SQL_DATE, 0, 0, 0, false);
    catalog_column(t, "UPDATED", SQL_TIMESTAMP, 0, 6, 0, true);
    catalog_column(t, "VERSION", SQL_INTEGER, 9, 0, 0, false);
    catalog_column(t, "BODY", SQL_CLOB, 0, 0, 0, true);
    catalog_column(t, "HASH", SQL_RAW, 0, 0, 16, true);
    catalog_column(t, "OWNER_ID", SQL_INTEGER, 12, 0, 0, true);
    catalog_column(t, "RATING", SQL_BINARY_DOUBLE, 0, 0, 0, true);
    catalog_column(t, "PARENT_ID", SQL_INTEGER, 12, 0, 0, true);
    catalog_column(t, "SEEN", SQL_TIMESTAMP_TZ, 0, 6, 0, true);
    catalog_key(t, "ASSET_UK", false, 1, -1);
    catalog_key(t, "ASSET_PK", true, 0, -1);

    t = sql_catalog_add_table(catalog, "APP", "OWNER");
    catalog_column(t, "ID", SQL_INTEGER, 12, 0, 0, false);
    catalog_column(t, "NAME", SQL_VARCHAR, 0, 0, 100, false);
    catalog_column(t, "EMAIL", SQL_VARCHAR, 0, 0, 100, true);
    catalog_key(t, "OWNER_PK", true, 0, -1);

    t = sql_catalog_add_table(catalog, "APP", "TAG");
    catalog_column(t, "ASSET_ID", SQL_INTEGER, 12, 0, 0, false);
    catalog_column(t, "NAME", SQL_VARCHAR, 0, 0, 50, false);
    catalog_column(t, "WEIGHT", SQL_NUMBER, 0, 5, 0, true);
    catalog_key(t, "TAG_PK", true, 0, 1);
    struct sql_foreign_key cascade = {.name = "TAG_ASSET_FK", .table = "OWNER", .cascades = true, .columns = {0}, .column_count = 1};
    sql_catalog_add_foreign_key(t, &cascade);

    t = sql_catalog_add_table(catalog, "APP", "RENDITION");
    catalog_column(t, "ID", SQL_INTEGER, 12, 0, 0, false)->identity = true;
    catalog_column(t, "ASSET_ID", SQL_INTEGER, 12, 0, 0, false);
    struct sql_column *made = catalog_column(t, "MADE", SQL_DATE, 0, 0, 0, false);
    made->has_default = made->default_varies = true;
    catalog_column(t, "FORMAT", SQL_VARCHAR, 0, 0, 20, true)->has_default = true;
    catalog_key(t, "RENDITION_PK", true, 0, -1);

    t = sql_catalog_add_table(catalog, "APP", "AUDITED");
    catalog_column(t, "ID", SQL_INTEGER, 12, 0, 0, false);
    catalog_column(t, "WHAT", SQL_VARCHAR, 0, 0, 20, true);
    catalog_key(t, "AUDITED_PK", true, 0, -1);
    t->trigger_insert = t->trigger_update = t->trigger_delete = true;

    t = sql_catalog_add_table(catalog, "APP", "NOTE");
    catalog_column(t, "ASSET_ID", SQL_INTEGER, 12, 0, 0, true);
    catalog_column(t, "TEXT", SQL_VARCHAR, 0, 0, 2000, true);

    t = sql_catalog_add_table(catalog, "APP", "Mixed");
    catalog_column(t, "Id", SQL_INTEGER, 12, 0, 0, false);
    catalog_column(t, "LIMIT", SQL_VARCHAR, 0, 0, 20, true);
    catalog_key(t, "Mixed_PK", true, 0, -1);

    t = sql_catalog_add_table(catalog, "APP", "V_ASSET");
    catalog_column(t, "ID", SQL_INTEGER, 12, 0, 0, false);
    catalog_column(t, "TITLE", SQL_VARCHAR, 0, 0, 200, true);
    t->view = true;

    struct sql_sequence sequence = {.schema = "APP", .name = "ASSET_SEQ", .increment = 1};
    sql_catalog_add_sequence(catalog, &sequence);
    sql_catalog_add_synonym(catalog, "", "MEDIA", "APP", "ASSET");
    sql_catalog_add_function(catalog, "APP", "SCORE_OF");
    sql_catalog_add_procedure(catalog, "APP", "TOUCH");
    sql_catalog_add_procedure(catalog, "TOOLS", "CLEAN");
    sql_catalog_freeze(catalog, 7);
    return catalog;
}

#endif
