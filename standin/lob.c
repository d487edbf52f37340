/* SPDX-License-Identifier: Apache-2.0 */
/* LOBs behind locators. */
#include "standin/lob.h"

#include "base/memory.h"
#include "wire/value.h"

enum { LOB_COUNT_MAX = 200000, LOB_SIZE_MAX = 1 << 30, ID_AT = 8 };
static const uint64_t lob_bytes_max = 512ull << 20;

void lob_store_release(struct lob_store *store)
{
    while (store->count) lob_free(store, store->lobs[store->count - 1]);
    memory_free(store->lobs);
    *store = (struct lob_store){0};
}

static void lob_drop_data(struct lob_store *store, struct lob *lob)
{
    store->bytes -= buffer_size(&lob->data);
    buffer_release(&lob->data);
    buffer_init(&lob->data, LOB_SIZE_MAX);
    lob->loaded = false;
}

/* Oldest first: what a row still has can be read again, what only lived here is gone. */
static void lob_make_room(struct lob_store *store)
{
    for (uint32_t i = 0; i < store->count && store->bytes > lob_bytes_max; i++) {
        if (!store->lobs[i]->temporary) lob_drop_data(store, store->lobs[i]);
    }
    while (store->count >= LOB_COUNT_MAX) lob_free(store, store->lobs[0]);
}

static bool is_ascii(struct view text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] & 0x80) return false;
    }
    return true;
}

void lob_set_value(struct lob_store *store, struct lob *lob, struct view value)
{
    store->bytes -= buffer_size(&lob->data);
    buffer_clear(&lob->data);
    lob->wide = lob->character && !is_ascii(value);
    if (lob->wide)
        wire_utf8_to_utf16be(value, &lob->data);
    else
        buffer_append_view(&lob->data, value);
    lob->loaded = true;
    store->bytes += buffer_size(&lob->data);
}

struct lob *lob_new(struct lob_store *store, bool character, bool temporary, struct view value)
{
    lob_make_room(store);
    if (store->count == store->capacity) {
        store->capacity = store->capacity ? store->capacity * 2 : 64;
        store->lobs = memory_resize(store->lobs, store->capacity * sizeof *store->lobs);
    }
    struct lob *lob = memory_zero(1, sizeof *lob);
    buffer_init(&lob->data, LOB_SIZE_MAX);
    lob->id = ++store->next_id;
    lob->character = character;
    lob->temporary = temporary;
    store->lobs[store->count++] = lob;
    lob_set_value(store, lob, value);
    return lob;
}

void lob_set_row(struct lob *lob, const char *owner, const char *table, const char *column, uint64_t row_number)
{
    lob->owner = memory_string(owner);
    lob->table = memory_string(table);
    lob->column = memory_string(column);
    lob->row_number = row_number;
}

void lob_free(struct lob_store *store, struct lob *lob)
{
    for (uint32_t i = 0; i < store->count; i++) {
        if (store->lobs[i] != lob) continue;
        memmove(&store->lobs[i], &store->lobs[i + 1], (store->count - i - 1) * sizeof *store->lobs);
        store->count--;
        break;
    }
    store->bytes -= buffer_size(&lob->data);
    buffer_release(&lob->data);
    memory_free(lob->owner);
    memory_free(lob->table);
    memory_free(lob->column);
    memory_free(lob);
}

void lob_write_locator(const struct lob *lob, uint8_t out[LOB_LOCATOR_SIZE])
{
    static const uint8_t head[ID_AT] = {0, LOB_LOCATOR_SIZE - 2, 0, 1, 0, 0x08, 0, 0};
    memset(out, 0, LOB_LOCATOR_SIZE);
    memcpy(out, head, sizeof head);
    out[4] = lob->character ? 0x02 : 0x01;
    out[6] = lob->character ? 0x80 : 0; /* data travels as UTF-16BE */
    out[7] = lob->temporary ? 0x01 : 0;
    for (int i = 0; i < 8; i++) out[ID_AT + i] = (uint8_t)(lob->id >> (56 - 8 * i));
}

struct lob *lob_find(struct lob_store *store, struct view locator)
{
    if (locator.size < ID_AT + 8) return NULL;
    uint64_t id = 0;
    for (int i = 0; i < 8; i++) id = id << 8 | locator.data[ID_AT + i];
    uint32_t low = 0, high = store->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (store->lobs[middle]->id == id) return store->lobs[middle];
        if (id < store->lobs[middle]->id)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

uint64_t lob_length(const struct lob *lob)
{
    return lob->wide ? buffer_size(&lob->data) / 2 : buffer_size(&lob->data);
}

uint64_t lob_read(const struct lob *lob, uint64_t offset, uint64_t amount, struct buffer *out)
{
    uint64_t length = lob_length(lob);
    if (offset == 0 || offset > length) return 0;
    uint64_t left = length - (offset - 1), size = amount < left ? amount : left;
    struct view data = buffer_view(&lob->data);
    if (lob->wide) {
        buffer_append(out, data.data + (offset - 1) * 2, size * 2);
    } else if (lob->character) {
        uint8_t *room = buffer_reserve(out, size * 2);
        for (uint64_t i = 0; room && i < size; i++) {
            room[i * 2] = 0;
            room[i * 2 + 1] = data.data[offset - 1 + i];
        }
        if (room) buffer_commit(out, size * 2);
    } else {
        buffer_append(out, data.data + (offset - 1), size);
    }
    return size;
}

static void lob_widen(struct lob_store *store, struct lob *lob)
{
    if (lob->wide || !lob->character) return;
    struct buffer wide;
    buffer_init(&wide, LOB_SIZE_MAX);
    lob_read(lob, 1, lob_length(lob), &wide);
    store->bytes += buffer_size(&wide) - buffer_size(&lob->data);
    buffer_release(&lob->data);
    lob->data = wide;
    lob->wide = true;
}

bool lob_write(struct lob_store *store, struct lob *lob, uint64_t offset, struct view data)
{
    lob_widen(store, lob);
    size_t unit = lob->character ? 2 : 1, at = (size_t)(offset - 1) * unit, size = buffer_size(&lob->data);
    if (offset == 0 || at + data.size > LOB_SIZE_MAX) return false;
    while (size < at) {
        if (lob->character)
            buffer_u16(&lob->data, ' ');
        else
            buffer_u8(&lob->data, 0);
        size += unit;
    }
    size_t within = at + data.size > size ? size - at : data.size;
    if (within) memcpy(lob->data.data + lob->data.start + at, data.data, within);
    if (data.size > within) buffer_append(&lob->data, data.data + within, data.size - within);
    store->bytes += data.size - within;
    return !lob->data.failed;
}

void lob_trim(struct lob_store *store, struct lob *lob, uint64_t length)
{
    if (length >= lob_length(lob)) return;
    size_t size = (size_t)length * (lob->wide ? 2 : 1);
    store->bytes -= buffer_size(&lob->data) - size;
    lob->data.end = lob->data.start + size;
}

void lob_value(const struct lob *lob, struct buffer *out)
{
    if (!lob->wide) {
        buffer_append_view(out, buffer_view(&lob->data));
        return;
    }
    struct arena arena;
    arena_init(&arena, 0);
    buffer_append_view(out, wire_utf16be_to_utf8(buffer_view(&lob->data), &arena));
    arena_release(&arena);
}
