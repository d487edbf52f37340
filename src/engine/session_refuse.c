/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement that the target cannot run, while the target is primary: the client gets the number that the source would have answered where the translator's finding
 * tells it (no such table, column, sequence; not a statement), so that programs which look at numbers go on working; else ORA-00439 with the reason.
 */
#include "engine/session_private.h"

#include "base/log.h"

struct refusal {
    const char *rule, *part;
    uint32_t ora;
    const char *text;
};
/* The first row whose rule is the finding's (NULL: any) and whose part stands in its reason. */
static const struct refusal refusals[] = {
    {"name", "more than one table", 918, "column ambiguously defined"},
    {"name", "there is no column", 904, "invalid identifier"},
    {"sequence", "there is no sequence", 2289, "sequence does not exist"},
    {"table", "is not in the catalog", 942, "table or view does not exist"},
    {"insert", "more values than columns", 913, "too many values"},
    {"insert", "fewer values than columns", 947, "not enough values"},
    {NULL, "where an expression is expected", 936, "missing expression"},
};

static const struct sql_finding *reason_of(const struct sql_plan *plan)
{
    for (uint32_t i = 0; plan && i < plan->finding_count; i++)
        if (plan->findings[i].severity == SQL_REFUSAL) return &plan->findings[i];
    return NULL;
}

/* Byte offset of the place that a finding names. */
static size_t offset_of(const char *text, const struct sql_finding *finding)
{
    size_t at = 0;
    for (uint32_t line = 1; line < finding->line && text[at];) line += text[at++] == '\n';
    for (uint32_t column = 1; column < finding->column && text[at]; column++) at++;
    return at;
}

static bool has_word_before(const char *text, size_t end, const char *word)
{
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= end; at++)
        if (strncasecmp(text + at, word, size) == 0) return true;
    return false;
}

static struct refusal refusal_of(const struct sql_plan *plan, const struct sql_finding *finding)
{
    struct refusal other = {.ora = 439,
                            .text = "feature not enabled: the statement has no translation for the target; add an override for it"};
    if (!finding) return other;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if ((!refusals[i].rule || strcmp(refusals[i].rule, finding->rule) == 0) && strstr(finding->reason, refusals[i].part))
            return refusals[i];
    if (plan->state != SQL_UNPARSED) return other;
    if (!strstr(finding->reason, "where the end of the statement is expected"))
        return (struct refusal){.ora = 900, .text = "invalid SQL statement"};
    bool from = has_word_before(plan->source_text, offset_of(plan->source_text, finding), "from");
    if (plan->kind == SQL_SELECT && !from) return (struct refusal){.ora = 923, .text = "FROM keyword not found where expected"};
    return (struct refusal){.ora = 933, .text = "SQL command not properly ended"};
}

void session_refuse(struct session *s)
{
    const struct sql_plan *plan = s->call.plan;
    const struct sql_finding *finding = reason_of(plan);
    struct refusal refusal = refusal_of(plan, finding);
    char text[700];
    snprintf(text, sizeof text, "ORA-%05u: %s%s%s (line %u, column %u)\n", refusal.ora, refusal.text, finding ? ": " : "",
             finding ? finding->reason : "", finding ? finding->line : 0, finding ? finding->column : 0);
    session_answer_error(s, refusal.ora, text, finding && plan->source_text ? (int32_t)offset_of(plan->source_text, finding) : 0);
}

void session_refuse_native(struct session *s)
{
    if (s->call.kind == KIND_LOGOFF && s->source_open)
        session_relay(s);
    else
        session_answer_error(s, 3115, "ORA-03115: unsupported network datatype or representation (an OCI client, and PostgreSQL answers)\n",
                             0);
}

/* What is encrypted between client and source could not be read: a client that insists is told so at once, in the listener's words. */
bool session_refuse_encryption(struct session *s, const struct wire_packet *packet)
{
    struct wire_connect connect;
    if (packet->type != WIRE_CONNECT || wire_connect_decode(packet, &connect) != WIRE_DECODED || !wire_connect_requires_services(&connect))
        return false;
    LOG(LOG_WARNING, "session.refused", log_u64("session", s->id),
        log_text("why",
                 "the client insists on native encryption (ORA-12660); let it use TLS, or set SQLNET.ENCRYPTION_CLIENT to ACCEPTED"));
    buffer_clear(&s->packets);
    wire_refuse_write(&s->packets, 12660, NULL);
    session_send(s, PEER_CLIENT, buffer_view(&s->packets));
    session_end(s);
    return true;
}
