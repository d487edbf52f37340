/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates and window functions. */
#include "sql/build.h"
#include "sql/function.h"
#include "sql/rewrite_parts.h"

static struct expression *call_like(struct translation *t, const struct expression *e, const char *name, enum target_type target)
{
    struct expression *made = build_expression(t, EXPRESSION_CALL, e->at, e->typing);
    made->typing.target = target;
    made->call = translation_alloc(t, sizeof *made->call);
    *made->call = *e->call;
    made->target_name = name;
    made->arguments = e->arguments;
    made->argument_count = e->argument_count;
    made->rule = e->rule;
    made->end = e->end;
    return made;
}

/* RANGE n PRECEDING over a date counts days. */
static void convert_frame(struct translation *t, struct window *w)
{
    if (w->unit != FRAME_RANGE || w->order.count != 1) return;
    const struct typing *key = &w->order.keys[0].expression->typing;
    struct frame_bound *bounds[] = {&w->from, &w->to};
    for (int i = 0; i < 2; i++) {
        struct expression *offset = bounds[i]->offset;
        if (!offset) continue;
        if (type_is_datetime(key->type) && !type_is_interval(offset->typing.type))
            bounds[i]->offset = BUILD_TEMPLATE(t, offset->at, typing_of(SQL_INTERVAL_DS, TARGET_INTERVAL), PRECEDENCE_MULTIPLY,
                                               "\1 * interval '1 day'", as_number(t, offset));
        else if (type_is_number(key->type))
            bounds[i]->offset = as_number(t, offset);
    }
}

void rewrite_window(struct translation *t, struct window *w)
{
    if (w->unit == FRAME_ROWS || w->unit == FRAME_GROUPS) {
        if (w->from.offset) w->from.offset = as_integer(t, w->from.offset);
        if (w->to.offset) w->to.offset = as_integer(t, w->to.offset);
    }
    convert_frame(t, w);
    if (w->from.kind > w->to.kind && w->to.kind != BOUND_NONE)
        finding_refuse(t, w->from.offset ? w->from.offset->at : 0, "window", "the window's end lies before its begin", "check the window");
    for (uint32_t i = 0; i < w->order.count; i++) w->order.keys[i].expression = collate_binary(t, w->order.keys[i].expression);
}

static void add_frame(struct window *w, enum frame_bound_kind from, enum frame_bound_kind to, struct expression *from_offset,
                      struct expression *to_offset)
{
    w->unit = FRAME_ROWS;
    w->from = (struct frame_bound){.kind = from, .offset = from_offset};
    w->to = (struct frame_bound){.kind = to, .offset = to_offset};
    w->exclude = view_of(NULL, 0);
}

/* FIRST_VALUE, LAST_VALUE, NTH_VALUE, LAG, LEAD that pass over NULLs, or count from the last: all values of the frame, and one of them picked. */
static struct expression *pick_value(struct translation *t, struct expression *e)
{
    struct call *c = e->call;
    const char *name = e->rule->name;
    bool lag = !strcmp(name, "LAG"), lead = !strcmp(name, "LEAD"), nth = !strcmp(name, "NTH_VALUE"), ignore = c->nulls == NULLS_IGNORE;
    struct expression *list = build_expression(t, EXPRESSION_CALL, e->at, typing_of(SQL_UNKNOWN, TARGET_OTHER));
    list->call = translation_alloc(t, sizeof *list->call);
    list->call->brackets = true;
    list->call->over = translation_alloc(t, sizeof *list->call->over);
    *list->call->over = *c->over;
    list->target_name = "array_agg";
    build_add(t, list, e->arguments[0]);
    if (c->over->name.size && (lag || lead))
        finding_refuse(t, e->at, "window", "IGNORE NULLS over a named window", "write the window at the function");
    rewrite_window(t, list->call->over);
    if (lag) add_frame(list->call->over, BOUND_UNBOUNDED_PRECEDING, BOUND_PRECEDING, NULL, build_number(t, e->at, 1));
    if (lead) add_frame(list->call->over, BOUND_FOLLOWING, BOUND_UNBOUNDED_FOLLOWING, build_number(t, e->at, 1), NULL);
    struct expression *n = (lag || lead || nth) && e->argument_count > 1 ? as_integer(t, e->arguments[1]) : build_number(t, e->at, 1);
    bool last = lag || !strcmp(name, "LAST_VALUE") || c->from_last;
    struct typing typing = e->arguments[0]->typing;
    typing.nullable = true;
    const char *how = ignore ? (last ? "@pick(\1, -\2)" : "@pick(\1, \2)") : last ? "@pick_any(\1, -\2)" : "@pick_any(\1, \2)";
    struct expression *picked = BUILD_CALL(t, e->at, typing, how, list, n);
    if (!(lag || lead) || e->argument_count < 3) return picked;
    struct expression *otherwise = as_result(t, e->arguments[2], &typing);
    return BUILD_CALL(t, e->at, typing, "coalesce(\1, \2)", picked, otherwise); /* what is picked is never NULL */
}

