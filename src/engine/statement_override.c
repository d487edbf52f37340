/* SPDX-License-Identifier: Apache-2.0 */
/* Overrides of the translation: kept, looked up, and kept in step with their JSON file. */
#include "engine/statement_private.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static char *copy_text(const char *text)
{
    return text && text[0] ? memory_string(text) : NULL;
}

static void override_free(struct statement_override *o)
{
    char *texts[] = {o->source_text, o->target_text, o->bind_order, o->tables, o->author, o->reason};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) memory_free(texts[i]);
    memory_free(o);
}

static void statement_override_list_free(struct statement_override *list)
{
    while (list) {
        struct statement_override *next = list->next;
        override_free(list);
        list = next;
    }
}

void statement_overrides_release(struct engine_statements *statements)
{
    statement_override_list_free(statements->overrides);
    statements->overrides = NULL;
}

struct statement_override *statement_override_copy(const struct statement_override *o)
{
    struct statement_override *copy = memory_zero(1, sizeof *copy);
    copy->fingerprint = o->fingerprint;
    if (!copy->fingerprint && o->source_text) copy->fingerprint = sql_fingerprint(view_text(o->source_text));
    copy->source_text = copy_text(o->source_text);
    copy->target_text = copy_text(o->target_text);
    copy->bind_order = copy_text(o->bind_order);
    copy->tables = copy_text(o->tables);
    copy->author = copy_text(o->author);
    copy->reason = copy_text(o->reason);
    copy->time_us = o->time_us ? o->time_us : (int64_t)clock_wall_us();
    return copy;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* An exact text wins over its fingerprint. */
const struct statement_override *statement_override_of(const struct engine_statements *statements, struct view text, uint64_t fingerprint)
{
    const struct statement_override *found = NULL;
    for (const struct statement_override *o = statements->overrides; o; o = o->next) {
        if (o->fingerprint != fingerprint) continue;
        if (o->source_text && view_equal(view_text(o->source_text), text)) return o;
        if (!o->source_text) found = o;
    }
    return found;
}

bool statement_override_is_valid(const struct statement_override *o, struct error *error)
{
    if (!o->fingerprint && (!o->source_text || !o->source_text[0]))
        return error_set(error, ERROR_CONFIG, "an override needs the statement it is for: its text or its fingerprint");
    if (!o->target_text || !o->target_text[0])
        return error_set(error, ERROR_CONFIG, "the override of %016" PRIx64 " has no target statement", o->fingerprint);
    return true;
}

static void plans_changed(struct engine_statements *statements, uint64_t fingerprint, const char *why)
{
    statements->generation++;
    statement_replace_plans(statements, fingerprint);
    struct fingerprint *f = map_get_u64(&statements->fingerprints, fingerprint);
    if (!f) return;
    mutex_unlock(&statements->lock);
    fingerprint_restart(statements, f, why);
    mutex_lock(&statements->lock);
}

bool statements_override_add(struct engine_statements *statements, const struct statement_override *override, struct error *error)
{
    if (!statement_override_is_valid(override, error)) return false;
    struct statement_override *copy = statement_override_copy(override);
    mutex_lock(&statements->lock);
    uint32_t count = 0;
    for (struct statement_override **link = &statements->overrides; *link; count++) {
        struct statement_override *old = *link;
        if (old->fingerprint == copy->fingerprint && same_text(old->source_text, copy->source_text)) {
            *link = old->next;
            override_free(old);
        } else {
            link = &old->next;
        }
    }
    if (count >= OVERRIDES_MAX) {
        mutex_unlock(&statements->lock);
        override_free(copy);
        return error_set(error, ERROR_LIMIT, "there are %d overrides already: remove some", OVERRIDES_MAX);
    }
    copy->next = statements->overrides;
    statements->overrides = copy;
    plans_changed(statements, copy->fingerprint, "override added");
    mutex_unlock(&statements->lock);
    return true;
}

bool statements_override_remove(struct engine_statements *statements, uint64_t fingerprint, struct error *error)
{
    bool found = false;
    mutex_lock(&statements->lock);
    for (struct statement_override **link = &statements->overrides; *link;) {
        struct statement_override *o = *link;
        if (o->fingerprint == fingerprint) {
            found = true;
            *link = o->next;
            override_free(o);
        } else {
            link = &o->next;
        }
    }
    if (found) plans_changed(statements, fingerprint, "override removed");
    mutex_unlock(&statements->lock);
    return found || error_set(error, ERROR_NOT_FOUND, "there is no override for fingerprint %016" PRIx64, fingerprint);
}

void statements_each_override(struct engine_statements *statements, void (*visit)(void *context, const struct statement_override *override),
                              void *context)
{
    mutex_lock(&statements->lock);
    struct statement_override *copies = NULL, **end = &copies;
    for (const struct statement_override *o = statements->overrides; o; o = o->next) {
        *end = statement_override_copy(o);
        end = &(*end)->next;
    }
    mutex_unlock(&statements->lock);
    for (const struct statement_override *o = copies; o; o = o->next) visit(context, o);
    statement_override_list_free(copies);
}

/* ---- the file ---- */

static const struct statement_override *find_same(const struct statement_override *list, const struct statement_override *wanted)
{
    for (; list; list = list->next)
        if (list->fingerprint == wanted->fingerprint && same_text(list->source_text, wanted->source_text) &&
            same_text(list->target_text, wanted->target_text) && same_text(list->bind_order, wanted->bind_order) &&
            same_text(list->tables, wanted->tables))
            return list;
    return NULL;
}

static void leave_out(struct statement_override **list, statements_override_good *good, void *context)
{
    for (struct statement_override **link = list; good && *link;) {
        struct statement_override *o = *link;
        if (good(context, o)) {
            link = &o->next;
        } else {
            *link = o->next;
            override_free(o);
        }
    }
}

bool statements_overrides_load(struct engine_statements *statements, const char *file, struct error *error)
{
    return statements_overrides_reload(statements, file, NULL, NULL, error);
}

bool statements_overrides_reload(struct engine_statements *statements, const char *file, statements_override_good *good, void *context,
                                 struct error *error)
{
    struct statement_override *fresh = NULL;
    if (!statement_overrides_parse(file, &fresh, error)) {
        statement_override_list_free(fresh);
        return false;
    }
    leave_out(&fresh, good, context);
    mutex_lock(&statements->lock);
    struct statement_override *old = statements->overrides;
    statements->overrides = fresh;
    uint64_t *changed = memory_alloc(sizeof(uint64_t) * 2 * (OVERRIDES_MAX + 1));
    size_t count = 0;
    for (const struct statement_override *o = fresh; o; o = o->next)
        if (!find_same(old, o)) changed[count++] = o->fingerprint;
    for (const struct statement_override *o = old; o; o = o->next)
        if (!find_same(fresh, o)) changed[count++] = o->fingerprint;
    statement_override_list_free(old);
    for (size_t i = 0; i < count; i++) plans_changed(statements, changed[i], "overrides reloaded");
    mutex_unlock(&statements->lock);
    memory_free(changed);
    LOG(LOG_INFO, "overrides.loaded", log_text("file", file), log_u64("changed", count));
    return true;
}

static void override_write(struct json *json, const struct statement_override *o)
{
    char fingerprint[20];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, o->fingerprint);
    json_object_begin(json);
    json_field_text(json, "fingerprint", fingerprint);
    const struct {
        const char *name, *text;
    } texts[] = {{"source", o->source_text}, {"target", o->target_text}, {"binds", o->bind_order},
                 {"tables", o->tables},      {"author", o->author},      {"reason", o->reason}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text) json_field_text(json, texts[i].name, texts[i].text);
    json_field_i64(json, "time_us", o->time_us);
    json_object_end(json);
}

