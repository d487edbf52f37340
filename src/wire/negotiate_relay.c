/* SPDX-License-Identifier: Apache-2.0 */
/* The edits by which both legs of a relayed connection speak the dialect that we decode. No edit changes a length. */
#include "wire/negotiate_relay.h"

enum {
    OPTION_ATTENTION = 0x0400, /* out-of-band breaks: urgent data, which a relay cannot forward */
    ANO_WANTED = 0x01,
    ANO_DISABLED = 0x04,
    ANO_NOT_LINKED = 0x08,
    ANO_REQUIRED = 0x10,
    CONNECT_OUT_OF_BAND_CHECK = 0x01,
    ACCEPT_OUT_OF_BAND_CHECK = 0x00000001,
    ACCEPT_END_OF_RESPONSE = 0x02000000,
    ACCEPT_FAST_AUTH = 0x10000000,
    CAPABILITY_FIELD_VERSION = 7,
    CAPABILITY_TTC4 = 40,
    CAPABILITY_TTC5 = 44,
    TTC4_END_OF_RESPONSE = 0x20,
    TTC5_TOKEN_AND_PIPELINING = 0x16,
    VERSION_FLAGS2 = 318,
};

static uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void clear_u16(uint8_t *p, uint16_t bits)
{
    uint16_t n = get_u16(p) & (uint16_t)~bits;
    p[0] = (uint8_t)(n >> 8);
    p[1] = (uint8_t)n;
}

void wire_relay_edit_connect(struct wire_packet *packet)
{
    uint8_t *p = packet->bytes;
    if (packet->type != WIRE_CONNECT || packet->size < 34) return;
    clear_u16(p + 12, OPTION_ATTENTION);
    for (size_t i = 32; i <= 33; i++) p[i] = (uint8_t)((p[i] | ANO_DISABLED) & ~ANO_WANTED);
    if (packet->size >= 74 && get_u16(p + 26) >= 74) p[73] &= (uint8_t)~CONNECT_OUT_OF_BAND_CHECK;
}

void wire_relay_edit_accept(struct wire_packet *packet)
{
    uint8_t *p = packet->bytes;
    if (packet->type != WIRE_ACCEPT || packet->size < 24) return;
    clear_u16(p + 10, OPTION_ATTENTION);
    p[22] = (uint8_t)((p[22] | ANO_DISABLED) & ~ANO_REQUIRED);
    p[23] |= ANO_NOT_LINKED;
    if (get_u16(p + 8) >= VERSION_FLAGS2 && packet->size >= 45) {
        clear_u16(p + 41, (ACCEPT_FAST_AUTH | ACCEPT_END_OF_RESPONSE) >> 16);
        clear_u16(p + 43, ACCEPT_OUT_OF_BAND_CHECK);
    }
}

/* ---- messages, as they pass ---- */

enum step_kind {
    STEP_EXPECT,       /* one byte of this value */
    STEP_SKIP,         /* so many bytes */
    STEP_TEXT,         /* up to and with a NUL, at most so many bytes */
    STEP_COUNT_LITTLE, /* u16 little-endian, then so many bytes for each */
    STEP_COUNT_BIG,    /* u16 big-endian, then so many bytes for each */
    STEP_CAPABILITIES, /* one length byte, then compile capabilities: what is edited */
    STEP_DONE,
};
struct wire_relay_step {
    enum step_kind kind;
    uint16_t value;
};

static const struct wire_relay_step protocol_reply[] = {
    {STEP_EXPECT, 1},       /* PROTOCOL */
    {STEP_SKIP, 2},         /* version, and a zero */
    {STEP_TEXT, 256},       /* platform */
    {STEP_SKIP, 3},         /* character set, flags */
    {STEP_COUNT_LITTLE, 5}, /* character set graph */
    {STEP_COUNT_BIG, 1},    /* FDO */
    {STEP_CAPABILITIES, 0}, {STEP_DONE, 0},
};
static const struct wire_relay_step data_types_request[] = {
    {STEP_EXPECT, 2}, /* DATA_TYPES */
    {STEP_SKIP, 5},   /* two character sets, flags */
    {STEP_CAPABILITIES, 0},
    {STEP_DONE, 0},
};

