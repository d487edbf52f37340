/* SPDX-License-Identifier: Apache-2.0 */
/* understudy journal: what stands in a journal's folder. list, show and verify change nothing and need no daemon; they may run beside one. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/json.h"
#include "engine/record.h"
#include "store/journal_inspect.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 60 };

struct looking {
    const struct arguments *arguments;
    struct config config;
    bool configured;
    uint8_t key[32];
    bool has_key;
    struct arena arena;
    struct buffer out;
    uint64_t segments, damaged, torn, records, bytes, kinds[9], expected; /* expected: the position that must come next, 0: any */
    uint64_t first, last, highest_csn, holes;
};

/* ---- segments ---- */

static void print_line(struct looking *l)
{
    buffer_u8(&l->out, '\n');
    struct view line = buffer_view(&l->out);
    fwrite(line.data, 1, line.size, stdout);
    buffer_clear(&l->out);
}

static void count_segment(struct looking *l, const struct journal_segment_report *r)
{
    if (l->segments++ == 0) l->first = r->header.first;
    l->damaged += r->state == JOURNAL_SEGMENT_DAMAGED;
    l->torn += r->state == JOURNAL_SEGMENT_TORN;
    l->records += r->records;
    l->bytes += r->used;
    l->last = r->end ? r->end - 1 : 0;
    if (r->highest_csn > l->highest_csn) l->highest_csn = r->highest_csn;
}

static void list_segment(void *context, const struct journal_segment_report *r)
{
    struct looking *l = context;
    char begun[CLOCK_TEXT_SIZE];
    count_segment(l, r);
    clock_text(r->header.created_us, begun);
    if (l->arguments->json) {
        struct json json = json_into(&l->out);
        json_object_begin(&json);
        json_field_text(&json, "segment", r->name);
        json_field_u64(&json, "first", r->header.first);
        json_field_u64(&json, "records", r->records);
        json_field_u64(&json, "bytes", r->used);
        json_field_u64(&json, "file_bytes", r->size);
        json_field_u64(&json, "boot", r->header.boot);
        json_field_u64(&json, "highest_csn", r->highest_csn);
        json_field_u64(&json, "begun_us", r->header.created_us);
        json_field_boolean(&json, "encrypted", r->header.encrypted);
        json_field_text(&json, "state", journal_segment_state_name(r->state));
        json_field_text(&json, "problem", r->problem);
        json_object_end(&json);
    } else {
        buffer_printf(&l->out, "%s  %10" PRIu64 " records  %12" PRIu64 " bytes  csn to %-10" PRIu64 " boot %-6" PRIu64 " %s  %s%s%s%s",
                      r->name, r->records, r->used, r->highest_csn, r->header.boot, begun, journal_segment_state_name(r->state),
                      r->header.encrypted ? ", encrypted" : "", r->problem[0] ? ": " : "", r->problem);
    }
    print_line(l);
}

/* ---- records ---- */

static void print_binds(struct looking *l, const struct record *record)
{
    uint32_t rows = record->row_count > 3 ? 3 : record->row_count;
    for (uint32_t row = 0; row < rows && record->bind_count; row++) {
        buffer_append_text(&l->out, row ? "; " : "  [");
        for (uint32_t b = 0; b < record->bind_count; b++) {
            if (b) buffer_append_text(&l->out, ", ");
            value_print(&l->out, &record->binds[(size_t)row * record->bind_count + b], VALUE_TEXT_MAX);
        }
    }
    if (rows && record->bind_count) buffer_printf(&l->out, "%s]", record->row_count > rows ? "; .." : "");
}

static void print_statement(struct looking *l, const struct record *record, const struct record_result *result)
{
    buffer_append_text(&l->out, "  ");
    buffer_append_view(&l->out, record->text);
    print_binds(l, record);
    if (result) buffer_printf(&l->out, "  -> %" PRIu64 " rows", result->affected);
    if (record->flags & RECORD_INCOMPLETE) buffer_append_text(&l->out, "  (incomplete)");
}

