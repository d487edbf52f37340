/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that ask the running daemon over its admin API. Text for people; --json: the daemon's answer as it came. */
#include "cli/ask.h"

#include "base/json.h"
#include "base/limit.h"
#include "cli/show.h"
#include "io/http.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WATCH_SECONDS = 2 };

int command_fetch(const struct arguments *arguments, const char *method, const char *path, struct view body, struct buffer *answer,
                  struct error *error)
{
    struct config config;
    if (!config_read(arguments->config_file, &config, error)) return 0;
    char url[1024], token[256] = "";
    FILE *file = fopen(config.admin_token_file, "r");
    if (file) {
        if (!fgets(token, sizeof token, file)) token[0] = 0;
        fclose(file);
        token[strcspn(token, "\r\n")] = 0;
    }
    const char *address = config.admin_address;
    if (strcmp(address, "0.0.0.0") == 0) address = "127.0.0.1";
    if (strcmp(address, "::") == 0) address = "::1";
    snprintf(url, sizeof url, strchr(address, ':') ? "http://[%s]:%u%s" : "http://%s:%u%s", address, config.admin_port, path);
    int status = http_call(method, url, token, body, NULL, 120000, answer, error);
    if (status == 0) error_prefix(error, "is the daemon running? (%s)", url);
    return status;
}

static int exit_status(int status)
{
    return status < 400 ? 0 : status == 409 ? 3 : 2;
}

static void write_out(const struct buffer *text, FILE *file)
{
    struct view view = buffer_view(text);
    fwrite(view.data, 1, view.size, file);
    if (view.size == 0 || view.data[view.size - 1] != '\n') fputc('\n', file);
    fflush(file);
}

/* How an answer is said: a list's columns, or a function of its own, or a template. */
struct page {
    const struct show_list *list;
    void (*show)(const struct json_t *answer, struct buffer *out);
    const char *template, *tried; /* tried: what a dry run says */
};

static void say_answer(const struct arguments *arguments, int status, const struct buffer *answer, const struct page *page)
{
    struct json_t *json = arguments->json || !page ? NULL : show_parse(buffer_view(answer));
    struct buffer text;
    buffer_init(&text, 0);
    if (!json)
        write_out(answer, status < 400 ? stdout : stderr);
    else if (status >= 400 && show_refusal(json, &text))
        write_out(&text, stderr);
    else {
        if (page->list)
            show_rows(json, page->list, &text);
        else if (page->show)
            page->show(json, &text);
        else
            show_template(json, show_is_true(json, "dry_run") && page->tried ? page->tried : page->template, &text);
        write_out(&text, status < 400 ? stdout : stderr);
    }
    buffer_release(&text);
    show_release(json);
}

static int ask(const struct arguments *arguments, const char *method, const char *path, struct view body, const struct page *page)
{
    struct error error = {0};
    struct buffer answer;
    buffer_init(&answer, COMMAND_ANSWER_MAX);
    int status = command_fetch(arguments, method, path, body, &answer, &error);
    if (status != 0) say_answer(arguments, status, &answer, page);
    buffer_release(&answer);
    return status == 0 ? command_fail(&error) : exit_status(status);
}

static int get(const struct arguments *arguments, const char *path, const struct page *page)
{
    return ask(arguments, "GET", path, view_of(NULL, 0), page);
}

static int get_watched(const struct arguments *arguments, const char *path, const struct page *page)
{
    if (!arguments->watch) return get(arguments, path, page);
    for (;;) {
        if (!arguments->json && isatty(STDOUT_FILENO)) fputs("\033[H\033[J", stdout);
        int status = get(arguments, path, page);
        if (status != 0) return status;
        sleep(WATCH_SECONDS);
    }
}

/*
 * A changing call: what the options say, under the names of the API, and the command's own word ("to": "canary"). Each call takes what it knows of.
 */
static int post(const struct arguments *arguments, const char *path, const char *name, const char *word, const struct page *page)
{
    const char *user = getenv("USER");
    struct buffer body;
    buffer_init(&body, LIMIT_HTTP_BODY_BYTES);
    struct json json = json_into(&body);
    json_object_begin(&json);
    if (name) json_field_text(&json, name, word);
    json_field_text(&json, "author", arguments->author ? arguments->author : user ? user : "operator");
    json_field_text(&json, "reason", arguments->reason ? arguments->reason : "");
    json_field_boolean(&json, "dry_run", arguments->dry_run);
    json_field_boolean(&json, "override", arguments->override);
    json_field_boolean(&json, "restart", arguments->restart);
    json_field_boolean(&json, "all", arguments->all);
    json_field_boolean(&json, "print", arguments->print);
    json_field_i64(&json, "percent", arguments->percent);
    if (arguments->rows_per_second) json_field_i64(&json, "rows_per_second", arguments->rows_per_second);
    if (arguments->table) json_field_text(&json, "table", arguments->table);
    if (arguments->form) json_field_text(&json, "form", arguments->form);
    if (arguments->source) json_field_text(&json, "source", arguments->source);
    if (arguments->target) json_field_text(&json, "target", arguments->target);
    json_object_end(&json);
    int status = ask(arguments, "POST", path, buffer_view(&body), page);
    buffer_release(&body);
    return status;
}

static int start_work(const struct arguments *arguments, const char *kind)
{
    char path[32];
    snprintf(path, sizeof path, "/v1/%s", kind);
    int status = post(arguments, path, NULL, NULL,
                      &(struct page){.template = "{started:text} started; `understudy work` shows how far it is\n",
                                     .tried = "{started:text} could start\n"});
    return status == 0 && arguments->wait && !arguments->dry_run ? command_wait_for_work(arguments, kind) : status;
}

