/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of real applications: how many are read and translated, and whether PostgreSQL's grammar takes what comes out; pairs with a known counterpart. */
#include "tests/translator/suite.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void fresh_options(struct sql_options *options)
{
    sql_options_default(options);
    options->function_schema = "understudy";
    options->current_schema = "APP";
}

static const char *first_reason(const struct sql_plan *plan, char *room, size_t size)
{
    for (uint32_t i = 0; i < plan->finding_count; i++) {
        if (plan->findings[i].severity != SQL_REFUSAL) continue;
        snprintf(room, size, "%s: %s", plan->findings[i].rule ? plan->findings[i].rule : "",
                 plan->findings[i].reason ? plan->findings[i].reason : "");
        return room;
    }
    return plan->finding_count && plan->findings[0].reason ? plan->findings[0].reason : "no reason is given";
}

struct corpus {
    struct corpus_result result;
    struct sql_options options;
    struct groups *groups;
};

static void take_statement(void *context, char *line)
{
    struct corpus *corpus = context;
    char *sql = lines_json_text(line, "sql"), reason[300];
    int guard;
    if (!sql) return;
    corpus->result.total++;
    struct sql_plan *plan = guarded_translate(&corpus->options, sql, &guard);
    if (!plan) {
        corpus->result.crashed++;
        groups_add(corpus->groups, "corpus, THE TRANSLATOR", guard == GUARD_HANG ? "hangs" : "crashes", sql, NULL);
        free(sql);
        return;
    }
    corpus->result.states[plan->state]++;
    if (plan->state == SQL_UNPARSED) {
        groups_add(corpus->groups, "corpus, unparsed", first_reason(plan, reason, sizeof reason), sql, NULL);
    } else {
        corpus->result.parsed++;
        if (plan->state == SQL_REFUSED) {
            corpus->result.refused++;
            groups_add(corpus->groups, "corpus, refused", first_reason(plan, reason, sizeof reason), sql, NULL);
        } else if (plan->state == SQL_PASSED || !plan->target_text) {
            corpus->result.translated += plan->state != SQL_PASSED;
        } else if (judge_parses(plan->target_text, reason, sizeof reason)) {
            corpus->result.translated++;
        } else {
            corpus->result.invalid++;
            groups_add(corpus->groups, "corpus, PostgreSQL cannot parse", reason, sql, plan->target_text);
        }
    }
    sql_plan_unref(plan);
    free(sql);
}

struct corpus_result corpus_measure(const char *path, FILE *failures)
{
    struct corpus corpus = {.groups = groups_new()};
    fresh_options(&corpus.options);
    if (!lines_read(path, take_statement, &corpus)) fprintf(stderr, "translator: SKIPPED, there is no corpus at %s\n", path);
    fprintf(failures, "\n== corpus: %u statements, %u parsed, %u translated, %u refused, %u not PostgreSQL, %u crashed\n",
            corpus.result.total, corpus.result.parsed, corpus.result.translated, corpus.result.refused, corpus.result.invalid,
            corpus.result.crashed);
    groups_print(corpus.groups, failures);
    groups_free(corpus.groups);
    return corpus.result;
}

static bool quoted_upper(const char *at)
{
    size_t size = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return size > 0 && at[size + 1] == '"' && !(at[1] >= '0' && at[1] <= '9');
}

