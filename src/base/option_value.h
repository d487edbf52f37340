/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options, for the other files of base/option. */
#ifndef BASE_OPTION_VALUE_H
#define BASE_OPTION_VALUE_H

#include "base/option.h"

struct option_bounds {
    int64_t minimum, maximum;
};
struct option_bounds option_bounds(const struct option_row *row);
void option_print_bounds(const struct option_row *row, struct buffer *out);             /* "1K to 64G" */
bool option_put(const struct option_row *row, void *config, struct view text) MUST_USE; /* false: not of the kind, or out of bounds */
void option_print_expected(const struct option_row *row, struct buffer *out);           /* "a size from 1K to 64G, such as 1M" */

#endif
