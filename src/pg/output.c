/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder of pgoutput, protocol version 1 with messages: bytes of one message to one change. */
#include "pg/replication.h"

#include "base/map.h"
#include "base/memory.h"
#include "base/reader.h"

enum { COLUMNS_MAX = 1664 /* of a PostgreSQL table */, RELATIONS_MAX = 200000, NAME_MAX_SIZE = 64 };
#define EPOCH_SHIFT_US ((int64_t)946684800 * 1000000) /* from 1970 to PostgreSQL's 2000 */

struct tuple {
    struct pg_tuple_value *values;
    uint32_t capacity;
};
struct pg_output_decoder {
    struct map relations; /* by id */
    struct tuple old_tuple, new_tuple;
    const struct pg_relation **truncated;
    uint32_t truncated_capacity;
    uint32_t xid; /* of the transaction being read */
    int64_t commit_us;
};

struct pg_output_decoder *pg_output_decoder_new(void)
{
    struct pg_output_decoder *decoder = memory_zero(1, sizeof *decoder);
    map_init(&decoder->relations);
    return decoder;
}

static void relation_free(struct pg_relation *relation)
{
    if (!relation) return;
    for (uint32_t i = 0; i < relation->column_count; i++) memory_free((char *)relation->columns[i].name);
    memory_free(relation->columns);
    memory_free(relation->key);
    memory_free(relation);
}

void pg_output_decoder_free(struct pg_output_decoder *decoder)
{
    if (!decoder) return;
    void *relation;
    for (uint32_t at = 0; map_next(&decoder->relations, &at, NULL, &relation);) relation_free(relation);
    map_release(&decoder->relations);
    memory_free(decoder->old_tuple.values);
    memory_free(decoder->new_tuple.values);
    memory_free(decoder->truncated);
    memory_free(decoder);
}

/* A text that ends with a NUL; the view is without it. */
static struct view read_string(struct reader *in)
{
    const uint8_t *end = reader_ok(in) && reader_left(in) ? memchr(in->data + in->at, 0, reader_left(in)) : NULL;
    if (!end) {
        in->short_read = true;
        return view_of(NULL, 0);
    }
    struct view text = reader_bytes(in, (size_t)(end - (in->data + in->at)));
    reader_skip(in, 1);
    return text;
}

static void read_name(struct reader *in, char out[NAME_MAX_SIZE])
{
    struct view name = read_string(in);
    if (name.size >= NAME_MAX_SIZE) {
        reader_malformed(in);
        return;
    }
    if (name.size) memcpy(out, name.data, name.size);
    out[name.size] = 0;
}

static const struct pg_relation *find_relation(struct pg_output_decoder *decoder, struct reader *in)
{
    const struct pg_relation *relation = map_get_u64(&decoder->relations, reader_u32(in));
    if (!relation) reader_malformed(in);
    return relation;
}

static void read_columns(struct reader *in, struct pg_relation *relation, uint32_t count)
{
    relation->columns = memory_zero(count, sizeof *relation->columns);
    relation->key = memory_zero(count, sizeof *relation->key);
    for (; relation->column_count < count && reader_ok(in); relation->column_count++) {
        struct pg_column *column = &relation->columns[relation->column_count];
        relation->key[relation->column_count] = reader_u8(in) & 1;
        struct view name = read_string(in);
        column->name = memory_string_of(name.data, name.size);
        column->type = reader_u32(in);
        column->modifier = (int32_t)reader_u32(in);
    }
}

static void read_relation(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    (void)out;
    struct pg_relation *relation = memory_zero(1, sizeof *relation);
    relation->id = reader_u32(in);
    read_name(in, relation->schema);
    read_name(in, relation->name);
    relation->replica_identity = (char)reader_u8(in);
    uint32_t count = reader_u16(in);
    if (count > COLUMNS_MAX) reader_malformed(in);
    if (reader_ok(in)) read_columns(in, relation, count);
    bool room = map_count(&decoder->relations) < RELATIONS_MAX || map_get_u64(&decoder->relations, relation->id);
    if (!room) reader_malformed(in);
    if (!reader_ok(in)) {
        relation_free(relation);
        return;
    }
    if (relation->schema[0] == 0) memcpy(relation->schema, "pg_catalog", sizeof "pg_catalog"); /* said with an empty name */
    relation_free(map_put_u64(&decoder->relations, relation->id, relation));
}

static void read_tuple(struct reader *in, struct tuple *tuple, const struct pg_relation *relation)
{
    uint32_t count = reader_u16(in);
    if (!relation || count != relation->column_count) {
        reader_malformed(in);
        return;
    }
    if (count > tuple->capacity) {
        tuple->values = memory_resize(tuple->values, count * sizeof *tuple->values);
        tuple->capacity = count;
    }
    for (uint32_t i = 0; i < count && reader_ok(in); i++) {
        struct pg_tuple_value *value = &tuple->values[i];
        *value = (struct pg_tuple_value){.kind = (char)reader_u8(in)};
        if (value->kind == 't' || value->kind == 'b')
            value->text = reader_bytes(in, reader_u32(in));
        else if (value->kind != 'n' && value->kind != 'u')
            reader_malformed(in);
    }
}

