/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes both halves of a log-in. The first byte says which half is attacked and how many honest steps come before; the rest is fed
 * to it in pieces whose sizes the second byte decides, so that every state meets every kind of bytes, however they are cut.
 */
#include "tests/support/login_pair.h"
#include "wire/auth_exchange.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A verifier with one round: the thousands of a real one would be all that the fuzzer does. */
static void make_quick(struct wire_verifier *out)
{
    uint8_t key[WIRE_PASSWORD_KEY_SIZE];
    *out = (struct wire_verifier){.kind = WIRE_VERIFIER_12C, .generations = 1};
    wire_password_key(view_text("Tiger#123"), out->salt, 1, key);
    wire_password_key_hash(key, out->salt, out->hash);
}

static void begin(struct login_pair *pair)
{
    *pair = (struct login_pair){0};
    make_quick(&pair->new_verifier);
    buffer_init(&pair->to_server, 0);
    buffer_init(&pair->to_client, 0);
    struct wire_server_login_options server = login_pair_server_options(pair);
    struct wire_client_login_options client = {
        .descriptor = view_text(LOGIN_PAIR_DESCRIPTOR("orders")), .user = "scott", .password = "Tiger#123", .sdu = 8192};
    pair->server = wire_server_login_new(&server, NULL);
    pair->client = wire_client_login_new(&client, NULL, &pair->to_server);
}

/* An exact block for each piece: a read of one byte too many is seen. */
static void attack(struct login_pair *pair, bool server, const uint8_t *data, size_t size, size_t piece)
{
    struct buffer input, output;
    enum wire_login_state state = WIRE_LOGIN_GOING;
    buffer_init(&input, 0);
    buffer_init(&output, 1 << 24);
    while (state == WIRE_LOGIN_GOING && size) {
        size_t part = piece && piece < size ? piece : size, used = 0;
        struct error error = {0};
        struct view redirect;
        buffer_append(&input, data, part);
        data += part;
        size -= part;
        uint8_t *exact = malloc(buffer_size(&input));
        memcpy(exact, buffer_view(&input).data, buffer_size(&input));
        state = server ? wire_server_login_feed(pair->server, exact, buffer_size(&input), &used, &output, &error)
                       : wire_client_login_feed(pair->client, exact, buffer_size(&input), &used, &output, &redirect, &error);
        CHECK(used <= buffer_size(&input));
        CHECK(state != WIRE_LOGIN_REFUSED || error.text[0] || !server);
        free(exact);
        buffer_consume(&input, used);
    }
    buffer_release(&input);
    buffer_release(&output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    struct login_pair pair;
    begin(&pair);
    bool server = data[0] & 1;
    unsigned steps = data[0] >> 1 & 7;
    if (!server) login_pair_server_step(&pair, buffer_size(&pair.to_server));
    for (unsigned i = 0; i < steps; i++) {
        login_pair_client_step(&pair, buffer_size(&pair.to_client));
        login_pair_server_step(&pair, buffer_size(&pair.to_server));
    }
    attack(&pair, server, data + 2, size - 2, data[1]);
    login_pair_end(&pair);
    return 0;
}
