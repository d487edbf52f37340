/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing the log-in requests, and writing their replies. */
#include "wire/auth_message.h"

#include "base/reader.h"
#include "wire/primitive.h"

enum { MESSAGE_FUNCTION = 3, MESSAGE_PARAMETER = 8, FIELD_VERSION_TOKEN = 18, PRINTABLE_FIRST = 32 };

/* Some keys and values end in a NUL that is counted in their length. */
static struct view without_nul(struct view text)
{
    while (text.size && text.data[text.size - 1] == 0) text.size--;
    return text;
}

struct wire_auth_pair *wire_auth_pairs_read(struct reader *r, struct arena *arena, uint32_t count)
{
    if (!reader_ok(r)) return NULL;
    struct wire_auth_pair *pairs = count <= WIRE_AUTH_PAIRS_MAX ? arena_try(arena, count * sizeof *pairs + 1) : NULL;
    if (!pairs) {
        reader_malformed(r);
        return NULL;
    }
    for (uint32_t i = 0; i < count && reader_ok(r); i++) {
        pairs[i].key = without_nul(wire_read_dalc(r, arena, WIRE_AUTH_VALUE_MAX).bytes);
        pairs[i].value = without_nul(wire_read_dalc(r, arena, WIRE_AUTH_VALUE_MAX).bytes);
        pairs[i].flags = wire_read_ub4(r);
    }
    return pairs;
}

/* Drivers with raw texts write the name raw; a length byte before it is recognised, because no name starts with such a byte. */
static struct view read_user(const struct wire_session *session, struct reader *r, struct arena *arena, uint32_t size)
{
    if (size == 0) return view_of(NULL, 0);
    uint8_t first = reader_peek(r);
    bool has_length = session->conversion_length || (first == size && first < PRINTABLE_FIRST);
    return has_length ? wire_read_clr(r, arena, WIRE_NAME_MAX - 1).bytes : reader_bytes(r, size);
}

enum wire_status wire_auth_message_decode(const struct wire_session *session, uint8_t field_version, struct view message,
                                          struct arena *arena, struct wire_auth_request *out, size_t *used)
{
    *out = (struct wire_auth_request){0};
    struct reader r = wire_reader_of(message, session->encoding);
    r.small_chunks = session->small_chunks;
    if (reader_u8(&r) != MESSAGE_FUNCTION && reader_ok(&r)) reader_malformed(&r);
    wire_struct_begin(&r);
    out->function = reader_u8(&r);
    if (reader_ok(&r) && out->function != WIRE_AUTH_SESSION_KEY && out->function != WIRE_AUTH_PASSWORD) return WIRE_UNKNOWN;
    out->sequence = reader_u8(&r);
    if (field_version >= FIELD_VERSION_TOKEN) (void)wire_read_ub8(&r);
    wire_struct_begin(&r);
    bool has_user = wire_read_pointer(&r);
    uint32_t user_size = wire_read_ub4(&r);
    if (user_size >= WIRE_NAME_MAX) reader_malformed(&r);
    out->mode = wire_read_ub4(&r);
    (void)wire_read_pointer(&r);
    out->pair_count = wire_read_ub4(&r);
    (void)wire_read_pointer(&r);
    (void)wire_read_pointer(&r);
    wire_struct_end(&r);
    if (has_user) out->user = read_user(session, &r, arena, user_size);
    out->pairs = wire_auth_pairs_read(&r, arena, out->pair_count);
    if (r.malformed) return WIRE_MALFORMED;
    if (r.short_read) return WIRE_NEED_MORE;
    *used = r.at;
    return WIRE_DECODED;
}

struct view wire_auth_pair_find(const struct wire_auth_pair *pairs, uint32_t count, const char *key)
{
    struct view wanted = view_text(key);
    for (uint32_t i = 0; i < count; i++)
        if (view_equal(pairs[i].key, wanted)) return pairs[i].value;
    return view_of(NULL, 0);
}

void wire_auth_user_canonical(struct view user, char out[WIRE_NAME_MAX])
{
    user = without_nul(view_trim(user));
    bool quoted = user.size >= 2 && user.data[0] == '"' && user.data[user.size - 1] == '"';
    if (quoted) user = view_of(user.data + 1, user.size - 2);
    size_t size = user.size < WIRE_NAME_MAX ? user.size : WIRE_NAME_MAX - 1;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = user.data[i];
        out[i] = (char)(!quoted && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    out[size] = '\0';
}

static void take_text(char *out, size_t out_size, const struct wire_auth_request *request, const char *key)
{
    struct view value = wire_auth_pair_find(request->pairs, request->pair_count, key);
    if (value.size == 0) return;
    size_t size = value.size < out_size ? value.size : out_size - 1;
    memcpy(out, value.data, size);
    out[size] = '\0';
}

void wire_login_info_take(struct wire_login_info *info, const struct wire_auth_request *request)
{
    if (request->user.size) wire_auth_user_canonical(request->user, info->user);
    take_text(info->program, sizeof info->program, request, "AUTH_PROGRAM_NM");
    take_text(info->machine, sizeof info->machine, request, "AUTH_MACHINE");
    take_text(info->alter_session, sizeof info->alter_session, request, "AUTH_ALTER_SESSION");
    info->second_phase = request->function == WIRE_AUTH_PASSWORD;
}

enum wire_status wire_auth_request_decode(const struct wire_session *session, struct view message, struct wire_login_info *out,
                                          size_t *used)
{
    struct arena arena;
    struct wire_auth_request request;
    arena_init(&arena, session->limits.call_max);
    enum wire_status status = wire_auth_message_decode(session, session->field_version, message, &arena, &request, used);
    if (status == WIRE_DECODED) wire_login_info_take(out, &request);
    arena_release(&arena);
    return status;
}

/* ---- writers ---- */

void wire_auth_request_begin(const struct wire_session *session, struct buffer *out, enum wire_auth_function function, uint8_t sequence,
                             const char *user, uint32_t mode, uint32_t pairs)
{
    struct view name = view_text(user);
    buffer_u8(out, MESSAGE_FUNCTION);
    buffer_u8(out, (uint8_t)function);
    buffer_u8(out, sequence);
    if (session->field_version >= FIELD_VERSION_TOKEN) wire_write_ub8(out, 0);
    buffer_u8(out, name.size ? 1 : 0);
    wire_write_ub4(out, (uint32_t)name.size);
    wire_write_ub4(out, mode);
    buffer_u8(out, 1);
    wire_write_ub4(out, pairs);
    buffer_u8(out, 1);
    buffer_u8(out, 1);
    if (name.size) wire_write_clr(out, name);
}

void wire_auth_reply_begin(struct buffer *out, uint16_t pairs)
{
    buffer_u8(out, MESSAGE_PARAMETER);
    wire_write_ub2(out, pairs);
}

void wire_auth_pair_write(struct buffer *out, struct view key, struct view value, uint32_t flags)
{
    wire_write_dalc(out, key);
    wire_write_dalc(out, value);
    wire_write_ub4(out, flags);
}

void wire_auth_text_write(struct buffer *out, const char *key, const char *value, uint32_t flags)
{
    wire_auth_pair_write(out, view_text(key), view_text(value), flags);
}
