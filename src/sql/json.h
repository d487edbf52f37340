/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the brackets of SQL/JSON functions besides their arguments. */
#ifndef SQL_JSON_H
#define SQL_JSON_H

#include "sql/ast.h"

enum json_on { JSON_ON_UNSAID, JSON_ON_NULL, JSON_ON_ERROR, JSON_ON_DEFAULT, JSON_ON_EMPTY_VALUE, JSON_ON_TRUE, JSON_ON_FALSE };
enum json_wrapper { JSON_WRAPPER_UNSAID, JSON_WRAPPER_WITHOUT, JSON_WRAPPER_WITH, JSON_WRAPPER_CONDITIONAL };

struct json_clause {
    struct type_name *returning;
    enum json_on on_error, on_empty;
    struct expression *error_default, *empty_default;
    bool absent_on_null, null_on_null;
    enum json_wrapper wrapper;
    bool pretty, strict, unique, passing;
    bool all_columns;   /* JSON_OBJECT: * or table.* stands among the arguments, until json_expand_columns() */
    uint64_t formatted; /* bit i: argument i was followed by FORMAT JSON (first 64) */
};

struct translation;
enum json_column_kind {
    JSON_COLUMN_VALUE,
    JSON_COLUMN_QUERY,
    JSON_COLUMN_EXISTS,
    JSON_COLUMN_ORDINALITY,
    JSON_COLUMN_NESTED /* NESTED PATH: no column itself; the next `nested` entries stand in its brackets */
};
struct json_column {
    struct view name;
    enum json_column_kind kind;
    struct type_name *type; /* NULL: not said, VARCHAR2(4000) */
    struct view path;
    enum json_wrapper wrapper;
    uint32_t nested;
};
/* JSON_TABLE(document, path COLUMNS ..): the document is the item's function. */
struct json_table {
    struct view path;
    struct json_column *columns;
    uint32_t column_count;
};
/* Paths of plain steps: $.name."name".*[n][n to m][*]. Filters, methods and ".." are none. */
bool json_path_is_plain(struct view path);
struct scope;
struct emitter;
void json_table_resolve(struct translation *t, struct scope *scope, struct from_item *item);
void json_table_rewrite(struct translation *t, struct from_item *item); /* its document is rewritten */
/* JSON_OBJECT(*), JSON_OBJECT(t.*): each column of the tables becomes a key and a value. Refuses where the columns are not known. */
void json_expand_columns(struct translation *t, struct scope *scope, struct expression *e);
void json_table_emit(struct emitter *m, const struct from_item *item);

/* A value as the text of a document: bytes are UTF-8 text (as against their hex digits, which is what they are as text elsewhere). */
struct expression *as_document(struct translation *t, struct expression *e);

#endif
