/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: DDL. */
#include "sql/definition.h"
#include "sql/parse.h"

struct definition *parse_definition(struct parser *p)
{
    switch ((enum word)parse_token(p)->code) {
    case WORD_CREATE: case WORD_ALTER: case WORD_DROP: case WORD_TRUNCATE: case WORD_COMMENT: case WORD_GRANT: case WORD_REVOKE: case WORD_RENAME:
    case WORD_ANALYZE: case WORD_AUDIT: case WORD_NOAUDIT: case WORD_PURGE: case WORD_FLASHBACK: case WORD_SET: break;
    default: return NULL;
    }
    struct definition *d = translation_alloc(p->t, sizeof *d);
    d->at = parse_token(p)->at;
    d->verb = translation_upper(p->t, parse_token(p)->text);
    parse_advance(p);
    d->object = translation_upper(p->t, parse_token(p)->text);
    p->at = p->end;
    return d;
}
