/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings: the list of pieces, and the forms that are text. */
#include "tests/captures/recording.h"

#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 256 << 20, DUMP_WIDTH = 16 };

void recording_add(struct recording *recording, uint32_t connection, bool from_client, bool after_hole, struct view bytes)
{
    if (bytes.size == 0) return;
    if (recording->count == recording->capacity) {
        recording->capacity = recording->capacity ? recording->capacity * 2 : 64;
        recording->pieces = memory_resize(recording->pieces, recording->capacity * sizeof *recording->pieces);
    }
    if (connection >= recording->connections) recording->connections = connection + 1;
    recording->pieces[recording->count++] = (struct recording_piece){
        .connection = connection,
        .from_client = from_client,
        .after_hole = after_hole,
        .bytes = view_of(memory_copy(bytes.data, bytes.size), bytes.size),
    };
}

void recording_release(struct recording *recording)
{
    for (size_t i = 0; i < recording->count; i++) memory_free((void *)(uintptr_t)recording->pieces[i].bytes.data);
    memory_free(recording->pieces);
    *recording = (struct recording){0};
}

static bool read_file(const char *path, struct buffer *out, struct error *error)
{
    FILE *file = fopen(path, "rb");
    if (!file) return error_set(error, ERROR_IO, "cannot open %s: errno %d", path, errno);
    for (uint8_t *room; (room = buffer_reserve(out, 65536)) != NULL;) {
        size_t size = fread(room, 1, 65536, file);
        buffer_commit(out, size);
        if (size == 0) break;
    }
    bool good = !ferror(file) && !out->failed;
    fclose(file);
    return good || error_set(error, ERROR_IO, "cannot read %s whole", path);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void add_hex(struct buffer *out, struct view line)
{
    for (size_t i = 0; i + 1 < line.size; i++) {
        int high = hex_digit(line.data[i]), low = hex_digit(line.data[i + 1]);
        if (high < 0 || low < 0) continue;
        buffer_u8(out, (uint8_t)(high << 4 | low));
        i++;
    }
}

static bool next_line(struct view *text, struct view *line)
{
    if (text->size == 0) return false;
    const uint8_t *end = memchr(text->data, '\n', text->size);
    size_t size = end ? (size_t)(end - text->data) : text->size;
    *line = view_of(text->data, size);
    size_t used = size + (end ? 1 : 0);
    *text = view_of(text->data + used, text->size - used);
    return true;
}

static void end_piece(struct recording *out, uint32_t connection, bool from_client, struct buffer *piece)
{
    recording_add(out, connection, from_client, false, buffer_view(piece));
    buffer_clear(piece);
}

static void read_text(struct view text, struct recording *out)
{
    struct buffer piece;
    struct view line;
    uint32_t connection = 0;
    bool from_client = true, started = false;
    buffer_init(&piece, FILE_MAX);
    while (next_line(&text, &line)) {
        bool arrow = view_starts_with(line, "->") || view_starts_with(line, "<-"),
             new_connection = view_starts_with(line, "# ---- tcp connection");
        if (arrow || new_connection) end_piece(out, connection, from_client, &piece);
        if (new_connection && started) connection++;
        if (new_connection) started = true;
        if (arrow)
            from_client = view_starts_with(line, "->");
        else if (!view_starts_with(line, "#"))
            add_hex(&piece, line);
    }
    end_piece(out, connection, from_client, &piece);
    buffer_release(&piece);
}

static void read_hex(struct view text, struct recording *out)
{
    struct buffer piece;
    struct view line;
    buffer_init(&piece, FILE_MAX);
    while (next_line(&text, &line)) {
        bool content = !view_starts_with(line, "#") && view_trim(line).size > 0;
        size_t before = buffer_size(&piece);
        if (content) add_hex(&piece, line);
        size_t width = buffer_size(&piece) - before;
        if (!content || (width != DUMP_WIDTH && width != 2 * DUMP_WIDTH)) end_piece(out, 0, true, &piece);
    }
    end_piece(out, 0, true, &piece);
    buffer_release(&piece);
    out->payloads = true;
}

static bool ends_with(const char *path, const char *end)
{
    size_t size = strlen(path), end_size = strlen(end);
    return size >= end_size && strcmp(path + size - end_size, end) == 0;
}

bool recording_read(const char *path, struct recording *out, struct error *error)
{
    struct buffer file;
    *out = (struct recording){0};
    buffer_init(&file, FILE_MAX);
    bool good = read_file(path, &file, error);
    if (good && (recording_is_pcapng(buffer_view(&file)) || recording_is_pcap(buffer_view(&file))))
        good = recording_read_packets(buffer_view(&file), out, error);
    else if (good && ends_with(path, ".hex"))
        read_hex(buffer_view(&file), out);
    else if (good)
        read_text(buffer_view(&file), out);
    buffer_release(&file);
    if (!good) recording_release(out);
    return good;
}
