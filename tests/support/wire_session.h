/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as they come out of a negotiation, in the forms that change what bytes mean. */
#ifndef TESTS_SUPPORT_WIRE_SESSION_H
#define TESTS_SUPPORT_WIRE_SESSION_H

#include "wire/session.h"

struct wire_form {
    uint8_t field_version;
    bool conversion_length, sb1_universal;
    enum wire_encoding encoding;
};

static const uint8_t wire_form_versions[] = {3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 20, 24};
enum { WIRE_FORM_COUNT = sizeof wire_form_versions * 4 };

/* The i-th combination of field version, text form and signed-byte form. */
static inline struct wire_form wire_form_at(unsigned i)
{
    return (struct wire_form){.field_version = wire_form_versions[i / 4], .conversion_length = i & 1, .sb1_universal = i & 2};
}

/* Any byte as a form: the highest ones are OCI's two encodings. */
static inline struct wire_form wire_form_of_byte(uint8_t byte)
{
    enum { UNIVERSAL = 224 };
    if (byte < UNIVERSAL) return wire_form_at(byte % WIRE_FORM_COUNT);
    unsigned version = (byte - UNIVERSAL) / 2u % sizeof wire_form_versions;
    return (struct wire_form){.field_version = wire_form_versions[version],
                              .conversion_length = true,
                              .encoding = byte & 1 ? WIRE_ENCODING_STRUCT : WIRE_ENCODING_FIXED};
}

static inline struct wire_session wire_session_of(struct wire_form form)
{
    struct wire_session session;
    wire_session_init(&session, NULL);
    session.version = 319;
    session.large = true;
    session.field_version = form.field_version;
    session.conversion_length = form.conversion_length;
    session.sb1_universal = form.sb1_universal;
    session.encoding = form.encoding;
    session.native_encoding = form.encoding != WIRE_ENCODING_UNIVERSAL;
    session.status_has_call_status = session.status_has_sequence = true;
    session.strings_32k = true;
    session.small_chunks = form.field_version < 7 && form.encoding == WIRE_ENCODING_UNIVERSAL;
    session.server_charset = session.client_charset = 873;
    session.national_charset = 2000;
    session.database_zone_known = true;
    return session;
}

/* What python-oracledb and node-oracledb agree on with a 19c. */
static inline struct wire_session wire_session_19c(void)
{
    return wire_session_of((struct wire_form){.field_version = 12, .conversion_length = true});
}

#endif
