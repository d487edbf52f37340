/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emitter: the rewritten tree as PostgreSQL text. Parameters get their numbers when they are first written; a second text of the
 * same statement keeps them. The buffer's maximum bounds the text; a failed buffer ends the emission early.
 */
#ifndef SQL_EMIT_H
#define SQL_EMIT_H

#include "base/buffer.h"
#include "sql/translation.h"

enum emit_returning { RETURN_NOTHING, RETURN_INTO, RETURN_IMAGE };
struct emitter {
    struct translation *t;
    struct buffer *out;
    uint32_t *parameters; /* how many $n there are */
    uint32_t depth;
    enum emit_returning returning;
};

void emit_statement(struct emitter *m, const struct statement *s);
void emit_query(struct emitter *m, const struct query *q);
void emit_window(struct emitter *m, const struct window *w, bool inner);
void emit_query_in_brackets(struct emitter *m, const struct query *q);
void emit_expression(struct emitter *m, const struct expression *e, uint8_t need);
void emit_from_item(struct emitter *m, const struct from_item *item);
void emit_sort(struct emitter *m, const struct sort_list *order);
void emit_list(struct emitter *m, struct expression *const *list, uint32_t count);
struct definition;
void emit_definition(struct emitter *m, const struct definition *d);
struct type_name;
void emit_table(struct emitter *m, const struct from_item *item); /* schema.table */
static inline void emit_text(struct emitter *m, const char *text)
{
    buffer_append_text(m->out, text);
}

#endif
