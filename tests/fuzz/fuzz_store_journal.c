/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz: a journal whose bytes were changed. The first byte says how: damage at offsets of the input's choice, or groups whose fields are the
 * input's with checksums made right again, as a hostile writer could make them. It opens or says what is wrong; what it gives out is in
 * order; a repair always opens, and takes records.
 */
#include "tests/support/journal_disk.h"

#include "base/reader.h"
#include "store/journal_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char first_name[] = "00000000000000000001.journal";

static struct journal *start(struct disk *disk, bool cut)
{
    struct journal_files files = disk_files(disk);
    struct journal_clock clock = disk_clock(disk);
    struct journal_options options;
    journal_options_default(&options);
    options.segment_size = 16 * 1024;
    options.queue_bytes = 64 * 1024;
    options.cut_damage = cut;
    struct error error = {0};
    struct journal *journal = journal_open_stepped(&options, &files, &clock, &error);
    CHECK(journal || (error.code == ERROR_CORRUPT || error.code == ERROR_LIMIT || error.code == ERROR_JOURNAL));
    return journal;
}

static void make_journal(struct disk *disk)
{
    struct journal *journal = start(disk, false);
    uint8_t bytes[900] = {1};
    for (int i = 0; i < 40; i++) {
        journal_append(journal, JOURNAL_DML, 1, (uint64_t)i, view_of(bytes, (size_t)(i * 20)), NULL, NULL);
        if (i % 5 == 0) journal_step(journal);
    }
    while (journal_step(journal)) {}
    disk->stop_at = 0; /* killed */
    journal_close(journal);
    disk->lose_nothing = true;
    disk_crash(disk);
}

static void damage(struct disk *disk, struct reader *in)
{
    while (reader_left(in) >= 4) {
        uint8_t which = reader_u8(in);
        size_t at = reader_u16(in);
        uint8_t value = reader_u8(in);
        struct disk_inode *inode = disk->live[which % disk->live_count].inode;
        if (value == 0xfe)
            inode->live_size = at < inode->live_size ? at : inode->live_size; /* cut short */
        else if (at < inode->live_size)
            inode->live[at] ^= value;
    }
}

/* Overwrites the first segment's groups by the input's, sealed with the segment's salt. */
static void forge(struct disk *disk, struct reader *in)
{
    uint64_t size = 0;
    uint8_t *bytes = disk_bytes(disk, first_name, &size);
    struct journal_header header;
    if (!bytes || !journal_header_decode(view_of(bytes, size), &header, NULL)) return;
    size_t at = JOURNAL_HEADER_SIZE;
    while (reader_left(in) >= 8) {
        struct journal_group group = {.first = reader_u16(in) & 63, .count = reader_u8(in), .close = reader_u8(in) & 1};
        group.size = (uint32_t)JOURNAL_SECTOR * (reader_u8(in) % 6);
        size_t gap = (size_t)JOURNAL_SECTOR * (reader_u8(in) % 3), room = group.size ? group.size : JOURNAL_SECTOR;
        at += gap;
        if (at + room > size) return;
        size_t record = JOURNAL_GROUP_HEADER_SIZE;
        for (uint64_t i = 0; i < group.count && record + 64 <= room; i++) {
            uint16_t stored = reader_u16(in) % 128;
            struct journal_record fields = {.position = group.first + i + (stored == 127), .kind = JOURNAL_DML};
            journal_record_fields(bytes + at + record, &fields, stored, stored % 7 == 0);
            if (record + journal_record_size(stored) > room) break;
            record += journal_record_finish(bytes + at + record, stored, header.salt);
        }
        if (group.size) journal_group_seal(bytes + at, &group, header.salt);
        at += room;
    }
}

static void read_all(struct journal *journal)
{
    struct journal_record record;
    struct error error = {0};
    struct journal_reader *reader = journal_reader_new(journal, journal_first(journal), &error);
    uint64_t last = 0;
    CHECK(reader != NULL);
    while (journal_read(reader, &record, &error) == JOURNAL_READ_OK) {
        CHECK(record.position > last && record.position <= journal_durable(journal));
        last = record.position;
    }
    journal_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader in = reader_of(view_of(data, size));
    uint8_t how = reader_u8(&in);
    static struct disk *pristine;
    if (!pristine) {
        pristine = disk_new(1);
        make_journal(pristine);
    }
    struct disk *disk = disk_clone(pristine);
    if (how & 1)
        forge(disk, &in);
    else
        damage(disk, &in);
    struct journal *journal = start(disk, false);
    if (!journal) journal = start(disk, true);
    if (journal) {
        uint64_t durable = journal_durable(journal);
        read_all(journal);
        journal_append(journal, JOURNAL_MARK, 0, 0, view_text("x"), NULL, NULL);
        while (journal_step(journal)) {}
        CHECK(journal_durable(journal) > durable);
        read_all(journal);
        journal_close(journal);
    } else {
        CHECK(how & 1); /* only a forged boot or key may keep a repair from opening */
    }
    disk_free(disk);
    return 0;
}
