/* SPDX-License-Identifier: Apache-2.0 */
/* Journal reader: follows the durable end through the page cache, group by group. */
#include "store/journal_internal.h"

#include "base/memory.h"

/* At the durable end a group at a time is new; in a backlog everything ahead is wanted. */
enum { READ_LITTLE = 16 << 10, READ_AHEAD = 1 << 20 };

struct journal_reader {
    struct journal_core *core;
    uint64_t next;   /* position of the next record */
    uint64_t wanted; /* records below it are passed over */
    /* the segment */
    struct journal_file *file;
    struct journal_segment segment;
    uint64_t generation; /* of the index when it was looked up */
    uint64_t salt, offset;
    struct journal_cipher cipher;
    /* bytes of the file that were durable when they were read */
    uint8_t *window;
    size_t window_capacity, window_size, ahead; /* ahead: bytes of the next read */
    uint64_t window_at, window_durable;
    /* the group being read */
    struct view group;
    uint32_t left;
    uint8_t *plain; /* decrypted payload */
    size_t plain_capacity;
};

static void reader_leave_segment(struct journal_reader *reader)
{
    if (reader->file) reader->core->files.close(reader->core->files.context, reader->file);
    reader->file = NULL;
    reader->window_size = 0;
    reader->left = 0;
}

static bool reader_gone(const struct journal_reader *reader, struct error *error)
{
    return error_set(error, ERROR_NOT_FOUND, "journal record %llu was released and removed: the oldest one there is %llu",
                     (unsigned long long)reader->next, (unsigned long long)atomic_load(&reader->core->segments.first));
}

static bool reader_open_segment(struct journal_reader *reader, struct error *error)
{
    const struct journal_files *files = &reader->core->files;
    char name[JOURNAL_NAME_SIZE];
    uint8_t bytes[JOURNAL_HEADER_SIZE];
    size_t got;
    struct journal_header header;
    struct error why = {0};
    journal_segment_name(reader->segment.first, name);
    reader->file = files->open(files->context, name, JOURNAL_OPEN_READ, &why);
    if (!reader->file) { /* it may have been removed since it was looked up */
        if (atomic_load(&reader->core->segments.first) > reader->next) return reader_gone(reader, error);
        if (error) *error = why;
        return false;
    }
    if (!files->read(files->context, reader->file, 0, bytes, sizeof bytes, &got, error)) return false;
    if (!journal_header_decode(view_of(bytes, got), &header, error)) return error_prefix(error, "journal segment %s", name);
    if (header.encrypted) {
        uint8_t check[16];
        if (!reader->core->encrypt) return error_set(error, ERROR_JOURNAL, "journal segment %s is encrypted: give the journal's key", name);
        journal_cipher_init(&reader->cipher, reader->core->key, &header, check);
    } else {
        reader->cipher.on = false;
    }
    reader->salt = header.salt;
    reader->offset = JOURNAL_HEADER_SIZE;
    reader->next = header.first;
    return true;
}

/* Looks up the segment that holds reader->next. Nothing is there yet after a failure until the next segment begins. */
static enum journal_read reader_find_segment(struct journal_reader *reader, struct journal_segment *found, uint64_t *limit,
                                             struct error *error)
{
    struct journal_segments *segments = &reader->core->segments;
    if (!journal_segments_find(segments, reader->next, found, limit)) {
        if (atomic_load(&segments->first) <= reader->next) return JOURNAL_READ_END;
        reader_leave_segment(reader);
        reader_gone(reader, error);
        return JOURNAL_READ_ERROR;
    }
    if (found->first > reader->next) reader->next = found->first;
    if (found->end > reader->next) return JOURNAL_READ_OK;
    if (*limit == UINT64_MAX) return JOURNAL_READ_END;
    reader->next = *limit; /* positions jump here: a repair; the GAP follows */
    return reader_find_segment(reader, found, limit, error);
}

/* Makes sure that the open segment is the one that holds reader->next. */
static enum journal_read reader_enter_segment(struct journal_reader *reader, struct error *error)
{
    uint64_t generation = atomic_load(&reader->core->segments.generation);
    if (reader->file && generation == reader->generation && reader->next < reader->segment.end) return JOURNAL_READ_OK;
    struct journal_segment found;
    uint64_t limit;
    enum journal_read answer = reader_find_segment(reader, &found, &limit, error);
    if (answer != JOURNAL_READ_OK) return answer;
    reader->generation = generation;
    if (reader->file && found.id == reader->segment.id) {
        reader->segment = found;
        return JOURNAL_READ_OK;
    }
    uint64_t next = reader->next;
    if (next > reader->wanted) reader->wanted = next;
    reader_leave_segment(reader);
    reader->segment = found;
    if (reader_open_segment(reader, error)) return JOURNAL_READ_OK;
    reader_leave_segment(reader);
    reader->next = next;
    return JOURNAL_READ_ERROR;
}

