/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap and pcapng: packets into TCP streams. Segments are put in order by sequence number and repeated bytes are dropped; a hole is
 * skipped and counted once what lies in it was acknowledged, or at the end. The client is the side that sent the first SYN; without one
 * the first CONNECT or the ports tell.
 */
#include "tests/captures/recording.h"

#include "base/arena.h"
#include "base/memory.h"
#include "base/reader.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* what older writers use for ENHANCED */
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    SECTION_MAGIC = 0x1A2B3C4D,
    PCAP_MICRO = 0xA1B2C3D4,
    PCAP_NANO = 0xA1B23C4D,
    PCAP_MICRO_SWAPPED = 0xD4C3B2A1,
    PCAP_NANO_SWAPPED = 0x4D3CB2A1,
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_RAW_BSD = 12,
    LINK_RAW_OPENBSD = 14,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276,
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86DD,
    ETHER_VLAN = 0x8100,
    ETHER_QINQ = 0x88A8,
    ETHER_MPLS = 0x8847,
    ETHER_PPPOE = 0x8864,
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_DESTINATION = 60,
    PROTOCOL_TCP = 6,
    FLAG_SYN = 2,
    FLAG_ACK = 16,
    HOLE_PATIENCE = 16, /* acknowledgements behind a hole before it is taken for one */
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
    bool hole; /* bytes are missing before what is delivered next */
    uint32_t next, held;
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
    uint32_t sequence, acknowledged;
    uint8_t flags;
    struct view bytes;
};

