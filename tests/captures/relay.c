/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relays recordings of real connections through a session of the engine in dual-write, without sockets: relay FOLDER|FILE...
 * Whatever the session makes of the calls, each side must get exactly the bytes that the other sent. (The edits of the negotiation are off: the bytes behind them
 * were recorded without.) Printed for each file: calls, those that could not be read, writes recorded, transactions, gaps. Exit status 1: some byte was not relayed as it came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/captures/recording.h"
#include "tests/support/session_play.h"

#include <dirent.h>
#include <stdlib.h>

struct relayed {
    uint64_t calls, opaque, writes, transactions, gaps, bytes;
    bool exact;
};

/* Shows the session what a side has sent and it has not taken yet. True: it took some. */
static bool show(struct play *p, struct buffer *pending, bool source)
{
    if (buffer_size(pending) == 0) return false;
    uint8_t *bytes = pending->data + pending->start;
    size_t used = source ? session_source_input(p->session, bytes, buffer_size(pending))
                         : session_client_input(p->session, bytes, buffer_size(pending));
    buffer_consume(pending, used);
    play_settle(p);
    return used > 0;
}

static void fresh_session(struct play *p)
{
    session_free(p->session);
    p->session = session_new(&p->engine, 2, p->statements, &play_environment, p);
    wire_tap_set_edit(p->session->tap, false);
    session_source_opened(p->session);
}

static void add_counts(struct play *p, struct relayed *sum)
{
    sum->calls += engine_counted(&p->engine, COUNT_CALLS);
    sum->opaque += engine_counted(&p->engine, COUNT_OPAQUE_CALLS);
    sum->writes += engine_counted(&p->engine, COUNT_DML_RECORDED);
    sum->transactions += engine_counted(&p->engine, COUNT_TRANSACTIONS);
    sum->gaps += engine_counted(&p->engine, COUNT_GAPS);
}

static void relay_connection(const struct recording *recording, uint32_t number, struct relayed *sum)
{
    struct buffer sent[2], pending[2];
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    fresh_session(p);
    for (int i = 0; i < 2; i++) {
        buffer_init(&sent[i], 0);
        buffer_init(&pending[i], 0);
    }
    for (size_t i = 0; i < recording->count; i++) {
        const struct recording_piece *piece = &recording->pieces[i];
        if (piece->connection != number) continue;
        int side = piece->from_client ? 0 : 1;
        buffer_append_view(&sent[side], piece->bytes);
        buffer_append_view(&pending[side], piece->bytes);
        sum->bytes += piece->bytes.size;
        while (show(p, &pending[1], true) || show(p, &pending[0], false)) {}
    }
    bool same =
        view_equal(buffer_view(&sent[0]), buffer_view(&p->to_source)) && view_equal(buffer_view(&sent[1]), buffer_view(&p->to_client));
    if (!same)
        print_error("connection %u: client sent %zu bytes, the source got %zu; the source sent %zu, the client got %zu\n", number,
                    buffer_size(&sent[0]), buffer_size(&p->to_source), buffer_size(&sent[1]), buffer_size(&p->to_client));
    sum->exact = sum->exact && same;
    add_counts(p, sum);
    for (int i = 0; i < 2; i++) {
        buffer_release(&sent[i]);
        buffer_release(&pending[i]);
    }
    play_end(p);
}

/* What begins in the middle, or has holes, cannot be played. */
static bool is_whole(const struct recording *recording, uint32_t number)
{
    for (size_t i = 0; i < recording->count; i++)
        if (recording->pieces[i].connection == number)
            return recording->pieces[i].from_client && recording->pieces[i].bytes.size > 4 &&
                   recording->pieces[i].bytes.data[4] == WIRE_CONNECT;
    return false;
}

static bool relay_file(const char *path)
{
    struct recording recording;
    struct relayed sum = {.exact = true};
    struct error error;
    unsigned left_out = 0;
    if (!recording_read(path, &recording, &error)) {
        print_error("%s: %s\n", path, error.text);
        return false;
    }
    const char *slash = strrchr(path, '/');
    for (uint32_t i = 0; i < recording.connections && !recording.payloads; i++) {
        if (recording.lost_bytes || !is_whole(&recording, i))
            left_out++;
        else
            relay_connection(&recording, i, &sum);
    }
    printf("%-48s %9llu bytes %4llu calls %3llu unread %3llu writes %3llu transactions %3llu gaps%s%s\n", slash ? slash + 1 : path,
           (unsigned long long)sum.bytes, (unsigned long long)sum.calls, (unsigned long long)sum.opaque, (unsigned long long)sum.writes,
           (unsigned long long)sum.transactions, (unsigned long long)sum.gaps, sum.exact ? "" : ", NOT EXACT",
           left_out || recording.payloads ? ", SKIPPED: not whole" : "");
    recording_release(&recording);
    return sum.exact;
}

static int is_recording(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (strcmp(dot, ".pcapng") == 0 || strcmp(dot, ".pcap") == 0 || strcmp(dot, ".txt") == 0);
}

static bool relay_path(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_recording, alphasort);
    if (count < 0) return relay_file(path);
    bool good = true;
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        good = relay_file(file) && good;
        free(entries[i]);
    }
    free(entries);
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;
    log_set_level(LOG_ERROR);
    for (int i = 1; i < argc; i++) good = relay_path(argv[i]) && good;
    return good ? 0 : 1;
}
