/* SPDX-License-Identifier: Apache-2.0 */
/* Normal forms: what makes a value read from Oracle and one read from PostgreSQL the same bytes. */
#include "engine/rows_private.h"

#include "base/crypto.h"
#include "base/reader.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- conversions into `room` ---- */

static bool to_number(const struct value *in, struct rows_normal *out)
{
    struct view text = in->bytes;
    char digits[40];
    size_t size;
    switch (in->type) {
    case VALUE_NUMBER: out->value = *in; return true;
    case VALUE_TEXT: break;
    case VALUE_BOOLEAN: text = view_text(in->boolean ? "1" : "0"); break;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        if (!isfinite(in->real)) return false;
        snprintf(digits, sizeof digits, in->type == VALUE_FLOAT ? "%.9g" : "%.17g", in->real);
        text = view_text(digits);
        break;
    default: return false;
    }
    if (!number_from_text(text, (uint8_t *)out->room, &size, NULL)) return false;
    out->value = (struct value){.type = VALUE_NUMBER, .bytes = view_of(out->room, size)};
    return true;
}

static bool to_double(const struct value *in, bool single, struct rows_normal *out)
{
    char text[NUMBER_TEXT_MAX + 1];
    double real;
    if (in->type == VALUE_FLOAT || in->type == VALUE_DOUBLE) {
        real = in->real;
    } else if (in->type == VALUE_NUMBER) {
        size_t size = number_to_text(in->bytes, text);
        if (size == 0 || size >= sizeof text) return false;
        text[size] = 0;
        if (text[size - 1] == '~')
            real = text[0] == '-' ? -INFINITY : INFINITY;
        else
            real = strtod(text, NULL);
    } else if (in->type == VALUE_TEXT && in->bytes.size < sizeof text) {
        char *end;
        memcpy(text, in->bytes.data, in->bytes.size);
        text[in->bytes.size] = 0;
        real = strtod(text, &end);
        if (*end || end == text) return false;
    } else {
        return false;
    }
    out->value = (struct value){.type = VALUE_DOUBLE, .real = single ? (double)(float)real : real};
    if (out->value.real == 0) out->value.real = 0; /* -0 */
    return true;
}

static bool to_text(const struct value *in, struct rows_normal *out)
{
    if (in->type == VALUE_TEXT) {
        out->value = *in;
        return true;
    }
    if (in->type != VALUE_NUMBER) return false;
    /* As Oracle converts a number: without the zero before the point. */
    char text[NUMBER_TEXT_MAX];
    size_t size = number_to_text(in->bytes, text), at = 0;
    if (size == 0) return false;
    for (size_t i = 0; i < size; i++) {
        bool leading = text[i] == '0' && i + 1 < size && text[i + 1] == '.' && (i == 0 || (i == 1 && text[0] == '-'));
        if (!leading) out->room[at++] = text[i];
    }
    out->value = (struct value){.type = VALUE_TEXT, .bytes = view_of(out->room, at)};
    return true;
}

static void trim_blanks(struct rows_normal *out)
{
    struct view *text = &out->value.bytes;
    while (text->size > 1 && text->data[text->size - 1] == ' ') text->size--; /* one blank stays: all blanks are not NULL */
}

static bool to_bytes(const struct value *in, struct rows_normal *out)
{
    if (in->type == VALUE_BYTES) {
        out->value = *in;
        return true;
    }
    size_t size;
    if (in->type != VALUE_TEXT || !crypto_hex_decode(in->bytes, (uint8_t *)out->room, sizeof out->room, &size)) return false;
    out->value = value_bytes(view_of(out->room, size));
    return true;
}

/* RAW(16) kept as uuid: compared as bytes. */
static bool uuid_to_bytes(const struct value *in, struct rows_normal *out)
{
    char hex[33];
    size_t at = 0, size;
    if (in->type != VALUE_TEXT) return to_bytes(in, out);
    for (size_t i = 0; i < in->bytes.size; i++) {
        if (in->bytes.data[i] == '-') continue;
        if (at == 32) return false;
        hex[at++] = (char)in->bytes.data[i];
    }
    if (!crypto_hex_decode(view_of(hex, at), (uint8_t *)out->room, sizeof out->room, &size)) return false;
    out->value = value_bytes(view_of(out->room, size));
    return true;
}