/* A port that is used again after its connection was closed is another connection. */
static bool is_new_life(const struct connection *known, int from, const struct tcp *tcp)
{
    const struct direction *direction = &known->directions[from];
    return (tcp->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN && direction->known && direction->next != tcp->sequence + 1;
}

static struct connection *connection_of(struct capture *c, const struct tcp *tcp, int *from)
{
    for (size_t i = c->connection_count; i-- > 0;) {
        struct connection *known = &c->connections[i];
        bool a_to_b = known->a_port == tcp->source_port && known->b_port == tcp->target_port &&
                      !memcmp(known->a, tcp->source, ADDRESS_MAX) && !memcmp(known->b, tcp->target, ADDRESS_MAX);
        bool b_to_a = known->b_port == tcp->source_port && known->a_port == tcp->target_port &&
                      !memcmp(known->b, tcp->source, ADDRESS_MAX) && !memcmp(known->a, tcp->target, ADDRESS_MAX);
        *from = a_to_b ? 0 : 1;
        if (!a_to_b && !b_to_a) continue;
        if (is_new_life(known, *from, tcp)) break;
        return known;
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

static bool is_listener_port(uint16_t port)
{
    return (port >= 1521 && port <= 1530) || port == 2483 || port == 2484;
}

/* A capture that begins after the first SYN: who connects is the client; else the ports tell. */
static bool client_is_a(const struct connection *connection, int from, struct view bytes)
{
    enum { PACKET_CONNECT = 1, PACKET_TYPE_AT = 4 };
    if (bytes.size > PACKET_TYPE_AT && bytes.data[PACKET_TYPE_AT] == PACKET_CONNECT) return from == 0;
    bool a = is_listener_port(connection->a_port), b = is_listener_port(connection->b_port);
    return a != b ? b : connection->a_port > connection->b_port;
}

static void deliver(struct capture *c, struct connection *connection, int from, struct view bytes)
{
    if (!connection->client_known) {
        connection->client_known = true;
        connection->client_is_a = client_is_a(connection, from, bytes);
    }
    struct direction *direction = &connection->directions[from];
    recording_add(c->out, connection->number, (from == 0) == connection->client_is_a, direction->hole, bytes);
    direction->hole = false;
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
    if (!direction->waiting) direction->held = 0;
}

/* Goes on behind a hole. */
static void skip_hole(struct capture *c, struct connection *connection, int from)
{
    struct direction *direction = &connection->directions[from];
    uint32_t nearest = direction->waiting->sequence;
    for (struct segment *s = direction->waiting; s; s = s->next)
        if ((int32_t)(s->sequence - nearest) < 0) nearest = s->sequence;
    c->out->lost_bytes += nearest - direction->next;
    direction->next = nearest;
    direction->hole = true;
    deliver_waiting(c, connection, from);
}

/*
 * What the receiver has acknowledged was sent: if the capture still lacks it after a while, it never had it. Without this, everything behind
 * a hole would come after all that the other side said.
 */
static void take_acknowledgement(struct capture *c, struct connection *connection, int from, const struct tcp *tcp)
{
    struct direction *direction = &connection->directions[1 - from];
    bool passed = (tcp->flags & FLAG_ACK) && direction->known && (int32_t)(tcp->acknowledged - direction->next) > 0;
    if (!passed || !direction->waiting) return;
    if (++direction->held > HOLE_PATIENCE) skip_hole(c, connection, 1 - from);
}

static void take_segment(struct capture *c, const struct tcp *tcp)
{
    int from;
    struct connection *connection = connection_of(c, tcp, &from);
    if (!connection) {
        c->out->lost_bytes += tcp->bytes.size;
        return;
    }
    struct direction *direction = &connection->directions[from];
    bool syn = tcp->flags & FLAG_SYN;
    if (syn && !connection->client_known) {
        connection->client_known = true;
        connection->client_is_a = (from == 0) == !(tcp->flags & FLAG_ACK);
    }
    if ((syn || tcp->bytes.size) && !direction->known) {
        direction->known = true;
        direction->next = tcp->sequence + (syn ? 1 : 0);
    }
    take_acknowledgement(c, connection, from, tcp);
    /* One byte before what comes next and nothing else: a probe of an idle connection. */
    if (tcp->bytes.size == 0 || (tcp->bytes.size == 1 && tcp->sequence + 1 == direction->next)) return;
    struct segment *segment = arena_alloc(&c->arena, sizeof *segment);
    *segment = (struct segment){.sequence = tcp->sequence, .bytes = tcp->bytes, .next = direction->waiting};
    direction->waiting = segment;
    deliver_waiting(c, connection, from);
}

static void skip_holes(struct capture *c)
{
    for (size_t i = 0; i < c->connection_count; i++)
        for (int from = 0; from < 2; from++)
            while (c->connections[i].directions[from].waiting) skip_hole(c, &c->connections[i], from);
}

/* ---- frames ---- */

static void take_tcp(struct capture *c, struct tcp *tcp, struct view packet)
{
    struct reader r = reader_of(packet);
    tcp->source_port = reader_u16(&r);
    tcp->target_port = reader_u16(&r);
    tcp->sequence = reader_u32(&r);
    tcp->acknowledged = reader_u32(&r);
    size_t header = (size_t)(reader_u8(&r) >> 4) * 4;
    tcp->flags = reader_u8(&r);
    if (!reader_ok(&r) || header < 20 || header > packet.size) return;
    tcp->bytes = view_of(packet.data + header, packet.size - header);
    take_segment(c, tcp);
}

/* Extension headers stand between the fixed one and TCP's. */
static size_t skip_extensions(struct view packet, uint8_t *protocol)
{
    size_t header = 40;
    while ((*protocol == IPV6_HOP_BY_HOP || *protocol == IPV6_ROUTING || *protocol == IPV6_DESTINATION) && header + 2 <= packet.size) {
        *protocol = packet.data[header];
        header += ((size_t)packet.data[header + 1] + 1) * 8;
    }
    return header;
}

static void take_ip(struct capture *c, struct view packet)
{
    struct tcp tcp = {.flags = 0};
    if (packet.size < 20) return;
    bool six = packet.data[0] >> 4 == 6;
    if (six && packet.size < 40) return;
    size_t total = six ? 40 + ((size_t)packet.data[4] << 8 | packet.data[5]) : (size_t)packet.data[2] << 8 | packet.data[3];
    uint8_t protocol = six ? packet.data[6] : packet.data[9];
    size_t header = six ? skip_extensions(packet, &protocol) : (size_t)(packet.data[0] & 15) * 4;
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

/* From a protocol's number to the IP packet, through tags of virtual networks, labels and PPP sessions. Each takes some bytes, so it ends. */
static void take_protocol(struct capture *c, uint16_t type, struct reader *r)
{
    enum { LABEL_LAST = 0x100 };
    for (bool inner = true; inner && reader_ok(r);) {
        switch (type) {
        case ETHER_VLAN:
        case ETHER_QINQ:
            reader_skip(r, 2);
            type = reader_u16(r);
            break;
        case ETHER_MPLS: /* labels say not what they hold: here it is always IP, whose first byte tells which */
            if (reader_u32(r) & LABEL_LAST) type = ETHER_IPV4;
            break;
        case ETHER_PPPOE:
            reader_skip(r, 6);
            type = reader_u16(r);
            type = type == PPP_IPV4 ? ETHER_IPV4 : type == PPP_IPV6 ? ETHER_IPV6 : type;
            inner = false;
            break;
        default: inner = false; break;
        }
    }
    if (!reader_ok(r) || (type != ETHER_IPV4 && type != ETHER_IPV6)) return;
    take_ip(c, view_of(r->data + r->at, reader_left(r)));
}

static void take_frame(struct capture *c, uint16_t link, struct view frame)
{
    struct reader r = reader_of(frame);
    uint16_t type = ETHER_IPV4;
    switch (link) {
    case LINK_ETHERNET:
        reader_skip(&r, 12);
        type = reader_u16(&r);
        break;
    case LINK_SLL:
        reader_skip(&r, 14);
        type = reader_u16(&r);
        break;
    case LINK_SLL2:
        type = reader_u16(&r);
        reader_skip(&r, 18);
        break;
    case LINK_PPP:
        if (frame.size >= 2 && frame.data[0] == 0xFF) reader_skip(&r, 2);
        type = reader_u16(&r);
        type = type == PPP_IPV4 ? ETHER_IPV4 : type == PPP_IPV6 ? ETHER_IPV6 : type;
        break;
    case LINK_NULL:
    case LINK_LOOP: reader_skip(&r, 4); break;
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_RAW:
    case LINK_IPV4:
    case LINK_IPV6: break;
    default: c->out->lost_bytes += frame.size; return; /* told, so that nobody takes the recording for one without traffic */
    }
    take_protocol(c, type, &r);
}

/* ---- pcap: one link type, records one behind the other ---- */

bool recording_is_pcap(struct view file)
{
    enum { HEADER = 24 };
    struct reader r = reader_of(file);
    uint32_t magic = reader_u32(&r);
    return file.size >= HEADER && (magic == PCAP_MICRO || magic == PCAP_NANO || magic == PCAP_MICRO_SWAPPED || magic == PCAP_NANO_SWAPPED);
}

static void read_records(struct capture *c, struct view file)
{
    enum { HEADER_TO_LINK = 16, LINK_MASK = 0x0FFFFFFF };
    struct reader r = reader_of(file);
    uint32_t magic = reader_u32(&r);
    c->big_endian = magic == PCAP_MICRO || magic == PCAP_NANO;
    reader_skip(&r, HEADER_TO_LINK);
    uint16_t link = (uint16_t)(u32_of(c, &r) & LINK_MASK);
    while (reader_left(&r)) {
        size_t left = reader_left(&r);
        reader_skip(&r, 8);
        uint32_t size = u32_of(c, &r);
        reader_skip(&r, 4);
        struct view frame = reader_bytes(&r, size);
        if (!reader_ok(&r)) { /* cut: what stands before the cut counts */
            c->out->lost_bytes += left;
            return;
        }
        take_frame(c, link, frame);
    }
}

/* ---- pcapng: blocks ---- */

static void take_block(struct capture *c, uint32_t type, struct view body)
{
    struct reader r = reader_of(body);
    if (type == BLOCK_INTERFACE && c->link_count < INTERFACES_MAX) {
        c->links[c->link_count++] = u16_of(c, &r);
    } else if (type == BLOCK_ENHANCED || type == BLOCK_PACKET) {
        uint32_t interface = type == BLOCK_ENHANCED ? u32_of(c, &r) : u16_of(c, &r);
        if (type == BLOCK_PACKET) reader_skip(&r, 2); /* packets dropped */
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

bool recording_read_packets(struct view file, struct recording *out, struct error *error)
{
    struct capture c = {.out = out, .connections = memory_zero(CONNECTIONS_MAX, sizeof(struct connection))};
    bool good = true;
    arena_init(&c.arena, 0);
    if (recording_is_pcap(file))
        read_records(&c, file);
    else
        good = read_blocks(&c, file, error);
    skip_holes(&c);
    arena_release(&c.arena);
    memory_free(c.connections);
    return good;
}

bool recording_is_pcapng(struct view file)
{
    struct reader r = reader_of(file);
    return reader_u32(&r) == BLOCK_SECTION;
}
