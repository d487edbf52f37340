/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of real applications: how many are read and translated, and whether PostgreSQL's grammar takes what comes out. */
#include "tests/translator/suite.h"

#include <stdlib.h>

void corpora_options(struct sql_options *options)
{
    sql_options_default(options);
    options->function_schema = "understudy";
    options->current_schema = "APP";
}

const char *corpora_reason(const struct sql_plan *plan, char *room, size_t size)
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
        groups_add(corpus->groups, "corpus, unparsed", corpora_reason(plan, reason, sizeof reason), sql, NULL);
    } else {
        corpus->result.parsed++;
        if (plan->state == SQL_REFUSED) {
            corpus->result.refused++;
            groups_add(corpus->groups, "corpus, refused", corpora_reason(plan, reason, sizeof reason), sql, NULL);
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
    corpora_options(&corpus.options);
    if (!lines_read(path, take_statement, &corpus)) fprintf(stderr, "translator: SKIPPED, there is no corpus at %s\n", path);
    fprintf(failures, "\n== corpus: %u statements, %u parsed, %u translated, %u refused, %u not PostgreSQL, %u crashed\n",
            corpus.result.total, corpus.result.parsed, corpus.result.translated, corpus.result.refused, corpus.result.invalid,
            corpus.result.crashed);
    groups_print(corpus.groups, failures);
    groups_free(corpus.groups);
    return corpus.result;
}