static bool to_datetime(enum sql_type type, const struct value *in, struct rows_normal *out)
{
    if (in->type != VALUE_DATETIME) return false;
    out->value = *in;
    struct value_datetime *d = &out->value.datetime;
    bool zoned = type == SQL_TIMESTAMP_TZ || type == SQL_TIMESTAMP_LTZ;
    d->nanosecond = type == SQL_DATE ? 0 : d->nanosecond / 1000 * 1000;
    d->has_zone = zoned; /* fields are UTC; the offset that the writer gave is not kept by the target */
    d->zone_minutes = 0;
    return true;
}

static bool is_number(const struct value *v, const char *digit)
{
    int64_t n;
    return v->type == VALUE_NUMBER && number_to_i64(v->bytes, &n) && n == atoi(digit);
}

static bool to_boolean(const struct value *in, struct rows_normal *out)
{
    bool yes = in->type == VALUE_BOOLEAN ? in->boolean : is_number(in, "1");
    if (in->type != VALUE_BOOLEAN && !yes && !is_number(in, "0")) return false;
    out->value = (struct value){.type = VALUE_BOOLEAN, .boolean = yes};
    return true;
}

static bool is_text_type(uint32_t oid)
{
    return oid == PG_OID_TEXT || oid == PG_OID_VARCHAR || oid == PG_OID_BPCHAR;
}

static bool normalise(const struct sql_column *column, const struct value *in, struct rows_normal *out)
{
    switch (column->type) {
    case SQL_NUMBER:
    case SQL_INTEGER:
    case SQL_FLOAT:
        if (column->target_type == PG_OID_FLOAT4 || column->target_type == PG_OID_FLOAT8)
            return to_double(in, column->target_type == PG_OID_FLOAT4, out);
        if (column->target_type == PG_OID_BOOL && to_boolean(in, out)) return true;
        return to_number(in, out);
    case SQL_BINARY_FLOAT: return to_double(in, true, out);
    case SQL_BINARY_DOUBLE: return to_double(in, column->target_type == PG_OID_FLOAT4, out);
    case SQL_CHAR:
    case SQL_NCHAR:
        if (!to_text(in, out)) return false;
        trim_blanks(out);
        return true;
    case SQL_VARCHAR:
    case SQL_NVARCHAR:
    case SQL_CLOB:
    case SQL_NCLOB:
    case SQL_LONG:
    case SQL_ROWID:
        if (!to_text(in, out)) return false;
        if (column->target_type == PG_OID_BPCHAR) trim_blanks(out);
        return true;
    case SQL_RAW:
    case SQL_BLOB:
    case SQL_LONG_RAW:
        if (column->target_type == PG_OID_UUID) return uuid_to_bytes(in, out);
        if (is_text_type(column->target_type) && in->type == VALUE_TEXT) return to_bytes(in, out);
        return to_bytes(in, out);
    case SQL_DATE:
    case SQL_TIMESTAMP:
    case SQL_TIMESTAMP_TZ:
    case SQL_TIMESTAMP_LTZ: return to_datetime(column->type, in, out);
    case SQL_INTERVAL_DS:
        if (in->type != VALUE_INTERVAL_DS) return false;
        out->value = *in;
        out->value.interval.nanoseconds = out->value.interval.nanoseconds / 1000 * 1000;
        return true;
    case SQL_BOOLEAN: return to_boolean(in, out);
    default: out->value = *in; return true;
    }
}

void rows_normalise(const struct sql_column *column, const struct value *in, struct rows_normal *out)
{
    if (in->type == VALUE_NULL || in->type == VALUE_UNSUPPORTED || !normalise(column, in, out)) out->value = *in;
}

/* ---- comparing ---- */

bool rows_value_equal(const struct sql_column *column, const struct value *source, const struct value *target)
{
    struct rows_normal a, b;
    if (source->type == VALUE_UNSUPPORTED || target->type == VALUE_UNSUPPORTED) return false;
    rows_normalise(column, source, &a);
    rows_normalise(column, target, &b);
    return value_equal(&a.value, &b.value);
}