static struct expression *rewrite_keep(struct translation *t, struct expression *e);

struct expression *rewrite_aggregate(struct translation *t, struct expression *e)
{
    struct call *c = e->call;
    const struct function_rule *rule = e->rule;
    if ((rule->flags & FUNCTION_ANALYTIC) && !(rule->flags & FUNCTION_AGGREGATE) && !c->over && !c->within)
        finding_refuse(t, e->at, "window", translation_printf(t, "%s needs OVER (..)", rule->name), "check the call");
    if (c->over && c->distinct)
        finding_refuse(t, e->at, "window", "DISTINCT inside a window function is not available on the target",
                       "compute it in a grouped subquery");
    if (c->keep) return rewrite_keep(t, e);
    if ((c->nulls == NULLS_IGNORE || c->from_last) && c->over) return pick_value(t, e);
    for (uint32_t i = 0; i < c->order.count; i++) c->order.keys[i].expression = collate_binary(t, c->order.keys[i].expression);
    if (c->over) rewrite_window(t, c->over);
    e->typing.nullable = !(rule->flags & FUNCTION_NOT_NULL);
    return e;
}

static struct expression *rewrite_count(struct translation *t, struct expression *e)
{
    if (e->argument_count == 1 && e->arguments[0]->kind == EXPRESSION_BIND) e->arguments[0] = as_text(t, e->arguments[0]);
    e->target_name = "count";
    if (e->call->star && e->call->distinct)
        finding_refuse(t, e->at, "COUNT", "COUNT(DISTINCT *) is an error on the source", "name a column");
    return rewrite_aggregate(t, e);
}

/* MIN and MAX order text by its bytes. */
static struct expression *rewrite_extreme(struct translation *t, struct expression *e)
{
    e->target_name = e->rule->how;
    if (type_is_fixed(e->arguments[0]->typing.type)) e->typing.target = e->arguments[0]->typing.target;
    if (e->arguments[0]->kind == EXPRESSION_BIND) e->arguments[0] = as_text(t, e->arguments[0]);
    if (!e->call->over || !e->call->keep) e->arguments[0] = collate_binary(t, e->arguments[0]);
    e->typing.target = e->arguments[0]->typing.target;
    return rewrite_aggregate(t, e);
}

static struct expression *rewrite_sum(struct translation *t, struct expression *e)
{
    struct expression *a = as_number(t, e->arguments[0]);
    e->arguments[0] = a;
    e->target_name = "sum";
    if (a->typing.target == TARGET_FLOAT) e->typing = a->typing;
    if (type_is_interval(a->typing.type)) finding_refuse(t, e->at, "SUM", "SUM of intervals is an error on the source", "check the query");
    return rewrite_aggregate(t, e);
}

/* AVG with all of Oracle's digits: sum divided by count. */
static struct expression *rewrite_avg(struct translation *t, struct expression *e)
{
    struct expression *a = as_number(t, e->arguments[0]);
    e->arguments[0] = a;
    if (a->typing.target == TARGET_FLOAT || e->call->keep) {
        e->target_name = "avg";
        if (a->typing.target == TARGET_FLOAT) e->typing = a->typing;
        if (e->call->keep)
            finding_difference(t, e->at, "AVG", "PostgreSQL answers fewer digits than Oracle's 40", "compare with a tolerance");
        return rewrite_aggregate(t, e);
    }
    struct expression *sum = call_like(t, e, "sum", TARGET_NUMERIC), *count = call_like(t, e, "count", TARGET_INTEGER);
    sum = rewrite_aggregate(t, sum);
    struct typing typing = e->typing;
    typing.target = TARGET_NUMERIC;
    typing.nullable = true;
    return BUILD_CALL(t, e->at, typing, "@divide(\1, \2)", sum, count);
}