/* ---- the commands ------------------------------------------------------------------------------------------------------------------------- */

int command_status(const struct arguments *a)
{
    return get_watched(a, "/v1/status", &(struct page){.show = show_status});
}
int command_work(const struct arguments *a)
{
    return get_watched(a, "/v1/work", &(struct page){.list = &show_work});
}
int command_divergences(const struct arguments *a)
{
    return get(a, "/v1/divergences?status=open", &(struct page){.list = &show_divergences});
}
int command_statements(const struct arguments *a)
{
    return get(a, "/v1/statements", &(struct page){.list = &show_statements});
}
int command_sessions(const struct arguments *a)
{
    return get_watched(a, "/v1/sessions", &(struct page){.list = &show_sessions});
}
int command_gaps(const struct arguments *a)
{
    return get(a, "/v1/gaps", &(struct page){.list = &show_gaps});
}
int command_audit(const struct arguments *a)
{
    return get(a, "/v1/audit", &(struct page){.list = &show_audit});
}
int command_backfill(const struct arguments *a)
{
    return start_work(a, "backfill");
}
int command_verify(const struct arguments *a)
{
    return start_work(a, "verify");
}
int command_repair(const struct arguments *a)
{
    return post(
        a, "/v1/repair", NULL, NULL,
        &(struct page){.template =
                           "{queued:count} keys queued for repair; {refused:text}; `understudy divergences` shows what is still open\n",
                       .tried = "{queued:text} divergences would be repaired\n"});
}

static int change_phase(const struct arguments *a, const char *to)
{
    return post(a, "/v1/phase", "to", to,
                &(struct page){.template = "phase {phase:text}\n", .tried = "{phase:text}: its gate is open; nothing was changed\n"});
}
int command_cutover(const struct arguments *a)
{
    return change_phase(a, "cutover");
}
int command_rollback(const struct arguments *a)
{
    return change_phase(a, "shadow");
}
int command_phase(const struct arguments *a)
{
    if (a->rest_count == 1) return change_phase(a, a->rest[0]);
    fprintf(stderr, "usage: understudy phase observe|dual-write|shadow|canary|cutover|complete [--percent N] [--author A --reason R] "
                    "[--dry-run]\n");
    return 2;
}

int command_users(const struct arguments *a)
{
    if (a->rest_count == 1 && strcmp(a->rest[0], "import") == 0)
        return post(a, "/v1/users/import", NULL, NULL,
                    &(struct page){.template = "{imported:count} users imported\n", .tried = "{imported:text} users could be imported\n"});
    fprintf(stderr, "usage: understudy users import\n");
    return 2;
}

int command_report(const struct arguments *a)
{
    char path[100];
    snprintf(path, sizeof path, "/v1/report?format=%.20s", a->json ? "json" : a->format ? a->format : "text");
    return get(a, path, NULL);
}

int command_waive(const struct arguments *a)
{
    if (a->rest_count != 1 || !a->reason) {
        fprintf(stderr, "usage: understudy waive FINGERPRINT|refused:NUMBER --reason TEXT [--author NAME]\n");
        return 2;
    }
    bool refused = strncmp(a->rest[0], "refused:", 8) == 0;
    return post(a, "/v1/waivers", refused ? "refused" : "fingerprint", a->rest[0] + (refused ? 8 : 0),
                &(struct page){.template = "waived; it stands in the audit log\n", .tried = "would be waived: {waived:text}\n"});
}

int command_override(const struct arguments *a)
{
    if (a->rest_count >= 1 && strcmp(a->rest[0], "list") == 0) return get(a, "/v1/overrides", &(struct page){.list = &show_overrides});
    if (a->rest_count == 2 && strcmp(a->rest[0], "remove") == 0) {
        char path[100];
        snprintf(path, sizeof path, "/v1/overrides?fingerprint=%.32s%s", a->rest[1], a->dry_run ? "&dry_run=1" : "");
        return ask(a, "DELETE", path, view_of(NULL, 0),
                   &(struct page){.template = "removed\n", .tried = "would be removed: {removed:text}\n"});
    }
    if (a->rest_count == 1 && strcmp(a->rest[0], "add") == 0 && a->source && a->target)
        return post(a, "/v1/overrides", NULL, NULL,
                    &(struct page){.template = "override {fingerprint:text} holds from now on\n",
                                   .tried = "override {fingerprint:text}: the target can prepare it; nothing was changed\n"});
    fprintf(stderr, "usage: understudy override list | add --source SQL --target SQL | remove FINGERPRINT\n");
    return 2;
}

int command_feed(const struct arguments *a)
{
    const char *verb = a->rest_count == 1 ? a->rest[0] : "";
    if (strcmp(verb, "list") == 0) return get(a, "/v1/feed", &(struct page){.show = show_feeds});
    if (strcmp(verb, "status") == 0) return get_watched(a, "/v1/feed?only=fed", &(struct page){.show = show_feeds});
    if (strcmp(verb, "install") == 0 || strcmp(verb, "remove") == 0)
        return post(a, "/v1/feed", "action", verb, &(struct page){.show = show_feed_change});
    fprintf(stderr, "usage: understudy feed list|status [--watch]\n"
                    "       understudy feed install [--table T|--all] [--form trigger|mvlog] [--print]\n"
                    "       understudy feed remove  [--table T] [--form trigger|mvlog] [--print] [--override]\n"
                    "list: every table, and why it would need a feed; status: those that have one. --print: the SQL, which is not run.\n");
    return 2;
}
