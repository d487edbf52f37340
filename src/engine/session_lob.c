/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOBs. A served LOB value is kept in the session under a locator of ours (40 bytes with a mark and a number) until newer ones push it out. Temporary LOBs that the
 * client fills on the source are followed, so that a bind of their locator can be recorded with its content.
 */
#include "engine/session_private.h"

#include "base/limit.h"
#include "base/memory.h"
#include "wire/message.h"
#include "wire/value_text.h"

enum { LOCATOR_SIZE = 40, LOCATOR_MARK_AT = 10, LOCATOR_ID_AT = 14 };
static const uint8_t locator_mark[4] = {'U', 'S', 'L', 'B'};

bool session_lob_is_ours(struct view locator)
{
    return locator.size >= LOCATOR_SIZE && memcmp(locator.data + LOCATOR_MARK_AT, locator_mark, sizeof locator_mark) == 0;
}

static struct session_lob *session_lob_find(struct session *s, struct view locator)
{
    if (!session_lob_is_ours(locator)) return NULL;
    uint64_t id = 0;
    for (int i = 0; i < 8; i++) id = id << 8 | locator.data[LOCATOR_ID_AT + i];
    for (struct session_lob *lob = s->lobs; lob; lob = lob->next)
        if (lob->id == id) return lob;
    return NULL;
}

static void lob_free(struct session *s, struct session_lob *lob)
{
    for (struct session_lob **at = &s->lobs; *at; at = &(*at)->next) {
        if (*at != lob) continue;
        *at = lob->next;
        break;
    }
    s->lob_bytes -= lob->cost;
    buffer_release(&lob->bytes);
    memory_free(lob);
}

static size_t source_lob_cost(const struct source_lob *lob)
{
    return sizeof *lob + lob->bytes.capacity;
}

static void source_lob_free(struct session *s, struct source_lob **at)
{
    struct source_lob *lob = *at;
    *at = lob->next;
    s->source_lob_bytes -= source_lob_cost(lob);
    buffer_release(&lob->bytes);
    memory_free(lob);
}

void session_lobs_release(struct session *s)
{
    while (s->lobs) lob_free(s, s->lobs);
    while (s->source_lobs) source_lob_free(s, &s->source_lobs);
}

/* Over the limit the oldest go, but for the one that is being written: a bind of one afterwards is one whose content did not pass here. */
static void make_source_room(struct session *s, const struct source_lob *written)
{
    while (s->source_lob_bytes > LIMIT_SESSION_SOURCE_LOB_BYTES) {
        struct source_lob **oldest = NULL;
        for (struct source_lob **at = &s->source_lobs; *at; at = &(*at)->next)
            if (*at != written) oldest = at;
        if (!oldest) return;
        source_lob_free(s, oldest);
    }
}

/* Over the limit the oldest values that are not temporary go: reading one afterwards answers ORA-22922. */
static void make_room(struct session *s)
{
    while (s->lob_bytes > LIMIT_SESSION_LOB_BYTES) {
        struct session_lob *oldest = NULL;
        for (struct session_lob *lob = s->lobs; lob; lob = lob->next)
            if (!lob->temporary && lob->next) oldest = lob;
        if (!oldest) return;
        lob_free(s, oldest);
    }
}

struct view session_lob_locator(struct session *s, struct view bytes, bool binary, bool temporary, struct arena *arena)
{
    struct session_lob *lob = memory_zero(1, sizeof *lob);
    lob->id = ++s->next_lob;
    lob->binary = binary;
    lob->temporary = temporary;
    buffer_init(&lob->bytes, s->wire->limits.value_max * 2);
    if (binary)
        buffer_append_view(&lob->bytes, bytes);
    else
        wire_utf8_to_utf16be(bytes, &lob->bytes);
    lob->cost = buffer_size(&lob->bytes) + sizeof *lob;
    lob->next = s->lobs;
    s->lobs = lob;
    s->lob_bytes += lob->cost;
    make_room(s);
    uint8_t *locator = arena_zero(arena, LOCATOR_SIZE);
    locator[1] = LOCATOR_SIZE - 2;
    locator[3] = 1;
    locator[4] = binary ? 0x01 : 0x02;
    locator[5] = 0x08;
    locator[6] = binary ? 0 : 0x80; /* variable width: data goes as UTF-16BE */
    locator[7] = temporary ? 0x03 : 0x02;
    memcpy(locator + LOCATOR_MARK_AT, locator_mark, sizeof locator_mark);
    for (int i = 0; i < 8; i++) locator[LOCATOR_ID_AT + i] = (uint8_t)(lob->id >> (56 - 8 * i));
    return view_of(locator, LOCATOR_SIZE);
}

static void lob_answer(struct session *s, const struct wire_lob_request *request, struct view locator, uint64_t amount, int32_t flag)
{
    wire_lob_result_write(s->wire, request, locator, amount, flag, &s->output);
    struct wire_end end = {.call_status = s->tx.open ? 3 : 1, .transaction_open = s->tx.open};
    wire_end_write(s->wire, &end, wire_tap_request(s->tap)->sequence, &s->output);
    session_answer_send(s);
}