static struct expression *rewrite_ratio(struct translation *t, struct expression *e)
{
    struct expression *a = as_number(t, e->arguments[0]);
    e->arguments[0] = a;
    struct expression *sum = rewrite_aggregate(t, call_like(t, e, "sum", TARGET_NUMERIC));
    return BUILD_CALL(t, e->at, e->typing, "@divide(\1, \2)", a, BUILD_CALL(t, e->at, e->typing, "nullif(\1, 0)", sum));
}

/* VARIANCE and STDDEV of one row are 0, not NULL. */
static struct expression *rewrite_spread(struct translation *t, struct expression *e)
{
    e->arguments[0] = as_numeric(t, e->arguments[0]);
    struct expression *value = rewrite_aggregate(t, call_like(t, e, e->rule->how, TARGET_NUMERIC)),
                      *count = call_like(t, e, "count", TARGET_INTEGER);
    return BUILD_CALL(t, e->at, e->typing, "coalesce(\1, CASE WHEN \2 = 1 THEN 0 END)", value, count);
}

/* LISTAGG(DISTINCT x) ordered by x itself; PostgreSQL orders distinct values by nothing else. NULL: not so. */
static struct expression *distinct_list(struct translation *t, struct expression *e, struct expression *separator)
{
    struct call *c = e->call;
    struct expression *value = e->arguments[0];
    if (c->order.count != 1 || !expression_equal(c->order.keys[0].expression, value) ||
        (!type_is_text(value->typing.type) && value->typing.target != TARGET_INTEGER))
        return NULL;
    struct expression *list = call_like(t, e, "array_agg", TARGET_OTHER);
    value = collate_binary(t, value);
    list->arguments = NULL;
    list->argument_count = 0;
    build_add(t, list, value);
    list->call->within = false;
    list->call->order.keys[0].expression = value;
    return BUILD_CALL(t, e->at, typing_of(SQL_VARCHAR, TARGET_TEXT), "nullif(array_to_string(\1, \2), '')", list, separator);
}

static struct expression *rewrite_listagg(struct translation *t, struct expression *e)
{
    struct call *c = e->call;
    struct expression *text = as_text(t, e->arguments[0]), *separator = e->argument_count > 1 ? e->arguments[1] : NULL;
    if (c->overflow_truncate)
        finding_difference(t, e->at, "LISTAGG", "ON OVERFLOW TRUNCATE is not applied: the whole list is answered",
                           "compare only lists within the limit");
    separator = separator ? as_readable(t, separator) : build_text(t, e->at, typing_of(SQL_VARCHAR, TARGET_TEXT), PRECEDENCE_PRIMARY, "''");
    if (text->typing.target == TARGET_LITERAL || separator->typing.target == TARGET_PARAMETER) separator = as_text(t, separator);
    if (c->distinct && c->order.count && !c->over) {
        struct expression *list = distinct_list(t, e, separator);
        if (list) return list;
        finding_refuse(t, e->at, "LISTAGG", "LISTAGG(DISTINCT x) ordered by something else than x is not available on the target",
                       "order by x, or compute it in a subquery");
        return e;
    }
    struct expression *made = call_like(t, e, "string_agg", TARGET_TEXT);
    made->arguments = NULL;
    made->argument_count = 0;
    build_add(t, made, text);
    build_add(t, made, separator);
    made->call->within = false;
    for (uint32_t i = 0; i < made->call->order.count; i++)
        made->call->order.keys[i].expression = collate_binary(t, made->call->order.keys[i].expression);
    if (made->call->order.count == 0) t->is_volatile = true;
    if (c->over) { /* over the whole partition, in the order wanted */
        made->call->over = translation_alloc(t, sizeof *made->call->over);
        *made->call->over = *c->over;
        made->call->over->order = made->call->order;
        made->call->order = (struct sort_list){0};
        if (made->call->over->order.count) add_frame(made->call->over, BOUND_UNBOUNDED_PRECEDING, BOUND_UNBOUNDED_FOLLOWING, NULL, NULL);
        if (c->distinct)
            finding_refuse(t, e->at, "LISTAGG", "LISTAGG(DISTINCT ..) as a window function is not available on the target",
                           "compute it in a grouped subquery");
    }
    return made;
}

