/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cursor table: a hash of id -> entry (open addressing, at most half full, deletion moves the followers up) and a list of
 * pending entries. An entry is in exactly one of the two. Entries and their states come from a small list of spare ones.
 */
#include "wire/cursor.h"

#include "base/check.h"
#include "base/memory.h"
#include "wire/cursor_state.h"
#include "wire/message.h"
#include "wire/reply.h"

enum { SLOTS_FIRST = 64, SPARE_MAX = 8 };

struct wire_cursor_table {
    struct wire_cursor **slots; /* by id; a power of two of them */
    size_t slot_count;
    uint32_t bound, pending_count, cursor_max;
    uint32_t free_first, free_next; /* of the ids from free_first on, none below free_next is free */
    struct wire_cursor *pending;    /* doubly linked through their states */
    struct wire_cursor *spare;
    uint32_t spare_count;
    void (*owner_free)(void *owner);
};

struct entry {
    struct wire_cursor cursor;
    struct wire_cursor_state state;
};

/* ---- the hash ---- */

static size_t slot_of(const struct wire_cursor_table *table, uint32_t id)
{
    return (id * 2654435761u) & (table->slot_count - 1);
}

static size_t slot_next(const struct wire_cursor_table *table, size_t slot)
{
    return (slot + 1) & (table->slot_count - 1);
}

static size_t slot_find(const struct wire_cursor_table *table, uint32_t id)
{
    size_t slot = slot_of(table, id);
    while (table->slots[slot] && table->slots[slot]->id != id) slot = slot_next(table, slot);
    return slot;
}

static void slots_grow(struct wire_cursor_table *table)
{
    struct wire_cursor **old = table->slots;
    size_t count = table->slot_count;
    table->slot_count = count * 2;
    table->slots = memory_zero(table->slot_count, sizeof *table->slots);
    for (size_t i = 0; i < count; i++)
        if (old[i]) table->slots[slot_find(table, old[i]->id)] = old[i];
    memory_free(old);
}

static void slot_add(struct wire_cursor_table *table, struct wire_cursor *cursor)
{
    if (((size_t)table->bound + 1) * 2 > table->slot_count) slots_grow(table);
    size_t slot = slot_find(table, cursor->id);
    CHECK(!table->slots[slot]);
    table->slots[slot] = cursor;
    table->bound++;
}

static void slot_remove(struct wire_cursor_table *table, uint32_t id)
{
    size_t hole = slot_find(table, id);
    CHECK(table->slots[hole] != NULL);
    table->bound--;
    if (id >= table->free_first && id < table->free_next) table->free_next = id;
    for (size_t slot = slot_next(table, hole); table->slots[slot]; slot = slot_next(table, slot)) {
        size_t home = slot_of(table, table->slots[slot]->id);
        /* The follower may fill the hole unless its home lies behind the hole, up to where it stands. */
        bool stays = hole <= slot ? home > hole && home <= slot : home > hole || home <= slot;
        if (stays) continue;
        table->slots[hole] = table->slots[slot];
        hole = slot;
    }
    table->slots[hole] = NULL;
}

/* ---- entries ---- */

static void pending_add(struct wire_cursor_table *table, struct wire_cursor *cursor)
{
    cursor->state->pending = true;
    cursor->state->before = NULL;
    cursor->state->next = table->pending;
    if (table->pending) table->pending->state->before = cursor;
    table->pending = cursor;
    table->pending_count++;
}

static void pending_remove(struct wire_cursor_table *table, struct wire_cursor *cursor)
{
    struct wire_cursor_state *state = cursor->state;
    if (state->before)
        state->before->state->next = state->next;
    else
        table->pending = state->next;
    if (state->next) state->next->state->before = state->before;
    state->pending = false;
    state->next = state->before = NULL;
    table->pending_count--;
}

static void spare_add(struct wire_cursor_table *table, struct entry *entry)
{
    *entry = (struct entry){0};
    entry->cursor.state = &entry->state;
    entry->state.next = table->spare;
    table->spare = &entry->cursor;
    table->spare_count++;
}

