/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays recordings of real connections through the tap and writes what it understood as JSON:
 *   replay FOLDER|FILE... [--output FILE] [--trace]
 *   {"file": {"messages", "calls", "unknown", "statements": [..], "rows", "errors", "reasons": [..]}}
 * messages: TNS packets; calls: requests decoded; unknown: calls that were opaque; errors: ends of calls with an ORA error other than 1403.
 * Exit status 1: a recording could not be read.
 */
#include "base/json.h"
#include "base/memory.h"
#include "tests/captures/encode.h"
#include "tests/captures/recording.h"
#include "wire/tap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { END_OF_DATA = 1403, TRACE_ROWS = 3 };

struct text_list {
    char **texts;
    size_t count;
};

struct result {
    uint64_t messages, calls, unknown, rows, errors, lost, connections, lost_connections, encoded[ENCODE_OUTCOMES];
    struct text_list statements, reasons;
};

/* One connection: its tap, and the bytes of each side that are no whole packet yet. */
struct replay {
    struct result *result;
    struct wire_tap *tap;
    struct buffer sides[2];
    bool trace, in_opaque;
    uint64_t rows_in_call;
};

static void list_add(struct text_list *list, const char *text)
{
    list->texts = memory_resize(list->texts, (list->count + 1) * sizeof *list->texts);
    list->texts[list->count++] = memory_string(text);
}

static void list_add_once(struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->texts[i], text) == 0) return;
    list_add(list, text);
}

static void list_release(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) memory_free(list->texts[i]);
    memory_free(list->texts);
}

/* ---- trace ---- */

static void trace_value(const struct value *value)
{
    struct buffer text;
    buffer_init(&text, 0);
    value_print(&text, value, 60);
    printf(" " VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
    buffer_release(&text);
}

static void trace_cell(struct replay *replay, const struct wire_oac *oac, const struct wire_cell *cell)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct value value = wire_cell_value(wire_tap_session(replay->tap), oac, cell, &arena);
    if (cell->cursor)
        printf(" CURSOR %u", cell->cursor->id);
    else if (cell->elements)
        printf(" [%u]", cell->element_count);
    else
        trace_value(&value);
    arena_release(&arena);
}

static void trace_binds(struct replay *replay, const struct wire_request *request)
{
    const struct wire_cursor *cursor = request->cursor;
    struct arena arena;
    arena_init(&arena, 0);
    for (uint32_t row = 0; cursor && row < request->execute.row_count; row++) {
        printf("     bind");
        for (uint32_t i = 0; i < cursor->bind_count; i++) {
            const struct wire_bind *bind = &request->execute.rows[(size_t)row * cursor->bind_count + i];
            struct value value = wire_bind_value(wire_tap_session(replay->tap), &cursor->binds[i], bind, &arena);
            if (!bind->present)
                printf(" -");
            else if (bind->elements)
                printf(" [%u]", bind->element_count);
            else
                trace_value(&value);
        }
        printf("\n");
    }
    arena_release(&arena);
}

static void trace_request(struct replay *replay, const struct wire_request *request)
{
    for (uint32_t i = 0; i < request->piggyback_count; i++)
        printf("-> piggyback %u, %u ids\n", request->piggybacks[i].function, request->piggybacks[i].id_count);
    bool executes =
        request->function == WIRE_FN_EXECUTE || request->function == WIRE_FN_REEXECUTE || request->function == WIRE_FN_REEXECUTE_FETCH;
    printf("-> function %u", request->function);
    if (executes)
        printf(" options %#x cursor %u: %s", request->execute.options, request->execute.cursor_id,
               request->cursor && request->cursor->sql ? request->cursor->sql : "?");
    if (request->function == WIRE_FN_FETCH) printf(" cursor %u rows %u", request->fetch.cursor_id, request->fetch.rows);
    if (request->function == WIRE_FN_LOB)
        printf(" operation %#x at %llu, %zu bytes", request->lob.operation, (unsigned long long)request->lob.source_offset,
               request->lob.data.size);
    printf("\n");
    if (executes) trace_binds(replay, request);
}

/* ---- what the tap reports ---- */

static void on_describe(void *context, struct wire_cursor *cursor)
{
    struct replay *replay = context;
    if (!replay->trace) return;
    printf("<- describe");
    for (uint32_t i = 0; i < cursor->column_count; i++)
        printf(" %s:%u(%u)", cursor->columns[i].name, cursor->columns[i].oac.type, cursor->columns[i].oac.size_max);
    printf("\n");
}

static void on_row(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    struct replay *replay = context;
    replay->result->rows++;
    if (!replay->trace || ++replay->rows_in_call > TRACE_ROWS) return;
    printf("<- row");
    for (uint32_t i = 0; i < count; i++) trace_cell(replay, wire_cursor_value_oac(cursor, i), &cells[i]);
    printf("\n");
}

