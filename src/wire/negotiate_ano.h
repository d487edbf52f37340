/* SPDX-License-Identifier: Apache-2.0 */
/* Native network services: what the tap and the login machines need beyond wire/negotiate.h. Pure. */
#ifndef WIRE_NEGOTIATE_ANO_H
#define WIRE_NEGOTIATE_ANO_H

#include "wire/negotiate.h"

/* How long the message is that `payload` starts with; requests and replies alike. */
enum wire_status wire_ano_measure(struct view payload, size_t *used);
bool wire_ano_is_active(struct view reply); /* encryption or integrity was switched on: nothing after it can be read */

#endif
