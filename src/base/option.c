/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration by its table, with errors that say what to write instead. */
#include "base/option.h"

#include "base/memory.h"
#include "base/option_value.h"

#include <stdio.h>

static void *member(const struct option_row *row, void *config)
{
    return (char *)config + row->offset;
}

static bool width_fits(const struct option_row *row)
{
    size_t size = row->size;
    bool integer = size == 1 || size == 2 || size == 4 || size == 8;
    switch (row->kind) {
    case OPTION_BOOLEAN: return size == sizeof(bool);
    case OPTION_REAL: return size == sizeof(double);
    case OPTION_TEXT: return size > 1 && size <= INI_VALUE_MAX;
    case OPTION_CHOICE: return size == sizeof(int) && row->choices && row->choices[0];
    case OPTION_DURATION: return integer && row->unit && (!strcmp(row->unit, "us") || !strcmp(row->unit, "ms") || !strcmp(row->unit, "s"));
    default: return integer;
    }
}

void option_check(const struct option_table *table)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "members narrower than 64 bits are written from the low end");
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        CHECK(row->section && row->name && row->description && row->description[0]);
        CHECK(width_fits(row));
        CHECK(option_find(table, view_text(row->section), view_text(row->name)) == row);
        char *scratch = memory_zero(1, row->offset + row->size);
        bool parsed = !row->fallback || option_put(row, scratch, view_text(row->fallback));
        memory_free(scratch);
        if (!parsed) fprintf(stderr, "default of option %s.%s\n", row->section, row->name);
        CHECK(parsed);
    }
}

void option_defaults(const struct option_table *table, void *config)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        memset(member(row, config), 0, row->size);
        if (row->fallback) CHECK(option_put(row, config, view_text(row->fallback)));
    }
}

const struct option_row *option_find(const struct option_table *table, struct view section, struct view name)
{
    for (size_t i = 0; i < table->count; i++)
        if (view_equal(section, view_text(table->rows[i].section)) && view_equal(name, view_text(table->rows[i].name)))
            return &table->rows[i];
    return NULL;
}

void option_print_expected(const struct option_row *row, struct buffer *out)
{
    static const char *const kinds[] = {[OPTION_INTEGER] = "a whole number",
                                        [OPTION_SIZE] = "a size such as 64M",
                                        [OPTION_DURATION] = "a duration such as 30s",
                                        [OPTION_PERCENT] = "a percentage"};
    switch (row->kind) {
    case OPTION_BOOLEAN: buffer_append_text(out, "true or false"); return;
    case OPTION_TEXT: buffer_printf(out, "a text of at most %zu bytes", row->size - 1); return;
    case OPTION_CHOICE:
        for (int i = 0; row->choices[i]; i++) buffer_printf(out, "%s%s", i == 0 ? "one of " : ", ", row->choices[i]);
        return;
    case OPTION_REAL:
        buffer_append_text(out, "a number");
        if (row->minimum || row->maximum) buffer_printf(out, ", %lld to %lld", (long long)row->minimum, (long long)row->maximum);
        return;
    default:
        buffer_append_text(out, kinds[row->kind]);
        buffer_append_text(out, ", ");
        option_print_bounds(row, out);
        if (row->kind == OPTION_DURATION) buffer_printf(out, ", in whole %s", row->unit);
        return;
    }
}

bool option_set(const struct option_row *row, void *config, struct view value, struct ini_place place, struct error *error)
{
    if (option_put(row, config, view_trim(value))) return true;
    struct buffer expected;
    buffer_init(&expected, 0);
    option_print_expected(row, &expected);
    char where[300] = "";
    if (place.file) snprintf(where, sizeof where, "%s:%u: ", place.file, place.line);
    struct view shown = row->secret ? view_text("********") : view_of(value.data, value.size < 80 ? value.size : 80);
    error_set(error, place.file ? ERROR_CONFIG : ERROR_USAGE, "%s%s.%s = " VIEW_FORMAT " is not possible: write " VIEW_FORMAT, where,
              row->section, row->name, VIEW_ARGUMENTS(shown), VIEW_ARGUMENTS(buffer_view(&expected)));
    buffer_release(&expected);
    return false;
}

/* ---- reading a file ---- */

struct reading {
    const struct option_table *table;
    void *config;
    unsigned *lines; /* where each row was given; 0: not yet */
    ini_pair *other;
    void *context;
};

/* Letters to change, add or drop to come from one name to the other; names are short. */
static unsigned distance(struct view a, struct view b)
{
    enum { LONGEST = 63 };
    unsigned row[LONGEST + 1];
    if (a.size > LONGEST || b.size > LONGEST) return LONGEST;
    for (unsigned j = 0; j <= b.size; j++) row[j] = j;
    for (size_t i = 0; i < a.size; i++) {
        unsigned diagonal = row[0]++;
        for (size_t j = 0; j < b.size; j++) {
            unsigned change = diagonal + (a.data[i] != b.data[j]);
            unsigned drop = row[j + 1] + 1, add = row[j] + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < drop ? (change < add ? change : add) : (drop < add ? drop : add);
        }
    }
    return row[b.size];
}

