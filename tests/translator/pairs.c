/* SPDX-License-Identifier: Apache-2.0 */
/* Statements with a known counterpart for PostgreSQL: is our translation the same text, the same meaning, refused, wrong, or can it not be judged? */
#include "tests/translator/suite.h"

#include "base/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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
    FILE *record;
    unsigned row;
};

struct pair {
    const char *source, *reference, *grade;
    const char *statement; /* what was translated: the source, or a query around it */
    const struct sql_plan *plan;
};

enum verdict { AGREES, RIGHT, REFUSED, WRONG, UNJUDGED };
static const char *const verdict_names[] = {"agree", "right_but_different", "refused", "wrong", "unjudged"};

static void record(struct pairs *pairs, const struct pair *pair, enum verdict verdict, const char *kind, const char *reason)
{
    unsigned *counts[] = {&pairs->result.agree, &pairs->result.right_but_different, &pairs->result.refused, &pairs->result.wrong,
                          &pairs->result.unjudged};
    struct buffer out;
    const char *target = pair->plan ? pair->plan->target_text : NULL;
    ++*counts[verdict];
    buffer_init(&out, 0);
    struct json json = json_into(&out);
    json_object_begin(&json);
    json_field_u64(&json, "row", pairs->row);
    json_field_text(&json, "verdict", verdict_names[verdict]);
    json_field_text(&json, "kind", kind);
    json_field_text(&json, "reason", reason);
    json_field_text(&json, "grade", pair->grade);
    json_field_text(&json, "source", pair->source);
    json_field_text(&json, "target", target);
    json_field_text(&json, "reference", pair->reference);
    json_object_end(&json);
    buffer_u8(&out, '\n');
    if (pairs->record) fwrite(buffer_view(&out).data, 1, buffer_size(&out), pairs->record);
    buffer_release(&out);
    if (verdict == AGREES || verdict == RIGHT) return;
    char group[200], source[800], both[1600] = "";
    snprintf(group, sizeof group, "pairs, %s%s%s", verdict_names[verdict], *kind ? ", " : "", kind);
    snprintf(source, sizeof source, "[%s] %.700s", pair->grade, pair->source);
    if (target) snprintf(both, sizeof both, "%.700s   REFERENCE %.700s", target, pair->reference);
    groups_add(pairs->groups, group, reason, source, *both ? both : NULL);
}

/* Two sides that people or a script put together wrongly: what can be seen of it in the texts. NULL: nothing. */
static const char *counterparts_apart(const char *source, const char *reference)
{
    char literal[400];
    bool limit = strcasestr(reference, " limit ") != NULL;
    if (limit && !strcasestr(source, "rownum") && !strcasestr(source, "fetch ")) return "the reference limits rows, the source does not";
    if (strcasestr(reference, "with ") == reference && !strcasestr(source, "with ") && !strcasestr(source, "connect by"))
        return "the reference has queries that the source has not";
    for (const char *at = strchr(source, '\''); at; at = strchr(at + 1, '\'')) {
        size_t size = strcspn(at + 1, "'");
        if (at[size + 1] != '\'' || size + 3 > sizeof literal) return NULL;
        bool date = size >= 8 && strspn(at + 1, "0123456789-/: .") == size && strncmp(at + 1, "00", 2) != 0;
        snprintf(literal, sizeof literal, "%.*s", (int)(size < 10 || !date ? size : 19), at + 1);
        if (date) literal[strcspn(literal, "'")] = 0;
        if (size > 2 && date && !strstr(reference, literal)) return "a date of the source does not stand in the reference";
        at += size + 1;
    }
    return NULL;
}

struct adjudged_row {
    const char *key, *reason;
};
/* Pairs whose reference does not answer what Oracle documents, looked at one by one. The key is the hash of Oracle's text. */
static const struct adjudged_row adjudged[] = {
    {"33facee7ac28ce98", "TRUNC to DAY is the first day of the week; the reference truncates to the day"},
    {"d191bce5fd42d42d", "the source truncates the quotient; the reference divides what was truncated"},
    {"dad80c895bc1cf57", "the reference leaves a column out and does not sort siblings"},
    {"33485ab79544fee0", "a date becomes text by NLS_DATE_FORMAT; the reference prints ISO"},
    {"8dc217c9440de435", "a number is a number; the reference makes a string of bits"},
    {"6b75ba8b20ed88b3", "on the source ONLY is a name: the table only with the alias users"},
    {"866eece62749e4c4", "the reference leaves START WITH out"},
};

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 1469598103934665603ull;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211ull;
    return hash;
}

static const char *adjudged_reason(const char *source)
{
    char key[20];
    snprintf(key, sizeof key, "%016llx", (unsigned long long)hash_of(source));
    for (size_t i = 0; i < sizeof adjudged / sizeof *adjudged; i++)
        if (strcmp(adjudged[i].key, key) == 0) return adjudged[i].reason;
    return NULL;
}

