/* SPDX-License-Identifier: Apache-2.0 */
/* The session's facts out of ACCEPT and both sides' capabilities. */
#include "wire/negotiate_session.h"

enum {
    VERSION_LARGE = 315,
    VERSION_END_OF_RESPONSE = 319,
    ACCEPT_END_OF_RESPONSE = 0x02000000,
    TTC1_CALL_STATUS = 0x01,
    OCI1_SEQUENCE = 0x10,
    TTC3_LARGE_CHUNKS = 0x20,
    RUNTIME_32K_STRINGS = 0x04,
    SDU_SMALLEST = 512, /* no peer agrees on less; a lie must not make us write empty packets */
};

void wire_session_set_text(char out[WIRE_NAME_MAX], struct view text)
{
    size_t size = text.size < WIRE_NAME_MAX ? text.size : WIRE_NAME_MAX - 1;
    if (size) memcpy(out, text.data, size);
    out[size] = '\0';
}

static uint8_t byte_at(const uint8_t *bytes, size_t size, size_t index)
{
    return index < size ? bytes[index] : 0;
}

uint8_t wire_session_server_compile(const struct wire_session *session, size_t index)
{
    return byte_at(session->server_compile, session->server_compile_size, index);
}

uint8_t wire_session_client_compile(const struct wire_session *session, size_t index)
{
    return byte_at(session->client_compile, session->client_compile_size, index);
}

uint8_t wire_session_server_runtime(const struct wire_session *session, size_t index)
{
    return byte_at(session->server_runtime, session->server_runtime_size, index);
}

uint8_t wire_session_client_runtime(const struct wire_session *session, size_t index)
{
    return byte_at(session->client_runtime, session->client_runtime_size, index);
}

/* Once both sides are known. */
static void settle(struct wire_session *s)
{
    if (s->server_compile_size == 0 || s->client_compile_size == 0) return;
    uint8_t server = wire_session_server_compile(s, WIRE_COMPILE_FIELD_VERSION);
    uint8_t client = wire_session_client_compile(s, WIRE_COMPILE_FIELD_VERSION);
    s->field_version = server < client ? server : client;
    s->status_has_call_status = wire_session_client_compile(s, WIRE_COMPILE_TTC1) & TTC1_CALL_STATUS;
    s->status_has_sequence =
        wire_session_client_compile(s, WIRE_COMPILE_OCI1) & wire_session_server_compile(s, WIRE_COMPILE_OCI1) & OCI1_SEQUENCE;
    s->small_chunks =
        !(wire_session_client_compile(s, WIRE_COMPILE_TTC3) & wire_session_server_compile(s, WIRE_COMPILE_TTC3) & TTC3_LARGE_CHUNKS);
    s->strings_32k =
        wire_session_client_runtime(s, WIRE_RUNTIME_TTC) & wire_session_server_runtime(s, WIRE_RUNTIME_TTC) & RUNTIME_32K_STRINGS;
    s->end_of_response = s->accept_flags2 & ACCEPT_END_OF_RESPONSE && s->version >= VERSION_END_OF_RESPONSE &&
                         wire_session_client_compile(s, WIRE_COMPILE_TTC4) & WIRE_TTC4_END_OF_RESPONSE;
}

static size_t copy_capabilities(uint8_t out[WIRE_CAPABILITY_MAX], struct view bytes)
{
    size_t size = bytes.size < WIRE_CAPABILITY_MAX ? bytes.size : WIRE_CAPABILITY_MAX;
    if (size) memcpy(out, bytes.data, size);
    return size;
}

void wire_session_set_server(struct wire_session *session, struct view compile, struct view runtime)
{
    session->server_compile_size = copy_capabilities(session->server_compile, compile);
    session->server_runtime_size = copy_capabilities(session->server_runtime, runtime);
    settle(session);
}

void wire_session_set_client(struct wire_session *session, struct view compile, struct view runtime)
{
    session->client_compile_size = copy_capabilities(session->client_compile, compile);
    session->client_runtime_size = copy_capabilities(session->client_runtime, runtime);
    settle(session);
}

void wire_session_set_accept(struct wire_session *session, const struct wire_accept *accept)
{
    session->version = accept->version;
    session->large = accept->version >= VERSION_LARGE;
    session->sdu = accept->sdu < SDU_SMALLEST ? SDU_SMALLEST : accept->sdu;
    session->accept_flags2 = accept->flags2;
    if (session->sdu > session->limits.packet_max) session->sdu = (uint32_t)session->limits.packet_max;
}
