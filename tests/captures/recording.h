/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings of Oracle Net connections, read into the bytes of each direction in the order in which they passed.
 * Three forms: pcap and pcapng (TCP over IPv4 or IPv6; known by their first bytes), text (lines "->" or "<-", then indented hex;
 * "# ---- tcp connection N" starts the next connection), and .hex (the payload of one DATA packet a line, with comment lines; lines of a
 * hex dump's width belong together up to a comment or an empty line).
 */
#ifndef TESTS_CAPTURES_RECORDING_H
#define TESTS_CAPTURES_RECORDING_H

#include "base/buffer.h"
#include "base/error.h"

struct recording_piece {
    uint32_t connection; /* counted from 0 in order of appearance */
    bool from_client;
    bool after_hole;   /* bytes of this side are missing before it */
    struct view bytes; /* owned by the recording */
};
struct recording {
    struct recording_piece *pieces;
    size_t count, capacity;
    uint32_t connections;
    bool payloads;       /* .hex: pieces are payloads of DATA packets, not packets */
    uint64_t lost_bytes; /* of TCP streams that the capture does not have */
};

bool recording_read(const char *path, struct recording *out, struct error *error) MUST_USE;
void recording_release(struct recording *recording);

/* For the readers of the single forms. */
void recording_add(struct recording *recording, uint32_t connection, bool from_client, bool after_hole, struct view bytes); /* copies */
bool recording_is_pcap(struct view file);
bool recording_is_pcapng(struct view file);
bool recording_read_packets(struct view file, struct recording *out, struct error *error) MUST_USE;

#endif