static struct pg_tuple_value *values_of(struct tuple *tuple)
{
    static struct pg_tuple_value none; /* a table without columns */
    return tuple->values ? tuple->values : &none;
}

static void read_insert(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    out->kind = PG_CHANGE_INSERT;
    out->relation = find_relation(decoder, in);
    if (reader_u8(in) != 'N') reader_malformed(in);
    read_tuple(in, &decoder->new_tuple, out->relation);
    out->new_values = values_of(&decoder->new_tuple);
}

static void read_old(struct pg_output_decoder *decoder, struct reader *in, uint8_t kind, struct pg_change *out)
{
    out->old_is_key = kind == 'K';
    read_tuple(in, &decoder->old_tuple, out->relation);
    out->old_values = values_of(&decoder->old_tuple);
}

static void read_update(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    out->kind = PG_CHANGE_UPDATE;
    out->relation = find_relation(decoder, in);
    uint8_t kind = reader_u8(in);
    if (kind == 'K' || kind == 'O') {
        read_old(decoder, in, kind, out);
        kind = reader_u8(in);
    }
    if (kind != 'N') reader_malformed(in);
    read_tuple(in, &decoder->new_tuple, out->relation);
    out->new_values = values_of(&decoder->new_tuple);
}

static void read_delete(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    out->kind = PG_CHANGE_DELETE;
    out->relation = find_relation(decoder, in);
    uint8_t kind = reader_u8(in);
    if (kind != 'K' && kind != 'O') reader_malformed(in);
    read_old(decoder, in, kind, out);
}

static void read_truncate(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    out->kind = PG_CHANGE_TRUNCATE;
    uint32_t count = reader_u32(in);
    uint8_t options = reader_u8(in);
    if (count == 0 || count > reader_left(in) / 4) {
        reader_malformed(in);
        return;
    }
    if (count > decoder->truncated_capacity) {
        decoder->truncated = memory_resize(decoder->truncated, count * sizeof *decoder->truncated);
        decoder->truncated_capacity = count;
    }
    for (uint32_t i = 0; i < count && reader_ok(in); i++) decoder->truncated[i] = find_relation(decoder, in);
    out->cascade = options & 1;
    out->restart_identity = options & 2;
    out->relations = decoder->truncated;
    out->relation_count = count;
    out->relation = decoder->truncated[0];
}

static void read_begin(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    out->kind = PG_CHANGE_BEGIN;
    out->lsn = reader_u64(in);
    out->commit_us = decoder->commit_us = (int64_t)(reader_u64(in) + (uint64_t)EPOCH_SHIFT_US);
    out->xid = decoder->xid = reader_u32(in);
}

static void read_commit(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    out->kind = PG_CHANGE_COMMIT;
    reader_skip(in, 1 + 8); /* flags; where the commit record begins */
    out->lsn = reader_u64(in);
    out->commit_us = (int64_t)(reader_u64(in) + (uint64_t)EPOCH_SHIFT_US);
    out->xid = decoder->xid;
    decoder->xid = 0;
    decoder->commit_us = 0;
}

static void read_message(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    (void)decoder;
    out->kind = PG_CHANGE_MESSAGE;
    out->transactional = reader_u8(in) & 1;
    out->lsn = reader_u64(in);
    out->prefix = read_string(in);
    out->content = reader_bytes(in, reader_u32(in));
    if (!out->transactional) out->xid = 0;
}

static void read_origin(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    (void)decoder;
    (void)out;
    reader_skip(in, 8);
    read_string(in);
}

static void read_type(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out)
{
    (void)decoder;
    (void)out;
    reader_skip(in, 4);
    read_string(in);
    read_string(in);
}

bool pg_output_decode(struct pg_output_decoder *decoder, struct view message, struct pg_change *out, struct error *error)
{
    static const struct {
        uint8_t kind;
        void (*read)(struct pg_output_decoder *decoder, struct reader *in, struct pg_change *out);
    } kinds[] = {{'I', read_insert},   {'U', read_update},   {'D', read_delete},  {'B', read_begin},  {'C', read_commit},
                 {'R', read_relation}, {'T', read_truncate}, {'M', read_message}, {'O', read_origin}, {'Y', read_type}};
    struct reader in = reader_of(message);
    uint8_t kind = reader_u8(&in);
    *out = (struct pg_change){.xid = decoder->xid, .commit_us = decoder->commit_us};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].kind != kind) continue;
        kinds[i].read(decoder, &in, out);
        if (reader_ok(&in) && reader_left(&in) == 0) return true;
        return error_set(error, ERROR_PROTOCOL, "logical decoding: a message of kind %c and %zu bytes is malformed or of an unknown table",
                         kind, message.size);
    }
    return error_set(error, ERROR_PROTOCOL, "logical decoding: a message of unknown kind 0x%02x", kind);
}