static struct wire_cursor *spare_take(struct wire_cursor_table *table)
{
    if (!table->spare) spare_add(table, memory_alloc(sizeof(struct entry)));
    struct wire_cursor *cursor = table->spare;
    table->spare = cursor->state->next;
    table->spare_count--;
    cursor->state->next = NULL;
    return cursor;
}

static void forget_previous(struct wire_cursor *cursor)
{
    if (!cursor->previous) return;
    arena_release(&cursor->previous->arena);
    memory_free(cursor->previous);
    cursor->previous = NULL;
}

static void forget_columns(struct wire_cursor *cursor)
{
    memory_free(cursor->state->columns_block);
    cursor->state->columns_block = NULL;
    cursor->columns = NULL;
    cursor->column_count = 0;
}

static void entry_free(struct wire_cursor_table *table, struct wire_cursor *cursor)
{
    if (cursor->owner && table->owner_free) table->owner_free(cursor->owner);
    if (!cursor->state->sql_borrowed) memory_free(cursor->sql);
    memory_free(cursor->binds);
    memory_free(cursor->directions);
    memory_free(cursor->defines);
    memory_free(cursor->state->fetch_types);
    forget_columns(cursor);
    forget_previous(cursor);
    struct entry *entry = (struct entry *)(void *)cursor;
    if (table->spare_count < SPARE_MAX)
        spare_add(table, entry);
    else
        memory_free(entry);
}

/* ---- the table ---- */

struct wire_cursor_table *wire_cursor_table_new(uint32_t cursor_max, void (*owner_free)(void *owner))
{
    struct wire_cursor_table *table = memory_zero(1, sizeof *table);
    table->cursor_max = cursor_max;
    table->owner_free = owner_free;
    table->slot_count = SLOTS_FIRST;
    table->slots = memory_zero(table->slot_count, sizeof *table->slots);
    spare_add(table, memory_alloc(sizeof(struct entry)));
    return table;
}

void wire_cursor_table_clear(struct wire_cursor_table *table)
{
    while (table->pending) wire_cursor_release(table, table->pending);
    for (size_t i = 0; i < table->slot_count; i++)
        while (table->slots[i]) wire_cursor_release(table, table->slots[i]);
}

void wire_cursor_table_free(struct wire_cursor_table *table)
{
    if (!table) return;
    wire_cursor_table_clear(table);
    while (table->spare) memory_free(spare_take(table));
    memory_free(table->slots);
    memory_free(table);
}

struct wire_cursor *wire_cursor_find(struct wire_cursor_table *table, uint32_t id)
{
    return id ? table->slots[slot_find(table, id)] : NULL;
}

struct wire_cursor *wire_cursor_make_borrowed(struct wire_cursor_table *table, char *sql, size_t size, const struct wire_cursor *kind)
{
    if (table->bound + table->pending_count >= table->cursor_max) return NULL;
    struct wire_cursor *cursor = spare_take(table);
    cursor->sql = sql;
    cursor->sql_size = size;
    cursor->state->sql_borrowed = true;
    cursor->plsql = kind->plsql;
    cursor->query = kind->query;
    cursor->dml = kind->dml;
    cursor->return_binds = kind->return_binds;
    pending_add(table, cursor);
    return cursor;
}

void wire_cursor_own_sql(struct wire_cursor_table *table, struct wire_cursor *cursor)
{
    if (cursor->state->sql_borrowed) {
        if (cursor->sql) cursor->sql = memory_string_of(cursor->sql, cursor->sql_size);
        cursor->state->sql_borrowed = false;
    }
    if (!table->spare) spare_add(table, memory_alloc(sizeof(struct entry)));
}

struct wire_cursor *wire_cursor_make(struct wire_cursor_table *table, struct view sql)
{
    while (sql.size && sql.data[sql.size - 1] == 0) sql.size--;
    char *text = sql.data ? memory_string_of(sql.data, sql.size) : NULL;
    struct wire_cursor kind = {.id = 0};
    if (text) wire_cursor_classify(sql, &kind);
    struct wire_cursor *cursor = wire_cursor_make_borrowed(table, text, sql.size, &kind);
    if (!cursor)
        memory_free(text);
    else
        cursor->state->sql_borrowed = false;
    return cursor;
}

