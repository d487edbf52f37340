/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relay edits of messages that may be split over packets: a small walker that is fed the bytes of a PROTOCOL reply or a
 * DATA_TYPES request as they pass, in pieces of any size, and changes the capability bytes among them in place. It
 * never needs a byte that has gone or that has not come. One thread at a time.
 */
#ifndef WIRE_NEGOTIATE_RELAY_H
#define WIRE_NEGOTIATE_RELAY_H

#include "wire/negotiate.h"

enum wire_relay_message { WIRE_RELAY_PROTOCOL_REPLY, WIRE_RELAY_DATA_TYPES_REQUEST };
struct wire_relay_walker {
    const struct wire_relay_step *step; /* where it stands in the message's layout */
    size_t left;                        /* bytes still to come of this step */
    size_t index;                       /* bytes of this step that went by */
    bool sized;                         /* the step's length prefix has been read */
    bool look_only;                     /* change nothing */
    bool failed;                        /* the bytes are not this message */
};
void wire_relay_walker_init(struct wire_relay_walker *walker, enum wire_relay_message message);
void wire_relay_walker_feed(struct wire_relay_walker *walker, uint8_t *bytes, size_t size);
bool wire_relay_walker_done(const struct wire_relay_walker *walker); /* the capabilities have gone by, edited */

#endif
