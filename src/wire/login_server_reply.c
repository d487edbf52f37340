/* SPDX-License-Identifier: Apache-2.0 */
/* What the server half says in its authentication replies. */
#include "wire/login_server.h"

#include <stdio.h>

enum { REPLY_MAX = 64 * 1024, FIELD_VERSION_NEW_NUMBERS = 11, TEXT_SIZE = 64 };

static void send_call(struct wire_server_login *login, struct buffer *message, uint32_t error, const char *text, struct buffer *output)
{
    wire_auth_end_write(&login->session, message, login->sequence, ++login->calls, error, text);
    if (message->failed) output->failed = true;
    wire_packet_write_data(output, buffer_view(message), login->session.large, login->session.sdu, 0);
    buffer_release(message);
}

void wire_login_write_error(struct wire_server_login *login, struct buffer *output, uint32_t number, const char *text)
{
    struct buffer message;
    buffer_init(&message, REPLY_MAX);
    send_call(login, &message, number, text, output);
}

/* Looks like the database's own identifier and is the same for everybody: made from its name. */
static void database_identifier(const struct wire_server_login *login, char out[33])
{
    uint8_t digest[CRYPTO_MD5_SIZE];
    crypto_md5(view_text(login->options.database_name), digest);
    crypto_hex_upper(view_of(digest, sizeof digest), out);
}

static uint32_t database_number(const struct wire_server_login *login)
{
    uint8_t digest[CRYPTO_MD5_SIZE];
    crypto_md5(view_text(login->options.database_name), digest);
    return ((uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3]) | 1;
}

void wire_login_write_challenge(struct wire_server_login *login, struct buffer *output)
{
    const struct wire_challenge *challenge = &login->challenge;
    const struct wire_verifier *verifier = &login->verifier;
    char session_key[97], salt[33], exchange_salt[33], identifier[33], text[TEXT_SIZE];
    wire_challenge_session_key(challenge, verifier, session_key);
    crypto_hex_upper(view_of(verifier->salt, wire_verifier_salt_size(verifier)), salt);
    crypto_hex_upper(view_of(challenge->exchange_salt, sizeof challenge->exchange_salt), exchange_salt);
    database_identifier(login, identifier);

    struct buffer message;
    buffer_init(&message, REPLY_MAX);
    wire_auth_reply_begin(&message, challenge->old_form ? 3 : 6);
    wire_auth_text_write(&message, "AUTH_SESSKEY", session_key, 0);
    wire_auth_text_write(&message, "AUTH_VFR_DATA", salt, (uint32_t)verifier->kind);
    if (!challenge->old_form) {
        wire_auth_text_write(&message, "AUTH_PBKDF2_CSK_SALT", exchange_salt, 0);
        snprintf(text, sizeof text, "%u", verifier->generations);
        wire_auth_text_write(&message, "AUTH_PBKDF2_VGEN_COUNT", text, 0);
        snprintf(text, sizeof text, "%u", challenge->exchange_count);
        wire_auth_text_write(&message, "AUTH_PBKDF2_SDER_COUNT", text, 0);
    }
    wire_auth_pair_write(&message, view_of("AUTH_GLOBALLY_UNIQUE_DBID", 26), view_text(identifier), 0);
    send_call(login, &message, 0, NULL, output);
}

/* ---- the session's properties ---- */

