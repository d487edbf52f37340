/* SPDX-License-Identifier: Apache-2.0 */
/* Declared types of the legacy dialect: storage in MariaDB, description on the wire. */
#include "standin/type.h"

enum { VARCHAR_IN_ROW_MAX = 500, CHARSET_UTF8 = 873, CHARSET_UTF16 = 2000, SCALE_FLOAT = -127 };

struct sql_type sql_type_number(void)
{
    return (struct sql_type){.kind = KIND_NUMBER, .scale = SCALE_FLOAT};
}

struct sql_type sql_type_varchar(uint32_t characters)
{
    uint32_t length = characters == 0 ? 1 : characters > 4000 ? 4000 : characters;
    return (struct sql_type){.kind = KIND_VARCHAR, .length = length, .characters = true};
}

static bool number_storage(struct arena *arena, const struct sql_type *type, const char **out, const char **why)
{
    if (type->precision == 0 || type->scale == SCALE_FLOAT) {
        /* Plain NUMBER: 38 digits before the point, 27 after it: the most that DECIMAL holds. */
        *out = "DECIMAL(65,27)";
        return true;
    }
    if (type->scale < 0) {
        *why = "NUMBER with a negative scale";
        return false;
    }
    if (type->scale > type->precision) {
        *why = "NUMBER with a scale greater than its precision";
        return false;
    }
    *out = arena_printf(arena, "DECIMAL(%u,%d)", type->precision, type->scale);
    return true;
}

static bool text_storage(struct arena *arena, const struct sql_type *type, const char **out, const char **why)
{
    if (type->kind == KIND_CHAR) {
        if (type->length > 255) {
            *why = "CHAR longer than 255";
            return false;
        }
        *out = arena_printf(arena, "CHAR(%u) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", type->length);
    } else if (type->length <= VARCHAR_IN_ROW_MAX) {
        *out = arena_printf(arena, "VARCHAR(%u)", type->length);
    } else {
        /* A row of MariaDB holds 65,535 bytes of VARCHAR; a few VARCHAR2(4000) would fill it. The length is checked by a constraint. */
        *out = type->length <= 16000 ? "TEXT" : "MEDIUMTEXT";
    }
    return true;
}

bool sql_type_storage(struct arena *arena, const struct sql_type *type, const char **out, const char **why)
{
    switch (type->kind) {
    case KIND_NUMBER: return number_storage(arena, type, out, why);
    case KIND_VARCHAR:
    case KIND_CHAR: return text_storage(arena, type, out, why);
    case KIND_BINARY_FLOAT: *out = "FLOAT"; return true;
    case KIND_BINARY_DOUBLE: *out = "DOUBLE"; return true;
    case KIND_RAW: *out = arena_printf(arena, "VARBINARY(%u)", type->length); return true;
    case KIND_DATE: *out = "DATETIME"; return true;
    case KIND_TIMESTAMP:
    case KIND_TIMESTAMP_TZ:
    case KIND_TIMESTAMP_LTZ:
        if (type->scale > 6) {
            *why = "TIMESTAMP with more than 6 fractional digits";
            return false;
        }
        *out = arena_printf(arena, "DATETIME(%d)", type->scale);
        return true;
    case KIND_INTERVAL_DS:
    case KIND_INTERVAL_YM: *out = "BIGINT"; return true;
    case KIND_CLOB:
    case KIND_LONG: *out = "LONGTEXT"; return true;
    case KIND_BLOB: *out = "LONGBLOB"; return true;
    default: *why = "this column type"; return false;
    }
}

const char *sql_type_name(struct arena *arena, const struct sql_type *type)
{
    switch (type->kind) {
    case KIND_NUMBER: return type->precision && type->scale == SCALE_FLOAT ? "FLOAT" : "NUMBER";
    case KIND_VARCHAR: return type->national ? "NVARCHAR2" : "VARCHAR2";
    case KIND_CHAR: return type->national ? "NCHAR" : "CHAR";
    case KIND_CLOB: return type->national ? "NCLOB" : "CLOB";
    case KIND_TIMESTAMP: return arena_printf(arena, "TIMESTAMP(%d)", type->scale);
    case KIND_TIMESTAMP_TZ: return arena_printf(arena, "TIMESTAMP(%d) WITH TIME ZONE", type->scale);
    case KIND_TIMESTAMP_LTZ: return arena_printf(arena, "TIMESTAMP(%d) WITH LOCAL TIME ZONE", type->scale);
    case KIND_INTERVAL_DS: return arena_printf(arena, "INTERVAL DAY(%d) TO SECOND(%d)", type->precision, type->scale);
    case KIND_INTERVAL_YM: return arena_printf(arena, "INTERVAL YEAR(%d) TO MONTH", type->precision);
    default: return sql_kind_name(type->kind);
    }
}

