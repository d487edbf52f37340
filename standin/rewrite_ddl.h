/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that hold DDL: a table being described, and the steps that write the dictionary. */
#ifndef STANDIN_REWRITE_DDL_H
#define STANDIN_REWRITE_DDL_H

#include "standin/rewrite.h"

struct ddl_column {
    const char *name;
    struct sql_type type;
    bool not_null, computed, primary, unique, hidden;
    int generated; /* COLUMN_IDENTITY_.. of dictionary.h */
    const char *default_text, *default_stored;
    const char *computed_text; /* MariaDB's expression */
};
struct ddl_constraint {
    const char *name;
    bool generated; /* the name was made up */
    char type;      /* P U R C, N: NOT NULL */
    const char *columns[32];
    uint32_t column_count;
    const char *condition, *condition_stored;
    const struct dictionary_object *referenced;
    const char *referenced_columns[32];
    uint32_t referenced_count;
    const char *referenced_constraint;
    const char *delete_rule;
};
enum { DDL_COLUMN_MAX = 1000, DDL_CONSTRAINT_MAX = 200 };
struct ddl_table {
    const char *owner, *name;
    struct ddl_column *columns;
    uint32_t column_count;
    struct ddl_constraint *constraints;
    uint32_t constraint_count;
    struct source *source;                    /* for checks and virtual columns; grows with the columns */
    const struct dictionary_object *existing; /* ALTER: the table as it is */
};

void ddl_table_init(struct rewriter *rw, struct ddl_table *table, const char *owner, const char *name,
                    const struct dictionary_object *existing);
void ddl_parse_column(struct rewriter *rw, struct ddl_table *table);
bool ddl_parse_constraint(struct rewriter *rw, struct ddl_table *table); /* out-of-line; false: none here */
const char *ddl_column_text(struct rewriter *rw, const struct ddl_table *table, const struct ddl_column *column);
const char *ddl_length_check(struct rewriter *rw, const struct ddl_column *column); /* NULL: none needed */
const char *ddl_constraint_text(struct rewriter *rw, const struct ddl_table *table,
                                const struct ddl_constraint *constraint); /* NULL: no part of its own */
void ddl_skip_storage(struct rewriter *rw);

/* Dictionary steps. */
void ddl_object_steps(struct rewriter *rw, const char *owner, const char *name, const char *type);
void ddl_column_step(struct rewriter *rw, const char *owner, const char *table, const char *type, const struct ddl_column *column,
                     uint32_t position);
void ddl_constraint_steps(struct rewriter *rw, const char *owner, const char *table, const struct ddl_constraint *constraint);
void ddl_index_steps(struct rewriter *rw, const char *owner, const char *name, const char *table_owner, const char *table, bool unique,
                     const char *stored);
void ddl_index_column_step(struct rewriter *rw, const char *owner, const char *name, const char *table_owner, const char *table,
                           const char *column, uint32_t position, bool descending, const char *expression);
void ddl_dependency_steps(struct rewriter *rw, const char *owner, const char *name, const char *type);
void ddl_drop_object_steps(struct rewriter *rw, const struct dictionary_object *object);
void ddl_number_step(struct rewriter *rw, uint32_t number);
const char *ddl_stored_name(struct rewriter *rw, const struct ddl_constraint *constraint);
bool ddl_name_free(struct rewriter *rw, const char *owner, const char *name); /* fails with ORA-00955 */
void ddl_identity(struct rewriter *rw, struct ddl_table *table, struct ddl_column *column);

#endif