void wire_cursor_bind_id(struct wire_cursor_table *table, struct wire_cursor *cursor, uint32_t id)
{
    if (!id || (!cursor->state->pending && cursor->id == id)) return;
    struct wire_cursor *old = wire_cursor_find(table, id);
    if (old) wire_cursor_release(table, old);
    if (cursor->state->pending)
        pending_remove(table, cursor);
    else
        slot_remove(table, cursor->id);
    cursor->id = id;
    slot_add(table, cursor);
}

void wire_cursor_release(struct wire_cursor_table *table, struct wire_cursor *cursor)
{
    if (cursor->state->pending)
        pending_remove(table, cursor);
    else
        slot_remove(table, cursor->id);
    entry_free(table, cursor);
}

void wire_cursor_release_borrowed(struct wire_cursor_table *table)
{
    for (struct wire_cursor *cursor = table->pending, *next; cursor; cursor = next) {
        next = cursor->state->next;
        if (cursor->state->sql_borrowed) wire_cursor_release(table, cursor);
    }
}

void wire_cursor_release_pending(struct wire_cursor_table *table, const struct wire_cursor *except)
{
    for (struct wire_cursor *cursor = table->pending, *next; cursor; cursor = next) {
        next = cursor->state->next;
        if (cursor != except) wire_cursor_release(table, cursor);
    }
}

void wire_cursor_close_id(struct wire_cursor_table *table, uint32_t id)
{
    struct wire_cursor *cursor = wire_cursor_find(table, id);
    if (cursor) wire_cursor_release(table, cursor);
}

uint32_t wire_cursor_count(const struct wire_cursor_table *table)
{
    return table->bound + table->pending_count;
}

uint32_t wire_cursor_free_id(struct wire_cursor_table *table, uint32_t first)
{
    if (first == 0) first = 1;
    if (table->free_first != first || table->free_next < first) table->free_next = first; /* another range than last time */
    table->free_first = first;
    while (table->slots[slot_find(table, table->free_next)]) table->free_next++;
    return table->free_next;
}

void wire_cursor_each(struct wire_cursor_table *table, void (*visit)(struct wire_cursor *cursor, void *context), void *context)
{
    for (size_t i = 0; i < table->slot_count; i++)
        if (table->slots[i]) visit(table->slots[i], context);
    for (struct wire_cursor *cursor = table->pending, *next; cursor; cursor = next) {
        next = cursor->state->next;
        visit(cursor, context);
    }
}

/* ---- what an entry knows ---- */

/* A full execute says them each time: as many as before take the same memory. */
static struct wire_oac *copy_oacs(struct wire_oac *old, uint32_t old_count, const struct wire_oac *oacs, uint32_t count)
{
    if (old && count && count == old_count) return memmove(old, oacs, count * sizeof *oacs);
    struct wire_oac *copy = count ? memory_copy(oacs, count * sizeof *oacs) : NULL;
    memory_free(old);
    return copy;
}

void wire_cursor_set_binds(struct wire_cursor *cursor, const struct wire_oac *binds, uint32_t count)
{
    cursor->binds = copy_oacs(cursor->binds, cursor->bind_count, binds, count);
    cursor->bind_count = count;
    memory_free(cursor->directions);
    cursor->directions = NULL;
    cursor->directions_lost = false;
}

/* The types values have been fetched as survive a second describe: see wire_cursor_set_columns. */
static void remember_fetch_types(struct wire_cursor *cursor)
{
    struct wire_cursor_state *state = cursor->state;
    memory_free(state->fetch_types);
    state->fetch_type_count = cursor->column_count;
    state->fetch_types = cursor->column_count ? memory_alloc(cursor->column_count) : NULL;
    for (uint32_t i = 0; i < cursor->column_count; i++) {
        bool defined = i < cursor->define_count && cursor->defines[i].type;
        state->fetch_types[i] = defined ? cursor->defines[i].type : cursor->columns[i].oac.type;
    }
}