static void on_out_binds(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, const uint8_t *directions,
                         uint32_t count)
{
    struct replay *replay = context;
    if (!replay->trace) return;
    printf("<- out");
    for (uint32_t i = 0; i < count; i++)
        if (directions[i] != WIRE_IN) trace_cell(replay, &cursor->binds[i], &cells[i]);
    printf("\n");
}

static void on_returned(void *context, struct wire_cursor *cursor, uint32_t iteration, const struct wire_return_rows *binds, uint32_t count)
{
    struct replay *replay = context;
    if (!replay->trace) return;
    printf("<- returned by iteration %u", iteration);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < binds[i].row_count; k++)
            trace_cell(replay, &cursor->binds[cursor->bind_count - count + i], &binds[i].cells[k]);
    printf("\n");
}

static void on_row_counts(void *context, const uint64_t *counts, uint32_t count)
{
    struct replay *replay = context;
    if (!replay->trace) return;
    printf("<- counts");
    for (uint32_t i = 0; i < count; i++) printf(" %llu", (unsigned long long)counts[i]);
    printf("\n");
}

static void on_lob_data(void *context, struct view data)
{
    struct replay *replay = context;
    if (replay->trace) printf("<- LOB data of %zu bytes\n", data.size);
}

static void on_end(void *context, const struct wire_end *end)
{
    struct replay *replay = context;
    if (end->error && end->error != END_OF_DATA) replay->result->errors++;
    if (!replay->trace) return;
    replay->rows_in_call = 0;
    printf("<- %s error %u rows %llu cursor %u status %#x batch %u " VIEW_FORMAT "\n", end->status_only ? "status" : "end", end->error,
           (unsigned long long)end->row_count, end->cursor_id, end->call_status, end->batch_count, VIEW_ARGUMENTS(view_trim(end->message)));
}

static const struct wire_reply_events events = {
    .describe = on_describe,
    .row = on_row,
    .out_binds = on_out_binds,
    .returned = on_returned,
    .row_counts = on_row_counts,
    .lob_data = on_lob_data,
    .end = on_end,
};

/* ---- packets ---- */

static void take_request(struct replay *replay)
{
    struct wire_request *request = wire_tap_request(replay->tap);
    replay->result->calls++;
    if (request->cursor && request->cursor->sql) list_add_once(&replay->result->statements, request->cursor->sql);
    wire_tap_sent(replay->tap);
    if (replay->trace) trace_request(replay, request);
    const char *why = NULL;
    enum encode_outcome outcome = encode_again(wire_tap_session(replay->tap), wire_tap_cursors(replay->tap), request, &why);
    replay->result->encoded[outcome]++;
    if (outcome == ENCODE_WRONG) list_add_once(&replay->result->reasons, why);
}

static void take_opaque(struct replay *replay)
{
    if (replay->in_opaque) return;
    replay->in_opaque = true;
    replay->result->unknown++;
    list_add_once(&replay->result->reasons, wire_tap_opaque_reason(replay->tap));
    if (replay->trace) printf("!! %s\n", wire_tap_opaque_reason(replay->tap));
}

static void take_packet(struct replay *replay, bool from_client, struct wire_packet *packet)
{
    replay->result->messages++;
    enum wire_tap_event event = from_client ? wire_tap_client(replay->tap, packet) : wire_tap_server(replay->tap, packet);
    if (event == WIRE_TAP_OPAQUE) {
        take_opaque(replay);
        if (from_client && wire_tap_request(replay->tap) && wire_tap_state(replay->tap) != WIRE_TAP_LOST) wire_tap_sent(replay->tap);
        return;
    }
    replay->in_opaque = false;
    if (event == WIRE_TAP_REQUEST) take_request(replay);
    if (replay->trace && event == WIRE_TAP_MARKER) printf("%s marker\n", from_client ? "->" : "<-");
}

/* A stream whose lengths make no sense is given up; what was in it before counts. */
static void take_bytes(struct replay *replay, bool from_client, struct view bytes)
{
    struct buffer *side = &replay->sides[from_client ? 0 : 1];
    struct wire_session *session = wire_tap_session(replay->tap);
    buffer_append_view(side, bytes);
    for (;;) {
        struct wire_packet packet;
        size_t size = buffer_size(side);
        enum wire_status status =
            size ? wire_packet_next(side->data + side->start, size, session->large, session->limits.packet_max, &packet) : WIRE_NEED_MORE;
        if (status == WIRE_NEED_MORE) return;
        if (status != WIRE_DECODED) {
            list_add_once(&replay->result->reasons, "the packets of the connection cannot be told apart");
            replay->result->unknown++;
            buffer_clear(side);
            return;
        }
        take_packet(replay, from_client, &packet);
        buffer_consume(side, packet.size);
    }
}

static void replay_connection(const struct recording *recording, uint32_t number, struct result *result, bool trace)
{
    struct replay replay = {.result = result, .trace = trace};
    replay.tap = wire_tap_new(NULL, &events, &replay, NULL);
    wire_tap_set_edit(replay.tap, false);
    for (int i = 0; i < 2; i++) buffer_init(&replay.sides[i], 0);
    result->connections++;
    if (trace) printf("==== connection %u\n", number);
    for (size_t i = 0; i < recording->count; i++)
        if (recording->pieces[i].connection == number) take_bytes(&replay, recording->pieces[i].from_client, recording->pieces[i].bytes);
    if (wire_tap_state(replay.tap) == WIRE_TAP_LOST) result->lost_connections++;
    for (int i = 0; i < 2; i++) buffer_release(&replay.sides[i]);
    wire_tap_free(replay.tap);
}

