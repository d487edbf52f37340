/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-in messages: the key/value requests SESSION KEY (118) and AUTH (115), and what answers them. Views point into the
 * message, or into the arena for values that came in chunks. Trailing NULs of keys and values are not part of them.
 */
#ifndef WIRE_AUTH_MESSAGE_H
#define WIRE_AUTH_MESSAGE_H

#include "wire/auth.h"

#include "base/arena.h"
#include "base/reader.h"

enum wire_auth_function { WIRE_AUTH_SESSION_KEY = 118, WIRE_AUTH_PASSWORD = 115 };
enum wire_auth_mode {
    WIRE_AUTH_LOGON = 0x1,
    WIRE_AUTH_CHANGE_PASSWORD = 0x2,
    WIRE_AUTH_SYSDBA = 0x20,
    WIRE_AUTH_SYSOPER = 0x40,
    WIRE_AUTH_WITH_PASSWORD = 0x100,
    WIRE_AUTH_ADMINISTRATIVE = 0x3fc00060, /* every mode that logs on as somebody special */
};
enum { WIRE_AUTH_PAIRS_MAX = 256, WIRE_AUTH_VALUE_MAX = 64 * 1024 };

struct wire_auth_pair {
    struct view key, value;
    uint32_t flags;
};
struct wire_auth_request {
    uint8_t function, sequence;
    uint32_t mode;
    struct view user;
    struct wire_auth_pair *pairs;
    uint32_t pair_count;
};
struct wire_auth_reply {
    struct wire_auth_pair *pairs;
    uint32_t pair_count;
    uint32_t error;   /* ORA number; 0 good */
    struct view text; /* of the error */
    uint32_t warning; /* ORA number of a warning that came before the end, such as 28002 */
    size_t end_at;    /* where the end-of-call message starts */
};

/* `field_version`: the session's, or that of a fast authentication, which encodes its log-in request before it knows the session's. */
enum wire_status wire_auth_message_decode(const struct wire_session *session, uint8_t field_version, struct view message,
                                          struct arena *arena, struct wire_auth_request *out, size_t *used);
enum wire_status wire_auth_reply_decode(const struct wire_session *session, struct view message, struct arena *arena,
                                        struct wire_auth_reply *out, size_t *used);
/* `count` pairs; more than WIRE_AUTH_PAIRS_MAX are malformed. */
struct wire_auth_pair *wire_auth_pairs_read(struct reader *r, struct arena *arena, uint32_t count);
/* Empty view: not there. */
struct view wire_auth_pair_find(const struct wire_auth_pair *pairs, uint32_t count, const char *key);
/* As the dictionary has it: upper case, or as it stands between double quotes. */
void wire_auth_user_canonical(struct view user, char out[WIRE_NAME_MAX]);
void wire_login_info_take(struct wire_login_info *info, const struct wire_auth_request *request);

void wire_auth_request_begin(const struct wire_session *session, struct buffer *out, enum wire_auth_function function, uint8_t sequence,
                             const char *user, uint32_t mode, uint32_t pairs);
void wire_auth_reply_begin(struct buffer *out, uint16_t pairs);
void wire_auth_pair_write(struct buffer *out, struct view key, struct view value, uint32_t flags);
void wire_auth_text_write(struct buffer *out, const char *key, const char *value, uint32_t flags);
/* The end of call; error 0: good. `request_sequence` is that of the request that is answered, `call_number` counts the ends of calls. */
void wire_auth_end_write(const struct wire_session *session, struct buffer *out, uint8_t request_sequence, uint16_t call_number,
                         uint32_t error, const char *text);

#endif
