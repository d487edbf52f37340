/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for long work of the daemon and says how far it is. */
#include "cli/ask.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct progress {
    double rows, total, per_second, eta;
    unsigned tables, done, failed, differing;
};

static struct progress progress_of(const json_t *work, const char *kind)
{
    struct progress p = {0};
    size_t i;
    const json_t *table;
    json_array_foreach(work, i, table)
    {
        const char *name = json_string_value(json_object_get(table, "work")), *status = json_string_value(json_object_get(table, "status"));
        if (!name || !status || strcmp(name, kind) != 0) continue;
        double eta = json_number_value(json_object_get(table, "eta_s"));
        bool running = strcmp(status, "done") != 0 && strcmp(status, "failed") != 0;
        p.tables++;
        p.done += strcmp(status, "done") == 0;
        p.failed += strcmp(status, "failed") == 0;
        p.rows += json_number_value(json_object_get(table, "rows"));
        p.total += json_number_value(json_object_get(table, "total"));
        p.differing += (unsigned)json_integer_value(json_object_get(table, "differing"));
        if (running) p.per_second += json_number_value(json_object_get(table, "rows_per_s"));
        if (running && eta > p.eta) p.eta = eta;
    }
    return p;
}

static void say_progress(const char *kind, const struct progress *p)
{
    bool terminal = isatty(STDERR_FILENO);
    fprintf(stderr, "%s%s: %.0f of about %.0f rows, %u of %u tables, %.0f rows/s, ETA %.0f s%s", terminal ? "\r\033[K" : "", kind, p->rows,
            p->total, p->done, p->tables, p->per_second, p->eta, terminal ? "" : "\n");
    fflush(stderr);
}

int command_wait_for_work(const struct arguments *arguments, const char *kind)
{
    for (;;) {
        struct error error = {0};
        struct buffer answer;
        buffer_init(&answer, COMMAND_ANSWER_MAX);
        int status = command_fetch(arguments, "GET", "/v1/work", view_of(NULL, 0), &answer, &error);
        struct view body = buffer_view(&answer);
        json_t *work = status == 200 ? json_loadb((const char *)body.data, body.size, 0, NULL) : NULL;
        buffer_release(&answer);
        if (!work) return status == 0 ? command_fail(&error) : 2;
        struct progress p = progress_of(work, kind);
        json_decref(work);
        say_progress(kind, &p);
        if (p.tables > 0 && p.done + p.failed == p.tables) {
            if (isatty(STDERR_FILENO)) fputc('\n', stderr);
            printf("%s: %.0f rows of %u tables; %u rows differed, %u tables failed\n", kind, p.rows, p.tables, p.differing, p.failed);
            return p.failed ? 1 : 0;
        }
        sleep(1);
    }
}