bool rows_equal(const struct row_map *map, const struct row *source, const struct row *target, uint32_t *differing_column)
{
    if (differing_column) *differing_column = UINT32_MAX;
    if (source->found != target->found) return false;
    if (!source->found) return true;
    for (uint32_t i = 0; i < map->column_count; i++) {
        if (rows_value_equal(rows_column(map, i), &source->values[i], &target->values[i])) continue;
        if (differing_column) *differing_column = i;
        return false;
    }
    return true;
}

uint64_t rows_hash(const struct row_map *map, const struct value *values)
{
    uint64_t hash = map->column_count;
    for (uint32_t i = 0; i < map->column_count; i++) {
        struct rows_normal normal;
        rows_normalise(rows_column(map, i), &values[i], &normal);
        hash = value_hash(&normal.value, hash * 0x9E3779B97F4A7C15u + i);
    }
    return hash;
}

struct value rows_to_target(const struct sql_column *column, const struct value *value)
{
    struct value out = *value;
    bool cut = (column->type == SQL_CHAR || column->type == SQL_NCHAR || column->target_type == PG_OID_BPCHAR) && out.type == VALUE_TEXT;
    while (cut && out.bytes.size > 1 && out.bytes.data[out.bytes.size - 1] == ' ') out.bytes.size--;
    if (out.type == VALUE_DATETIME) {
        out.datetime.nanosecond = column->type == SQL_DATE ? 0 : out.datetime.nanosecond / 1000 * 1000;
        if (column->type == SQL_TIMESTAMP_LTZ && !out.datetime.has_zone) out.datetime.has_zone = true; /* our session's time zone is UTC */
    }
    if (out.type == VALUE_INTERVAL_DS) out.interval.nanoseconds = out.interval.nanoseconds / 1000 * 1000;
    return out;
}

/* ---- keys ---- */

bool rows_normal_key(const struct row_map *map, const struct value *in, struct value *out, struct arena *arena)
{
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        const struct sql_column *column = rows_key_column(map, i);
        struct rows_normal normal;
        if (in[i].type == VALUE_NULL || in[i].type == VALUE_UNSUPPORTED || !normalise(column, &in[i], &normal)) return false;
        if (normal.value.type == VALUE_NULL) return false;
        out[i] = value_copy(arena, &normal.value);
    }
    return true;
}

void rows_encode_key(struct buffer *out, const struct row_map *map, const struct value *key)
{
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        struct rows_normal normal;
        rows_normalise(rows_key_column(map, i), &key[i], &normal);
        value_encode(out, &normal.value);
    }
}

bool rows_decode_key(struct view bytes, const struct row_map *map, struct arena *arena, struct value *key)
{
    struct reader in = reader_of(bytes);
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        struct value value;
        if (!value_decode(&in, &value)) return false;
        key[i] = value_copy(arena, &value);
    }
    return reader_left(&in) == 0;
}

/* ---- for people ---- */

void rows_print(struct buffer *out, const struct row_map *map, const struct value *values)
{
    for (uint32_t i = 0; i < map->column_count; i++) {
        buffer_printf(out, "%s%s=", i ? ", " : "", rows_column(map, i)->name);
        value_print(out, &values[i], 200);
    }
}

void rows_print_row(char *out, size_t size, const struct row_map *map, const struct row *row)
{
    struct buffer text;
    buffer_init(&text, 0);
    if (row->found)
        rows_print(&text, map, row->values);
    else
        buffer_append_text(&text, "(no row)");
    struct view v = buffer_view(&text);
    snprintf(out, size, VIEW_FORMAT, (int)(v.size < size ? v.size : size - 1), (const char *)v.data);
    buffer_release(&text);
}

void rows_print_key(struct buffer *out, const struct row_map *map, const struct value *key)
{
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        buffer_printf(out, "%s%s=", i ? ", " : "", rows_key_column(map, i)->name);
        value_print(out, &key[i], 200);
    }
}