static void lob_write(struct session_lob *lob, const struct wire_lob_request *request)
{
    size_t unit = lob->binary ? 1 : 2, at = (request->source_offset ? request->source_offset - 1 : 0) * unit;
    size_t end = at + request->data.size;
    while (buffer_size(&lob->bytes) < end && !lob->bytes.failed) { /* a hole is filled with zeroes or blanks */
        if (lob->binary)
            buffer_u8(&lob->bytes, 0);
        else
            buffer_u16(&lob->bytes, ' ');
    }
    if (lob->bytes.failed || buffer_size(&lob->bytes) < end) return;
    memcpy(lob->bytes.data + lob->bytes.start + at, request->data.data, request->data.size);
}

static void lob_operate(struct session *s, struct session_lob *lob, const struct wire_lob_request *request)
{
    size_t unit = lob->binary ? 1 : 2;
    uint64_t amount = buffer_size(&lob->bytes) / unit;
    switch (request->operation) {
    case WIRE_LOB_READ: {
        uint64_t from = request->source_offset ? request->source_offset - 1 : 0;
        uint64_t count = from >= amount ? 0 : request->amount < amount - from ? request->amount : amount - from;
        wire_lob_data_write(s->wire, view_of(lob->bytes.data + lob->bytes.start + from * unit, count * unit), &s->output);
        amount = count;
        break;
    }
    case WIRE_LOB_WRITE:
        if (!lob->temporary) {
            session_answer_error(s, 22920, "ORA-22920: row containing the LOB value is not locked (write LOBs by binding them)\n", 0);
            return;
        }
        lob_write(lob, request);
        if (lob->bytes.failed) {
            session_answer_error(s, 22990, "ORA-22990: LOB is larger than the limit value_max\n", 0);
            return;
        }
        amount = request->amount;
        break;
    case WIRE_LOB_TRIM:
        if (request->amount * unit < buffer_size(&lob->bytes)) lob->bytes.end = lob->bytes.start + request->amount * unit;
        amount = request->amount;
        break;
    case WIRE_LOB_CHUNK_SIZE: amount = 8060; break;
    default: break;
    }
    lob_answer(s, request, request->source, amount, 0);
}

void session_serve_lob(struct session *s)
{
    const struct wire_lob_request *request = &wire_tap_request(s->tap)->lob;
    session_served(s);
    buffer_clear(&s->output);
    if (request->operation == WIRE_LOB_CREATE_TEMPORARY) {
        struct view locator = session_lob_locator(s, view_of(NULL, 0), request->destination_offset == WIRE_TYPE_BLOB, true, &s->call.arena);
        lob_answer(s, request, locator, 0, 0);
        return;
    }
    if (request->operation == WIRE_LOB_FREE_TEMPORARY) {
        struct session_lob *freed = session_lob_find(s, request->source);
        if (freed) lob_free(s, freed);
        lob_answer(s, request, request->source, 0, 0);
        return;
    }
    struct session_lob *lob = session_lob_find(s, request->source);
    if (!lob) {
        session_answer_error(s, 22922, "ORA-22922: nonexistent LOB value\n", 0);
        return;
    }
    lob_operate(s, lob, request);
}

/* ---- temporary LOBs on the source ---- */

static struct source_lob **source_lob_place(struct session *s, struct view locator)
{
    struct source_lob **at = &s->source_lobs;
    while (*at && ((*at)->locator_size != locator.size || memcmp((*at)->locator, locator.data, locator.size) != 0)) at = &(*at)->next;
    return at;
}

static struct source_lob *source_lob_find(struct session *s, struct view locator)
{
    return *source_lob_place(s, locator);
}

static void freed(struct session *s, struct view locators)
{
    while (locators.size > 2) {
        size_t size = ((size_t)locators.data[0] << 8 | locators.data[1]) + 2; /* the length of what follows stands in front */
        if (size > locators.size) return;
        struct view one = view_of(locators.data, size);
        struct session_lob *ours = session_lob_find(s, one);
        struct source_lob **theirs = source_lob_place(s, one);
        if (ours) lob_free(s, ours);
        if (*theirs) source_lob_free(s, theirs);
        locators = view_of(locators.data + size, locators.size - size);
    }
}

void session_lobs_freed(struct session *s)
{
    const struct wire_request *request = wire_tap_request(s->tap);
    for (uint32_t i = 0; i < request->piggyback_count; i++)
        if (request->piggybacks[i].function == WIRE_FN_LOB) freed(s, request->piggybacks[i].text);
}

static void source_lob_change(struct source_lob *lob, const struct wire_lob_request *request)
{
    size_t unit = lob->binary ? 1 : 2;
    if (request->operation == WIRE_LOB_TRIM && request->amount * unit <= buffer_size(&lob->bytes))
        lob->bytes.end = lob->bytes.start + request->amount * unit;
    if (request->operation != WIRE_LOB_WRITE) return;
    size_t at = (request->source_offset ? request->source_offset - 1 : 0) * unit;
    if (at > buffer_size(&lob->bytes)) {
        lob->broken = true;
        return;
    }
    lob->bytes.end = at + request->data.size < buffer_size(&lob->bytes) ? lob->bytes.end : lob->bytes.start + at;
    if (at + request->data.size <= buffer_size(&lob->bytes))
        memcpy(lob->bytes.data + lob->bytes.start + at, request->data.data, request->data.size);
    else
        buffer_append_view(&lob->bytes, request->data);
    if (lob->bytes.failed) lob->broken = true;
}

