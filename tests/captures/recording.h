/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings of Oracle Net connections, read into the bytes of each direction in the order in which they passed.
 * Three forms: .pcapng (TCP over IPv4 or IPv6), .txt (lines "->" or "<-", then indented hex; "# ---- tcp connection N" starts the next
 * connection), and .hex (one DATA packet's payload each, with comment lines).
 */
#ifndef TESTS_CAPTURES_RECORDING_H
#define TESTS_CAPTURES_RECORDING_H

#include "base/buffer.h"
#include "base/error.h"

struct recording_piece {
    uint32_t connection; /* counted from 0 in order of appearance */
    bool from_client;
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
void recording_add(struct recording *recording, uint32_t connection, bool from_client, struct view bytes); /* copies */
bool recording_read_pcapng(struct view file, struct recording *out, struct error *error) MUST_USE;

#endif
