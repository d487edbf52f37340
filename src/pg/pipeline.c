/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline: what was sent and not yet answered, prepared statements, and the way results find their callbacks. */
#include "pg/connection_internal.h"

#include "base/memory.h"
#include <stdio.h>
#include <strings.h>

enum { PARAMETERS_MAX = 65535 /* of the protocol */ };

/* ---- items ---- */

static void push_item(struct pg *pg, struct pg_item item)
{
    if (pg->count == pg->capacity) {
        size_t capacity = pg->capacity ? pg->capacity * 2 : 256;
        struct pg_item *items = memory_alloc(capacity * sizeof *items);
        for (size_t i = 0; i < pg->count; i++) items[i] = pg->items[(pg->first + i) & (pg->capacity - 1)];
        memory_free(pg->items);
        pg->items = items;
        pg->capacity = capacity;
        pg->first = 0;
    }
    pg->items[(pg->first + pg->count++) & (pg->capacity - 1)] = item;
    if (item.kind == PG_ITEM_QUERY) pg->in_flight++;
    pg->unsynced = item.kind != PG_ITEM_SYNC;
}

static struct pg_item pop_item(struct pg *pg)
{
    struct pg_item item = pg->items[pg->first];
    pg->first = (pg->first + 1) & (pg->capacity - 1);
    pg->count--;
    return item;
}

const void *pg_running(const struct pg *pg)
{
    for (size_t i = 0; i < pg->count; i++) {
        const struct pg_item *item = &pg->items[(pg->first + i) & (pg->capacity - 1)];
        if (item->kind == PG_ITEM_QUERY) return item->context;
    }
    return NULL;
}

/* ---- prepared statements ---- */

static void statement_name(uint64_t serial, char out[PG_STATEMENT_NAME_SIZE])
{
    snprintf(out, PG_STATEMENT_NAME_SIZE, "us%llu", (unsigned long long)serial);
}

static bool statement_usable(const struct pg *pg, const struct pg_statement *statement)
{
    return statement->serial && (statement->ready || statement->group == pg->group);
}

static bool deallocate(struct pg *pg, uint64_t serial)
{
    char name[PG_STATEMENT_NAME_SIZE], text[PG_STATEMENT_NAME_SIZE + 16];
    statement_name(serial, name);
    snprintf(text, sizeof text, "DEALLOCATE %s", name);
    if (!PQsendQueryParams(pg->handle, text, 0, NULL, NULL, NULL, NULL, 0)) return false;
    push_item(pg, (struct pg_item){.kind = PG_ITEM_FORGET});
    return true;
}

/* Makes room in the server's memory: the statement that was not used for the longest time goes. */
static bool forget_oldest(struct pg *pg)
{
    struct pg_statement *oldest = NULL;
    struct view key, oldest_key = {0};
    void *value;
    for (uint32_t at = 0; map_next(&pg->statements, &at, &key, &value);) {
        struct pg_statement *statement = value;
        if (statement->preparing || (oldest && oldest->last_use <= statement->last_use)) continue;
        oldest = statement;
        oldest_key = key;
    }
    if (!oldest) return true;
    bool good = !oldest->serial || deallocate(pg, oldest->serial);
    map_remove(&pg->statements, oldest_key);
    memory_free(oldest);
    return good;
}

static bool send_prepare(struct pg *pg, struct pg_statement *statement, const char *text, const struct pg_parameter *parameters,
                         uint32_t count)
{
    buffer_clear(&pg->scratch);
    Oid *types = (Oid *)(void *)buffer_reserve(&pg->scratch, (count + 1) * sizeof *types);
    for (uint32_t i = 0; i < count; i++) types[i] = parameters[i].type;
    uint64_t serial = ++pg->next_serial;
    char name[PG_STATEMENT_NAME_SIZE];
    statement_name(serial, name);
    if (!PQsendPrepare(pg->handle, name, text, (int)count, types)) return false;
    statement->serial = serial;
    memcpy(statement->name, name, sizeof name);
    statement->group = pg->group;
    statement->preparing++;
    push_item(pg, (struct pg_item){.kind = PG_ITEM_PREPARE, .statement = statement, .serial = serial});
    return true;
}