/* Of numbers, with all their digits: our own function over an array of them, also of a window's. NULL: not of numbers. */
static struct expression *exact_percentile(struct translation *t, struct expression *e, bool median)
{
    struct call *c = e->call;
    if (!median && c->order.count != 1) return NULL;
    struct expression *value = median ? e->arguments[0] : c->order.keys[0].expression;
    bool descending = !median && c->order.keys[0].descending;
    if (!type_is_number(value->typing.type) || type_is_double(value->typing.type) || c->distinct) return NULL;
    struct expression *share =
        median ? build_text(t, e->at, typing_of(SQL_NUMBER, TARGET_NUMERIC), PRECEDENCE_PRIMARY, "0.5") : as_numeric(t, e->arguments[0]);
    struct expression *list = call_like(t, e, "array_agg", TARGET_OTHER);
    list->arguments = NULL;
    list->argument_count = 0;
    list->call->order = (struct sort_list){0};
    list->call->within = false;
    build_add(t, list, as_numeric(t, value));
    return BUILD_CALL(t, e->at, typing_of(SQL_NUMBER, TARGET_NUMERIC), descending ? "@percentile(\1, 1 - \2)" : "@percentile(\1, \2)", list,
                      share);
}

static struct expression *rewrite_percentile(struct translation *t, struct expression *e)
{
    struct call *c = e->call;
    bool median = view_equal(view_text(e->rule->name), view_text("MEDIAN"));
    struct expression *exact = view_equal(view_text(e->rule->how), view_text("percentile_cont")) ? exact_percentile(t, e, median) : NULL;
    if (exact) return exact;
    if (c->over) {
        finding_refuse(t, e->at, e->rule->name, "an ordered-set aggregate as a window function is not available on the target",
                       "compute it in a grouped subquery");
        return e;
    }
    struct expression *made = call_like(t, e, e->rule->how, TARGET_NUMERIC);
    if (median) {
        struct sort_key key = {.expression = e->arguments[0]};
        made->call->order = (struct sort_list){0};
        LIST_ADD(t, made->call->order.keys, made->call->order.count, key);
        made->arguments = NULL;
        made->argument_count = 0;
        build_add(t, made, build_text(t, e->at, typing_of(SQL_NUMBER, TARGET_FLOAT), PRECEDENCE_PRIMARY, "0.5"));
        made->call->within = true;
    }
    if (made->call->order.count != 1) return e;
    struct typing typing = made->call->order.keys[0].expression->typing;
    made->typing = typing;
    if (!view_equal(view_text(e->rule->how), view_text("percentile_cont"))) return made;
    if (type_is_datetime(typing.type)) {
        finding_refuse(t, e->at, e->rule->name, "a percentile of dates is not available on the target", "compute it on numbers");
        return e;
    }
    finding_difference(t, e->at, e->rule->name, "PostgreSQL computes it in double precision", "compare with a tolerance");
    struct expression *decimal = build_cast(t, made, "numeric", TARGET_NUMERIC);
    decimal->typing.type = SQL_NUMBER;
    return decimal;
}

/* LAG, LEAD: offset an integer, the default of the first argument's type. */
static struct expression *rewrite_lag(struct translation *t, struct expression *e)
{
    e->target_name = e->rule->how;
    struct typing wanted = e->arguments[0]->typing;
    if (e->argument_count > 1) e->arguments[1] = as_integer(t, e->arguments[1]);
    if (e->argument_count > 2) {
        e->arguments[0] = as_result(t, e->arguments[0], &wanted);
        e->arguments[2] = as_result(t, e->arguments[2], &wanted);
        if (type_is_number(wanted.type) && wanted.target == TARGET_INTEGER && e->arguments[2]->typing.target != TARGET_INTEGER)
            e->arguments[0] = build_cast(t, e->arguments[0], "numeric", TARGET_NUMERIC);
    }
    e->typing = wanted;
    return rewrite_aggregate(t, e);
}

/* Shares of a window as numeric: a double would be of another type than NUMBER. */
static struct expression *rewrite_share(struct translation *t, struct expression *e)
{
    e->target_name = e->rule->how;
    if (e->call->within) {
        e->target_name = e->rule->how;
    }
    struct expression *made = rewrite_aggregate(t, e);
    struct expression *cast = build_cast(t, made, "numeric", TARGET_NUMERIC);
    cast->typing.type = SQL_NUMBER;
    return cast;
}

