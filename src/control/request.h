/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON body of an admin call (jansson behind): a flat object; texts live as long as the body. All functions take NULL for "no body". */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include "base/error.h"
#include "base/view.h"

struct request_body;
struct request_body *request_parse(struct view text, struct error *error) MUST_USE;
void request_free(struct request_body *body);
const char *request_text(const struct request_body *body, const char *name); /* NULL: absent or no text */
int64_t request_integer(const struct request_body *body, const char *name, int64_t otherwise);
bool request_boolean(const struct request_body *body, const char *name);
uint32_t request_ids(const struct request_body *body, const char *name, uint64_t *ids,
                     uint32_t max); /* a list of numbers; 0: absent or no list */

#endif