const char *sql_kind_name(enum sql_kind kind)
{
    static const char *const names[KIND_COUNT] = {[KIND_UNKNOWN] = "CHAR",
                                                  [KIND_NUMBER] = "NUMBER",
                                                  [KIND_BINARY_FLOAT] = "BINARY_FLOAT",
                                                  [KIND_BINARY_DOUBLE] = "BINARY_DOUBLE",
                                                  [KIND_VARCHAR] = "VARCHAR2",
                                                  [KIND_CHAR] = "CHAR",
                                                  [KIND_RAW] = "RAW",
                                                  [KIND_DATE] = "DATE",
                                                  [KIND_TIMESTAMP] = "TIMESTAMP",
                                                  [KIND_TIMESTAMP_TZ] = "TIMESTAMP WITH TIME ZONE",
                                                  [KIND_TIMESTAMP_LTZ] = "TIMESTAMP WITH LOCAL TIME ZONE",
                                                  [KIND_INTERVAL_DS] = "INTERVAL DAY TO SECOND",
                                                  [KIND_INTERVAL_YM] = "INTERVAL YEAR TO MONTH",
                                                  [KIND_CLOB] = "CLOB",
                                                  [KIND_BLOB] = "BLOB",
                                                  [KIND_LONG] = "LONG",
                                                  [KIND_ROWID] = "ROWID",
                                                  [KIND_BOOLEAN] = "BOOLEAN",
                                                  [KIND_CURSOR] = "REF CURSOR"};
    return kind < KIND_COUNT ? names[kind] : "?";
}

uint32_t sql_type_data_length(const struct sql_type *type)
{
    switch (type->kind) {
    case KIND_VARCHAR:
    case KIND_CHAR: {
        uint32_t limit = type->kind == KIND_CHAR ? 2000 : 4000;
        uint32_t bytes = type->national ? type->length * 2 : type->characters ? type->length * 4 : type->length;
        return bytes > limit ? (type->length > limit ? type->length : limit) : bytes;
    }
    case KIND_RAW: return type->length;
    case KIND_DATE: return 7;
    case KIND_TIMESTAMP:
    case KIND_TIMESTAMP_LTZ: return type->scale == 0 ? 7 : 11;
    case KIND_TIMESTAMP_TZ: return 13;
    case KIND_INTERVAL_DS: return 11;
    case KIND_INTERVAL_YM: return 5;
    case KIND_CLOB:
    case KIND_BLOB: return 4000;
    case KIND_LONG: return 0;
    case KIND_BINARY_FLOAT: return 4;
    case KIND_BINARY_DOUBLE: return 8;
    case KIND_ROWID: return 10;
    default: return 22;
    }
}

static void text_describe(const struct sql_type *type, struct wire_oac *out)
{
    out->type = type->kind == KIND_CHAR ? WIRE_TYPE_CHAR : WIRE_TYPE_VARCHAR;
    out->flags = WIRE_OAC_CHARACTER;
    uint32_t length = type->length ? type->length : 1;
    out->size_max = type->national ? length * 2 : type->characters ? length * 4 : length;
    out->characters_max = length;
    out->charset = type->national ? CHARSET_UTF16 : CHARSET_UTF8;
    out->form = type->national ? WIRE_FORM_NATIONAL : WIRE_FORM_DATABASE;
}

