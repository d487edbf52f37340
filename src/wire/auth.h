/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O5LOGON, both halves (docs/protocol.md section 7): messages, the 12c (PBKDF2) and 11g (SHA-1) verifiers, and two
 * state machines without I/O that carry a connection from its first byte to "logged in".
 */
#ifndef WIRE_AUTH_H
#define WIRE_AUTH_H

#include "base/error.h"
#include "wire/negotiate.h"

/* ---- verifiers: what a server keeps instead of a password ---- */
enum wire_verifier_kind { WIRE_VERIFIER_12C = 0x4815, WIRE_VERIFIER_11G = 0x1b25 };
struct wire_verifier {
    enum wire_verifier_kind kind;
    uint8_t salt[16];     /* 16 bytes (12c) or 10 (11g) */
    uint8_t hash[64];     /* T, 64 bytes (12c) or SHA-1, 20 bytes (11g) */
    uint32_t generations; /* PBKDF2 count for the password, 4096 */
};
bool wire_verifier_make(enum wire_verifier_kind kind, const char *password, struct wire_verifier *out) MUST_USE;
/* USER$.SPARE4 text, "S:..;H:..;T:..": takes T: if there, else S:. */
bool wire_verifier_from_spare4(struct view spare4, struct wire_verifier *out) MUST_USE;
size_t wire_verifier_to_spare4(const struct wire_verifier *verifier, char *out, size_t size);

/* ---- tap: the login messages as they pass (never a secret) ---- */
struct wire_login_info {
    char user[256], program[256], machine[256], alter_session[1024];
    bool second_phase;
};
enum wire_status wire_auth_request_decode(const struct wire_session *session, struct view message, struct wire_login_info *out,
                                          size_t *used);

/* ---- server half ---- */
enum wire_login_state {
    WIRE_LOGIN_GOING,   /* feed more, send what is in `output` */
    WIRE_LOGIN_DONE,    /* logged in; session is complete */
    WIRE_LOGIN_REFUSED, /* send `output`, then close */
};
struct wire_server_login;
struct wire_server_login_options {
    uint16_t version_max;     /* 318: be a 19c */
    const char *version_text; /* "Oracle Database 19c ..." banner of OVERSION and AUTH_VERSION_STRING */
    uint32_t version_number;  /* 0x13030000 */
    const char *database_name, *instance_name;
    /* True and verifier filled if the service is ours (NULL: every service) / the user exists. `locked` refuses with 28000. */
    bool (*service_known)(void *context, struct view service);
    bool (*user_find)(void *context, struct view user_upper, struct wire_verifier *out, bool *locked);
    void *context;
    uint32_t session_id, serial; /* sent as AUTH_SESSION_ID, AUTH_SERIAL_NUM */
    /* Stretches an unknown user's fake verifier so that it is stable; 32 random bytes made once a process. */
    uint8_t fake_seed[32];
};
struct wire_server_login *wire_server_login_new(const struct wire_server_login_options *options, const struct wire_limits *limits);
void wire_server_login_free(struct wire_server_login *login);
/* Consumes packets from `bytes` (answers how many through *used), appends what is to be sent to `output`. MALFORMED input ends in REFUSED. */
enum wire_login_state wire_server_login_feed(struct wire_server_login *login, uint8_t *bytes, size_t size, size_t *used,
                                             struct buffer *output, struct error *error);
struct wire_session *wire_server_login_session(struct wire_server_login *login);
const struct wire_login_info *wire_server_login_info(const struct wire_server_login *login);

/* ---- client half ---- */
struct wire_client_login;
struct wire_client_login_options {
    struct view descriptor;      /* the connect descriptor to send */
    const char *user, *password; /* UTF-8; wiped by the caller */
    const char *program, *machine, *os_user;
    uint32_t sdu; /* 8192 .. 2097152 */
    bool sysdba;
    bool redirected; /* this CONNECT follows a redirect */
};
struct wire_client_login *wire_client_login_new(const struct wire_client_login_options *options, const struct wire_limits *limits,
                                                struct buffer *output);
void wire_client_login_free(struct wire_client_login *login);
/* As wire_server_login_feed. REFUSED: `error` has the ORA number. REFUSED with *redirect not empty: no error; dial that address text
 * instead and log in there with wire_client_login_descriptor and `redirected` set. */
enum wire_login_state wire_client_login_feed(struct wire_client_login *login, uint8_t *bytes, size_t size, size_t *used,
                                             struct buffer *output, struct view *redirect, struct error *error);
struct wire_session *wire_client_login_session(struct wire_client_login *login);
struct view wire_client_login_descriptor(const struct wire_client_login *login); /* what to send after a redirect; lives with `login` */

#endif