static bool find_statement(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count,
                           struct pg_statement **out)
{
    struct view key = view_text(name);
    struct pg_statement *statement = map_get(&pg->statements, key);
    if (!statement) {
        if (map_count(&pg->statements) >= PG_STATEMENTS_MAX && !forget_oldest(pg)) return false;
        statement = memory_zero(1, sizeof *statement);
        map_put(&pg->statements, key, statement);
    }
    *out = statement;
    if (!statement_usable(pg, statement) && !send_prepare(pg, statement, text, parameters, count)) return false;
    statement->last_use = ++pg->uses;
    return true;
}

static void prepare_answered(struct pg *pg, const struct pg_item *item, bool good)
{
    struct pg_statement *statement = item->statement;
    statement->preparing--;
    if (statement->ready) {
        if (good && statement->serial != item->serial) (void)!deallocate(pg, item->serial); /* a later group had prepared it again */
    } else if (good) {
        statement->serial = item->serial; /* the first that is known wins */
        statement_name(statement->serial, statement->name);
        statement->ready = true;
    } else if (statement->serial == item->serial) {
        statement->serial = 0;
    }
}

/* ---- sending ---- */

static void answer_lost(pg_on_result *done, void *context)
{
    if (!done) return;
    struct pg_result result = {0};
    error_set(&result.error, ERROR_TARGET_LOST, "there is no connection to the target");
    done(context, &result);
}

static bool pg_pipeline_enter(struct pg *pg)
{
    return PQpipelineStatus(pg->handle) == PQ_PIPELINE_ON || PQenterPipelineMode(pg->handle);
}

bool pg_pipeline_leave(struct pg *pg, struct error *error)
{
    if (PQpipelineStatus(pg->handle) == PQ_PIPELINE_OFF || PQexitPipelineMode(pg->handle)) return true;
    return pg_fail(error, ERROR_INTERNAL, pg->handle, "leaving pipeline mode");
}

/* Parameters as libpq wants them: texts with a NUL behind, three arrays. All in one piece of scratch memory. */
struct sendable {
    const char **values;
    int *lengths, *formats;
};

static void make_sendable(struct pg *pg, const struct pg_parameter *parameters, uint32_t count, struct sendable *out)
{
    size_t arrays = count * (sizeof *out->values + sizeof *out->lengths + sizeof *out->formats), bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!parameters[i].null && !parameters[i].binary) bytes += parameters[i].text.size + 1;
    buffer_clear(&pg->scratch);
    uint8_t *memory = buffer_reserve(&pg->scratch, arrays + bytes + 16);
    out->values = (const char **)(void *)memory;
    out->lengths = (int *)(void *)(memory + count * sizeof *out->values);
    out->formats = out->lengths + count;
    uint8_t *at = memory + arrays;
    for (uint32_t i = 0; i < count; i++) {
        const struct pg_parameter *parameter = &parameters[i];
        out->formats[i] = parameter->binary;
        out->lengths[i] = (int)parameter->text.size;
        if (parameter->null) {
            out->values[i] = NULL;
        } else if (parameter->binary) {
            out->values[i] = parameter->text.size ? (const char *)parameter->text.data : "";
        } else {
            out->values[i] = (const char *)at;
            if (parameter->text.size) memcpy(at, parameter->text.data, parameter->text.size);
            at += parameter->text.size;
            *at++ = 0;
        }
    }
}

static bool send_prepared(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count)
{
    struct pg_statement *statement;
    struct sendable sendable;
    if (!find_statement(pg, name, text, parameters, count, &statement)) return false;
    make_sendable(pg, parameters, count, &sendable);
    return PQsendQueryPrepared(pg->handle, statement->name, (int)count, sendable.values, sendable.lengths, sendable.formats, 0);
}

void pg_send_prepared(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count,
                      pg_on_result *done, void *context)
{
    CHECK(count <= PARAMETERS_MAX);
    if (pg->state != PG_READY) {
        answer_lost(done, context);
        return;
    }
    bool sent = pg_pipeline_enter(pg) && send_prepared(pg, name, text, parameters, count);
    push_item(pg, (struct pg_item){.kind = PG_ITEM_QUERY, .done = done, .context = context});
    pg->unflushed = true;
    if (!sent) pg_lose(pg, "cannot send to the target");
}

