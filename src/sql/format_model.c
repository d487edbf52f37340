/* SPDX-License-Identifier: Apache-2.0 */
/* Datetime format models. */
#include "sql/format_model.h"
#include "base/buffer.h"
#include <stdio.h>

enum field { FIELD_NONE, FIELD_YEAR, FIELD_MONTH, FIELD_DAY, FIELD_HOUR24, FIELD_MINUTE, FIELD_SECOND, FIELD_FRACTION };
struct element {
    const char *oracle;
    const char *target; /* the same when printed; NULL: differs */
    enum field field;   /* when read: plain digits */
    uint8_t digits;
    bool word; /* case of the element decides the case of the output */
};
/* Longest first where one begins with another. */
static const struct element elements[] = {
    {"YYYY", "YYYY", FIELD_YEAR, 4, false},   {"RRRR", "YYYY", FIELD_NONE, 0, false},   {"YYY", "YYY", FIELD_NONE, 0, false},
    {"YY", "YY", FIELD_NONE, 0, false},       {"RR", "YY", FIELD_NONE, 0, false},       {"IYYY", "IYYY", FIELD_NONE, 0, false},
    {"IYY", "IYY", FIELD_NONE, 0, false},     {"IY", "IY", FIELD_NONE, 0, false},       {"IW", "IW", FIELD_NONE, 0, false},
    {"MONTH", "MONTH", FIELD_NONE, 0, true},  {"MON", "MON", FIELD_NONE, 0, true},      {"MM", "MM", FIELD_MONTH, 2, false},
    {"MI", "MI", FIELD_MINUTE, 2, false},     {"DDD", "DDD", FIELD_NONE, 0, false},     {"DD", "DD", FIELD_DAY, 2, false},
    {"DAY", "DAY", FIELD_NONE, 0, true},      {"DY", "DY", FIELD_NONE, 0, true},        {"HH24", "HH24", FIELD_HOUR24, 2, false},
    {"HH12", "HH12", FIELD_NONE, 0, false},   {"HH", "HH12", FIELD_NONE, 0, false},     {"SSSSS", "SSSSS", FIELD_NONE, 0, false},
    {"SS", "SS", FIELD_SECOND, 2, false},     {"FF1", "FF1", FIELD_FRACTION, 1, false}, {"FF2", "FF2", FIELD_FRACTION, 2, false},
    {"FF3", "FF3", FIELD_FRACTION, 3, false}, {"FF4", "FF4", FIELD_FRACTION, 4, false}, {"FF5", "FF5", FIELD_FRACTION, 5, false},
    {"FF6", "FF6", FIELD_FRACTION, 6, false}, {"FF9", NULL, FIELD_NONE, 0, false},      {"FF", NULL, FIELD_NONE, 0, false},
    {"Q", "Q", FIELD_NONE, 0, false},         {"WW", "WW", FIELD_NONE, 0, false},       {"W", "W", FIELD_NONE, 0, false},
    {"AM", "AM", FIELD_NONE, 0, true},        {"PM", "PM", FIELD_NONE, 0, true},        {"D", NULL, FIELD_NONE, 0, false},
    {"J", "J", FIELD_NONE, 0, false},         {"Y", "Y", FIELD_NONE, 0, false},
};

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* What begins at `at`: the longest element, or NULL. */
static const struct element *element_at(struct view model, size_t at)
{
    const struct element *best = NULL;
    size_t best_size = 0;
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        size_t size = strlen(elements[i].oracle);
        if (size <= best_size || at + size > model.size) continue;
        if (!view_equal_ignoring_case(view_of(model.data + at, size), view_text(elements[i].oracle))) continue;
        best = &elements[i];
        best_size = size;
    }
    return best;
}

static bool starts(struct view model, size_t at, const char *text)
{
    size_t size = strlen(text);
    return at + size <= model.size && view_equal_ignoring_case(view_of(model.data + at, size), view_text(text));
}

