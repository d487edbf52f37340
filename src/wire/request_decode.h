/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the request decoder share. Inner header of request*.c. */
#ifndef WIRE_REQUEST_DECODE_H
#define WIRE_REQUEST_DECODE_H

#include "base/reader.h"
#include "wire/primitive.h"
#include "wire/request.h"

struct request_decoder {
    const struct wire_session *session;
    struct wire_cursor_table *cursors;
    struct arena *arena;
    struct reader in;
    struct wire_request *out;
    struct wire_request_progress *progress; /* may be NULL */
    const char *unknown;                    /* set: well framed so far, but what follows cannot be read; says why */
    bool over_limit;                        /* `unknown` names a limit */
    /* A parse: the new statement, not in the table before all of the message is there. */
    char *sql;
    size_t sql_size;
    struct wire_cursor kind;
};

bool request_ok(const struct request_decoder *d); /* nothing failed, nothing unknown */
void request_unknown(struct request_decoder *d, const char *why);
void request_limit(struct request_decoder *d, const char *which);
void *request_array(struct request_decoder *d, size_t count, size_t size); /* zeroed, in the arena; NULL: over the arena's limit */
/* At least `count` more things of `size_min` bytes each must follow: asked before room for them is made. */
bool request_room(struct request_decoder *d, uint64_t count, size_t size_min);
/* True, and unknown: a form that nobody has seen in OCI's own encodings. */
bool request_not_seen_native(struct request_decoder *d, const char *why);
struct view request_chr(struct request_decoder *d, size_t size); /* a text whose length came earlier */
struct wire_clr request_clr(struct request_decoder *d);
struct wire_clr request_dalc(struct request_decoder *d);

void request_execute(struct request_decoder *d, uint8_t function);
void request_reexecute(struct request_decoder *d, uint8_t function);
void request_lob(struct request_decoder *d, uint8_t function);
bool request_lob_body(struct request_decoder *d, struct wire_lob_request *lob);
void request_piggyback(struct request_decoder *d);
void request_one_way(struct request_decoder *d);
void request_tpc(struct request_decoder *d, uint8_t function);
void request_use_cursor(struct request_decoder *d, uint32_t id); /* the entry of a re-execution or fetch, or unknown */

#endif