/* :name and ? become $n where they are parameters; a name keeps its number. */
static char *number_parameters(const char *text)
{
    struct buffer out;
    char names[100][64];
    int count = 0, next = 0;
    buffer_init(&out, 0);
    char quote = 0;
    for (const char *at = text; *at; at++) {
        if (quote) {
            if (*at == quote) quote = 0;
        } else if (*at == '"' && quoted_upper(at)) { /* Oracle's "EMP" is its EMP, and emp on the target */
            for (at++; *at != '"'; at++) buffer_u8(&out, (uint8_t)tolower((unsigned char)*at));
            continue;
        } else if (*at == '\'' || *at == '"') {
            quote = *at;
        } else if (*at == '?') {
            buffer_printf(&out, "$%d", ++next);
            continue;
        } else if (*at == ':' && at[1] == ':') {
            buffer_u8(&out, ':');
            at++;
        } else if (*at == ':' && (isalpha((unsigned char)at[1]) || at[1] == '_') && count < 100) {
            char name[64];
            size_t size = strspn(at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
            int found = 0;
            snprintf(name, sizeof name, "%.*s", (int)(size < 63 ? size : 63), at + 1);
            while (found < count && strcmp(names[found], name) != 0) found++;
            if (found == count) memcpy(names[count++], name, sizeof name);
            buffer_printf(&out, "$%d", found + 1);
            at += size;
            continue;
        }
        buffer_u8(&out, (uint8_t)*at);
    }
    buffer_u8(&out, 0);
    char *copy = strdup((const char *)buffer_view(&out).data);
    buffer_release(&out);
    return copy;
}

struct pairs {
    struct pair_result result;
    struct sql_options options;
    struct groups *groups;
    PGconn *target;
    bool header;
};

static void judge_pair(struct pairs *pairs, const struct sql_plan *plan, const char *source, const char *reference)
{
    char reason[400] = "";
    char *numbered = number_parameters(reference), *ours = judge_normal(plan->target_text), *theirs = judge_normal(numbered);
    if (!ours) {
        pairs->result.wrong++;
        judge_parses(plan->target_text, reason, sizeof reason);
        groups_add(pairs->groups, "pairs, PostgreSQL cannot parse", reason, source, plan->target_text);
    } else if (theirs && strcmp(ours, theirs) == 0) {
        pairs->result.agree++;
    } else {
        bool definition = plan->kind == SQL_DDL; /* people choose types of their own: another definition is not a wrong one */
        int verdict = staged_compare(pairs->target, plan->target_text, numbered, reason, sizeof reason);
        bool other = verdict == STAGED_DIFFERENT;
        char both[1600];
        snprintf(both, sizeof both, "%.500s   REFERENCE %.500s   %s", plan->target_text, numbered, other ? reason : "");
        if (other && (plan->volatile_ || definition)) verdict = STAGED_UNKNOWN;
        if (verdict == STAGED_SAME) {
            pairs->result.right_but_different++;
        } else if (verdict == STAGED_DIFFERENT || verdict == STAGED_FIRST_FAILS) {
            pairs->result.wrong++;
            groups_add(pairs->groups, verdict == STAGED_DIFFERENT ? "pairs, other rows" : "pairs, only the reference runs",
                       verdict == STAGED_DIFFERENT ? "" : reason, source, both);
        } else {
            pairs->result.unjudged++;
            groups_add(pairs->groups, definition && other ? "pairs, another definition (unjudged)" : "pairs, unjudged", other ? "" : reason,
                       source, both);
        }
    }
    free(numbered);
    free(ours);
    free(theirs);
}

static void take_pair(void *context, char *line)
{
    struct pairs *pairs = context;
    char *fields[8], reason[300];
    int guard, count = lines_fields(line, fields, 8);
    if (!pairs->header || count < 6) {
        pairs->header = true;
        return;
    }
    pairs->result.total++;
    size_t size = strlen(fields[0]);
    struct sql_plan *plan = guarded_translate(&pairs->options, fields[0], &guard);
    char expression[4000] = "", reference[4000];
    if (plan && plan->state == SQL_UNPARSED && strcmp(fields[5], "OTHER") == 0 && size < 3900 &&
        strlen(fields[1]) < 3900) { /* a bare expression */
        sql_plan_unref(plan);
        snprintf(expression, sizeof expression, "SELECT %s FROM some_rows", fields[0]);
        snprintf(reference, sizeof reference, "SELECT %s FROM some_rows", fields[1]);
        plan = guarded_translate(&pairs->options, expression, &guard);
    }
    if (!plan) {
        pairs->result.wrong++;
        groups_add(pairs->groups, "pairs, THE TRANSLATOR", guard == GUARD_HANG ? "hangs" : "crashes", fields[0], NULL);
        return;
    }
    if (plan->state == SQL_REFUSED || plan->state == SQL_UNPARSED || plan->state == SQL_PASSED || !plan->target_text) {
        pairs->result.refused++;
        pairs->result.definitions += plan->kind == SQL_DDL;
        groups_add(pairs->groups,
                   plan->state == SQL_UNPARSED ? "pairs, unparsed"
                   : plan->state == SQL_PASSED ? "pairs, passed"
                                               : "pairs, refused",
                   first_reason(plan, reason, sizeof reason), fields[0], NULL);
    } else {
        char *source = NULL;
        if (asprintf(&source, "[%s] %s", fields[3], fields[0]) < 0) abort();
        judge_pair(pairs, plan, source, *expression ? reference : fields[1]);
        free(source);
    }
    sql_plan_unref(plan);
}

struct pair_result pairs_measure(PGconn *target, const char *path, FILE *failures)
{
    struct pairs pairs = {.groups = groups_new(), .target = target};
    fresh_options(&pairs.options);
    if (!lines_read(path, take_pair, &pairs)) fprintf(stderr, "translator: SKIPPED, there are no pairs at %s\n", path);
    fprintf(failures, "\n== pairs: %u, %u agree, %u right but different, %u refused, %u wrong, %u unjudged\n", pairs.result.total,
            pairs.result.agree, pairs.result.right_but_different, pairs.result.refused, pairs.result.wrong, pairs.result.unjudged);
    groups_print(pairs.groups, failures);
    groups_free(pairs.groups);
    return pairs.result;
}