static struct expression *rewrite_grouping(struct translation *t, struct expression *e)
{
    (void)t;
    e->target_name = "grouping";
    e->typing = (struct typing){.type = SQL_NUMBER, .target = TARGET_INTEGER};
    return e;
}

/* MAX(x) KEEP (DENSE_RANK FIRST ORDER BY y): the aggregate over the rows that come first. */
static struct expression *rewrite_keep(struct translation *t, struct expression *e)
{
    struct call *c = e->call;
    bool extreme = !strcmp(e->target_name, "max") || !strcmp(e->target_name, "min");
    if (!extreme || e->argument_count != 1) {
        finding_refuse(t, e->at, "KEEP", "KEEP is translated for MIN and MAX only", "give a translation in the mapping file");
        return e;
    }
    struct expression *made = call_like(t, e, c->over ? "first_value" : "array_agg", TARGET_OTHER);
    made->call->keep = false;
    made->call->within = false;
    struct sort_list order = {0};
    for (uint32_t i = 0; i < c->order.count; i++) {
        struct sort_key key = c->order.keys[i];
        key.expression = collate_binary(t, key.expression);
        bool nulls_first = key.nulls == NULLS_FIRST || (key.nulls == NULLS_DEFAULT && key.descending);
        if (c->keep_last) { /* the last in this order is the first in the opposite one */
            key.descending = !key.descending;
            key.nulls = nulls_first ? NULLS_LAST : NULLS_FIRST;
        }
        LIST_ADD(t, order.keys, order.count, key);
    }
    struct sort_key own = {
        .expression = collate_binary(t, e->arguments[0]), .descending = !strcmp(e->target_name, "max"), .nulls = NULLS_LAST};
    LIST_ADD(t, order.keys, order.count, own);
    made->call->order = order;
    struct typing typing = e->arguments[0]->typing;
    typing.nullable = true;
    if (c->over) {
        made->call->over = translation_alloc(t, sizeof *made->call->over);
        *made->call->over = *c->over;
        made->call->over->order = order;
        made->call->order = (struct sort_list){0};
        add_frame(made->call->over, BOUND_UNBOUNDED_PRECEDING, BOUND_UNBOUNDED_FOLLOWING, NULL, NULL);
        made->typing = typing;
        return made;
    }
    return BUILD_CALL(t, e->at, typing, "(\1)[1]", made);
}