enum property_source {
    FIXED,
    VERSION_STRING,
    VERSION_NUMBER,
    DATABASE,
    DATABASE_NUMBER,
    DATABASE_IDENTIFIER,
    INSTANCE,
    SERVICE,
    SESSION,
    SERIAL,
    PROOF
};
static const struct {
    const char *key;
    bool nul; /* the key's NUL is sent with it */
    enum property_source source;
    const char *value;
} properties[] = {
    {"AUTH_VERSION_STRING", false, VERSION_STRING, NULL},
    {"AUTH_VERSION_SQL", false, FIXED, "25"},
    {"AUTH_XACTION_TRAITS", false, FIXED, "3"},
    {"AUTH_VERSION_NO", false, VERSION_NUMBER, NULL},
    {"AUTH_VERSION_STATUS", false, FIXED, "0"},
    {"AUTH_CAPABILITY_TABLE", false, FIXED, ""},
    {"AUTH_DBNAME", false, DATABASE, NULL},
    {"AUTH_DB_MOUNT_ID", true, DATABASE_NUMBER, NULL},
    {"AUTH_DB_ID", true, DATABASE_NUMBER, NULL},
    {"AUTH_USER_ID", false, FIXED, "100"},
    {"AUTH_SESSION_ID", false, SESSION, NULL},
    {"AUTH_SERIAL_NUM", false, SERIAL, NULL},
    {"AUTH_INSTANCE_NO", false, FIXED, "1"},
    {"AUTH_FAILOVER_ID", false, FIXED, "1"},
    {"AUTH_SERVER_PID", false, SESSION, NULL},
    {"AUTH_SC_SERVER_HOST", false, FIXED, "understudy"},
    {"AUTH_SC_DBUNIQUE_NAME", false, DATABASE, NULL},
    {"AUTH_SC_INSTANCE_NAME", false, INSTANCE, NULL},
    {"AUTH_SC_INSTANCE_ID", false, FIXED, "1"},
    {"AUTH_SC_INSTANCE_START_TIME", false, FIXED, "2024-01-01 00:00:00.000000000 +00:00"},
    {"AUTH_SC_DB_DOMAIN", false, FIXED, ""},
    {"AUTH_SC_SERVICE_NAME", false, SERVICE, NULL},
    {"AUTH_SC_REAL_DBUNIQUE_NAME", false, DATABASE, NULL},
    {"AUTH_INSTANCENAME", false, INSTANCE, NULL},
    {"AUTH_PDB_UID", true, DATABASE_NUMBER, NULL},
    {"AUTH_GLOBALLY_UNIQUE_DBID", true, DATABASE_IDENTIFIER, NULL},
    {"AUTH_NLS_LXLAN", true, FIXED, "AMERICAN"},
    {"AUTH_NLS_LXCTERRITORY", true, FIXED, "AMERICA"},
    {"AUTH_NLS_LXCCURRENCY", true, FIXED, "$"},
    {"AUTH_NLS_LXCISOCURR", true, FIXED, "AMERICA"},
    {"AUTH_NLS_LXCNUMERICS", true, FIXED, ".,"},
    {"AUTH_NLS_LXCDATEFM", true, FIXED, "DD-MON-RR"},
    {"AUTH_NLS_LXCDATELANG", true, FIXED, "AMERICAN"},
    {"AUTH_NLS_LXCSORT", true, FIXED, "BINARY"},
    {"AUTH_NLS_LXCCALENDAR", true, FIXED, "GREGORIAN"},
    {"AUTH_NLS_LXCUNIONCUR", true, FIXED, "$"},
    {"AUTH_NLS_LXCTIMEFM", true, FIXED, "HH.MI.SSXFF AM"},
    {"AUTH_NLS_LXCSTMPFM", true, FIXED, "DD-MON-RR HH.MI.SSXFF AM"},
    {"AUTH_NLS_LXCTTZNFM", true, FIXED, "HH.MI.SSXFF AM TZR"},
    {"AUTH_NLS_LXCSTZNFM", true, FIXED, "DD-MON-RR HH.MI.SSXFF AM TZR"},
    {"AUTH_NLS_LXLENSEMANTICS", true, FIXED, "BYTE"},
    {"AUTH_NLS_LXNCHARCONVEXCP", true, FIXED, "FALSE"},
    {"AUTH_NLS_LXCOMP", true, FIXED, "BINARY"},
    {"AUTH_SVR_RESPONSE", false, PROOF, NULL},
    {"AUTH_MAX_OPEN_CURSORS", false, FIXED, "1000"},
    {"AUTH_MAX_IDEN_LENGTH", false, FIXED, "128"}, /* without it drivers assume 30 */
};
enum { PROPERTY_COUNT = sizeof properties / sizeof properties[0] };

/* Since 18c: major, release, update, two nibbles; before: major, release (a nibble), update, two more. */
static uint32_t version_number(const struct wire_server_login *login)
{
    uint32_t n = login->options.version_number;
    if (login->session.field_version >= FIELD_VERSION_NEW_NUMBERS) return n;
    return (n & 0xff000000) | (n & 0x000f0000) << 4 | (n & 0x0000f000);
}

/* "Oracle Database 19c ... - Production" -> "- Production" */
static const char *version_suffix(const char *banner)
{
    const char *dash = banner ? strstr(banner, " - ") : NULL;
    return dash ? dash + 1 : "- Production";
}

static const char *property_value(const struct wire_server_login *login, enum property_source source, char out[TEXT_SIZE])
{
    switch (source) {
    case VERSION_STRING: return version_suffix(login->options.version_text);
    case VERSION_NUMBER: snprintf(out, TEXT_SIZE, "%u", version_number(login)); return out;
    case DATABASE: return login->options.database_name;
    case DATABASE_NUMBER: snprintf(out, TEXT_SIZE, "%u", database_number(login)); return out;
    case DATABASE_IDENTIFIER: database_identifier(login, out); return out;
    case INSTANCE: return login->options.instance_name;
    case SERVICE: return login->session.service;
    case SESSION: snprintf(out, TEXT_SIZE, "%u", login->options.session_id); return out;
    case SERIAL: snprintf(out, TEXT_SIZE, "%u", login->options.serial); return out;
    case FIXED:
    case PROOF: break;
    }
    return "";
}

void wire_login_write_session(struct wire_server_login *login, struct buffer *output)
{
    struct buffer message;
    buffer_init(&message, REPLY_MAX);
    wire_auth_reply_begin(&message, PROPERTY_COUNT);
    for (size_t i = 0; i < PROPERTY_COUNT; i++) {
        char text[TEXT_SIZE], proof[97];
        const char *value = properties[i].value;
        if (properties[i].source == PROOF) {
            wire_challenge_server_response(&login->challenge, proof);
            value = proof;
        } else if (properties[i].source != FIXED) {
            value = property_value(login, properties[i].source, text);
        }
        size_t key_size = strlen(properties[i].key) + (properties[i].nul ? 1 : 0);
        wire_auth_pair_write(&message, view_of(properties[i].key, key_size), view_text(value), 0);
    }
    send_call(login, &message, 0, NULL, output);
}
