/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a statement, with and without a catalog: a plan comes back; a refused one has a reason and no text, a translated one keeps its
 * promises about binds and keys. Input: options, statement.
 */
#include "base/memory.h"
#include "sql/script.h"
#include "tests/unit/sql_catalog.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_binds(const struct sql_plan *plan)
{
    for (uint32_t i = 0; i < plan->bind_count; i++)
        if (!plan->binds[i].name || plan->binds[i].position >= plan->source_bind_count) abort();
    for (uint32_t i = 0; i < plan->return_bind_count; i++)
        if (plan->return_binds[i] >= plan->source_bind_count) abort();
}

static void check_parts(const struct sql_plan *plan, const struct sql_key_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!plan->written || parts[i].column >= plan->written->column_count) abort();
        if ((parts[i].from == SQL_FROM_BIND || parts[i].from == SQL_FROM_RETURNING) && parts[i].bind >= plan->source_bind_count) abort();
    }
}

static void check_plan(const struct sql_plan *plan)
{
    bool nothing = plan->state == SQL_REFUSED || plan->state == SQL_UNPARSED;
    if (nothing && (plan->target_text || plan->returning_text || plan->finding_count == 0)) abort();
    if (plan->state == SQL_APPROXIMATE && plan->finding_count == 0) abort();
    if (plan->class_ == SQL_CLASS_READ && plan->written) abort();
    for (uint32_t i = 0; i < plan->finding_count; i++)
        if (!plan->findings[i].reason || !plan->findings[i].line) abort();
    check_binds(plan);
    if (plan->key) check_parts(plan, plan->key_parts, plan->key->column_count);
    check_parts(plan, plan->assigned, plan->assigned_count);
}

/* The same text as a file may have it: parts lie inside it, in order, and are as good as any plan. */
static void check_script(const struct sql_options *options, struct view text, const struct sql_plan *plan)
{
    struct script_parts parts = script_translate(options, text);
    if (parts.count == 0 || (plan->state != SQL_UNPARSED && parts.count != 1)) abort();
    const uint8_t *at = text.data;
    for (uint32_t i = 0; i < parts.count; i++) {
        const struct script_part *part = &parts.parts[i];
        if (part->text.data < at || part->text.data + part->text.size > text.data + text.size || part->line == 0) abort();
        at = part->text.data + part->text.size;
        check_plan(part->plan);
    }
    char *target = script_target(&parts);
    if (target && script_worst(&parts)->plan->state >= SQL_REFUSED) abort();
    memory_free(target);
    script_release(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sql_catalog *catalog;
    if (size < 1) return 0;
    if (!catalog) catalog = catalog_of_media();
    struct sql_options options;
    sql_options_default(&options);
    if (data[0] & 1) options.catalog = catalog;
    options.current_schema = "APP";
    options.binary_collation = data[0] & 2;
    char *text = memory_string_of(data + 1, size - 1);
    struct sql_plan *plan = sql_translate(&options, view_of(text, size - 1));
    check_plan(plan);
    if (plan->fingerprint != sql_fingerprint(view_of(text, size - 1))) abort();
    (void)sql_kind_quick(view_of(text, size - 1));
    check_script(&options, view_of(text, size - 1), plan);
    sql_plan_unref(plan);
    memory_free(text);
    return 0;
}
