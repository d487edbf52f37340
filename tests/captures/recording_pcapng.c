/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng: blocks of packets into TCP streams. Segments are put in order by sequence number and repeated bytes are dropped; a
 * hole that is never filled is skipped at the end and counted. The client is the side that sent the first SYN, else the first data.
 */
#include "tests/captures/recording.h"

#include "base/arena.h"
#include "base/memory.h"
#include "base/reader.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    SECTION_MAGIC = 0x1A2B3C4D,
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW = 101,
    LINK_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276,
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86DD,
    ETHER_VLAN = 0x8100,
    ETHER_QINQ = 0x88A8,
    PROTOCOL_TCP = 6,
    FLAG_SYN = 2,
    INTERFACES_MAX = 64,
    CONNECTIONS_MAX = 1024,
    ADDRESS_MAX = 16,
};

struct segment {
    uint32_t sequence;
    struct view bytes;
    struct segment *next;
};
struct direction {
    bool known;
    uint32_t next;
    struct segment *waiting;
};
struct connection {
    uint8_t a[ADDRESS_MAX], b[ADDRESS_MAX];
    uint16_t a_port, b_port;
    bool client_known, client_is_a;
    struct direction directions[2]; /* 0: from a, 1: from b */
    uint32_t number;
};
struct capture {
    struct recording *out;
    bool big_endian;
    uint16_t links[INTERFACES_MAX];
    size_t link_count;
    struct connection *connections;
    size_t connection_count;
    struct arena arena;
};

static uint32_t u32_of(const struct capture *c, struct reader *r)
{
    return c->big_endian ? reader_u32(r) : reader_u32le(r);
}

static uint16_t u16_of(const struct capture *c, struct reader *r)
{
    return c->big_endian ? reader_u16(r) : reader_u16le(r);
}

/* ---- TCP ---- */

struct tcp {
    uint8_t source[ADDRESS_MAX], target[ADDRESS_MAX];
    uint16_t source_port, target_port;
    uint32_t sequence;
    uint8_t flags;
    struct view bytes;
};

static struct connection *connection_of(struct capture *c, const struct tcp *tcp, int *from)
{
    for (size_t i = c->connection_count; i-- > 0;) {
        struct connection *known = &c->connections[i];
        bool a_to_b = known->a_port == tcp->source_port && known->b_port == tcp->target_port &&
                      !memcmp(known->a, tcp->source, ADDRESS_MAX) && !memcmp(known->b, tcp->target, ADDRESS_MAX);
        bool b_to_a = known->b_port == tcp->source_port && known->a_port == tcp->target_port &&
                      !memcmp(known->b, tcp->source, ADDRESS_MAX) && !memcmp(known->a, tcp->target, ADDRESS_MAX);
        *from = a_to_b ? 0 : 1;
        if (a_to_b || b_to_a) return known;
    }
    if (c->connection_count == CONNECTIONS_MAX) return NULL;
    struct connection *new = &c->connections[c->connection_count];
    *new = (struct connection){.a_port = tcp->source_port, .b_port = tcp->target_port, .number = (uint32_t)c->connection_count};
    memcpy(new->a, tcp->source, ADDRESS_MAX);
    memcpy(new->b, tcp->target, ADDRESS_MAX);
    c->connection_count++;
    *from = 0;
    return new;
}

static void deliver(struct capture *c, struct connection *connection, int from, struct view bytes)
{
    if (!connection->client_known) {
        connection->client_known = true;
        connection->client_is_a = from == 0;
    }
    recording_add(c->out, connection->number, (from == 0) == connection->client_is_a, bytes);
}

/* Delivers what follows on from `next`; what overlaps is cut. */
static void deliver_waiting(struct capture *c, struct connection *connection, int from)
{
    struct direction *direction = &connection->directions[from];
    bool moved = true;
    while (moved) {
        moved = false;
        for (struct segment **at = &direction->waiting; *at; at = &(*at)->next) {
            struct segment *segment = *at;
            int32_t ahead = (int32_t)(segment->sequence - direction->next);
            if (ahead > 0) continue;
            *at = segment->next;
            moved = true;
            if ((int64_t)-ahead < (int64_t)segment->bytes.size) {
                struct view fresh = view_of(segment->bytes.data - ahead, segment->bytes.size - (size_t)-ahead);
                direction->next += (uint32_t)fresh.size;
                deliver(c, connection, from, fresh);
            }
            break;
        }
    }
}

static void take_segment(struct capture *c, const struct tcp *tcp)
{
    int from;
    struct connection *connection = connection_of(c, tcp, &from);
    if (!connection) return;
    struct direction *direction = &connection->directions[from];
    bool syn = tcp->flags & FLAG_SYN;
    if (syn && !connection->client_known) {
        connection->client_known = true;
        connection->client_is_a = (from == 0) == !(tcp->flags & 0x10);
    }
    if (syn || (!direction->known && tcp->bytes.size)) {
        direction->known = true;
        direction->next = tcp->sequence + (syn ? 1 : 0);
    }
    if (tcp->bytes.size == 0) return;
    struct segment *segment = arena_alloc(&c->arena, sizeof *segment);
    *segment = (struct segment){.sequence = tcp->sequence, .bytes = tcp->bytes, .next = direction->waiting};
    direction->waiting = segment;
    deliver_waiting(c, connection, from);
}

