/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classification: what the mirror and the shadow must know of a statement. Runs over the resolved tree before the rewrites change it;
 * class_finish adds what the rewrites found.
 */
#ifndef SQL_CLASS_H
#define SQL_CLASS_H

#include "sql/translation.h"

struct classification {
    enum sql_class class_;
    const struct sql_table *written;
    const struct sql_key *key;
    struct sql_key_part *key_parts;
    bool key_changes;
    struct sql_key_part *assigned;
    uint32_t assigned_count;
    bool ordered, order_by, single_row, for_update;
    uint32_t lock_wait_s;
    bool reads_tables; /* in a change: some table is read to find values or rows */
    bool chance;       /* ROWNUM and the like decide which rows are changed */
    bool several;      /* more than one table is written */
    bool by_values;    /* INSERT whose rows are all in the statement */
    bool side_effects; /* triggers, cascades, defaults that vary, a view */
};

void classify_statement(struct translation *t, struct statement *s, struct classification *c);
void classify_finish(struct translation *t, const struct statement *s, struct classification *c);

#endif
