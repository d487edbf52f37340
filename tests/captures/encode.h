/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of recordings, encoded again by our client half and compared with what the recorded client sent. */
#ifndef TESTS_CAPTURES_ENCODE_H
#define TESTS_CAPTURES_ENCODE_H

#include "wire/tap.h"

enum encode_outcome {
    ENCODE_NONE,   /* a kind that our client half does not send */
    ENCODE_SAME,   /* the same bytes */
    ENCODE_FIELDS, /* other bytes, from which the same fields are read: clients differ in what servers do not look at */
    ENCODE_WRONG,
    ENCODE_OUTCOMES
};
/* After wire_tap_sent. `why` says of ENCODE_WRONG what differs. */
enum encode_outcome encode_again(const struct wire_session *session, struct wire_cursor_table *cursors, const struct wire_request *request,
                                 const char **why);

#endif