static bool reader_fill(struct journal_reader *reader, uint64_t durable, size_t want, struct error *error)
{
    size_t size = want > reader->ahead ? want : reader->ahead;
    if (size > reader->window_capacity) {
        memory_free(reader->window);
        reader->window = memory_alloc(size);
        reader->window_capacity = size;
    }
    reader->window_at = reader->offset;
    reader->window_durable = durable;
    reader->window_size = 0;
    const struct journal_files *files = &reader->core->files;
    return files->read(files->context, reader->file, reader->offset, reader->window, size, &reader->window_size, error);
}

static struct view reader_window(const struct journal_reader *reader)
{
    uint64_t skip = reader->offset - reader->window_at;
    return skip < reader->window_size ? view_of(reader->window + skip, reader->window_size - skip) : view_of(NULL, 0);
}

static bool reader_corrupt(const struct journal_reader *reader, struct error *error)
{
    return error_set(error, ERROR_CORRUPT,
                     "journal segment %020llu.journal does not hold record %llu at byte %llu any more: the disk changed it",
                     (unsigned long long)reader->segment.first, (unsigned long long)reader->next, (unsigned long long)reader->offset);
}

/* How much the next read brings. `more`: all that the last one brought was wanted. */
static void reader_look_ahead(struct journal_reader *reader, bool more)
{
    if (!more)
        reader->ahead = READ_LITTLE;
    else if (reader->ahead < READ_AHEAD)
        reader->ahead *= 2;
}

/* Loads the group that begins with reader->next, which is durable. */
static bool reader_load_group(struct journal_reader *reader, uint64_t durable, struct error *error)
{
    struct journal_group group;
    bool fresh = reader->window_size > 0 && reader->next <= reader->window_durable, filled = false;
    if (!fresh || reader_window(reader).size < JOURNAL_SECTOR) {
        reader_look_ahead(reader, fresh);
        if (!reader_fill(reader, durable, JOURNAL_SECTOR, error)) return false;
        filled = true;
    }
    if (!journal_group_decode(reader_window(reader), reader->salt, &group) || group.first != reader->next || group.count == 0)
        return reader_corrupt(reader, error);
    if (reader_window(reader).size < group.size) {
        if (!filled) reader_look_ahead(reader, fresh);
        if (!reader_fill(reader, durable, group.size, error)) return false;
        if (reader_window(reader).size < group.size) return reader_corrupt(reader, error);
    }
    size_t records = group.size - JOURNAL_GROUP_HEADER_SIZE - JOURNAL_GROUP_TRAILER_SIZE;
    reader->group = view_of(reader_window(reader).data + JOURNAL_GROUP_HEADER_SIZE, records);
    reader->left = group.count;
    reader->offset += group.size;
    return true;
}

static bool reader_decrypt(struct journal_reader *reader, struct journal_record *record, struct error *error)
{
    size_t size = record->payload.size - JOURNAL_TAG_SIZE;
    if (size > reader->plain_capacity || !reader->plain) {
        memory_free(reader->plain);
        reader->plain_capacity = size < 4096 ? 4096 : size;
        reader->plain = memory_alloc(reader->plain_capacity);
    }
    if (!journal_cipher_open(&reader->cipher, record, reader->plain))
        return error_set(error, ERROR_CORRUPT, "journal record %llu does not decrypt", (unsigned long long)record->position);
    record->payload = view_of(reader->plain, size);
    return true;
}

enum journal_read journal_read(struct journal_reader *reader, struct journal_record *out, struct error *error)
{
    for (;;) {
        while (reader->left == 0) {
            uint64_t durable = atomic_load(&reader->core->durable);
            if (reader->next > durable) return JOURNAL_READ_END;
            enum journal_read entered = reader_enter_segment(reader, error);
            if (entered != JOURNAL_READ_OK) return entered;
            if (reader->next > durable) continue; /* it jumped */
            if (!reader_load_group(reader, durable, error)) return JOURNAL_READ_ERROR;
        }
        bool encrypted;
        size_t used;
        if (!journal_record_decode(reader->group, reader->salt, out, &encrypted, &used) || out->position != reader->next) {
            reader_corrupt(reader, error);
            return JOURNAL_READ_ERROR;
        }
        if (out->position >= reader->wanted && encrypted && !reader_decrypt(reader, out, error)) return JOURNAL_READ_ERROR;
        reader->group = view_of(reader->group.data + used, reader->group.size - used);
        reader->left--;
        reader->next++;
        if (out->position >= reader->wanted) return JOURNAL_READ_OK;
    }
}

struct journal_reader *journal_reader_new(struct journal *journal, uint64_t from_position, struct error *error)
{
    struct journal_reader *reader = memory_zero(1, sizeof *reader);
    reader->core = journal_core_of(journal);
    reader->next = reader->wanted = from_position ? from_position : 1;
    struct journal_segment found;
    uint64_t limit;
    if (reader_find_segment(reader, &found, &limit, error) != JOURNAL_READ_ERROR) return reader;
    journal_reader_free(reader);
    return NULL;
}

void journal_reader_free(struct journal_reader *reader)
{
    if (!reader) return;
    reader_leave_segment(reader);
    memory_free(reader->window);
    memory_free(reader->plain);
    memory_free(reader);
}
