/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's own grammar (libpg_query) as the judge of texts. */
#include "tests/translator/suite.h"

#include <ctype.h>
#include <pg_query.h>
#include <stdlib.h>
#include <string.h>

bool judge_parses(const char *text, char *reason, size_t size)
{
    PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
    bool good = result.error == NULL;
    if (!good) snprintf(reason, size, "%s", result.error->message);
    pg_query_free_protobuf_parse_result(result);
    return good;
}

/* Behind a parameter: ::type, with modifiers. */
static const char *skip_cast(const char *at)
{
    while (at[0] == ':' && at[1] == ':') {
        at += 2;
        while (isalnum((unsigned char)*at) || *at == '_' || *at == '.' ||
               (*at == ' ' && (strncmp(at, " precision", 10) == 0 || strncmp(at, " varying", 8) == 0)))
            at++;
        if (*at == '(') at += strcspn(at, ")") + (strchr(at, ')') != NULL);
        if (strncmp(at, "[]", 2) == 0) at += 2;
    }
    return at;
}

char *judge_normal(const char *text)
{
    PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(text);
    char *out = NULL;
    if (!parsed.error) {
        PgQueryDeparseResult printed = pg_query_deparse_protobuf(parsed.parse_tree);
        if (!printed.error && printed.query) {
            char *to = out = malloc(strlen(printed.query) + 1);
            bool quoted = false;
            for (const char *at = printed.query; out && *at;) {
                if (*at == '\'') quoted = !quoted;
                if (!quoted && *at == '$' && isdigit((unsigned char)at[1])) {
                    *to++ = '$';
                    for (at++; isdigit((unsigned char)*at);) at++;
                    at = skip_cast(at);
                } else {
                    *to++ = quoted ? *at : (char)tolower((unsigned char)*at);
                    at++;
                }
            }
            if (out) *to = 0;
        }
        pg_query_free_deparse_result(printed);
    }
    pg_query_free_protobuf_parse_result(parsed);
    return out;
}