/* What the capture missed: go on behind the hole. */
static void skip_holes(struct capture *c)
{
    for (size_t i = 0; i < c->connection_count; i++)
        for (int from = 0; from < 2; from++) {
            struct direction *direction = &c->connections[i].directions[from];
            while (direction->waiting) {
                uint32_t nearest = direction->waiting->sequence;
                for (struct segment *s = direction->waiting; s; s = s->next)
                    if ((int32_t)(s->sequence - nearest) < 0) nearest = s->sequence;
                c->out->lost_bytes += nearest - direction->next;
                direction->next = nearest;
                deliver_waiting(c, &c->connections[i], from);
            }
        }
}

/* ---- frames ---- */

static void take_tcp(struct capture *c, struct tcp *tcp, struct view packet)
{
    struct reader r = reader_of(packet);
    tcp->source_port = reader_u16(&r);
    tcp->target_port = reader_u16(&r);
    tcp->sequence = reader_u32(&r);
    reader_skip(&r, 4);
    size_t header = (size_t)(reader_u8(&r) >> 4) * 4;
    tcp->flags = reader_u8(&r);
    if (!reader_ok(&r) || header < 20 || header > packet.size) return;
    tcp->bytes = view_of(packet.data + header, packet.size - header);
    take_segment(c, tcp);
}

static void take_ip(struct capture *c, struct view packet)
{
    struct tcp tcp = {.flags = 0};
    if (packet.size < 20) return;
    bool six = packet.data[0] >> 4 == 6;
    size_t header = six ? 40 : (size_t)(packet.data[0] & 15) * 4;
    size_t total = six ? 40 + ((size_t)packet.data[4] << 8 | packet.data[5]) : (size_t)packet.data[2] << 8 | packet.data[3];
    uint8_t protocol = six ? packet.data[6] : packet.data[9];
    if (total == 0 || total > packet.size) total = packet.size; /* 0: the network card was to fill it in */
    if (protocol != PROTOCOL_TCP || header < 20 || header > total) return;
    if (six) {
        memcpy(tcp.source, packet.data + 8, 16);
        memcpy(tcp.target, packet.data + 24, 16);
    } else {
        memcpy(tcp.source, packet.data + 12, 4);
        memcpy(tcp.target, packet.data + 16, 4);
    }
    take_tcp(c, &tcp, view_of(packet.data + header, total - header));
}

static void take_frame(struct capture *c, uint16_t link, struct view frame)
{
    struct reader r = reader_of(frame);
    uint16_t type = ETHER_IPV4;
    switch (link) {
    case LINK_ETHERNET:
        reader_skip(&r, 12);
        type = reader_u16(&r);
        while (type == ETHER_VLAN || type == ETHER_QINQ) {
            reader_skip(&r, 2);
            type = reader_u16(&r);
        }
        break;
    case LINK_SLL:
        reader_skip(&r, 14);
        type = reader_u16(&r);
        break;
    case LINK_SLL2:
        type = reader_u16(&r);
        reader_skip(&r, 18);
        break;
    case LINK_NULL: reader_skip(&r, 4); break;
    case LINK_RAW:
    case LINK_IPV4:
    case LINK_IPV6: break;
    default: return;
    }
    if (!reader_ok(&r) || (type != ETHER_IPV4 && type != ETHER_IPV6)) return;
    take_ip(c, view_of(frame.data + r.at, reader_left(&r)));
}

/* ---- blocks ---- */

static void take_block(struct capture *c, uint32_t type, struct view body)
{
    struct reader r = reader_of(body);
    if (type == BLOCK_INTERFACE && c->link_count < INTERFACES_MAX) {
        c->links[c->link_count++] = u16_of(c, &r);
    } else if (type == BLOCK_ENHANCED) {
        uint32_t interface = u32_of(c, &r);
        reader_skip(&r, 8);
        uint32_t size = u32_of(c, &r);
        u32_of(c, &r);
        struct view frame = reader_bytes(&r, size);
        if (reader_ok(&r) && interface < c->link_count) take_frame(c, c->links[interface], frame);
    } else if (type == BLOCK_SIMPLE && c->link_count) {
        u32_of(c, &r);
        take_frame(c, c->links[0], view_of(body.data + r.at, reader_left(&r)));
    }
}

static bool read_blocks(struct capture *c, struct view file, struct error *error)
{
    struct reader r = reader_of(file);
    while (reader_left(&r) >= 12) {
        size_t at = r.at;
        uint32_t type = u32_of(c, &r);
        if (type == BLOCK_SECTION) { /* reads the same in both orders */
            struct reader magic = {.data = r.data, .size = r.size, .at = at + 8};
            c->big_endian = reader_u32(&magic) == SECTION_MAGIC;
            c->link_count = 0;
        }
        uint32_t size = u32_of(c, &r);
        if (at > 0 && size > file.size - at) { /* the file was cut: what stands before the cut counts */
            c->out->lost_bytes += file.size - at;
            return true;
        }
        if (size < 12 || size % 4 || size > file.size - at)
            return error_set(error, ERROR_CORRUPT, "pcapng: a block of %u bytes at %zu", size, at);
        take_block(c, type, view_of(file.data + at + 8, size - 12));
        r.at = at + size;
    }
    return true;
}

bool recording_read_pcapng(struct view file, struct recording *out, struct error *error)
{
    struct capture c = {.out = out, .connections = memory_zero(CONNECTIONS_MAX, sizeof(struct connection))};
    arena_init(&c.arena, 0);
    bool good = read_blocks(&c, file, error);
    skip_holes(&c);
    arena_release(&c.arena);
    memory_free(c.connections);
    return good;
}