static void step_begin(struct wire_relay_walker *w, const struct wire_relay_step *step)
{
    static const size_t sizes[] = {
        [STEP_EXPECT] = 1, [STEP_TEXT] = 256, [STEP_COUNT_LITTLE] = 2, [STEP_COUNT_BIG] = 2, [STEP_CAPABILITIES] = 1, [STEP_DONE] = 0,
    };
    w->step = step;
    w->index = 0;
    w->sized = false;
    w->left = step->kind == STEP_SKIP ? step->value : sizes[step->kind];
}

void wire_relay_walker_init(struct wire_relay_walker *walker, enum wire_relay_message message)
{
    walker->failed = false;
    walker->look_only = false;
    step_begin(walker, message == WIRE_RELAY_PROTOCOL_REPLY ? protocol_reply : data_types_request);
}

static void edit_capability(uint8_t *byte, size_t index)
{
    if (index == CAPABILITY_FIELD_VERSION && *byte > WIRE_RELAY_FIELD_VERSION_MAX) *byte = WIRE_RELAY_FIELD_VERSION_MAX;
    if (index == CAPABILITY_TTC4) *byte &= (uint8_t)~TTC4_END_OF_RESPONSE;
    if (index == CAPABILITY_TTC5) *byte &= (uint8_t)~TTC5_TOKEN_AND_PIPELINING;
}

/* A length prefix has gone by: `left` (its bytes gathered in `index`) becomes the size of what follows. */
static void step_sized(struct wire_relay_walker *w)
{
    size_t size = w->index;
    if (w->step->kind == STEP_COUNT_LITTLE) size = (size >> 8 | (size & 0xff) << 8) * w->step->value;
    if (w->step->kind == STEP_COUNT_BIG) size *= w->step->value;
    w->sized = true;
    w->index = 0;
    w->left = size;
}

static void feed_byte(struct wire_relay_walker *w, uint8_t *byte)
{
    w->left--;
    switch (w->step->kind) {
    case STEP_EXPECT:
        if (*byte != w->step->value) w->failed = true;
        break;
    case STEP_TEXT:
        if (*byte == 0)
            w->left = 0;
        else if (w->left == 0)
            w->failed = true;
        break;
    case STEP_COUNT_LITTLE:
    case STEP_COUNT_BIG:
    case STEP_CAPABILITIES:
        if (w->sized) {
            if (w->step->kind == STEP_CAPABILITIES && !w->look_only) edit_capability(byte, w->index);
            w->index++;
        } else {
            w->index = w->index << 8 | *byte;
            if (w->left == 0) step_sized(w);
        }
        break;
    case STEP_SKIP:
    case STEP_DONE: break;
    }
    if (w->left == 0) step_begin(w, w->step + 1);
}

void wire_relay_walker_feed(struct wire_relay_walker *walker, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size && !walker->failed && walker->step->kind != STEP_DONE; i++) feed_byte(walker, bytes + i);
}

bool wire_relay_walker_done(const struct wire_relay_walker *walker)
{
    return !walker->failed && walker->step->kind == STEP_DONE;
}

/* A message that turns out not to be whole must stay as it was: first without touching it. */
static bool edit_message(uint8_t *message, size_t size, enum wire_relay_message kind)
{
    for (int edit = 0; edit <= 1; edit++) {
        struct wire_relay_walker walker;
        wire_relay_walker_init(&walker, kind);
        walker.look_only = !edit;
        wire_relay_walker_feed(&walker, message, size);
        if (!wire_relay_walker_done(&walker)) return false;
    }
    return true;
}

bool wire_relay_edit_protocol_reply(uint8_t *message, size_t size)
{
    return edit_message(message, size, WIRE_RELAY_PROTOCOL_REPLY);
}

bool wire_relay_edit_data_types(uint8_t *message, size_t size)
{
    return edit_message(message, size, WIRE_RELAY_DATA_TYPES_REQUEST);
}
