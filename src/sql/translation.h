/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One translation on its way: the working arena, the text, its tokens and what was found. Every pass gets it. Running out of
 * working memory and a syntax that cannot be read leave by translation_stop (longjmp to sql_translate, which owns all that is
 * to be given back: one arena and two buffers), so that no pass has a failure branch of its own.
 */
#ifndef SQL_TRANSLATION_H
#define SQL_TRANSLATION_H

#include "sql/ast.h"
#include <setjmp.h>

struct finding_list {
    struct sql_finding *items;
    uint32_t count, room;
};

struct bind_occurrence {
    struct view name; /* upper case unless quoted; positional: "1", .. */
    uint32_t at;
    bool into;          /* RETURNING INTO target */
    bool parsed;        /* the parser made a node of it */
    uint32_t parameter; /* $n; 0: none yet */
    enum sql_type type;
    const char *cast;
    int length;
};

struct translation {
    const struct sql_options *options;
    struct arena *arena;
    struct view text;
    struct token *tokens;
    uint32_t token_count;
    struct bind_occurrence *binds;
    uint32_t bind_count;
    struct finding_list findings;
    bool refused, approximate, passed;
    bool unparsed;               /* the grammar was not understood, as against understood and refused */
    struct relation **relations; /* every relation made, in order */
    uint32_t relation_count;
    jmp_buf stop;
    uint32_t made_names; /* generated aliases so far */
    uint32_t depth;
    /* gathered by the passes for the plan */
    bool is_volatile, uses_sequence, uses_rowid, calls_unknown, has_side_effect, rownum_limit, arbitrary_rows;
    bool reads_tables;
    struct expression **sequences; /* every NEXTVAL and CURRVAL, in order of the text */
    uint32_t sequence_count;
    struct view current_schema;
};

void *translation_alloc(struct translation *t, size_t size); /* zeroed; leaves by longjmp when the limit is reached */
char *translation_printf(struct translation *t, const char *format, ...) PRINTF_LIKE(2, 3);
struct view translation_upper(struct translation *t, struct view text); /* ASCII */
struct view translation_lower(struct translation *t, struct view text);
_Noreturn void translation_stop(struct translation *t);

/* Findings. rule: a name of the contract table or of the grammar; reason and advice are copied. */
void finding_note(struct translation *t, uint32_t at, const char *rule, const char *reason, const char *advice);
void finding_difference(struct translation *t, uint32_t at, const char *rule, const char *reason, const char *advice);
void finding_refuse(struct translation *t, uint32_t at, const char *rule, const char *reason, const char *advice);

/* Growing lists in the arena: list is an array with `count` in use; room doubles. */
void *translation_grow(struct translation *t, void *list, uint32_t count, size_t size);
#define LIST_ADD(t, list, count, item)                                                                                                     \
    do {                                                                                                                                   \
        (list) = translation_grow((t), (list), (count), sizeof *(list));                                                                   \
        (list)[(count)++] = (item);                                                                                                        \
    } while (0)

#endif