/* See wire_cursor_set_defines. */
static bool define_converts(uint8_t column)
{
    return wire_type_is_lob(column) || wire_type_is_image(column) || wire_type_is_long(column);
}

void wire_cursor_set_defines(struct wire_cursor *cursor, const struct wire_oac *defines, uint32_t count)
{
    cursor->defines = copy_oacs(cursor->defines, cursor->define_count, defines, count);
    cursor->define_count = count;
    for (uint32_t i = 0; i < count && i < cursor->column_count; i++) {
        const struct wire_oac *column = &cursor->columns[i].oac;
        if (!define_converts(column->type)) cursor->defines[i] = *column;
        if (!cursor->defines[i].form) cursor->defines[i].form = column->form; /* a define that leaves the form open takes the column's */
    }
    forget_previous(cursor);
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static char *put_text(char **at, const char *text)
{
    if (!text) return NULL;
    char *copy = *at;
    size_t size = text_size(text);
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static void copy_columns(struct wire_cursor *cursor, const struct wire_column *columns, uint32_t count)
{
    size_t size = count * sizeof *columns;
    for (uint32_t i = 0; i < count; i++)
        size += text_size(columns[i].name) + text_size(columns[i].type_schema) + text_size(columns[i].type_name);
    struct wire_column *copy = memory_alloc(size ? size : 1);
    char *text = (char *)(copy + count);
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = columns[i];
        copy[i].name = put_text(&text, columns[i].name);
        copy[i].type_schema = put_text(&text, columns[i].type_schema);
        copy[i].type_name = put_text(&text, columns[i].type_name);
    }
    forget_columns(cursor);
    cursor->state->columns_block = copy;
    cursor->columns = copy;
    cursor->column_count = count;
}

/*
 * A column that was fetched as text or bytes and is described as a LOB the second time is still sent inline, as LONG: the server
 * keeps to what the client is prepared for. Such a column gets the define that the client did not send.
 */
static uint8_t kept_long_type(uint8_t was, uint8_t is)
{
    bool text = was == WIRE_TYPE_VARCHAR || was == WIRE_TYPE_CHAR || was == WIRE_TYPE_LONG || was == WIRE_TYPE_LONG_VARCHAR;
    bool bytes = was == WIRE_TYPE_RAW || was == WIRE_TYPE_LONG_RAW || was == WIRE_TYPE_LONG_VARRAW;
    if (is == WIRE_TYPE_CLOB && text) return WIRE_TYPE_LONG;
    return is == WIRE_TYPE_BLOB && bytes ? WIRE_TYPE_LONG_RAW : 0;
}

static void keep_long_types(struct wire_cursor *cursor)
{
    struct wire_cursor_state *state = cursor->state;
    struct wire_oac *defines = NULL;
    for (uint32_t i = 0; i < cursor->column_count && i < state->fetch_type_count; i++) {
        uint8_t type = kept_long_type(state->fetch_types[i], cursor->columns[i].oac.type);
        if (!type) continue;
        if (!defines) {
            defines = memory_alloc(cursor->column_count * sizeof *defines);
            for (uint32_t k = 0; k < cursor->column_count; k++) defines[k] = cursor->columns[k].oac;
        }
        defines[i].type = type;
    }
    memory_free(cursor->defines);
    cursor->defines = defines;
    cursor->define_count = defines ? cursor->column_count : 0;
}

void wire_cursor_set_columns(struct wire_cursor *cursor, const struct wire_column *columns, uint32_t count)
{
    remember_fetch_types(cursor);
    copy_columns(cursor, columns, count);
    keep_long_types(cursor);
    forget_previous(cursor);
}

void wire_cursor_set_directions(struct wire_cursor *cursor, const uint8_t *directions, uint32_t count)
{
    CHECK(count == cursor->bind_count);
    uint8_t *copy = count ? memory_copy(directions, count) : NULL;
    memory_free(cursor->directions);
    cursor->directions = copy;
    cursor->directions_lost = false;
}