/* Whole or not at all: a new file beside it, synced, then renamed over it. */
static bool file_replace(const char *file, struct view text, struct error *error)
{
    char beside[600];
    snprintf(beside, sizeof beside, "%s.new", file);
    int descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (descriptor < 0) return error_set(error, ERROR_IO, "%s cannot be made: %s", beside, strerror(errno));
    size_t at = 0;
    while (at < text.size) {
        ssize_t n = write(descriptor, text.data + at, text.size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        at += (size_t)n;
    }
    bool good = at == text.size && fsync(descriptor) == 0;
    int number = errno;
    close(descriptor);
    if (good && rename(beside, file) == 0) return true;
    if (good) number = errno;
    unlink(beside);
    return error_set(error, ERROR_IO, "%s cannot be written: %s", file, strerror(number));
}

bool statements_overrides_save(struct engine_statements *statements, const char *file, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    struct json json = json_into(&text);
    json_array_begin(&json);
    mutex_lock(&statements->lock);
    for (const struct statement_override *o = statements->overrides; o; o = o->next) override_write(&json, o);
    mutex_unlock(&statements->lock);
    json_array_end(&json);
    buffer_u8(&text, '\n');
    bool good = file_replace(file, buffer_view(&text), error);
    buffer_release(&text);
    return good;
}
