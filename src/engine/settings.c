/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER SESSION SET: read, remembered, and said to PostgreSQL. */
#include "engine/settings.h"

#include "pg/connection.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *source, *target;
} names[SETTING_COUNT] = {
    [SETTING_DATE_FORMAT] = {"NLS_DATE_FORMAT", "understudy.nls_date_format"},
    [SETTING_TIMESTAMP_FORMAT] = {"NLS_TIMESTAMP_FORMAT", "understudy.nls_timestamp_format"},
    [SETTING_TIMESTAMP_TZ_FORMAT] = {"NLS_TIMESTAMP_TZ_FORMAT", "understudy.nls_timestamp_tz_format"},
    [SETTING_NUMERIC_CHARACTERS] = {"NLS_NUMERIC_CHARACTERS", "understudy.nls_numeric_characters"},
    [SETTING_TIME_ZONE] = {"TIME_ZONE", "TimeZone"},
};

/* What else changes the rows or texts of a query, with the value under which it does not. The target has no counterpart. */
static const struct {
    const char *name, *neutral, *also_neutral;
} foreign[] = {
    {"NLS_SORT", "BINARY", NULL},
    {"NLS_COMP", "BINARY", NULL},
    {"NLS_LANGUAGE", "AMERICAN", "ENGLISH"},
    {"NLS_DATE_LANGUAGE", "AMERICAN", "ENGLISH"},
    {"NLS_TERRITORY", "AMERICA", NULL},
    {"NLS_CALENDAR", "GREGORIAN", NULL},
    {"NLS_CURRENCY", "$", NULL},
    {"NLS_ISO_CURRENCY", "AMERICA", NULL},
    {"NLS_DUAL_CURRENCY", "$", NULL},
    {"EDITION", "ORA$BASE", NULL},
    {"CONTAINER", "", NULL},
    {"DBMS_SESSION", "", NULL}, /* whatever a block may have set: settings_lose */
};

/* ---- reading ---- */

static void skip_blanks(struct view *text)
{
    while (text->size && isspace(text->data[0])) *text = view_of(text->data + 1, text->size - 1);
}

/* A word, or a text in quotes whose doubled quotes are one. False: the statement is over, or is none that we read. */
static bool take_word(struct view *text, char *out, size_t size)
{
    size_t at = 0, used = 0;
    skip_blanks(text);
    if (text->size == 0) return false;
    uint8_t quote = text->data[0] == '\'' || text->data[0] == '"' ? text->data[0] : 0;
    if (quote) used = 1;
    for (; used < text->size; used++) {
        uint8_t c = text->data[used];
        if (quote && c == quote) {
            if (used + 1 >= text->size || text->data[used + 1] != quote) break;
            used++;
        } else if (!quote && (isspace(c) || c == '=' || c == ';')) {
            break;
        }
        if (at + 1 < size) out[at++] = (char)c;
    }
    out[at] = 0;
    if (quote && used < text->size) used++;
    *text = view_of(text->data + used, text->size - used);
    return used > 0;
}

static bool expect(struct view *text, const char *word)
{
    char taken[SETTING_SIZE];
    return take_word(text, taken, sizeof taken) && view_equal_ignoring_case(view_text(taken), view_text(word));
}

static bool take_pair(struct view *text, char name[SETTING_SIZE], char value[SETTING_SIZE])
{
    if (!take_word(text, name, SETTING_SIZE)) return false;
    skip_blanks(text);
    if (text->size == 0 || text->data[0] != '=') return false;
    *text = view_of(text->data + 1, text->size - 1);
    return take_word(text, value, SETTING_SIZE);
}