static void print_payload(struct looking *l, const struct journal_record *r)
{
    struct record record;
    struct record_result result;
    struct record_intent intent;
    struct journal_gap gap;
    enum journal_outcome outcome;
    struct error error = {0};
    bool has_result = false, good = true;
    static const char *const outcomes[] = {"?", "committed", "rolled back", "not known", "not committed"};
    switch (r->kind) {
    case JOURNAL_DML:
        good = record_decode(r->payload, &l->arena, &record, &result, &has_result, &error);
        if (good) print_statement(l, &record, has_result ? &result : NULL);
        break;
    case JOURNAL_INTENT:
        good = record_decode_intent(r->payload, &l->arena, &intent, &error);
        if (good && intent.target_primary) buffer_append_text(&l->out, "  on the target");
        if (good && intent.has_record) print_statement(l, &intent.record, NULL);
        break;
    case JOURNAL_OUTCOME:
        good = record_decode_outcome(r->payload, &l->arena, &outcome, &result, &has_result, &error);
        if (good) buffer_printf(&l->out, "  %s", outcomes[outcome]);
        if (good && has_result) buffer_printf(&l->out, "  -> %" PRIu64 " rows", result.affected);
        break;
    case JOURNAL_GAP:
        good = journal_gap_decode(r->payload, &gap);
        if (good)
            buffer_printf(&l->out, "  table " VIEW_FORMAT ", csn %" PRIu64 " to %" PRIu64 ": " VIEW_FORMAT, VIEW_ARGUMENTS(gap.table),
                          gap.from_csn, gap.to_csn, VIEW_ARGUMENTS(gap.reason));
        break;
    case JOURNAL_TRIM:
        if (r->payload.size >= 4)
            buffer_printf(&l->out, "  from statement %u",
                          (unsigned)(r->payload.data[0] | r->payload.data[1] << 8 | r->payload.data[2] << 16));
        break;
    default: break;
    }
    if (!good) buffer_printf(&l->out, "  cannot be read: %s", error.text);
}

static bool show_record(void *context, const struct journal_record *r)
{
    struct looking *l = context;
    char at[CLOCK_TEXT_SIZE];
    if (l->arguments->to > 0 && r->position > (uint64_t)l->arguments->to) return false;
    if (r->position < (uint64_t)(l->arguments->from > 0 ? l->arguments->from : 0)) return true;
    clock_text(r->time_us, at);
    arena_reset(&l->arena);
    struct buffer line = l->out;
    buffer_init(&l->out, 0);
    print_payload(l, r);
    struct buffer text = l->out;
    l->out = line;
    if (l->arguments->json) {
        struct json json = json_into(&l->out);
        struct view content = buffer_view(&text);
        while (content.size && content.data[0] == ' ') content = view_of(content.data + 1, content.size - 1);
        json_object_begin(&json);
        json_field_u64(&json, "position", r->position);
        json_field_u64(&json, "time_us", r->time_us);
        json_field_text(&json, "kind", journal_kind_name(r->kind));
        json_field_u64(&json, "transaction", r->transaction);
        json_field_u64(&json, "csn", r->csn);
        json_field_u64(&json, "bytes", r->payload.size);
        json_field_view(&json, "content", content);
        json_object_end(&json);
    } else {
        buffer_printf(&l->out, "%10" PRIu64 "  %s  %-7s  %" PRIu64 "/%-8" PRIu64 " csn %-8" PRIu64, r->position, at,
                      journal_kind_name(r->kind), r->transaction >> JOURNAL_BOOT_SHIFT,
                      r->transaction & (((uint64_t)1 << JOURNAL_BOOT_SHIFT) - 1), r->csn);
        buffer_append_view(&l->out, buffer_view(&text));
    }
    buffer_release(&text);
    print_line(l);
    return true;
}

static void skip_segment(void *context, const struct journal_segment_report *r)
{
    struct looking *l = context;
    count_segment(l, r);
    if (r->state == JOURNAL_SEGMENT_DAMAGED) fprintf(stderr, "understudy: journal segment %s is damaged: %s\n", r->name, r->problem);
}

static void verify_segment(void *context, const struct journal_segment_report *r)
{
    struct looking *l = context;
    if (r->header.jump) l->expected = 0;
    skip_segment(context, r);
}

static bool verify_record(void *context, const struct journal_record *r)
{
    struct looking *l = context;
    if (l->expected && r->position != l->expected) l->holes++;
    l->expected = r->position + 1;
    l->kinds[(size_t)r->kind < sizeof l->kinds / sizeof *l->kinds ? r->kind : 0]++;
    return true;
}

/* ---- commands ---- */

