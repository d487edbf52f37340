/* SPDX-License-Identifier: Apache-2.0 */
/* Outer joins written with (+): the FROM list becomes LEFT JOINs, the marked conditions their ON clauses. */
#include "standin/rewrite_query.h"

bool outer_marks_ahead(const struct rewriter *rw)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; rewrite_peek(rw, i)->kind != TOKEN_END; i++) {
        if (rewrite_is_ahead(rw, i, "(") && rewrite_is_ahead(rw, i + 1, "+") && rewrite_is_ahead(rw, i + 2, ")")) return true;
        if (rewrite_is_ahead(rw, i, "(")) depth++;
        if (rewrite_is_ahead(rw, i, ")") && depth-- == 0) return false;
        bool end = rewrite_is_ahead(rw, i, "GROUP") || rewrite_is_ahead(rw, i, "ORDER") || rewrite_is_ahead(rw, i, "UNION") ||
                   rewrite_is_ahead(rw, i, ";");
        if (depth == 0 && end) return false;
    }
    return false;
}

struct outer {
    const char *conditions[SOURCE_MAX]; /* of the sources that may be missing; NULL: not one of them */
    uint64_t needs[SOURCE_MAX];         /* what their conditions name */
    const char *where;
};

static void take_conditions(struct rewriter *rw, struct outer *o)
{
    struct scope *scope = rw->scope;
    do {
        scope->used = scope->outer_marks = 0;
        struct expression e = expression_conjunct(rw);
        if (rewrite_failed(rw)) return;
        uint64_t marks = scope->outer_marks;
        if (marks == 0) {
            o->where = text_join(rw, o->where, " AND ", e.text);
            continue;
        }
        if (marks & (marks - 1)) rewrite_fail(rw, 1468, NULL, "a predicate may reference only one outer-joined table");
        uint32_t i = (uint32_t)__builtin_ctzll(marks);
        o->conditions[i] = o->conditions[i] ? text_join(rw, o->conditions[i], " AND ", e.text) : e.text;
        o->needs[i] |= scope->used & ~marks;
        scope->sources[i]->outer = true;
    } while (rewrite_take(rw, "AND"));
    if (rewrite_is(rw, "OR")) rewrite_fail(rw, 1719, NULL, "outer join operator (+) not allowed in operand of OR or IN");
}

const char *outer_where(struct rewriter *rw)
{
    struct outer o = {.where = ""};
    struct scope *scope = rw->scope;
    rw->at++;
    if (scope->joined) rewrite_fail(rw, 25156, NULL, "old style outer join (+) cannot be used with ANSI joins");
    if (!rewrite_failed(rw)) take_conditions(rw, &o);
    const char *from = "";
    uint64_t done = 0, all = scope->source_count == 64 ? UINT64_MAX : ((uint64_t)1 << scope->source_count) - 1;
    for (uint32_t i = 0; i < scope->source_count; i++) {
        if (o.conditions[i]) continue;
        from = text_join(rw, from, " CROSS JOIN ", scope->factors[i]);
        done |= (uint64_t)1 << i;
    }
    while (done != all && !rewrite_failed(rw)) {
        uint64_t before = done;
        for (uint32_t i = 0; i < scope->source_count; i++) {
            uint64_t bit = (uint64_t)1 << i;
            if ((done & bit) || (o.needs[i] & ~done)) continue;
            from = text_format(rw, "%s LEFT JOIN %s ON %s", from, scope->factors[i], o.conditions[i]);
            done |= bit;
        }
        if (done == before || !*from) rewrite_fail(rw, 1416, NULL, "two tables cannot be outer-joined to each other");
    }
    return text_format(rw, " FROM %s%s%s", from, *o.where ? " WHERE " : "", o.where);
}
