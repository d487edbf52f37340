/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translator's door: one Oracle statement in, a plan out. Pure (no I/O), re-entrant, any thread. Lexer, full parser to an AST,
 * ordered rewrites with types from the catalog, emitter. What it cannot translate exactly it says: approximate (with the
 * difference), passed through, or refused with line, column, reason and advice. Unknown never passes silently.
 *
 * A plan is immutable and reference-counted; it is valid for the catalog version it was made with.
 */
#ifndef SQL_TRANSLATE_H
#define SQL_TRANSLATE_H

#include "base/arena.h"
#include "sql/catalog.h"

enum sql_state { SQL_EXACT, SQL_APPROXIMATE, SQL_PASSED, SQL_REFUSED, SQL_UNPARSED, SQL_STATE_COUNT };
enum sql_kind {
    SQL_SELECT,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_DELETE,
    SQL_MERGE,
    SQL_INSERT_ALL,
    SQL_PLSQL /* block or CALL. A block of one INSERT, UPDATE, DELETE or MERGE is translated as that statement (class, key, texts);
                 its row count on the source is 1 */
    ,
    SQL_DDL,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_ROLLBACK_TO,
    SQL_SAVEPOINT,
    SQL_SET_TRANSACTION,
    SQL_LOCK_TABLE,
    SQL_ALTER_SESSION,
    SQL_EXPLAIN,
    SQL_OTHER,
    SQL_KIND_COUNT
};
/* DESIGN.md section 4. */
enum sql_class {
    SQL_CLASS_READ,      /* changes nothing */
    SQL_CLASS_EXACT,     /* deterministic, by key or literal values: replay in commit order gives the same row */
    SQL_CLASS_IMAGE,     /* values we cannot know: the row is read from the primary after commit */
    SQL_CLASS_PREDICATE, /* over a predicate: replay may touch other rows than the source did */
    SQL_CLASS_OPAQUE, /* PL/SQL, DDL, refused or unparsed writes. A refused write whose row is known by key is IMAGE: its row is read as any image is */
    SQL_CLASS_CONTROL, /* transaction and session control */
    SQL_CLASS_COUNT
};
enum sql_severity { SQL_NOTE, SQL_DIFFERENCE, SQL_REFUSAL };
struct sql_finding {
    enum sql_severity severity;
    uint32_t line, column;
    const char *rule;
    const char *reason;
    const char *advice;
};

/* Where a target parameter $n comes from. */
struct sql_bind {
    const char *name;   /* as in the source without the colon, upper case; positional: "1", "2", .. */
    uint32_t position;  /* 0-based index among the source's bind occurrences as the drivers number them: each occurrence of
                                :x in SQL is one position for positional binding; drivers that bind by name send one value per
                                distinct name in first-occurrence order; see source_binds */
    enum sql_type type; /* type wanted by the place it stands in; SQL_UNKNOWN: take the bind's own */
    const char
        *cast;  /* PostgreSQL type to cast to when the value's own type must be forced; NULL: inferred. The cast stands in the text. */
    int length; /* type SQL_CHAR: the column's length: a bind that is itself of a fixed-length type is blank-padded to it */
};
/* How one key column (or inserted/updated column) of the written table gets its value. */
enum sql_source_of_value { SQL_FROM_BIND, SQL_FROM_LITERAL, SQL_FROM_RETURNING, SQL_FROM_NOWHERE };
struct sql_key_part {
    uint16_t column; /* index in the table */
    enum sql_source_of_value from;
    uint32_t bind;       /* SQL_FROM_BIND / SQL_FROM_RETURNING: index into source_binds */
    struct view literal; /* SQL_FROM_LITERAL: text of a number or string */
    enum sql_type literal_type;
};
struct sql_table_use {
    const struct sql_table *table;
    bool read, written;
};
/* A table as the statement names it, folded as the source folds; schema "": none written. Also of tables that the catalog does not know. */
struct sql_name_use {
    const char *schema, *name;
    bool read, written;
};
struct sql_result_column {
    const char *name;
    enum sql_type type;
    int precision, scale, length;
    bool nullable;
}; /* name as Oracle would say it (upper case or as aliased) */

