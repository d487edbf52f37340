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
    bool lost_place[2]; /* of each side: where its packets begin is not known */
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

static void count_unknown(struct replay *replay, const char *why)
{
    replay->result->unknown++;
    list_add_once(&replay->result->reasons, why);
    if (replay->trace) printf("!! %s\n", why);
}

/* What may be the beginning of a packet, for a stream of which bytes are missing. */
static bool begins_packet(const struct wire_session *session, struct view bytes)
{
    struct wire_packet packet;
    uint8_t copy[WIRE_HEADER_SIZE];
    if (bytes.size < sizeof copy || (bytes.data[4] != WIRE_DATA && bytes.data[4] != WIRE_MARKER)) return false;
    memcpy(copy, bytes.data, sizeof copy);
    return wire_packet_next(copy, sizeof copy, session->large, session->limits.packet_max, &packet) == WIRE_NEED_MORE;
}

/* A stream whose lengths make no sense is given up up to the next piece that begins with a packet; what was in it before counts. */
static void take_bytes(struct replay *replay, const struct recording_piece *piece)
{
    int from = piece->from_client ? 0 : 1;
    struct buffer *side = &replay->sides[from];
    struct wire_session *session = wire_tap_session(replay->tap);
    if (piece->after_hole) {
        count_unknown(replay, "bytes that the recording does not have");
        buffer_clear(side);
        replay->lost_place[from] = true;
    }
    if (replay->lost_place[from] && !begins_packet(session, piece->bytes)) return;
    replay->lost_place[from] = false;
    buffer_append_view(side, piece->bytes);
    for (;;) {
        struct wire_packet packet;
        size_t size = buffer_size(side);
        enum wire_status status =
            size ? wire_packet_next(side->data + side->start, size, session->large, session->limits.packet_max, &packet) : WIRE_NEED_MORE;
        if (status == WIRE_NEED_MORE) return;
        if (status != WIRE_DECODED) {
            count_unknown(replay, "the packets of the connection cannot be told apart");
            buffer_clear(side);
            replay->lost_place[from] = true;
            return;
        }
        take_packet(replay, piece->from_client, &packet);
        buffer_consume(side, packet.size);
    }
}

static void run_connection(const struct recording *recording, uint32_t number, const struct wire_session *known, struct result *result,
                           bool trace)
{
    static const struct wire_login_info nobody;
    struct replay replay = {.result = result, .trace = trace};
    replay.tap = wire_tap_new(NULL, &events, &replay, NULL);
    wire_tap_set_edit(replay.tap, false);
    if (known) wire_tap_adopt(replay.tap, known, &nobody);
    for (int i = 0; i < 2; i++) buffer_init(&replay.sides[i], 0);
    replay.lost_place[0] = replay.lost_place[1] = known != NULL;
    result->connections++;
    if (trace) printf("==== connection %u\n", number);
    for (size_t i = 0; i < recording->count; i++)
        if (recording->pieces[i].connection == number) take_bytes(&replay, &recording->pieces[i]);
    if (wire_tap_state(replay.tap) == WIRE_TAP_LOST) result->lost_connections++;
    for (int i = 0; i < 2; i++) buffer_release(&replay.sides[i]);
    wire_tap_free(replay.tap);
}

static void result_release(struct result *result)
{
    list_release(&result->statements);
    list_release(&result->reasons);
}

/* ---- connections whose beginning was not recorded ---- */

/* How a session may have been negotiated: the field versions of the releases, and the three things that drivers differ in. */
static void make_candidate(unsigned number, bool large, struct wire_session *out)
{
    static const uint8_t versions[] = {12, 24, 11, 8, 7, 22, 17, 14, 13, 10, 9, 6};
    wire_session_init(out, NULL);
    out->large = large;
    out->field_version = versions[number / 16 % (sizeof versions)];
    out->conversion_length = !(number & 1);
    out->sb1_universal = number & 2;
    out->end_of_response = number & 4;
    out->encoding = number & 8 ? WIRE_ENCODING_FIXED : WIRE_ENCODING_UNIVERSAL;
    out->native_encoding = number & 8;
    out->status_has_call_status = out->status_has_sequence = true;
    out->client_charset = 873;
    out->national_charset = 2000;
    out->strings_32k = true;
}

