/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of one Oracle Net connection, and the default limits within which it is read. */
#include "wire/session.h"

#include "base/limit.h"

const struct wire_limits wire_limits_default = {
    .packet_max = LIMIT_PACKET_BYTES + 64, /* and its header */
    .call_max = LIMIT_CALL_BYTES,
    .value_max = LIMIT_VALUE_BYTES,
    .bind_max = LIMIT_BINDS,
    .column_max = LIMIT_COLUMNS,
    .cursor_max = LIMIT_CURSORS,
    .rows_max = LIMIT_ARRAY_ROWS,
};

void wire_session_init(struct wire_session *session, const struct wire_limits *limits)
{
    *session = (struct wire_session){.limits = limits ? *limits : wire_limits_default, .sdu = 8192};
}
