/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the limits table, for printing. */
#include "base/limit.h"

#define LIMIT_ROW(name, value, unit, reason, reached) {#name, value, unit, reason, reached},
static const struct limit_row rows[] = {LIMIT_TABLE(LIMIT_ROW)};
enum { COUNT = sizeof rows / sizeof *rows };

size_t limit_count(void)
{
    return COUNT;
}

const struct limit_row *limit_at(size_t index)
{
    return index < COUNT ? &rows[index] : NULL;
}

void limit_print_markdown(struct buffer *out)
{
    buffer_append_text(out, "| limit | value | what it bounds | when it is reached |\n|---|---|---|---|\n");
    for (size_t i = 0; i < COUNT; i++) {
        const struct limit_row *row = &rows[i];
        buffer_append_text(out, "| `");
        for (const char *c = row->name; *c; c++) buffer_u8(out, (uint8_t)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c));
        buffer_printf(out, "` | %llu %s | %s | %s |\n", (unsigned long long)row->value, row->unit, row->reason, row->reached);
    }
}
