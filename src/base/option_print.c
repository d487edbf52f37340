/* SPDX-License-Identifier: Apache-2.0 */
/* The documentation that an option table carries: markdown, terminal text, and the example file. */
#include "base/option.h"

#include "base/option_value.h"

static bool begins_section(const struct option_table *table, size_t i)
{
    return i == 0 || strcmp(table->rows[i].section, table->rows[i - 1].section) != 0;
}

static const char *unit_of(const struct option_row *row)
{
    return row->kind == OPTION_DURATION || !row->unit ? "" : row->unit;
}

/* "a whole number, 1 to 64 (connections)" */
static void print_kind(const struct option_row *row, struct buffer *out)
{
    option_print_expected(row, out);
    if (*unit_of(row)) buffer_printf(out, " (%s)", unit_of(row));
}

/* A bar would end a cell of a markdown table. */
static void print_cell(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|') buffer_u8(out, '\\');
        buffer_u8(out, (uint8_t)*text);
    }
}

void option_print_markdown(const struct option_table *table, struct buffer *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        if (begins_section(table, i))
            buffer_printf(out, "%s## [%s]\n\n| option | value | default | reload | what it does |\n|---|---|---|---|---|\n", i ? "\n" : "",
                          row->section);
        buffer_printf(out, "| `%s` | ", row->name);
        print_kind(row, out);
        if (!row->fallback)
            buffer_append_text(out, " | *must be given* | ");
        else if (!*row->fallback)
            buffer_append_text(out, " | *empty* | ");
        else
            buffer_printf(out, " | `%s` | ", row->fallback);
        buffer_append_text(out, row->reloadable ? "yes | " : "no | ");
        print_cell(out, row->description);
        buffer_append_text(out, " |\n");
    }
}

/* Words of the text on lines of at most 100 columns, each line after the prefix. */
static void print_wrapped(struct buffer *out, const char *prefix, const char *text)
{
    enum { WIDTH = 100 };
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > 0 && column + 1 + word > WIDTH) {
            buffer_u8(out, '\n');
            column = 0;
        }
        buffer_append_text(out, column ? " " : prefix);
        column += column ? 1 : strlen(prefix);
        buffer_append(out, text, word);
        column += word;
        text += word + strspn(text + word, " ");
    }
    buffer_u8(out, '\n');
}

void option_print_text(const struct option_table *table, const void *config, struct buffer *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        if (begins_section(table, i)) buffer_printf(out, "%s[%s]\n", i ? "\n" : "", row->section);
        buffer_printf(out, "%s", row->name);
        if (config) {
            buffer_append_text(out, " = ");
            option_print_value(row, config, out);
        }
        buffer_append_text(out, "\n    ");
        print_kind(row, out);
        if (row->fallback)
            buffer_printf(out, "; default %s", *row->fallback ? row->fallback : "empty");
        else
            buffer_append_text(out, "; must be given");
        buffer_append_text(out, row->reloadable ? "; can be reloaded\n" : "\n");
        print_wrapped(out, "    ", row->description);
    }
}

void option_print_ini(const struct option_table *table, struct buffer *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        if (begins_section(table, i)) buffer_printf(out, "%s[%s]\n", i ? "\n" : "", row->section);
        buffer_u8(out, '\n');
        print_wrapped(out, "# ", row->description);
        buffer_append_text(out, "# Value: ");
        print_kind(row, out);
        buffer_append_text(out, row->reloadable ? "; can be reloaded.\n" : ".\n");
        buffer_printf(out, "%s%s = %s\n", row->fallback ? "#" : "", row->name, row->fallback ? row->fallback : "");
    }
}