#define AGGREGATE FUNCTION_AGGREGATE
#define ANALYTIC  FUNCTION_ANALYTIC
#define BOTH      (FUNCTION_AGGREGATE | FUNCTION_ANALYTIC)
#define DIGITS    "PostgreSQL answers fewer digits than Oracle's 40"
const struct function_rule functions_aggregate[] = {
    {"APPROX_COUNT_DISTINCT", 1, 1, SQL_REFUSED, AGGREGATE, GIVES_INTEGER, "a", NULL, NULL,
     "its answer is an estimate that differs between the two", "use COUNT(DISTINCT x)"},
    {"AVG", 1, 1, SQL_EXACT, AGGREGATE, GIVES_NUMBER_OF_FIRST, "a", "avg", rewrite_avg},
    {"CORR", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "corr", rewrite_share, DIGITS},
    {"COUNT", 1, 1, SQL_EXACT, AGGREGATE | FUNCTION_NOT_NULL, GIVES_INTEGER, "a", "count", rewrite_count},
    {"COVAR_POP", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "covar_pop", rewrite_share, DIGITS},
    {"COVAR_SAMP", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "covar_samp", rewrite_share, DIGITS},
    {"CUME_DIST", 0, -1, SQL_APPROXIMATE, BOTH, GIVES_NUMBER, "a", "cume_dist", rewrite_share, DIGITS},
    {"DENSE_RANK", 0, -1, SQL_EXACT, BOTH, GIVES_INTEGER, "a", "dense_rank"},
    {"FIRST_VALUE", 1, 1, SQL_EXACT, ANALYTIC, GIVES_FIRST, "a", "first_value"},
    {"GROUPING", 1, 1, SQL_EXACT, AGGREGATE | FUNCTION_NOT_NULL, GIVES_INTEGER, "a", "grouping", rewrite_grouping},
    {"GROUPING_ID", 1, -1, SQL_EXACT, AGGREGATE | FUNCTION_NOT_NULL, GIVES_INTEGER, "a", "grouping", rewrite_grouping},
    {"LAG", 1, 3, SQL_EXACT, ANALYTIC, GIVES_FIRST, "a", "lag", rewrite_lag},
    {"LAST_VALUE", 1, 1, SQL_EXACT, ANALYTIC, GIVES_FIRST, "a", "last_value"},
    {"LEAD", 1, 3, SQL_EXACT, ANALYTIC, GIVES_FIRST, "a", "lead", rewrite_lag},
    {"LISTAGG", 1, 2, SQL_EXACT, AGGREGATE, GIVES_TEXT, "a", "string_agg", rewrite_listagg},
    {"MAX", 1, 1, SQL_EXACT, AGGREGATE, GIVES_FIRST, "a", "max", rewrite_extreme},
    {"MEDIAN", 1, 1, SQL_EXACT, AGGREGATE, GIVES_FIRST, "a", "percentile_cont", rewrite_percentile},
    {"MIN", 1, 1, SQL_EXACT, AGGREGATE, GIVES_FIRST, "a", "min", rewrite_extreme},
    {"NTH_VALUE", 2, 2, SQL_EXACT, ANALYTIC, GIVES_FIRST, "ai", "nth_value"},
    {"NTILE", 1, 1, SQL_EXACT, ANALYTIC, GIVES_INTEGER, "i", "ntile"},
    {"PERCENTILE_CONT", 1, 1, SQL_EXACT, BOTH, GIVES_NUMBER, "a", "percentile_cont", rewrite_percentile},
    {"PERCENTILE_DISC", 1, 1, SQL_EXACT, BOTH, GIVES_NUMBER, "a", "percentile_disc", rewrite_percentile},
    {"PERCENT_RANK", 0, -1, SQL_APPROXIMATE, BOTH, GIVES_NUMBER, "a", "percent_rank", rewrite_share, DIGITS},
    {"RANK", 0, -1, SQL_EXACT, BOTH, GIVES_INTEGER, "a", "rank"},
    {"RATIO_TO_REPORT", 1, 1, SQL_EXACT, ANALYTIC, GIVES_NUMBER, "a", NULL, rewrite_ratio},
    {"REGR_AVGX", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_avgx", rewrite_share, DIGITS},
    {"REGR_AVGY", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_avgy", rewrite_share, DIGITS},
    {"REGR_COUNT", 2, 2, SQL_EXACT, AGGREGATE, GIVES_INTEGER, "n", "regr_count"},
    {"REGR_INTERCEPT", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_intercept", rewrite_share, DIGITS},
    {"REGR_R2", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_r2", rewrite_share, DIGITS},
    {"REGR_SLOPE", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_slope", rewrite_share, DIGITS},
    {"REGR_SXX", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_sxx", rewrite_share, DIGITS},
    {"REGR_SXY", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_sxy", rewrite_share, DIGITS},
    {"REGR_SYY", 2, 2, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "regr_syy", rewrite_share, DIGITS},
    {"ROW_NUMBER", 0, 0, SQL_EXACT, ANALYTIC | FUNCTION_NOT_NULL, GIVES_INTEGER, "", "row_number"},
    {"STDDEV", 1, 1, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "a", "stddev_samp", rewrite_spread, DIGITS},
    {"STDDEV_POP", 1, 1, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "stddev_pop", NULL, DIGITS},
    {"STDDEV_SAMP", 1, 1, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "stddev_samp", NULL, DIGITS},
    {"SUM", 1, 1, SQL_EXACT, AGGREGATE, GIVES_NUMBER_OF_FIRST, "a", "sum", rewrite_sum},
    {"VARIANCE", 1, 1, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "a", "var_samp", rewrite_spread, DIGITS},
    {"VAR_POP", 1, 1, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "var_pop", NULL, DIGITS},
    {"VAR_SAMP", 1, 1, SQL_APPROXIMATE, AGGREGATE, GIVES_NUMBER, "n", "var_samp", NULL, DIGITS},
    {"WM_CONCAT", 1, 1, SQL_REFUSED, AGGREGATE, GIVES_TEXT, "a", NULL, NULL, "it is undocumented and its order is not defined",
     "use LISTAGG"},
};
const uint32_t functions_aggregate_count = sizeof functions_aggregate / sizeof *functions_aggregate;