static bool prepare(struct looking *l, struct journal_files *files, struct error *error)
{
    const struct arguments *a = l->arguments;
    const char *folder = a->folder ? a->folder : a->rest_count > 1 ? a->rest[1] : NULL;
    struct error config_error = {0};
    l->configured = config_read(a->config_file, &l->config, &config_error);
    if (!folder && !l->configured) {
        *error = config_error;
        return error_prefix(error, "name the journal's folder, or a configuration");
    }
    if (a->key_file) snprintf(l->config.journal_key_file, sizeof l->config.journal_key_file, "%s", a->key_file);
    if ((a->key_file || l->configured) && !config_journal_key(&l->config, l->key, &l->has_key, error)) return false;
    return journal_files_posix_look(folder ? folder : l->config.engine.journal_folder, files, error);
}

static int finish_list(struct looking *l)
{
    if (!l->arguments->json && l->segments == 0) puts("there are no segments");
    return l->damaged ? error_exit_status(ERROR_CORRUPT) : 0;
}

static int finish_verify(struct looking *l)
{
    printf("%" PRIu64 " segments, %" PRIu64 " records, %" PRIu64 " bytes: every checksum was computed\n", l->segments, l->records,
           l->bytes);
    printf("positions %" PRIu64 " to %" PRIu64 ", csn up to %" PRIu64 "\n", l->first, l->last, l->highest_csn);
    for (size_t k = 1; k < sizeof l->kinds / sizeof *l->kinds; k++)
        if (l->kinds[k]) printf("%-8s %" PRIu64 "\n", journal_kind_name((enum journal_kind)k), l->kinds[k]);
    if (l->torn) puts("the last write is torn: it was never acknowledged, the next start cuts it");
    if (l->holes) printf("%" PRIu64 " holes in the positions\n", l->holes);
    puts(l->damaged || l->holes ? "DAMAGED" : "good");
    return l->damaged || l->holes ? error_exit_status(ERROR_CORRUPT) : 0;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: understudy journal list   [FOLDER] [--json]                       the segments\n"
            "       understudy journal show   [FOLDER] [--from N] [--to N] [--json]   the records, by position\n"
            "       understudy journal verify [FOLDER]                                every checksum\n"
            "       understudy journal replay [--dry-run]                             brings the target up to the journal's end; "
            "the daemon must be stopped\n"
            "       understudy journal repair [--dry-run]                             sets aside what is damaged and writes a gap over "
            "all tables; the daemon must be stopped\n"
            "FOLDER is the configured one unless given; --key-file FILE for one that is encrypted\n");
    return 2;
}

int command_journal(const struct arguments *arguments)
{
    static const struct {
        const char *name;
        void (*segment)(void *, const struct journal_segment_report *);
        bool (*record)(void *, const struct journal_record *);
        int (*finish)(struct looking *);
    } verbs[] = {{"list", list_segment, NULL, finish_list},
                 {"show", skip_segment, show_record, finish_list},
                 {"verify", verify_segment, verify_record, finish_verify}};
    struct error error = {0};
    bool replay = arguments->rest_count >= 1 && strcmp(arguments->rest[0], "replay") == 0;
    if (replay || (arguments->rest_count >= 1 && strcmp(arguments->rest[0], "repair") == 0)) {
        struct config config;
        if (!config_read(arguments->config_file, &config, &error)) return command_fail(&error);
        return replay ? journal_replay(&config, arguments->dry_run, arguments->json) : journal_repair(&config, arguments->dry_run);
    }
    for (size_t v = 0; arguments->rest_count >= 1 && v < sizeof verbs / sizeof *verbs; v++) {
        if (strcmp(arguments->rest[0], verbs[v].name) != 0) continue;
        struct looking l = {.arguments = arguments};
        struct journal_files files;
        if (!prepare(&l, &files, &error)) return command_fail(&error);
        arena_init(&l.arena, 0);
        buffer_init(&l.out, 0);
        struct journal_inspection wanted = {
            .context = &l, .segment = verbs[v].segment, .record = verbs[v].record, .key = l.has_key ? l.key : NULL};
        bool good = journal_inspect(&files, &wanted, &error);
        int status = good ? verbs[v].finish(&l) : command_fail(&error);
        files.release(files.context);
        buffer_release(&l.out);
        arena_release(&l.arena);
        return status;
    }
    return usage();
}
