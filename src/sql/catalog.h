/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Catalog: what the translator knows of the source's objects and how they are named on the target. Built once by the engine
 * (from the source's dictionary, or from PostgreSQL's), then frozen: after sql_catalog_freeze it is read by any thread
 * without locks. A changed dictionary is a new catalog with a higher version.
 */
#ifndef SQL_CATALOG_H
#define SQL_CATALOG_H

#include "base/error.h"
#include "base/view.h"

/* Oracle's types as far as semantics differ. */
enum sql_type {
    SQL_UNKNOWN,
    SQL_NUMBER,
    SQL_INTEGER /* NUMBER(p,0), INTEGER */,
    SQL_FLOAT /* FLOAT(b) */,
    SQL_BINARY_FLOAT,
    SQL_BINARY_DOUBLE,
    SQL_VARCHAR,
    SQL_CHAR,
    SQL_NVARCHAR,
    SQL_NCHAR,
    SQL_CLOB,
    SQL_NCLOB,
    SQL_BLOB,
    SQL_RAW,
    SQL_LONG,
    SQL_LONG_RAW,
    SQL_DATE,
    SQL_TIMESTAMP,
    SQL_TIMESTAMP_TZ,
    SQL_TIMESTAMP_LTZ,
    SQL_INTERVAL_YM,
    SQL_INTERVAL_DS,
    SQL_ROWID,
    SQL_BOOLEAN,
    SQL_CURSOR,
    SQL_XML,
    SQL_JSON,
    SQL_OBJECT,
    SQL_BFILE,
    SQL_TYPE_COUNT
};
const char *sql_type_name(enum sql_type type);

struct sql_column {
    char name[129];   /* source spelling, as in the dictionary (usually upper case) */
    char target[129]; /* target spelling (usually lower case) */
    enum sql_type type;
    int precision, scale, length; /* length in characters or bytes; precision 0: none given; scale of timestamps: fraction digits */
    bool nullable;
    bool has_default;    /* the source fills it */
    bool default_varies; /* the default is not a constant (SYSDATE, sequence, USER) */
    bool identity, generated_virtual;
    uint32_t target_type; /* PostgreSQL type oid where known, else 0 */
};
struct sql_key {
    char name[129];
    bool primary;
    uint16_t columns[32];
    uint16_t column_count;
}; /* column indexes; primary first */
struct sql_foreign_key {
    char name[129];
    char table[129];
    bool cascades;
    uint16_t columns[32];
    uint16_t column_count;
};
struct sql_table {
    char schema[129], name[129];          /* source */
    char target_schema[129], target[129]; /* target */
    bool view;
    bool trigger_insert, trigger_update, trigger_delete; /* source triggers that may change this row or others */
    bool temporary;
    struct sql_column *columns;
    uint32_t column_count;
    struct sql_key *keys;
    uint32_t key_count; /* primary and unique, not null columns first */
    struct sql_foreign_key *foreign_keys;
    uint32_t foreign_key_count;
    uint32_t id; /* index in the catalog */
    void *owner; /* the engine's */
};
struct sql_sequence {
    char schema[129], name[129], target_schema[129], target[129];
    int64_t increment;
};

struct sql_catalog;
struct sql_catalog *sql_catalog_new(void);
void sql_catalog_free(struct sql_catalog *catalog);
/* Builders: copy their argument; the answer may be changed until freeze (columns, keys:
 * until the next one is added to the same table). Target names left empty are made by folding to lower case. */
struct sql_table *sql_catalog_add_table(struct sql_catalog *catalog, const char *schema, const char *name);
struct sql_column *sql_catalog_add_column(struct sql_table *table, const struct sql_column *column);
struct sql_key *sql_catalog_add_key(struct sql_table *table, const struct sql_key *key);
struct sql_foreign_key *sql_catalog_add_foreign_key(struct sql_table *table, const struct sql_foreign_key *key);
void sql_catalog_add_sequence(struct sql_catalog *catalog, const struct sql_sequence *sequence);
void sql_catalog_add_synonym(struct sql_catalog *catalog, const char *schema, const char *name, const char *to_schema,
                             const char *to_name); /* schema "" : public */
void sql_catalog_add_function(struct sql_catalog *catalog, const char *schema,
                              const char *name); /* user-defined: exists on the target too */
void sql_catalog_add_procedure(struct sql_catalog *catalog, const char *schema,
                               const char *name); /* exists on the target too, and none of its parameters gives a value back */
void sql_catalog_freeze(struct sql_catalog *catalog, uint64_t version);

uint64_t sql_catalog_version(const struct sql_catalog *catalog);
/* schema NULL: `current_schema`, then synonyms. Names as in the dictionary. NULL: unknown. */
const struct sql_table *sql_catalog_table(const struct sql_catalog *catalog, const char *current_schema, const char *schema,
                                          const char *name);
const struct sql_sequence *sql_catalog_sequence(const struct sql_catalog *catalog, const char *current_schema, const char *schema,
                                                const char *name);
bool sql_catalog_function(const struct sql_catalog *catalog, const char *current_schema, const char *schema, const char *name);
bool sql_catalog_procedure(const struct sql_catalog *catalog, const char *current_schema, const char *schema, const char *name);
const struct sql_column *sql_table_column(const struct sql_table *table, const char *name);
const struct sql_key *sql_table_primary_key(const struct sql_table *table); /* primary, else first unique key of not-null columns; NULL */
uint32_t sql_catalog_table_count(const struct sql_catalog *catalog);
const struct sql_table *sql_catalog_table_at(const struct sql_catalog *catalog, uint32_t index);
uint32_t sql_catalog_sequence_count(const struct sql_catalog *catalog);
const struct sql_sequence *sql_catalog_sequence_at(const struct sql_catalog *catalog, uint32_t index);

#endif
