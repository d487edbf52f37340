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
/* The name of a table or the like, as Oracle reads it: in capital letters unless it stands in double quotes; "": absent. */
void request_name(const struct request_body *body, const char *name, char *out, size_t size);
/* A whole number from 0 to `most`; absent or null: 0. False: it is something else, and error (ERROR_USAGE) says what is wanted. */
bool request_count(const struct request_body *body, const char *name, uint32_t most, uint32_t *out, struct error *error) MUST_USE;
bool request_boolean(const struct request_body *body, const char *name);
/* A list of at most `max` ids; absent or "all": *listed is false. False: it is something else, and error (ERROR_USAGE) says what is wanted. */
bool request_ids(const struct request_body *body, const char *name, uint64_t *ids, uint32_t max, uint32_t *count, bool *listed,
                 struct error *error) MUST_USE;

#endif
