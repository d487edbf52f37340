/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: PIVOT (..) and UNPIVOT (..). */
#include "sql/parse.h"
#include "sql/pivot.h"

static void parse_name_list(struct parser *p, struct view **names, uint32_t *count)
{
    bool brackets = parse_accept(p, OPERATOR_LEFT);
    do {
        struct view name = parse_name(p, NULL);
        LIST_ADD(p->t, *names, *count, name);
    } while (brackets && parse_accept(p, OPERATOR_COMMA));
    if (brackets) parse_expect(p, OPERATOR_RIGHT);
}

static void parse_pivot_value(struct parser *p, struct pivot *pivot)
{
    struct pivot_value value = {0};
    struct expression *e = parse_operand(p);
    if (pivot->unpivot) {
        if (e->kind == EXPRESSION_ROW) {
            value.columns = e->arguments;
            value.column_count = e->argument_count;
        } else {
            LIST_ADD(p->t, value.columns, value.column_count, e);
        }
        if (parse_accept_word(p, WORD_AS)) value.expression = parse_operand(p);
    } else {
        value.expression = e;
        value.alias = parse_alias(p, false);
    }
    LIST_ADD(p->t, pivot->values, pivot->value_count, value);
}

struct pivot *parse_pivot(struct parser *p)
{
    struct pivot *pivot = translation_alloc(p->t, sizeof *pivot);
    pivot->unpivot = parse_at_word(p, WORD_UNPIVOT);
    parse_advance(p);
    pivot->xml = parse_accept_word(p, WORD_XML);
    if (pivot->unpivot && parse_at_word(p, WORD_INCLUDE)) pivot->include_nulls = true;
    if (pivot->unpivot && (parse_at_word(p, WORD_INCLUDE) || parse_at_word(p, WORD_EXCLUDE))) p->at += 2;
    parse_expect(p, OPERATOR_LEFT);
    if (pivot->unpivot) {
        parse_name_list(p, &pivot->measures, &pivot->measure_count);
    } else {
        do {
            struct select_item item = {.expression = parse_expression(p)};
            item.alias = parse_alias(p, false);
            LIST_ADD(p->t, pivot->aggregates, pivot->aggregate_count, item);
        } while (parse_accept(p, OPERATOR_COMMA));
    }
    parse_expect_word(p, WORD_FOR);
    parse_name_list(p, &pivot->names, &pivot->name_count);
    parse_expect_word(p, WORD_IN);
    parse_expect(p, OPERATOR_LEFT);
    if (pivot->xml && (parse_at_word(p, WORD_ANY) || parse_at_word(p, WORD_SELECT)))
        parse_fail_at(p, parse_token(p)->at, "PIVOT XML is not translated", "list the values");
    do parse_pivot_value(p, pivot);
    while (parse_accept(p, OPERATOR_COMMA));
    parse_expect(p, OPERATOR_RIGHT);
    parse_expect(p, OPERATOR_RIGHT);
    return pivot;
}
