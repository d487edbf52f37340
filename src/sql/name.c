/* SPDX-License-Identifier: Apache-2.0 */
/* Names on the target. */
#include "sql/name.h"
#include <stdio.h>

enum { TARGET_NAME_MAX = 63 };

/* PostgreSQL 15's words that cannot stand as a column or table name without quotes, in byte order. */
static const char *const target_words[] = {
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
};

static bool is_target_word(struct view name)
{
    int low = 0, high = (int)(sizeof target_words / sizeof *target_words) - 1;
    while (low <= high) {
        int middle = (low + high) / 2, order = view_compare(name, view_text(target_words[middle]));
        if (order == 0) return true;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return false;
}

static bool has_lower(struct view name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] >= 'a' && name.data[i] <= 'z') return true;
    return false;
}

struct view name_to_target(struct translation *t, struct view name)
{
    struct view target = has_lower(name) ? name : translation_lower(t, name);
    if (target.size <= TARGET_NAME_MAX) return target;
    size_t keep = TARGET_NAME_MAX - 9;
    while (keep > 0 && (target.data[keep] & 0xC0) == 0x80) keep--; /* not inside a character */
    return view_text(translation_printf(t, "%.*s_%08x", (int)keep, (const char *)target.data, (unsigned)(view_hash(name) & 0xFFFFFFFFu)));
}

static bool name_needs_quotes(struct view target)
{
    if (target.size == 0) return true;
    uint8_t first = target.data[0];
    if (!((first >= 'a' && first <= 'z') || first == '_' || first >= 0x80)) return true;
    for (size_t i = 1; i < target.size; i++) {
        uint8_t c = target.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c >= 0x80)) return true;
    }
    return is_target_word(target);
}

void name_write(struct buffer *out, struct view target)
{
    if (!name_needs_quotes(target)) {
        buffer_append_view(out, target);
        return;
    }
    buffer_u8(out, '"');
    for (size_t i = 0; i < target.size; i++) {
        if (target.data[i] == '"') buffer_u8(out, '"');
        buffer_u8(out, target.data[i]);
    }
    buffer_u8(out, '"');
}

void string_write(struct buffer *out, struct view text)
{
    buffer_u8(out, '\'');
    for (size_t from = 0; from < text.size;) {
        const uint8_t *quote = memchr(text.data + from, '\'', text.size - from);
        size_t to = quote ? (size_t)(quote - text.data) : text.size;
        buffer_append(out, text.data + from, to - from);
        if (quote) buffer_append(out, "''", 2);
        from = quote ? to + 1 : to;
    }
    buffer_u8(out, '\'');
}
