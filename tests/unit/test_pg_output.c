/* SPDX-License-Identifier: Apache-2.0 */
/* The pgoutput decoder: messages written here byte by byte, every prefix of them, and what does not belong. */
#include "pg/replication.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void put_string(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text) + 1);
}

static void put_relation(struct buffer *out, uint32_t id, const char *name)
{
    buffer_u8(out, 'R');
    buffer_u32(out, id);
    put_string(out, "public");
    put_string(out, name);
    buffer_u8(out, 'd');
    buffer_u16(out, 2);
    buffer_u8(out, 1);
    put_string(out, "id");
    buffer_u32(out, 23);
    buffer_u32(out, 0xffffffff);
    buffer_u8(out, 0);
    put_string(out, "note");
    buffer_u32(out, 25);
    buffer_u32(out, 0xffffffff);
}

static void put_tuple(struct buffer *out, const char *first, const char *second)
{
    buffer_u16(out, 2);
    const char *texts[] = {first, second};
    for (int i = 0; i < 2; i++) {
        buffer_u8(out, !texts[i] ? 'n' : *texts[i] == '?' ? 'u' : 't');
        if (!texts[i] || *texts[i] == '?') continue;
        buffer_u32(out, (uint32_t)strlen(texts[i]));
        buffer_append_text(out, texts[i]);
    }
}

static void put_update(struct buffer *out, uint32_t id)
{
    buffer_u8(out, 'U');
    buffer_u32(out, id);
    buffer_u8(out, 'K');
    put_tuple(out, "1", NULL);
    buffer_u8(out, 'N');
    put_tuple(out, "2", "?");
}

static bool decode(struct pg_output_decoder *decoder, struct view bytes, struct pg_change *change)
{
    uint8_t *exact = exact_copy(bytes.data, bytes.size); /* kept: the change looks into it */
    struct error error = {0};
    bool good = pg_output_decode(decoder, view_of(exact, bytes.size), change, &error);
    if (!good) {
        assert_int_equal(error.code, ERROR_PROTOCOL);
        free(exact);
    }
    return good;
}

static void decode_ok(struct pg_output_decoder *decoder, struct buffer *message, struct pg_change *change)
{
    static uint8_t kept[1000];
    memcpy(kept, message->data, buffer_size(message));
    struct error error = {0};
    if (!pg_output_decode(decoder, view_of(kept, buffer_size(message)), change, &error)) fail_msg("%s", error.text);
    buffer_clear(message);
}

static void test_transaction(void **state)
{
    (void)state;
    struct pg_output_decoder *decoder = pg_output_decoder_new();
    struct pg_change change;
    struct buffer m;
    buffer_init(&m, 0);
    buffer_u8(&m, 'B');
    buffer_u64(&m, 1000);
    buffer_u64(&m, 86400 * (uint64_t)1000000); /* 2000-01-02 */
    buffer_u32(&m, 77);
    decode_ok(decoder, &m, &change);
    assert_int_equal(change.kind, PG_CHANGE_BEGIN);
    assert_int_equal(change.commit_us, (946684800 + 86400) * (int64_t)1000000);
    assert_int_equal(change.lsn, 1000);
    put_relation(&m, 9, "t");
    decode_ok(decoder, &m, &change);
    assert_int_equal(change.kind, PG_CHANGE_NONE);
    put_update(&m, 9);
    decode_ok(decoder, &m, &change);
    assert_int_equal(change.kind, PG_CHANGE_UPDATE);
    assert_int_equal(change.xid, 77);
    assert_string_equal(change.relation->name, "t");
    assert_true(change.relation->key[0] && !change.relation->key[1]);
    assert_string_equal(change.relation->columns[1].name, "note");
    assert_true(change.old_is_key);
    assert_true(view_equal(change.old_values[0].text, view_text("1")));
    assert_int_equal(change.old_values[1].kind, 'n');
    assert_true(view_equal(change.new_values[0].text, view_text("2")));
    assert_int_equal(change.new_values[1].kind, 'u');
    buffer_u8(&m, 'C');
    buffer_u8(&m, 0);
    buffer_u64(&m, 1000);
    buffer_u64(&m, 1040);
    buffer_u64(&m, 0);
    decode_ok(decoder, &m, &change);
    assert_int_equal(change.kind, PG_CHANGE_COMMIT);
    assert_int_equal(change.lsn, 1040);
    assert_int_equal(change.xid, 77);
    buffer_release(&m);
    pg_output_decoder_free(decoder);
}

static void test_unknown_relation(void **state)
{
    (void)state;
    struct pg_output_decoder *decoder = pg_output_decoder_new();
    struct pg_change change;
    struct buffer m;
    buffer_init(&m, 0);
    put_update(&m, 9);
    assert_false(decode(decoder, buffer_view(&m), &change));
    buffer_clear(&m);
    put_relation(&m, 9, "t");
    decode_ok(decoder, &m, &change);
    buffer_u8(&m, 'T');
    buffer_u32(&m, 1);
    buffer_u8(&m, 3);
    buffer_u32(&m, 9);
    decode_ok(decoder, &m, &change);
    assert_int_equal(change.kind, PG_CHANGE_TRUNCATE);
    assert_true(change.cascade && change.restart_identity);
    assert_int_equal(change.relation_count, 1);
    put_relation(&m, 9, "renamed"); /* again, after a change of the table */
    decode_ok(decoder, &m, &change);
    put_update(&m, 9);
    decode_ok(decoder, &m, &change);
    assert_string_equal(change.relation->name, "renamed");
    buffer_release(&m);
    pg_output_decoder_free(decoder);
}

/* Every prefix of a good message is refused, and so is every message with a byte behind its end. */
static void test_prefixes(void **state)
{
    (void)state;
    struct pg_output_decoder *decoder = pg_output_decoder_new();
    struct pg_change change;
    struct buffer m;
    buffer_init(&m, 0);
    put_relation(&m, 9, "t");
    for (int kind = 0; kind < 3; kind++) {
        buffer_clear(&m);
        if (kind == 0) put_relation(&m, 9, "t");
        if (kind == 1) put_update(&m, 9);
        if (kind == 2) {
            buffer_u8(&m, 'M');
            buffer_u8(&m, 1);
            buffer_u64(&m, 5);
            put_string(&m, "understudy");
            buffer_u32(&m, 3);
            buffer_append_text(&m, "abc");
        }
        struct view whole = buffer_view(&m);
        for (size_t size = 0; size < whole.size; size++) assert_false(decode(decoder, view_of(whole.data, size), &change));
        buffer_u8(&m, 0);
        assert_false(decode(decoder, buffer_view(&m), &change));
        m.end--;
        decode_ok(decoder, &m, &change);
    }
    assert_int_equal(change.kind, PG_CHANGE_MESSAGE);
    assert_true(change.transactional);
    assert_true(view_equal(change.prefix, view_text("understudy")));
    assert_true(view_equal(change.content, view_text("abc")));
    assert_int_equal(change.lsn, 5);
    buffer_release(&m);
    pg_output_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_transaction), cmocka_unit_test(test_unknown_relation),
                                       cmocka_unit_test(test_prefixes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