void session_source_lob_request(struct session *s)
{
    const struct wire_lob_request *request = &wire_tap_request(s->tap)->lob;
    if (request->operation == WIRE_LOB_FREE_TEMPORARY || request->operation == WIRE_LOB_FREE_TEMPORARY_ARRAY) {
        freed(s, request->source);
        return;
    }
    struct source_lob *lob = source_lob_find(s, request->source);
    if (!lob) {
        bool changes = request->operation == WIRE_LOB_WRITE || request->operation == WIRE_LOB_TRIM;
        if (changes && s->call.policy && s->call.policy->mirror)
            engine_gap(s->engine, NULL, "a stored LOB was changed through its locator");
        return;
    }
    s->source_lob_bytes -= source_lob_cost(lob);
    source_lob_change(lob, request);
    s->source_lob_bytes += source_lob_cost(lob);
    make_source_room(s, lob);
}

void session_source_lob_result(struct session *s, struct view locator)
{
    if (s->call.kind != KIND_LOB || locator.size == 0 || locator.size > sizeof((struct source_lob *)0)->locator) return;
    const struct wire_lob_request *request = &wire_tap_request(s->tap)->lob;
    struct source_lob *lob = request->operation == WIRE_LOB_CREATE_TEMPORARY ? NULL : source_lob_find(s, request->source);
    if (request->operation == WIRE_LOB_CREATE_TEMPORARY) {
        lob = memory_zero(1, sizeof *lob);
        lob->binary = request->destination_offset == WIRE_TYPE_BLOB;
        buffer_init(&lob->bytes, s->wire->limits.value_max);
        lob->next = s->source_lobs;
        s->source_lobs = lob;
        s->source_lob_bytes += source_lob_cost(lob);
        make_source_room(s, lob);
    }
    if (!lob) return;
    memcpy(lob->locator, locator.data, locator.size);
    lob->locator_size = locator.size;
}

bool session_lob_bind(struct session *s, const struct wire_oac *oac, struct view locator, struct arena *arena, struct value *out)
{
    bool binary = oac->type == WIRE_TYPE_BLOB;
    struct view bytes;
    struct session_lob *ours = session_lob_find(s, locator);
    if (ours) {
        bytes = buffer_view(&ours->bytes);
    } else {
        struct source_lob *theirs = source_lob_find(s, locator);
        if (!theirs || theirs->broken) return false;
        bytes = buffer_view(&theirs->bytes);
    }
    *out = binary ? value_bytes(arena_copy(arena, bytes)) : value_text(wire_utf16be_to_utf8(bytes, arena));
    return true;
}

/* ---- our LOBs as binds of the source ---- */

bool session_lob_bound(const struct wire_request *request, const struct wire_cursor *cursor)
{
    size_t count = (size_t)request->execute.row_count * cursor->bind_count;
    for (size_t i = 0; i < count; i++)
        if (wire_type_is_lob(cursor->binds[i % cursor->bind_count].type) && session_lob_is_ours(request->execute.rows[i].raw)) return true;
    return false;
}

bool session_lobs_by_value(struct session *s, struct wire_execute_spec *spec)
{
    struct arena *arena = &s->call.arena;
    size_t count = (size_t)spec->row_count * spec->bind_count;
    struct wire_oac *oacs = arena_alloc(arena, sizeof *oacs * spec->bind_count);
    struct wire_bind *rows = arena_alloc(arena, sizeof *rows * count);
    memcpy(oacs, spec->binds, sizeof *oacs * spec->bind_count);
    memcpy(rows, spec->rows, sizeof *rows * count);
    for (size_t i = 0; i < count; i++) {
        uint32_t b = (uint32_t)(i % spec->bind_count);
        const struct wire_oac *lob = &spec->binds[b];
        if (!wire_type_is_lob(lob->type) || b + spec->return_binds >= spec->bind_count) continue;
        struct value value = value_null();
        if (rows[i].present && !rows[i].null && !session_lob_bind(s, lob, rows[i].raw, arena, &value)) return false;
        rows[i].null = value.type == VALUE_NULL;
        rows[i].raw = value.bytes;
        oacs[b].type = lob->type == WIRE_TYPE_BLOB ? WIRE_TYPE_LONG_RAW : WIRE_TYPE_LONG;
        oacs[b].size_max = INT32_MAX;
        oacs[b].continue_flags = 0;
        oacs[b].characters_max = 0;
        if (lob->type == WIRE_TYPE_CLOB) oacs[b].charset = WIRE_CHARSET_UTF8;
        oacs[b].form = lob->type == WIRE_TYPE_CLOB ? 1 : 0;
    }
    spec->binds = oacs;
    spec->rows = rows;
    return true;
}