static bool alter_foreign(struct settings *settings, const char *name, const char *value)
{
    uint32_t before = settings->foreign;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (!view_equal_ignoring_case(view_text(name), view_text(foreign[i].name))) continue;
        bool neutral = view_equal_ignoring_case(view_text(value), view_text(foreign[i].neutral)) ||
                       (foreign[i].also_neutral && view_equal_ignoring_case(view_text(value), view_text(foreign[i].also_neutral)));
        settings->foreign = neutral ? before & ~(1u << i) : before | 1u << i;
    }
    return settings->foreign != before;
}

void settings_lose(struct settings *settings)
{
    settings->foreign |= 1u << (sizeof foreign / sizeof *foreign - 1);
}

const char *settings_foreign(const struct settings *settings)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (settings->foreign & 1u << i) return foreign[i].name;
    return NULL;
}

bool settings_alter(struct settings *settings, struct view statement)
{
    char name[SETTING_SIZE], value[SETTING_SIZE];
    bool changed = false;
    if (!expect(&statement, "ALTER") || !expect(&statement, "SESSION") || !expect(&statement, "SET")) return false;
    while (take_pair(&statement, name, value)) {
        changed = alter_foreign(settings, name, value) || changed;
        for (size_t i = 0; i < SETTING_COUNT; i++) {
            if (!view_equal_ignoring_case(view_text(name), view_text(names[i].source)) || strcmp(settings->values[i], value) == 0) continue;
            memcpy(settings->values[i], value, sizeof value);
            changed = true;
        }
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) settings->altered = settings->altered || settings->values[i][0];
    return changed;
}

/* ---- saying ---- */

/* An offset east of Greenwich is said with its name and the sign turned, as POSIX has it; a region by its name. LOCAL and DBTIMEZONE are the target's own. */
static bool zone_of(const char *value, char *out, size_t size)
{
    char sign = value[0];
    if (view_equal_ignoring_case(view_text(value), view_text("LOCAL")) ||
        view_equal_ignoring_case(view_text(value), view_text("DBTIMEZONE")))
        return false;
    if (sign == '+' || sign == '-')
        snprintf(out, size, "<%s>%c%s", value, sign == '+' ? '-' : '+', value + 1);
    else
        snprintf(out, size, "%s", value);
    return true;
}

bool settings_source_statement(const struct settings *settings, enum setting which, struct buffer *out)
{
    buffer_clear(out);
    if (!settings->values[which][0]) return false;
    bool word = view_equal_ignoring_case(view_text(settings->values[which]), view_text("LOCAL")) ||
                view_equal_ignoring_case(view_text(settings->values[which]), view_text("DBTIMEZONE"));
    buffer_printf(out, "ALTER SESSION SET %s = %s", names[which].source, which == SETTING_TIME_ZONE && word ? "" : "'");
    if (which == SETTING_TIME_ZONE && word) {
        buffer_append(out, settings->values[which], strlen(settings->values[which]) + 1);
        return true;
    }
    for (const char *c = settings->values[which]; *c; c++) {
        if (*c == '\'') buffer_u8(out, '\'');
        buffer_u8(out, (uint8_t)*c);
    }
    buffer_append(out, "'", 2); /* with the NUL */
    return true;
}

static void set_one(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "%sset_config('%s', ", buffer_size(out) ? ", " : "SELECT ", name);
    pg_quote_literal(out, view_text(value));
    buffer_printf(out, ", true)");
}

void settings_statement(const struct settings *settings, const char *user, struct buffer *out)
{
    char upper[130], zone[2 * SETTING_SIZE + 8];
    size_t length = 0;
    buffer_clear(out);
    for (; user[length] && length + 1 < sizeof upper; length++) upper[length] = (char)toupper((unsigned char)user[length]);
    upper[length] = 0;
    set_one(out, "understudy.user_name", upper);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!settings->values[i][0]) continue;
        bool said = i != SETTING_TIME_ZONE || zone_of(settings->values[i], zone, sizeof zone);
        if (said) set_one(out, names[i].target, i == SETTING_TIME_ZONE ? zone : settings->values[i]);
    }
    buffer_u8(out, 0);
}