static bool is_unlike(struct view model, size_t at) /* elements that begin like others and mean something else */
{
    static const char *const others[] = {"YEAR", "SYEAR", "SYYYY", "DS", "DL", "TS", "TZ", "CC", "SCC", "RM",    "A.M", "P.M",
                                         "A.D",  "B.C",   "AD",    "BC", "E",  "X",  "TH", "SP", "FX",  "Y,YYY", "FF7", "FF8"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (starts(model, at, others[i])) return true;
    return false;
}

static const char *finish(struct translation *t, struct buffer *out)
{
    struct view copy = arena_copy(t->arena, buffer_view(out));
    const char *text = translation_printf(t, VIEW_FORMAT, VIEW_ARGUMENTS(copy));
    buffer_release(out);
    return text;
}

const char *format_model_print(struct translation *t, struct view model)
{
    struct buffer out;
    bool fill = false;
    if (model.size > 200) return NULL;
    buffer_init(&out, 4096);
    for (size_t at = 0; at < model.size;) {
        uint8_t c = model.data[at];
        if (starts(model, at, "FM")) {
            fill = !fill;
            at += 2;
        } else if (c == '"') {
            const uint8_t *end = memchr(model.data + at + 1, '"', model.size - at - 1);
            if (!end || memchr(model.data + at, '\\', (size_t)(end - model.data) - at)) goto unlike;
            buffer_append(&out, model.data + at, (size_t)(end - model.data) - at + 1);
            at = (size_t)(end - model.data) + 1;
        } else if (is_letter(c)) {
            const struct element *element = element_at(model, at);
            size_t size = element ? strlen(element->oracle) : 0;
            if (is_unlike(model, at) || !element || !element->target || starts(model, at + size, "TH") || starts(model, at + size, "SP"))
                goto unlike;
            if (fill) buffer_append_text(&out, "FM");
            if (element->word) { /* Month, MONTH, month; mOnth prints as MONTH does not: leave that to our function */
                bool first = c >= 'A' && c <= 'Z', second = model.data[at + 1] >= 'A' && model.data[at + 1] <= 'Z';
                if (!first && second) goto unlike;
                for (size_t i = 0; i < size; i++) {
                    bool upper = first && (i == 0 || second);
                    buffer_u8(&out, (uint8_t)(element->target[i] | (upper ? 0 : 32)));
                }
            } else {
                buffer_append_text(&out, element->target);
            }
            at += size;
        } else if (c == '\\' || c >= 0x80 || is_digit(c)) {
            goto unlike;
        } else {
            buffer_u8(&out, c);
            at++;
        }
    }
    return finish(t, &out);
unlike:
    buffer_release(&out);
    return NULL;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

const char *format_model_read(struct translation *t, struct view text, struct view model)
{
    int values[8] = {0};
    bool seen[8] = {false};
    int fraction_digits = 0;
    size_t from = 0;
    for (size_t at = 0; at < model.size;) {
        uint8_t c = model.data[at];
        if (is_letter(c)) {
            const struct element *element = element_at(model, at);
            if (is_unlike(model, at) || !element || element->field == FIELD_NONE || seen[element->field]) return NULL;
            int value = 0;
            for (int i = 0; i < element->digits; i++, from++) {
                if (from >= text.size || !is_digit(text.data[from])) return NULL;
                value = value * 10 + (text.data[from] - '0');
            }
            if (from < text.size && is_digit(text.data[from]) &&
                (at + strlen(element->oracle) >= model.size || !is_letter(model.data[at + strlen(element->oracle)])))
                return NULL;
            values[element->field] = value;
            seen[element->field] = true;
            if (element->field == FIELD_FRACTION) fraction_digits = element->digits;
            at += strlen(element->oracle);
        } else { /* punctuation must be the same: the lenient cases are left to our function */
            if (from >= text.size || text.data[from] != c || is_digit(c) || c == '"' || c >= 0x80) return NULL;
            from++;
            at++;
        }
    }
    if (from != text.size || !seen[FIELD_YEAR] || !seen[FIELD_MONTH] || !seen[FIELD_DAY]) return NULL;
    if (values[FIELD_YEAR] < 1 || values[FIELD_MONTH] < 1 || values[FIELD_MONTH] > 12 || values[FIELD_DAY] < 1 ||
        values[FIELD_DAY] > days_in_month(values[FIELD_YEAR], values[FIELD_MONTH]) || values[FIELD_HOUR24] > 23 ||
        values[FIELD_MINUTE] > 59 || values[FIELD_SECOND] > 59)
        return NULL;
    const char *date = translation_printf(t, "%04d-%02d-%02d %02d:%02d:%02d", values[FIELD_YEAR], values[FIELD_MONTH], values[FIELD_DAY],
                                          values[FIELD_HOUR24], values[FIELD_MINUTE], values[FIELD_SECOND]);
    return fraction_digits ? translation_printf(t, "%s.%0*d", date, fraction_digits, values[FIELD_FRACTION]) : date;
}
