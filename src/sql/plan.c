/* SPDX-License-Identifier: Apache-2.0 */
/* Plan: what is kept of a translation, in one arena that is given back with the last reference. */
#include "sql/plan.h"
#include "base/memory.h"
#include <stdatomic.h>

struct plan_holder {
    struct sql_plan plan; /* first: the plan's address is the holder's */
    atomic_uint references;
    struct arena arena;
};

struct sql_plan *plan_new(struct arena **arena)
{
    struct plan_holder *holder = memory_zero(1, sizeof *holder);
    atomic_init(&holder->references, 1);
    arena_init(&holder->arena, 0);
    *arena = &holder->arena;
    return &holder->plan;
}

struct arena *plan_arena(struct sql_plan *plan)
{
    return &((struct plan_holder *)plan)->arena;
}

struct sql_plan *sql_plan_ref(const struct sql_plan *plan)
{
    struct plan_holder *holder = (struct plan_holder *)(uintptr_t)plan;
    atomic_fetch_add_explicit(&holder->references, 1, memory_order_relaxed);
    return &holder->plan;
}

void sql_plan_unref(struct sql_plan *plan)
{
    struct plan_holder *holder = (struct plan_holder *)plan;
    if (!plan || atomic_fetch_sub_explicit(&holder->references, 1, memory_order_acq_rel) != 1) return;
    arena_release(&holder->arena);
    memory_free(holder);
}

void sql_options_default(struct sql_options *options)
{
    *options = (struct sql_options){.function_schema = "understudy", .text_max = 1 << 20, .depth_max = 200};
}

const char *sql_state_name(enum sql_state state)
{
    static const char *const names[SQL_STATE_COUNT] = {"exact", "approximate", "passed", "refused", "unparsed"};
    return state < SQL_STATE_COUNT ? names[state] : "?";
}

const char *sql_kind_name(enum sql_kind kind)
{
    static const char *const names[SQL_KIND_COUNT] = {
        "select",   "insert",      "update",    "delete",          "merge",      "insert all",    "pl/sql",  "ddl",  "commit",
        "rollback", "rollback to", "savepoint", "set transaction", "lock table", "alter session", "explain", "other"};
    return kind < SQL_KIND_COUNT ? names[kind] : "?";
}

const char *sql_class_name(enum sql_class class_)
{
    static const char *const names[SQL_CLASS_COUNT] = {"read", "exact", "image", "predicate", "opaque", "control"};
    return class_ < SQL_CLASS_COUNT ? names[class_] : "?";
}

const char *sql_type_name(enum sql_type type)
{
    static const char *const names[SQL_TYPE_COUNT] = {"unknown",
                                                      "NUMBER",
                                                      "INTEGER",
                                                      "FLOAT",
                                                      "BINARY_FLOAT",
                                                      "BINARY_DOUBLE",
                                                      "VARCHAR2",
                                                      "CHAR",
                                                      "NVARCHAR2",
                                                      "NCHAR",
                                                      "CLOB",
                                                      "NCLOB",
                                                      "BLOB",
                                                      "RAW",
                                                      "LONG",
                                                      "LONG RAW",
                                                      "DATE",
                                                      "TIMESTAMP",
                                                      "TIMESTAMP WITH TIME ZONE",
                                                      "TIMESTAMP WITH LOCAL TIME ZONE",
                                                      "INTERVAL YEAR TO MONTH",
                                                      "INTERVAL DAY TO SECOND",
                                                      "ROWID",
                                                      "BOOLEAN",
                                                      "REF CURSOR",
                                                      "XMLTYPE",
                                                      "JSON",
                                                      "OBJECT",
                                                      "BFILE"};
    return type < SQL_TYPE_COUNT && names[type] ? names[type] : "?";
}