struct sql_plan {
    enum sql_kind kind;
    enum sql_state state;
    enum sql_class class_;
    uint64_t fingerprint; /* of the token stream with literals replaced; same for texts that differ in blanks, comments, case, literals */
    const char *source_text; /* the statement, NUL-terminated */
    const char *normal_text; /* fingerprint text: for people */
    const char *
        target_text; /* with $1..; NULL when refused, and where there is nothing to do on the target. INSERT ALL over a query answers one row
                                          with one column, the number of rows inserted */
    const char *returning_text; /* DML by us as primary: as target_text plus RETURNING of every column of the written table in column order
                                          (image); then the RETURNING INTO expressions; NULL when it cannot be said */
    uint32_t returning_image_count; /* image columns at the front of returning_text's rows */
    struct sql_bind *binds;
    uint32_t bind_count; /* $1 .. $n */
    const char **source_binds;
    uint32_t source_bind_count; /* every bind occurrence of the source in order, names upper case; RETURNING INTO targets
                                          too. Blocks: every name once, in order of first occurrence, as drivers number them there */
    uint32_t *return_binds;
    uint32_t return_bind_count; /* indexes into source_binds: INTO targets */
    const char
        *returning_into_text; /* as target_text plus RETURNING of exactly the INTO expressions, for serving without image; NULL: none */
    struct sql_table_use *tables;
    uint32_t table_count;
    struct sql_name_use *names; /* for reports; of PL/SQL and of texts that were not read to their end: what looks like a table */
    uint32_t name_count;
    const struct sql_table *written; /* the one table written, NULL: none or several */
    const struct sql_key *key;       /* key whose columns are all known from the statement; NULL: not by key */
    struct sql_key_part *key_parts;  /* one per key column */
    bool key_changes;                /* an UPDATE assigns a key column */
    struct sql_key_part *assigned;
    uint32_t
        assigned_count; /* written columns whose value is a plain bind or literal; key columns that an UPDATE assigns anything else: SQL_FROM_NOWHERE */
    bool for_update;
    uint32_t lock_wait_s; /* FOR UPDATE WAIT n; 0: no limit. Whoever runs target_text sets lock_timeout around it */
    bool pure;            /* a query without side effects: may be shadowed and served by the target */
    bool volatile_;       /* its answer depends on time, session or chance (SYSDATE, SYS_CONTEXT, DBMS_RANDOM): not comparable */
    bool ordered;         /* ORDER BY decides the order of all rows (total order by a key); else compare as multiset */
    bool order_by;        /* there is an ORDER BY at all */
    bool single_row;      /* at most one row, by key */
    bool uses_sequence;   /* NEXTVAL or CURRVAL */
    bool uses_rowid;
    const char *savepoint; /* SAVEPOINT / ROLLBACK TO name */
    const char *session_parameter;
    const char *session_value; /* ALTER SESSION SET p = v, first pair */
    struct sql_result_column *columns;
    uint32_t column_count; /* queries: what is known of the result; 0: unknown */
    struct sql_finding *findings;
    uint32_t finding_count;
    bool overridden;     /* by the mapping file */
    uint64_t generation; /* of the translation: changes when an override comes or goes */
};

struct sql_options {
    const struct sql_catalog *catalog; /* NULL: nothing is known; types come from literals only */
    const char *current_schema;        /* as ALTER SESSION SET CURRENT_SCHEMA or the user; upper case */
    const char *function_schema;       /* target schema of our own functions: "understudy" */
    bool binary_collation;             /* the target database's default collation is "C": no COLLATE is written */
    size_t text_max;                   /* longest statement; default 1 MiB */
    uint32_t depth_max;                /* deepest nesting; default 200 */
};
void sql_options_default(struct sql_options *options);
/* Never fails: what cannot be read is a plan with SQL_UNPARSED or SQL_REFUSED and findings. The caller owns one reference. */
struct sql_plan *sql_translate(const struct sql_options *options, struct view statement);
struct sql_plan *sql_plan_ref(const struct sql_plan *plan);
void sql_plan_unref(struct sql_plan *plan);
/* A plan made from an operator's override: kind, tables, fingerprint from the source text (parsed if it can be), target text as given. `tables`: names
 * "SCHEMA.TABLE" that it touches, comma-separated; NULL: as parsed. */
struct sql_plan *sql_plan_override(const struct sql_options *options, struct view statement, const char *target_text,
                                   const char *bind_order, const char *tables, uint64_t generation);

const char *sql_state_name(enum sql_state state);
const char *sql_kind_name(enum sql_kind kind);
const char *sql_class_name(enum sql_class class_);
/* The first word decides (comments, hints, brackets, labels skipped): cheap, for the tap. */
enum sql_kind sql_kind_quick(struct view statement);
uint64_t sql_fingerprint(struct view statement);

/* ORA number for a PostgreSQL SQLSTATE and back (docs: error map). constraint may be NULL; fills text "ORA-00001: unique constraint (S.C) violated". */
int sql_error_to_ora(const char *sqlstate, const char *constraint, const char *message, const char *schema, char *text, size_t size);

/* The DDL and functions that must stand on the target: one script, idempotent, schema `understudy`. */
extern const char sql_runtime_script[];

#endif
