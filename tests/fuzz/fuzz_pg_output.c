/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz: the pgoutput decoder with a row of messages (two bytes of length, then the message), and the text forms of values. */
#include "base/memory.h"
#include "pg/replication.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(struct view bytes)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < bytes.size; i++) sum = (uint8_t)(sum + bytes.data[i]);
}

static void touch_values(const struct pg_relation *relation, const struct pg_tuple_value *values, struct arena *arena)
{
    for (uint32_t i = 0; values && i < relation->column_count; i++) {
        touch(values[i].text);
        if (values[i].kind != 't') continue;
        struct value value = pg_value_from_text(relation->columns[i].type, values[i].text, false, arena);
        struct pg_parameter parameter;
        /* What can be read from the server can be said to it again, but for what has no counterpart. */
        if (!pg_value_to_parameter(&value, arena, &parameter, NULL))
            CHECK(value.type == VALUE_UNSUPPORTED || value.type == VALUE_TEXT || arena->exhausted);
    }
}

static void touch_change(const struct pg_change *change, struct arena *arena)
{
    if (change->relation) {
        CHECK(change->relation->name[63] == 0 || strnlen(change->relation->name, 64) < 64);
        touch_values(change->relation, change->old_values, arena);
        touch_values(change->relation, change->new_values, arena);
    }
    for (uint32_t i = 0; i < change->relation_count; i++) CHECK(change->relations[i] != NULL);
    touch(change->prefix);
    touch(change->content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pg_output_decoder *decoder = pg_output_decoder_new();
    struct arena arena;
    arena_init(&arena, 1 << 20);
    while (size >= 2) {
        size_t length = (size_t)(data[0] << 8 | data[1]);
        if (length > size - 2) length = size - 2;
        uint8_t *exact = memory_copy(data + 2, length);
        struct pg_change change;
        if (pg_output_decode(decoder, view_of(exact, length), &change, NULL)) touch_change(&change, &arena);
        memory_free(exact);
        data += 2 + length;
        size -= 2 + length;
    }
    arena_release(&arena);
    pg_output_decoder_free(decoder);
    return 0;
}
