/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of real applications: how many are read and translated, and whether PostgreSQL's grammar takes what comes out. */
#include "tests/translator/suite.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

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

/* Marks of texts that are not Oracle's SQL: another dialect, a template with holes, a text cut off or damaged when it was collected. */
static const char *const foreign_marks[] = {
    "::[ ]*\"?[a-z]",
    "[[:space:]]limit[[:space:]]+[0-9?:a-z]",
    "%[sd(.]|XSUBST|[{}]|<[a-z]+>|[?][?]|`",
    "[[:space:]](ilike|rlike)[[:space:]]|~|@>|#>|[|]/|\\^|\\[|\\\\",
    "(^|[^a-z0-9_])[$][a-z0-9_$]",
    "as[[:space:]]*\\([[:space:]]*(insert|update|delete)[[:space:]]",
    "filter[[:space:]]*\\(|inherits[[:space:]]*\\(|partition of|on conflict|tablesample|with ordinality|match simple|distinct "
    "on|substring[[:space:]]*\\(.*[[:space:]]from ",
    "^update[[:space:]]+[^[:space:]]+([[:space:]]+[^[:space:]]+)?[[:space:]]+(where|select|alter)[[:space:]]",
    "(from|where|into|table|like|[=,])[[:space:]]*'?$",
    "(from|join|into|update)[[:space:]]+(user|number|rowid|order|group|date)([[:space:]]|$)",
    "^(with|create|drop|truncate|rollback|commit|delete|update)[[:space:]]+(an?|the|and|user|table,|table and|table "
    "with|specified|non|prepared|transaction|select|test)([[:space:]]|$)",
    "nulls (last|first)[[:space:]]+(asc|desc|:)|(date|interval)[[:space:]]+[?]|current timestamp",
};

