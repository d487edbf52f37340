/* SPDX-License-Identifier: Apache-2.0 */
/* PIVOT and UNPIVOT as written. */
#ifndef SQL_PIVOT_H
#define SQL_PIVOT_H

#include "sql/ast.h"

struct pivot_value {
    struct expression *expression; /* a value or a ROW of values */
    struct view alias;
    struct expression **columns; /* UNPIVOT: the columns of this row */
    uint32_t column_count;
};
struct pivot {
    bool unpivot, include_nulls, xml;
    struct select_item *aggregates; /* PIVOT */
    uint32_t aggregate_count;
    struct view *measures; /* UNPIVOT: names of the value columns */
    uint32_t measure_count;
    struct view *names; /* FOR columns */
    uint32_t name_count;
    struct pivot_value *values;
    uint32_t value_count;
};

#endif