void pg_send_text(struct pg *pg, const char *text, pg_on_result *done, void *context)
{
    if (pg->state != PG_READY) {
        answer_lost(done, context);
        return;
    }
    bool sent = pg_pipeline_enter(pg) && PQsendQueryParams(pg->handle, text, 0, NULL, NULL, NULL, NULL, 0);
    push_item(pg, (struct pg_item){.kind = PG_ITEM_QUERY, .done = done, .context = context});
    pg->unflushed = true;
    if (!sent) pg_lose(pg, "cannot send to the target");
}

void pg_sync(struct pg *pg)
{
    if (pg->state != PG_READY) return;
    bool sent = pg_pipeline_enter(pg) && PQpipelineSync(pg->handle);
    push_item(pg, (struct pg_item){.kind = PG_ITEM_SYNC});
    pg->group++;
    pg->unflushed = true;
    if (!sent)
        pg_lose(pg, "cannot send to the target");
    else
        pg->unflushed = PQflush(pg->handle) != 0;
}

/* ---- results ---- */

static void deliver(struct pg *pg, const struct pg_item *item, PGresult *handle)
{
    ExecStatusType status = PQresultStatus(handle);
    bool skipped = status == PGRES_PIPELINE_ABORTED, good = !skipped && status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE;
    struct pg_result result = {.handle = handle};
    if (!skipped) pg_result_init(&result, handle);
    if (!good && !skipped) pg->group_error = result.error;
    if (item->kind == PG_ITEM_PREPARE) {
        prepare_answered(pg, item, good);
        /* What failed is the text: the statement it was prepared for, which comes next and is skipped, is told so. */
        pg->group_prepare_failed = !good && !skipped;
    } else if (item->kind == PG_ITEM_QUERY) {
        pg->in_flight--;
        if (skipped && (pg->group_prepare_failed || pg->group_error.code == ERROR_TARGET_LOST)) {
            result.error = pg->group_error;
            pg->group_prepare_failed = false;
        } else if (skipped) {
            error_set(&result.error, ERROR_CANCELLED, "skipped, because a statement before it failed: %s", pg->group_error.text);
            memcpy(result.error.sqlstate, pg->group_error.sqlstate, sizeof result.error.sqlstate);
        }
        if (item->done) item->done(item->context, &result);
    }
    PQclear(result.handle);
}

static void synced(struct pg *pg)
{
    error_clear(&pg->group_error);
    pg->group_prepare_failed = false;
}

void pg_pipeline_read(struct pg *pg)
{
    unsigned idle = 0;
    while (pg->count && pg->state == PG_READY && !PQisBusy(pg->handle)) {
        PGresult *handle = PQgetResult(pg->handle);
        struct pg_item item = pg->items[pg->first];
        if (!handle) {
            if (PQstatus(pg->handle) == CONNECTION_BAD) return;
            /* Not busy and yet nothing to say, twice: a server that is going down said its last word. The end of its stream is still to come. */
            if (++idle > 1) return;
        } else if (item.kind == PG_ITEM_SYNC) {
            PQclear(handle);
            pop_item(pg);
            synced(pg);
        } else {
            /* One result for each send. When something is sent now, libpq goes on to the next item without telling this one's end (it is there
               already, so that this does not wait): take it before the callback can send. */
            PQclear(PQgetResult(pg->handle));
            pop_item(pg);
            idle = 0;
            deliver(pg, &item, handle);
        }
    }
}

void pg_pipeline_fail(struct pg *pg, const struct error *error)
{
    while (pg->count) {
        struct pg_item item = pop_item(pg);
        if (item.kind != PG_ITEM_QUERY) continue;
        struct pg_result result = {.error = *error};
        pg->in_flight--;
        if (item.done) item.done(item.context, &result);
    }
}

void pg_pipeline_release(struct pg *pg)
{
    void *value;
    for (uint32_t at = 0; map_next(&pg->statements, &at, NULL, &value);) memory_free(value);
    map_release(&pg->statements);
    buffer_release(&pg->scratch);
    memory_free(pg->items);
}