static void judge_rows(struct pairs *pairs, const struct pair *pair)
{
    char reason[600] = "";
    char *numbered = number_parameters(pair->reference);
    bool definition = pair->plan->kind == SQL_DDL; /* people choose types of their own: another definition is not a wrong one */
    const char *apart = counterparts_apart(pair->source, pair->reference);
    const char *word = adjudged_reason(pair->source);
    if (word) {
        record(pairs, pair, RIGHT, "adjudged", word);
        free(numbered);
        return;
    }
    int verdict = staged_compare(pairs->target, pair->statement, pair->plan->target_text, numbered, reason, sizeof reason);
    if (apart && verdict != STAGED_SAME) {
        pairs->result.apart++;
        record(pairs, pair, UNJUDGED, "no counterparts", apart);
        free(numbered);
        return;
    }
    pairs->result.chance += verdict == STAGED_DIFFERENT && pair->plan->volatile_ && !definition;
    pairs->result.other_definition += verdict == STAGED_DIFFERENT && definition;
    pairs->result.apart += verdict == STAGED_APART;
    pairs->result.no_reference += verdict == STAGED_NO_REFERENCE;
    pairs->result.no_tables += verdict == STAGED_UNKNOWN;
    if (verdict == STAGED_DIFFERENT && (pair->plan->volatile_ || definition))
        record(pairs, pair, UNJUDGED, definition ? "another definition" : "depends on time or chance", reason);
    else if (verdict == STAGED_SAME)
        record(pairs, pair, RIGHT, "", *reason && strncmp(reason, "answers", 7) != 0 ? reason : "the same rows");
    else if (verdict == STAGED_APART)
        record(pairs, pair, UNJUDGED, "no counterparts", reason);
    else if (verdict == STAGED_REFUSED)
        record(pairs, pair, RIGHT, "the source refuses it too", reason);
    else if (verdict == STAGED_DIFFERENT)
        record(pairs, pair, WRONG, "other rows", reason);
    else if (verdict == STAGED_FIRST_FAILS)
        record(pairs, pair, WRONG, "only the reference runs", reason);
    else
        record(pairs, pair, UNJUDGED,
               verdict == STAGED_NO_REFERENCE ? "the reference does not run on PostgreSQL" : "neither runs on tables that can be made up",
               reason);
    free(numbered);
}

static void judge_pair(struct pairs *pairs, const struct pair *pair)
{
    char reason[400] = "";
    char *numbered = number_parameters(pair->reference), *ours = judge_normal(pair->plan->target_text), *theirs = judge_normal(numbered);
    if (!ours) {
        judge_parses(pair->plan->target_text, reason, sizeof reason);
        record(pairs, pair, WRONG, "PostgreSQL cannot parse", reason);
    } else if (theirs && strcmp(ours, theirs) == 0) {
        record(pairs, pair, AGREES, "", "");
    } else {
        judge_rows(pairs, pair);
    }
    free(numbered);
    free(ours);
    free(theirs);
}

static void take_pair(void *context, char *line)
{
    struct pairs *pairs = context;
    char *fields[8], reason[300], expression[4000] = "", reference[4000];
    int guard, count = lines_fields(line, fields, 8);
    if (pairs->row++ == 0 || count < 6) return;
    pairs->result.total++;
    if (pairs->result.total % 250 == 0) /* what was rolled back still lies in the system's tables and is looked through */
        PQclear(PQexec(pairs->target, "VACUUM pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_type, pg_catalog.pg_depend, "
                                      "pg_catalog.pg_constraint, pg_catalog.pg_index"));
    struct sql_plan *plan = guarded_translate(&pairs->options, fields[0], &guard);
    struct pair pair = {.source = fields[0], .statement = fields[0], .reference = fields[1], .grade = fields[3]};
    if (plan && plan->state == SQL_UNPARSED && strcmp(fields[5], "OTHER") == 0 && strlen(fields[0]) < 3900 && strlen(fields[1]) < 3900) {
        sql_plan_unref(plan); /* a bare expression */
        snprintf(expression, sizeof expression, "SELECT %s FROM some_rows", fields[0]);
        snprintf(reference, sizeof reference, "SELECT %s FROM some_rows", fields[1]);
        plan = guarded_translate(&pairs->options, expression, &guard);
        pair.reference = reference;
        pair.statement = expression;
    }
    pair.plan = plan;
    if (!plan) {
        record(pairs, &pair, WRONG, "THE TRANSLATOR", guard == GUARD_HANG ? "hangs" : "crashes");
    } else if (plan->state == SQL_REFUSED || plan->state == SQL_UNPARSED || plan->state == SQL_PASSED || !plan->target_text) {
        pairs->result.definitions += plan->kind == SQL_DDL;
        record(pairs, &pair, REFUSED, plan->state == SQL_REFUSED ? "" : sql_state_name(plan->state),
               corpora_reason(plan, reason, sizeof reason));
    } else {
        judge_pair(pairs, &pair);
    }
    sql_plan_unref(plan);
}

struct pair_result pairs_measure(PGconn *target, const char *path, const char *record_path, FILE *failures)
{
    struct pairs pairs = {.groups = groups_new(), .target = target, .record = fopen(record_path, "w")};
    corpora_options(&pairs.options);
    if (!lines_read(path, take_pair, &pairs)) fprintf(stderr, "translator: SKIPPED, there are no pairs at %s\n", path);
    fprintf(failures, "\n== pairs: %u, %u agree, %u right but different, %u refused, %u wrong, %u unjudged\n", pairs.result.total,
            pairs.result.agree, pairs.result.right_but_different, pairs.result.refused, pairs.result.wrong, pairs.result.unjudged);
    groups_print(pairs.groups, failures);
    groups_free(pairs.groups);
    if (pairs.record) fclose(pairs.record);
    return pairs.result;
}
