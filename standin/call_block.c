/* SPDX-License-Identifier: Apache-2.0 */
/* PL/SQL blocks. */
#include "standin/call.h"

void call_block(struct client *client, struct wire_request *request, struct statement *statement)
{
    (void)statement;
    call_refuse(client, request, 439, "feature not enabled: stand-in does not support PL/SQL");
}