void sql_type_describe(const struct sql_type *type, struct wire_oac *out)
{
    static const uint8_t codes[KIND_COUNT] = {[KIND_UNKNOWN] = WIRE_TYPE_VARCHAR,
                                              [KIND_NUMBER] = WIRE_TYPE_NUMBER,
                                              [KIND_BINARY_FLOAT] = WIRE_TYPE_BINARY_FLOAT,
                                              [KIND_BINARY_DOUBLE] = WIRE_TYPE_BINARY_DOUBLE,
                                              [KIND_RAW] = WIRE_TYPE_RAW,
                                              [KIND_DATE] = WIRE_TYPE_DATE,
                                              [KIND_TIMESTAMP] = WIRE_TYPE_TIMESTAMP,
                                              [KIND_TIMESTAMP_TZ] = WIRE_TYPE_TIMESTAMP_TZ,
                                              [KIND_TIMESTAMP_LTZ] = WIRE_TYPE_TIMESTAMP_LTZ,
                                              [KIND_INTERVAL_DS] = WIRE_TYPE_INTERVAL_DS,
                                              [KIND_INTERVAL_YM] = WIRE_TYPE_INTERVAL_YM,
                                              [KIND_CLOB] = WIRE_TYPE_CLOB,
                                              [KIND_BLOB] = WIRE_TYPE_BLOB,
                                              [KIND_LONG] = WIRE_TYPE_LONG,
                                              [KIND_ROWID] = WIRE_TYPE_ROWID,
                                              [KIND_CURSOR] = WIRE_TYPE_CURSOR,
                                              [KIND_BOOLEAN] = WIRE_TYPE_NUMBER};
    *out = (struct wire_oac){0};
    if (type->kind == KIND_VARCHAR || type->kind == KIND_CHAR || type->kind == KIND_UNKNOWN) {
        text_describe(type, out);
        return;
    }
    out->type = codes[type->kind];
    out->size_max = sql_type_data_length(type);
    if (type->kind == KIND_NUMBER) {
        out->precision = type->precision;
        out->scale = type->scale;
        out->size_max = 22;
    } else if (type->kind == KIND_CLOB || type->kind == KIND_LONG) {
        out->charset = type->national ? CHARSET_UTF16 : CHARSET_UTF8;
        out->form = type->national ? WIRE_FORM_NATIONAL : WIRE_FORM_DATABASE;
    } else if (type->kind >= KIND_TIMESTAMP && type->kind <= KIND_INTERVAL_YM) {
        out->precision = type->kind >= KIND_INTERVAL_DS ? type->precision : 0;
        out->scale = type->scale;
    }
}

struct sql_type sql_type_of_oac(const struct wire_oac *oac)
{
    struct sql_type text = {
        .kind = KIND_VARCHAR, .characters = true, .length = oac->size_max ? oac->size_max : 1, .national = oac->form == WIRE_FORM_NATIONAL};
    switch (oac->type) {
    case WIRE_TYPE_NUMBER:
    case WIRE_TYPE_BINARY_INTEGER:
    case WIRE_TYPE_VARNUM: return sql_type_number();
    case WIRE_TYPE_BINARY_FLOAT: return sql_type_of(KIND_BINARY_FLOAT);
    case WIRE_TYPE_BINARY_DOUBLE: return sql_type_of(KIND_BINARY_DOUBLE);
    case WIRE_TYPE_DATE: return sql_type_of(KIND_DATE);
    case WIRE_TYPE_TIMESTAMP:
    case WIRE_TYPE_TIMESTAMP_DESCRIPTOR: return (struct sql_type){.kind = KIND_TIMESTAMP, .scale = 6};
    case WIRE_TYPE_TIMESTAMP_TZ:
    case WIRE_TYPE_TIMESTAMP_TZ_DESCRIPTOR: return (struct sql_type){.kind = KIND_TIMESTAMP_TZ, .scale = 6};
    case WIRE_TYPE_TIMESTAMP_LTZ:
    case WIRE_TYPE_TIMESTAMP_LTZ_DESCRIPTOR: return (struct sql_type){.kind = KIND_TIMESTAMP_LTZ, .scale = 6};
    case WIRE_TYPE_INTERVAL_DS:
    case WIRE_TYPE_INTERVAL_DS_DESCRIPTOR: return (struct sql_type){.kind = KIND_INTERVAL_DS, .precision = 9, .scale = 6};
    case WIRE_TYPE_INTERVAL_YM:
    case WIRE_TYPE_INTERVAL_YM_DESCRIPTOR: return (struct sql_type){.kind = KIND_INTERVAL_YM, .precision = 9};
    case WIRE_TYPE_RAW:
    case WIRE_TYPE_LONG_RAW:
    case WIRE_TYPE_LONG_VARRAW: return (struct sql_type){.kind = KIND_RAW, .length = oac->size_max};
    case WIRE_TYPE_CHAR:
    case WIRE_TYPE_CHARZ: text.kind = KIND_CHAR; return text;
    case WIRE_TYPE_CLOB: return (struct sql_type){.kind = KIND_CLOB, .national = oac->form == WIRE_FORM_NATIONAL};
    case WIRE_TYPE_BLOB: return sql_type_of(KIND_BLOB);
    case WIRE_TYPE_CURSOR:
    case WIRE_TYPE_RESULT_SET: return sql_type_of(KIND_CURSOR);
    default: return text;
    }
}
