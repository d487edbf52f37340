/* SPDX-License-Identifier: Apache-2.0 */
/* JSON_TABLE: a function of ours answers each row as an array of texts, a subquery beside the other tables gives them their names and types. */
#include "sql/build.h"
#include "sql/emit.h"
#include "sql/json.h"
#include "sql/name.h"

static bool is_number(const struct json_column *c)
{
    return c->kind == JSON_COLUMN_ORDINALITY || (c->type && (c->type->type == SQL_NUMBER || c->type->type == SQL_INTEGER));
}

static bool is_text(const struct json_column *c)
{
    return !c->type || c->type->type == SQL_VARCHAR || c->type->type == SQL_CLOB;
}

void json_table_resolve(struct translation *t, struct scope *scope, struct from_item *item)
{
    struct json_table *table = item->json_table;
    resolve_expression(t, scope, item->function); /* may name the tables before it */
    struct relation *r = scope_add(t, scope, item);
    r->kind = RELATION_FUNCTION;
    r->known = true;
    r->columns = translation_alloc(t, sizeof *r->columns * (table->column_count + 1));
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct json_column *c = &table->columns[i];
        bool number = is_number(c);
        if (c->kind == JSON_COLUMN_NESTED) continue;
        r->columns[r->column_count++] = (struct relation_column){.name = c->name,
                                                                 .target = name_to_target(t, c->name),
                                                                 .typing = {.type = number                                 ? SQL_NUMBER
                                                                                    : c->type && c->type->type == SQL_CLOB ? SQL_CLOB
                                                                                                                           : SQL_VARCHAR,
                                                                            .target = number ? TARGET_NUMERIC : TARGET_TEXT,
                                                                            .precision = -1,
                                                                            .nullable = true}};
        if (!number && !is_text(c))
            finding_refuse(t, item->at, "JSON_TABLE", "a column of JSON_TABLE of this type is not translated",
                           "make it VARCHAR2 and convert it with TO_DATE, TO_TIMESTAMP or the like");
        if (number && c->kind == JSON_COLUMN_QUERY)
            finding_refuse(t, item->at, "JSON_TABLE", "a column FORMAT JSON that is no text", "make it VARCHAR2");
    }
    if (item->outer)
        finding_refuse(t, item->at, "JSON_TABLE", "JSON_TABLE with (+) is not translated", "write LEFT JOIN JSON_TABLE(..) ON 1 = 1");
    finding_difference(t, item->at, "JSON_TABLE", "documents in lax syntax (names without quotes, single quotes) are none for the target",
                       "store strict JSON");
    r->label = r->alias.size ? name_to_target(t, r->alias) : view_text(translation_printf(t, "q%u", ++t->made_names));
}

/* One line for each column: kind, its numbers, path. x n: the next n lines are of a nested path. */
static const char *specification(struct translation *t, const struct json_column *c)
{
    int size = (int)c->path.size;
    const char *path = (const char *)c->path.data;
    int most = c->type && c->type->type == SQL_CLOB ? 0 : c->type && c->type->length > 0 ? c->type->length : 4000;
    int wrapper = c->wrapper <= JSON_WRAPPER_WITHOUT ? 0 : c->wrapper == JSON_WRAPPER_WITH ? 1 : 2;
    switch (c->kind) {
    case JSON_COLUMN_ORDINALITY: return "o 0 0 $";
    case JSON_COLUMN_NESTED: return translation_printf(t, "x %u 0 %.*s", (unsigned)c->nested, size, path);
    case JSON_COLUMN_QUERY: return translation_printf(t, "q %d %d %.*s", wrapper, most, size, path);
    case JSON_COLUMN_EXISTS: return translation_printf(t, "%s 0 0 %.*s", is_number(c) ? "e" : "b", size, path);
    default: break;
    }
    if (!is_number(c)) return translation_printf(t, "v %d 0 %.*s", most, size, path);
    int precision = c->type->precision > 0 ? c->type->precision : 0, scale = c->type->scale > -1000 ? c->type->scale : 0;
    if (c->type->text.size && (c->type->text.data[0] | 32) == 'i') precision = 38; /* INTEGER */
    return translation_printf(t, "n %d %d %.*s", precision, scale, size, path);
}

void json_table_rewrite(struct translation *t, struct from_item *item)
{
    struct json_table *table = item->json_table;
    const char *lines = "";
    for (uint32_t i = 0; i < table->column_count; i++)
        lines = translation_printf(t, "%s%s%s", lines, i > 0 ? "\n" : "", specification(t, &table->columns[i]));
    item->function =
        BUILD_CALL(t, item->at, typing_of(SQL_UNKNOWN, TARGET_OTHER), "@json_table(\1, \2, \3)", as_document(t, item->function),
                   build_string(t, item->at, table->path), build_string(t, item->at, view_text(lines)));
}

void json_table_emit(struct emitter *m, const struct from_item *item)
{
    const struct relation *r = item->relation;
    emit_text(m, "LATERAL (SELECT ");
    for (uint32_t i = 0; i < r->column_count; i++) {
        buffer_printf(m->out, "%sr[%u]%s AS ", i > 0 ? ", " : "", (unsigned)i + 1,
                      r->columns[i].typing.type == SQL_NUMBER ? "::numeric" : "");
        name_write(m->out, r->columns[i].target);
    }
    emit_text(m, " FROM ");
    emit_expression(m, item->function, PRECEDENCE_ANY);
    emit_text(m, " AS rows_of(r)) AS ");
    name_write(m->out, r->label);
}