static bool section_known(const struct option_table *table, struct view section)
{
    for (size_t i = 0; i < table->count; i++)
        if (view_equal(section, view_text(table->rows[i].section))) return true;
    return false;
}

static bool unknown_section(const struct option_table *table, struct ini_place place, struct view section, struct error *error)
{
    const char *nearest = NULL;
    unsigned best = 3;
    for (size_t i = 0; i < table->count; i++) {
        unsigned d = distance(section, view_text(table->rows[i].section));
        if (d >= best) continue;
        best = d;
        nearest = table->rows[i].section;
    }
    if (section.size == 0) return error_set(error, ERROR_CONFIG, "%s:%u: option before the first [section]", place.file, place.line);
    return error_set(error, ERROR_CONFIG, "%s:%u: there is no section [" VIEW_FORMAT "]%s%s%s", place.file, place.line,
                     VIEW_ARGUMENTS(section), nearest ? "; did you mean [" : "", nearest ? nearest : "", nearest ? "]?" : "");
}

static bool unknown_name(const struct option_table *table, struct ini_place place, struct view section, struct view name,
                         struct error *error)
{
    const struct option_row *nearest = NULL;
    unsigned best = (unsigned)(name.size < 63 ? name.size : 63) / 3 + 2;
    for (size_t i = 0; i < table->count; i++) {
        bool elsewhere = !view_equal(section, view_text(table->rows[i].section));
        unsigned d = distance(name, view_text(table->rows[i].name)) + elsewhere;
        if (d >= best) continue;
        best = d;
        nearest = &table->rows[i];
    }
    if (!nearest)
        return error_set(error, ERROR_CONFIG, "%s:%u: section [" VIEW_FORMAT "] has no option '" VIEW_FORMAT "'", place.file, place.line,
                         VIEW_ARGUMENTS(section), VIEW_ARGUMENTS(name));
    return error_set(error, ERROR_CONFIG, "%s:%u: section [" VIEW_FORMAT "] has no option '" VIEW_FORMAT "'; did you mean %s in [%s]?",
                     place.file, place.line, VIEW_ARGUMENTS(section), VIEW_ARGUMENTS(name), nearest->name, nearest->section);
}

static bool take_pair(void *context, struct ini_place place, struct view section, struct view name, struct view value, struct error *error)
{
    struct reading *reading = context;
    const struct option_table *table = reading->table;
    if (!section_known(table, section)) {
        if (reading->other) return reading->other(reading->context, place, section, name, value, error);
        return unknown_section(table, place, section, error);
    }
    const struct option_row *row = option_find(table, section, name);
    if (!row) return unknown_name(table, place, section, name, error);
    unsigned *line = &reading->lines[row - table->rows];
    if (*line)
        return error_set(error, ERROR_CONFIG, "%s:%u: %s.%s stands in line %u already; remove one", place.file, place.line, row->section,
                         row->name, *line);
    *line = place.line;
    return option_set(row, reading->config, value, place, error);
}

static bool nothing_missing(const struct reading *reading, const char *file, struct error *error)
{
    for (size_t i = 0; i < reading->table->count; i++) {
        const struct option_row *row = &reading->table->rows[i];
        if (!row->fallback && !reading->lines[i])
            return error_set(error, ERROR_CONFIG, "%s: %s.%s is missing: %s", file, row->section, row->name, row->description);
    }
    return true;
}

bool option_read(const struct option_table *table, struct view text, const char *file, void *config, ini_pair *other, void *context,
                 struct error *error)
{
    struct reading reading = {.table = table, .config = config, .other = other, .context = context};
    reading.lines = memory_zero(table->count, sizeof *reading.lines);
    option_defaults(table, config);
    bool good = ini_read(text, file, take_pair, &reading, error) && nothing_missing(&reading, file, error);
    memory_free(reading.lines);
    return good;
}

bool option_read_file(const struct option_table *table, const char *file, void *config, ini_pair *other, void *context, struct error *error)
{
    struct buffer text;
    buffer_init(&text, INI_FILE_MAX);
    bool good = ini_load(file, &text, error) && option_read(table, buffer_view(&text), file, config, other, context, error);
    buffer_release(&text);
    return good;
}

void option_reload(const struct option_table *table, void *running, const void *fresh, option_changed *changed, void *context)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        const char *from = (const char *)fresh + row->offset;
        if (memcmp(member(row, running), from, row->size) == 0) continue;
        if (row->reloadable) memcpy(member(row, running), from, row->size);
        if (changed) changed(context, row, row->reloadable);
    }
}