/* The one by which most can be read. What it is was not recorded: the result says so. */
static void replay_middle(const struct recording *recording, uint32_t number, bool large, struct result *result, bool trace)
{
    enum { CANDIDATES = 12 * 16 };
    struct wire_session best;
    int64_t best_score = INT64_MIN;
    for (unsigned i = 0; i < CANDIDATES; i++) {
        struct wire_session candidate;
        struct result tried = {0};
        make_candidate(i, large, &candidate);
        run_connection(recording, number, &candidate, &tried, false);
        int64_t score = (int64_t)tried.calls + (int64_t)tried.rows - 4 * (int64_t)tried.unknown;
        if (score > best_score) best = candidate;
        if (score > best_score) best_score = score;
        result_release(&tried);
    }
    run_connection(recording, number, &best, result, trace);
    list_add_once(&result->reasons, "the recording begins after the negotiation");
}

static void replay_connection(const struct recording *recording, uint32_t number, struct result *result, bool trace)
{
    const struct recording_piece *first = NULL;
    for (size_t i = 0; i < recording->count && !first; i++)
        if (recording->pieces[i].connection == number) first = &recording->pieces[i];
    if (!first) return;
    bool whole = first->bytes.size < WIRE_HEADER_SIZE || first->bytes.data[4] == WIRE_CONNECT || first->bytes.data[4] == WIRE_ACCEPT ||
                 first->bytes.data[4] == WIRE_RESEND || first->bytes.data[4] == WIRE_REFUSE || first->bytes.data[4] == WIRE_REDIRECT;
    if (whole)
        run_connection(recording, number, NULL, result, trace);
    else
        replay_middle(recording, number, first->bytes.data[0] == 0 && first->bytes.data[1] == 0, result, trace);
}

/* ---- single payloads ---- */

/* A payload says neither its encoding nor its field version: the first that makes a whole message of it is taken. */
static bool read_request(const struct wire_session *session, struct view message, struct result *result)
{
    struct wire_request request;
    struct error error;
    struct arena arena;
    arena_init(&arena, 0);
    struct wire_cursor_table *cursors = wire_cursor_table_new(8, NULL);
    bool good = wire_request_decode(session, cursors, &arena, message, &request, &error) == WIRE_DECODED;
    if (good) {
        result->calls++;
        if (request.cursor && request.cursor->sql) list_add_once(&result->statements, request.cursor->sql);
        wire_request_abandon(cursors, &request);
    }
    wire_cursor_table_free(cursors);
    arena_release(&arena);
    return good;
}

static bool read_reply(const struct wire_session *session, struct view message, struct result *result)
{
    struct replay replay = {.result = result};
    struct wire_request request = {.function = WIRE_FN_FETCH};
    struct error error;
    struct wire_cursor_table *cursors = wire_cursor_table_new(8, NULL);
    struct wire_reply_decoder *decoder = wire_reply_decoder_new(session, cursors, &events, &replay);
    wire_reply_begin(decoder, &request);
    struct result before = *result;
    bool good = wire_reply_feed(decoder, message, &error) == WIRE_DECODED;
    if (!good) *result = before;
    wire_reply_decoder_free(decoder);
    wire_cursor_table_free(cursors);
    return good;
}

static bool read_payload(struct view message, struct result *result)
{
    static const enum wire_encoding encodings[] = {WIRE_ENCODING_STRUCT, WIRE_ENCODING_FIXED, WIRE_ENCODING_UNIVERSAL};
    static const uint8_t versions[] = {24, 12, 7};
    bool request = message.size && (message.data[0] == 3 || message.data[0] == 17);
    for (size_t i = 0; i < sizeof versions * 6; i++) {
        struct wire_session session;
        wire_session_init(&session, NULL);
        session.encoding = encodings[i % 3];
        session.native_encoding = session.encoding != WIRE_ENCODING_UNIVERSAL;
        session.field_version = versions[i / 3 % 3];
        session.end_of_response = i / 9 == 0;
        session.conversion_length = session.status_has_call_status = session.status_has_sequence = true;
        session.client_charset = 873;
        if (request ? read_request(&session, message, result) : read_reply(&session, message, result)) return true;
    }
    return false;
}

static void replay_payloads(const struct recording *recording, struct result *result)
{
    enum { DATA_FLAGS = 2 };
    for (size_t i = 0; i < recording->count; i++) {
        struct view payload = recording->pieces[i].bytes;
        result->messages++;
        if (payload.size > DATA_FLAGS && read_payload(view_of(payload.data + DATA_FLAGS, payload.size - DATA_FLAGS), result)) continue;
        result->unknown++;
        list_add_once(&result->reasons, "a message that is cut, or of a form that is not known");
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
    result_release(&result);
    recording_release(&recording);
    return true;
}

static int is_recording(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    static const char *const endings[] = {".pcapng", ".pcap", ".cap", ".hex", ".txt"};
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(dot, endings[i]) == 0) return 1;
    return 0;
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