static bool is_foreign(const char *sql)
{
    static regex_t compiled[sizeof foreign_marks / sizeof *foreign_marks];
    static bool ready;
    for (size_t i = 0; !ready && i < sizeof foreign_marks / sizeof *foreign_marks; i++)
        if (regcomp(&compiled[i], foreign_marks[i], REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0) abort();
    ready = true;
    for (size_t i = 0; i < sizeof foreign_marks / sizeof *foreign_marks; i++)
        if (regexec(&compiled[i], sql, 0, NULL, 0) == 0) return true;
    return false;
}

/* Reasons of refusals that no translator of SQL could lift: code, the source's administration, its dictionary, what PostgreSQL has no counterpart of,
 * and names that nobody declared. The rest of the refusals is ours. */
static const char *const beyond_reasons[] = {
    "procedural code",
    "plan of the source",
    "source's dictionary",
    "system privileges",
    "source's administration",
    "administration",
    "domain indexes",
    "Oracle Text",
    "XML",
    "collection",
    "object",
    "physical address",
    "row addresses",
    "database link",
    "substitution variable",
    "is not known",
    "there is no column",
    "DROP PROCEDURE",
    "DROP FUNCTION",
    "DROP PACKAGE",
    "DROP TYPE",
    "DROP TRIGGER",
    "DROP USER",
    "DROP ROLE",
    "DROP DIRECTORY",
    "DROP TABLESPACE",
    "DROP DATABASE",
    "DROP PROFILE",
    "DROP LIBRARY",
    "DROP CONTEXT",
    "DROP SYNONYM",
    "DROP PUBLIC",
    "DROP JAVA",
    "DROP DOMAIN",
    "DROP SCHEMA",
    "DROP RESTORE",
    "DROP LOCKDOWN",
    "DROP AUDIT",
    "ALTER USER",
    "ALTER SYSTEM",
    "ALTER DATABASE",
    "ALTER PROFILE",
    "ALTER ROLE",
    "ALTER PROCEDURE",
    "ALTER FUNCTION",
    "ALTER PACKAGE",
    "ALTER TRIGGER",
    "ALTER TYPE",
    "ALTER PLUGGABLE",
    "ALTER AUDIT",
    "ALTER LOCKDOWN",
    "ALTER DISKGROUP",
    "ALTER LIBRARY",
    "ALTER JAVA",
    "ALTER SYNONYM",
    "ALTER ROLLBACK",
    "CREATE USER",
    "CREATE ROLE",
    "CREATE PROFILE",
    "CREATE TABLESPACE",
    "CREATE BIGFILE",
    "CREATE SMALLFILE",
    "CREATE UNDO",
    "CREATE TEMPORARY",
    "CREATE DATABASE",
    "CREATE PLUGGABLE",
    "CREATE DIRECTORY",
    "CREATE CONTEXT",
    "CREATE SYNONYM",
    "CREATE PUBLIC",
    "CREATE JSON",
    "CREATE AUDIT",
    "CREATE LOCKDOWN",
    "CREATE DISKGROUP",
    "CREATE SCHEMA",
    "CREATE SPFILE",
    "CREATE PFILE",
    "CREATE CONTROLFILE",
    "CREATE AND",
    "CREATE SEARCH",
    "CREATE RESTORE",
    "CREATE CLUSTER",
    "CREATE OPERATOR",
    "CREATE INDEXTYPE",
    "CREATE DIMENSION",
    "CREATE OUTLINE",
    "CREATE EDITION",
    "CREATE DOMAIN",
    "CREATE ATTRIBUTE",
    "CREATE HIERARCHY",
    "CREATE ANALYTIC",
    "CREATE VECTOR",
    "CREATE PROPERTY",
    "PREDICTION",
    "CLUSTER_",
    "FEATURE_",
    "VECTOR",
    "VECTOR_DISTANCE",
    "TO_VECTOR",
    "flashback",
    "files of the source",
    "external tables",
    "SET ROLE",
    "source's own",
    "belong to the source",
    "a column of type",
    "nested tables",
    "WITH FUNCTION",
};

static bool is_beyond(const char *reason)
{
    for (size_t i = 0; i < sizeof beyond_reasons / sizeof *beyond_reasons; i++)
        if (strstr(reason, beyond_reasons[i])) return true;
    return false;
}

struct corpus {
    struct corpus_result result;
    struct sql_options options;
    struct groups *groups;
};

static bool has_rule(const struct sql_plan *plan, const char *rule)
{
    for (uint32_t i = 0; i < plan->finding_count; i++)
        if (plan->findings[i].rule && strcmp(plan->findings[i].rule, rule) == 0) return true;
    return false;
}

/* A record that the grammar read: is it translated, and is what came out PostgreSQL's syntax? */
static void count_parsed(struct corpus *corpus, const char *sql, const struct script_parts *parts)
{
    struct corpus_result *r = &corpus->result;
    const struct sql_plan *plan = script_worst(parts)->plan;
    char reason[300];
    bool foreign = has_rule(plan, "dialect"), slots = has_rule(plan, "template") || has_rule(plan, "substitution variable");
    r->parsed++;
    r->foreign += foreign;
    r->templates += !foreign && slots;
    if (plan->state == SQL_REFUSED) {
        r->refused++;
        bool beyond = foreign || slots || is_beyond(corpora_reason(plan, reason, sizeof reason));
        r->beyond += beyond;
        corpora_reason(plan, reason, sizeof reason);
        groups_add(corpus->groups,
                   foreign || slots ? "corpus, not Oracle's SQL, refused by name"
                   : beyond         ? "corpus, beyond translation"
                                    : "corpus, refused",
                   reason, sql, NULL);
        return;
    }
    for (uint32_t i = 0; i < parts->count; i++) {
        const char *target = parts->parts[i].plan->target_text;
        if (!target || judge_parses(target, reason, sizeof reason)) continue;
        r->invalid++;
        groups_add(corpus->groups, "corpus, PostgreSQL cannot parse", reason, sql, target);
        return;
    }
    r->translated += plan->state != SQL_PASSED || plan->target_text;
}

static void take_statement(void *context, char *line)
{
    struct corpus *corpus = context;
    struct script_parts parts;
    char *sql = lines_json_text(line, "sql"), reason[300];
    int guard;
    if (!sql) return;
    corpus->result.total++;
    if (!guarded_parts(&corpus->options, sql, &parts, &guard)) {
        corpus->result.crashed++;
        groups_add(corpus->groups, "corpus, THE TRANSLATOR", guard == GUARD_HANG ? "hangs" : "crashes", sql, NULL);
        free(sql);
        return;
    }
    const struct sql_plan *plan = script_worst(&parts)->plan;
    corpus->result.states[plan->state]++;
    corpus->result.several += parts.count > 1;
    if (plan->state == SQL_UNPARSED) {
        bool not_oracle = is_foreign(sql) || has_rule(plan, "dialect");
        corpus->result.not_oracle += not_oracle;
        groups_add(corpus->groups, not_oracle ? "corpus, not Oracle's SQL" : "corpus, unparsed",
                   corpora_reason(plan, reason, sizeof reason), sql, NULL);
    } else {
        count_parsed(corpus, sql, &parts);
    }
    script_release(&parts);
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
