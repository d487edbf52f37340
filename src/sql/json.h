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
    uint64_t formatted; /* bit i: argument i was followed by FORMAT JSON (first 64) */
};

/* A value as the text of a document: bytes are UTF-8 text (as against their hex digits, which is what they are as text elsewhere). */
struct translation;
struct expression *as_document(struct translation *t, struct expression *e);

#endif
