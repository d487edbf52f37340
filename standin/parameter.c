/* SPDX-License-Identifier: Apache-2.0 */
/* Bind values -> MariaDB parameters. */
#include "standin/statement.h"

#include <stdio.h>
#include <stdlib.h>

enum { FRACTION_DIGITS_MAX = 27, WHOLE_DIGITS_MAX = 38 };

static bool fail(struct plan_error *error, int ora, const char *text)
{
    error->ora = ora;
    snprintf(error->text, sizeof error->text, "ORA-%05d: %s", ora, text);
    return false;
}

static bool is_lob(const struct wire_oac *oac)
{
    return oac->type == WIRE_TYPE_CLOB || oac->type == WIRE_TYPE_BLOB;
}

struct value parameter_value(struct client *client, const struct wire_oac *oac, const struct wire_bind *bind)
{
    if (bind->null || !bind->present) return value_null();
    if (!is_lob(oac)) return wire_bind_value(client->session, oac, bind, &client->call_arena);
    struct lob *lob = lob_find(&client->lobs, bind->raw);
    if (!lob || !lob->loaded) return (struct value){.type = VALUE_UNSUPPORTED};
    struct buffer bytes;
    buffer_init(&bytes, 0);
    lob_value(lob, &bytes);
    struct view copy = arena_copy(&client->call_arena, buffer_view(&bytes));
    if (copy.size == 0) copy = view_of(arena_alloc(&client->call_arena, 1), 0);
    buffer_release(&bytes);
    return (struct value){.type = lob->character ? VALUE_TEXT : VALUE_BYTES, .bytes = copy};
}

static void parameter_bytes(MYSQL_BIND *out, enum enum_field_types type, struct view bytes, struct arena *arena)
{
    out->buffer_type = type;
    out->buffer = (void *)(uintptr_t)bytes.data;
    out->buffer_length = bytes.size;
    out->length = arena_alloc(arena, sizeof *out->length);
    *out->length = bytes.size;
}

static bool parameter_number(MYSQL_BIND *out, struct view number, struct arena *arena, struct plan_error *error)
{
    int64_t integer;
    if (number_to_i64(number, &integer)) {
        out->buffer_type = MYSQL_TYPE_LONGLONG;
        out->buffer = arena_alloc(arena, sizeof integer);
        memcpy(out->buffer, &integer, sizeof integer);
        return true;
    }
    char text[NUMBER_TEXT_MAX];
    size_t size = number_to_text(number, text);
    const char *point = memchr(text, '.', size);
    size_t whole = point ? (size_t)(point - text) : size, fraction = point ? size - whole - 1 : 0;
    if (size == 0 || whole > WHOLE_DIGITS_MAX + 1 || fraction > WHOLE_DIGITS_MAX)
        return fail(error, 439, "feature not enabled: stand-in does not support numbers of more than 38 digits before or after the point");
    parameter_bytes(out, MYSQL_TYPE_NEWDECIMAL, arena_copy(arena, view_of(text, size)), arena);
    return true;
}

static bool parameter_double(MYSQL_BIND *out, struct view number, struct arena *arena)
{
    char text[NUMBER_TEXT_MAX + 1];
    text[number_to_text(number, text)] = '\0';
    double real = strtod(text, NULL);
    out->buffer_type = MYSQL_TYPE_DOUBLE;
    out->buffer = arena_alloc(arena, sizeof real);
    memcpy(out->buffer, &real, sizeof real);
    return true;
}

static bool parameter_time(const struct client *client, MYSQL_BIND *out, const struct value_datetime *d, const struct wire_oac *oac,
                           enum bind_conversion conversion, struct arena *arena, struct plan_error *error)
{
    struct value_datetime fields = *d;
    if (d->has_zone && conversion != BIND_NATURAL) {
        bool local = oac->type == WIRE_TYPE_TIMESTAMP_LTZ || oac->type == WIRE_TYPE_TIMESTAMP_LTZ_DESCRIPTOR;
        datetime_from_seconds(datetime_to_seconds(d) + (local ? client->zone_minutes : d->zone_minutes) * 60, &fields);
        fields.nanosecond = d->nanosecond;
    }
    if (fields.year < 0 || fields.year > 9999)
        return fail(error, 439, "feature not enabled: stand-in does not support dates before the year 0");
    MYSQL_TIME *time = arena_zero(arena, sizeof *time);
    uint32_t micros = conversion == BIND_SECONDS ? 0 : (fields.nanosecond + 500) / 1000;
    if (micros > 999999) micros = 999999;
    *time = (MYSQL_TIME){.year = (unsigned)fields.year,
                         .month = fields.month,
                         .day = fields.day,
                         .hour = fields.hour,
                         .minute = fields.minute,
                         .second = fields.second,
                         .second_part = micros,
                         .time_type = MYSQL_TIMESTAMP_DATETIME};
    out->buffer_type = MYSQL_TYPE_DATETIME;
    out->buffer = time;
    return true;
}

static void parameter_integer(MYSQL_BIND *out, int64_t n, struct arena *arena)
{
    out->buffer_type = MYSQL_TYPE_LONGLONG;
    out->buffer = arena_alloc(arena, sizeof n);
    memcpy(out->buffer, &n, sizeof n);
}

static bool parameter_set(struct client *client, MYSQL_BIND *out, const struct value *value, const struct wire_oac *oac,
                          enum bind_conversion conversion, struct plan_error *error)
{
    struct arena *arena = &client->call_arena;
    switch (value->type) {
    case VALUE_NULL: out->buffer_type = MYSQL_TYPE_NULL; return true;
    case VALUE_NUMBER:
        if (conversion == BIND_DOUBLE) return parameter_double(out, value->bytes, arena);
        return parameter_number(out, value->bytes, arena, error);
    case VALUE_TEXT: parameter_bytes(out, MYSQL_TYPE_VAR_STRING, value->bytes, arena); return true;
    case VALUE_BYTES: parameter_bytes(out, MYSQL_TYPE_BLOB, value->bytes, arena); return true;
    case VALUE_DATETIME: return parameter_time(client, out, &value->datetime, oac, conversion, arena, error);
    case VALUE_INTERVAL_YM: parameter_integer(out, value->months, arena); return true;
    case VALUE_INTERVAL_DS:
        parameter_integer(out, value->interval.days * 86400000000LL + value->interval.nanoseconds / 1000, arena);
        return true;
    case VALUE_BOOLEAN: parameter_integer(out, value->boolean, arena); return true;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        out->buffer_type = MYSQL_TYPE_DOUBLE;
        out->buffer = arena_alloc(arena, sizeof value->real);
        memcpy(out->buffer, &value->real, sizeof value->real);
        return true;
    default: return fail(error, 439, "feature not enabled: stand-in does not support a bind of this type or value");
    }
}

bool parameters_fill(struct client *client, const struct wire_cursor *cursor, const struct wire_bind *row, const struct plan_bind *order,
                     uint32_t count, struct parameter_set *out, struct plan_error *error)
{
    out->count = count;
    out->binds = arena_zero(&client->call_arena, (count + 1) * sizeof *out->binds);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t ordinal = order[i].ordinal;
        if (!row || ordinal >= cursor->bind_count) return fail(error, 1008, "not all variables bound");
        const struct wire_oac *oac = &cursor->binds[ordinal];
        struct value value = parameter_value(client, oac, &row[ordinal]);
        if (!parameter_set(client, &out->binds[i], &value, oac, order[i].conversion, error)) return false;
    }
    return true;
}
