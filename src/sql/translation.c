/* SPDX-License-Identifier: Apache-2.0 */
/* Working memory and findings of one translation. */
#include "sql/translation.h"
#include <stdarg.h>
#include <stdio.h>

enum { FINDINGS_MAX = 64 };

_Noreturn void translation_stop(struct translation *t)
{
    longjmp(t->stop, 1);
}

void *translation_alloc(struct translation *t, size_t size)
{
    void *block = arena_try(t->arena, size);
    if (!block) {
        finding_refuse(t, 0, "limit", "the statement needs more working memory than one translation may have", "split the statement");
        translation_stop(t);
    }
    memset(block, 0, size);
    return block;
}

/* Room is 4, 8, 16, ..: a list is moved when its count reaches the next power of two. */
void *translation_grow(struct translation *t, void *list, uint32_t count, size_t size)
{
    if (count != 0 && (count < 4 || (count & (count - 1)) != 0)) return list;
    uint32_t room = count < 4 ? 4 : count * 2;
    void *moved = translation_alloc(t, size * room);
    if (count > 0) memcpy(moved, list, size * count);
    return moved;
}

char *translation_printf(struct translation *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = translation_alloc(t, (size_t)(size < 0 ? 0 : size) + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)(size < 0 ? 0 : size) + 1, format, arguments);
    va_end(arguments);
    return text;
}

struct view translation_upper(struct translation *t, struct view text)
{
    uint8_t *copy = translation_alloc(t, text.size + 1);
    for (size_t i = 0; i < text.size; i++)
        copy[i] = (uint8_t)(text.data[i] >= 'a' && text.data[i] <= 'z' ? text.data[i] - 32 : text.data[i]);
    return view_of(copy, text.size);
}

struct view translation_lower(struct translation *t, struct view text)
{
    uint8_t *copy = translation_alloc(t, text.size + 1);
    for (size_t i = 0; i < text.size; i++)
        copy[i] = (uint8_t)(text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] + 32 : text.data[i]);
    return view_of(copy, text.size);
}

static void add_finding(struct translation *t, enum sql_severity severity, uint32_t at, const char *rule, const char *reason,
                        const char *advice)
{
    struct finding_list *list = &t->findings;
    struct sql_finding finding = {.severity = severity, .rule = rule, .reason = reason, .advice = advice};
    if (list->count >= FINDINGS_MAX) return; /* enough to act upon; the state is kept apart */
    token_place(t->text, at, &finding.line, &finding.column);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct sql_finding *other = &list->items[i];
        if (other->line == finding.line && other->column == finding.column && other->severity == severity && !strcmp(other->rule, rule))
            return;
    }
    if (!list->items) {
        list->items = arena_try(t->arena, sizeof *list->items * FINDINGS_MAX);
        if (!list->items) return;
    }
    list->items[list->count++] = finding;
}

void finding_note(struct translation *t, uint32_t at, const char *rule, const char *reason, const char *advice)
{
    add_finding(t, SQL_NOTE, at, rule, reason, advice);
}

void finding_difference(struct translation *t, uint32_t at, const char *rule, const char *reason, const char *advice)
{
    t->approximate = true;
    add_finding(t, SQL_DIFFERENCE, at, rule, reason, advice);
}

void finding_refuse(struct translation *t, uint32_t at, const char *rule, const char *reason, const char *advice)
{
    t->refused = true;
    add_finding(t, SQL_REFUSAL, at, rule, reason, advice);
}