/* Single payloads of an OCI client: in its native encoding, so they must come out as unknown, not as something. */
static void replay_payloads(const struct recording *recording, struct result *result)
{
    for (size_t i = 0; i < recording->count; i++) {
        struct wire_session session;
        struct wire_request request;
        struct error error;
        struct arena arena;
        struct view payload = recording->pieces[i].bytes;
        wire_session_init(&session, NULL);
        session.native_encoding = true;
        arena_init(&arena, 0);
        struct wire_cursor_table *cursors = wire_cursor_table_new(8, NULL);
        struct view message = payload.size > 2 ? view_of(payload.data + 2, payload.size - 2) : payload;
        result->messages++;
        if (wire_request_decode(&session, cursors, &arena, message, &request, &error) == WIRE_DECODED)
            result->calls++;
        else {
            result->unknown++;
            list_add_once(&result->reasons, "a message of an OCI client with native encoding");
        }
        wire_cursor_table_free(cursors);
        arena_release(&arena);
    }
}

/* ---- results ---- */

static void write_list(struct json *json, const char *key, const struct text_list *list)
{
    json_key(json, key);
    json_array_begin(json);
    for (size_t i = 0; i < list->count; i++) json_text(json, list->texts[i]);
    json_array_end(json);
}

static void write_result(struct json *json, const char *name, const struct result *result)
{
    json_key(json, name);
    json_object_begin(json);
    json_field_u64(json, "connections", result->connections);
    json_field_u64(json, "connections_lost", result->lost_connections);
    json_field_u64(json, "messages", result->messages);
    json_field_u64(json, "calls", result->calls);
    json_field_u64(json, "unknown", result->unknown);
    json_field_u64(json, "rows", result->rows);
    json_field_u64(json, "errors", result->errors);
    json_field_u64(json, "bytes_missing", result->lost);
    json_field_u64(json, "encoded_same_bytes", result->encoded[ENCODE_SAME]);
    json_field_u64(json, "encoded_same_fields", result->encoded[ENCODE_FIELDS]);
    json_field_u64(json, "encoded_wrong", result->encoded[ENCODE_WRONG]);
    write_list(json, "statements", &result->statements);
    write_list(json, "reasons", &result->reasons);
    json_object_end(json);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool replay_file(const char *path, bool trace, struct json *json)
{
    struct recording recording;
    struct result result = {0};
    struct error error;
    if (!recording_read(path, &recording, &error)) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        return false;
    }
    if (trace) printf("######## %s\n", name_of(path));
    if (recording.payloads)
        replay_payloads(&recording, &result);
    else
        for (uint32_t i = 0; i < recording.connections; i++) replay_connection(&recording, i, &result, trace);
    result.lost = recording.lost_bytes;
    write_result(json, name_of(path), &result);
    fprintf(stderr, "%-48s %5llu packets %5llu calls %5llu rows %4llu errors %3llu unknown%s%s\n", name_of(path),
            (unsigned long long)result.messages, (unsigned long long)result.calls, (unsigned long long)result.rows,
            (unsigned long long)result.errors, (unsigned long long)result.unknown, result.reasons.count ? ": " : "",
            result.reasons.count ? result.reasons.texts[0] : "");
    list_release(&result.statements);
    list_release(&result.reasons);
    recording_release(&recording);
    return true;
}

static int is_recording(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (strcmp(dot, ".pcapng") == 0 || strcmp(dot, ".hex") == 0 || strcmp(dot, ".txt") == 0);
}

static bool replay_path(const char *path, bool trace, struct json *json)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_recording, alphasort);
    if (count < 0) return replay_file(path, trace, json);
    bool good = true;
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        good = replay_file(file, trace, json) && good;
        free(entries[i]);
    }
    free(entries);
    return good;
}

int main(int argc, char **argv)
{
    const char *output = NULL;
    bool trace = false, good = true;
    struct buffer text;
    buffer_init(&text, 0);
    struct json json = json_into(&text);
    json_object_begin(&json);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0)
            trace = true;
        else if (strcmp(argv[i], "--output") == 0 && i + 1 < argc)
            output = argv[++i];
        else
            good = replay_path(argv[i], trace, &json) && good;
    }
    json_object_end(&json);
    FILE *file = output ? fopen(output, "w") : NULL;
    if (output && !file) {
        fprintf(stderr, "cannot write %s\n", output);
        good = false;
    }
    if (file) {
        fwrite(text.data + text.start, 1, buffer_size(&text), file);
        fputc('\n', file);
        good = fclose(file) == 0 && good;
    }
    buffer_release(&text);
    return good ? 0 : 1;
}
