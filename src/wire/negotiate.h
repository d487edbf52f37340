/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONNECT .. DATA_TYPES, both halves, and the edits by which the relay keeps the connection to what it can decode
 * (docs/protocol.md sections 2, 3, 5, 6, 16). All edits are in place and never change a length.
 */
#ifndef WIRE_NEGOTIATE_H
#define WIRE_NEGOTIATE_H

#include "wire/packet.h"
#include "wire/session.h"

/* ---- connect ---- */
struct wire_connect {
    uint16_t version, version_low, options;
    uint32_t sdu;
    uint8_t flags0, flags1;  /* ANO bits */
    bool descriptor_follows; /* the text comes alone in the next DATA packet */
    struct view descriptor;  /* empty when it follows */
    size_t descriptor_size;  /* bytes of it, wherever it stands */
    bool redirected;
};
enum wire_status wire_connect_decode(const struct wire_packet *packet, struct wire_connect *out);
/* The client says already here that it will not go on without native services: refuse with ORA-12660. */
bool wire_connect_requires_services(const struct wire_connect *connect);
/* The descriptor text -> one value by path, e.g. "DESCRIPTION.CONNECT_DATA.SERVICE_NAME". Case-insensitive. False: absent. */
bool wire_descriptor_find(struct view descriptor, const char *path, struct view *out);
void wire_connect_write(struct buffer *out, struct view descriptor, uint32_t sdu,
                        bool redirected); /* the client half: 319, NA disabled, no OOB */

struct wire_accept {
    uint16_t version, options;
    uint32_t sdu, flags2;
    uint8_t flags0, flags1;
};
enum wire_status wire_accept_decode(const struct wire_packet *packet, struct wire_accept *out);
void wire_accept_write(struct buffer *out, uint16_t version, uint32_t sdu);
void wire_refuse_write(struct buffer *out, int ora_number, const char *detail); /* legacy length */
/* NEED_MORE: the text comes in the next DATA packet: call again with that one. A text without a number answers 0. */
enum wire_status wire_refuse_decode(const struct wire_packet *packet, int *ora_number, struct view *text);
/* The data of a REDIRECT, inline or (NEED_MORE) in the next DATA packet: the address, and the descriptor to send there (empty: the old one). */
enum wire_status wire_redirect_decode(const struct wire_packet *packet, struct view *address, struct view *descriptor);
/* address: "(ADDRESS=...)", descriptor: what the client is to send there. Header packet plus its DATA packet. */
void wire_redirect_write(struct buffer *out, struct view address, struct view descriptor);

/* ---- relay edits ---- */
enum { WIRE_RELAY_FIELD_VERSION_MAX = 12 };
void wire_relay_edit_connect(struct wire_packet *packet); /* no OOB, NA disabled */
void wire_relay_edit_accept(struct wire_packet *packet);  /* no OOB, NA off, no fast auth, no end-of-response, no OOB check */
/* A whole PROTOCOL reply / DATA_TYPES request message (payload bytes, contiguous). False: not recognised, left as it was. */
bool wire_relay_edit_protocol_reply(uint8_t *message, size_t size);
bool wire_relay_edit_data_types(uint8_t *message, size_t size);

/* ---- native network services ---- */
bool wire_ano_is_request(struct view payload);          /* starts with DEADBEEF */
void wire_ano_write_decline(struct buffer *out);        /* payload of a DATA packet */
bool wire_ano_encryption_required(struct view request); /* the client's lists lack "none": refuse with ORA-12660 */

/* ---- PROTOCOL and DATA_TYPES messages (payload bytes of one call) ---- */
enum wire_status wire_protocol_request_decode(struct wire_session *session, struct view message, size_t *used);
enum wire_status wire_protocol_reply_decode(struct wire_session *session, struct view message, size_t *used);
enum wire_status wire_data_types_request_decode(struct wire_session *session, struct view message, size_t *used);
enum wire_status wire_data_types_reply_decode(struct wire_session *session, struct view message, size_t *used);
void wire_protocol_request_write(struct buffer *out, const char *driver);
void wire_protocol_reply_write(struct wire_session *session, struct buffer *out);     /* the "19c" identity; fills session */
void wire_data_types_request_write(struct wire_session *session, struct buffer *out); /* the client half; fills session */
void wire_data_types_reply_write(const struct wire_session *session, struct view request, struct buffer *out); /* echoes the list */

#endif
