/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of one Oracle Net connection, and the default limits within which it is read. */
#include "wire/session.h"

const struct wire_limits wire_limits_default = {
    .packet_max = 2097152 + 64,     /* the largest SDU that can be agreed on, and its header */
    .call_max = (size_t)256 << 20,  /* a bulk insert in one call; more is sent by no driver seen */
    .value_max = (size_t)128 << 20, /* one value lies whole in memory */
    .bind_max = 65535,              /* Oracle's own */
    .column_max = 4096,             /* Oracle's own since 23ai */
    .cursor_max = 65535,            /* OPEN_CURSORS cannot be larger */
    .rows_max = 4 << 20,            /* a row is at least one byte of a call */
};

void wire_session_init(struct wire_session *session, const struct wire_limits *limits)
{
    *session = (struct wire_session){.limits = limits ? *limits : wire_limits_default, .sdu = 8192};
}
