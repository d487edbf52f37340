/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that ask the running daemon over its admin API. Text for people; --json: the daemon's answer as it came. */
#include "cli/ask.h"

#include "base/json.h"
#include "base/limit.h"
#include "cli/show.h"
#include "io/http.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WATCH_SECONDS = 2 };

/* The token of this file; false: it cannot be read, errno says why. */
static bool read_token(const char *path, char *token, int size)
{
    FILE *file = fopen(path, "r");
    if (!file) return false;
    if (!fgets(token, size, file)) token[0] = 0;
    fclose(file);
    token[strcspn(token, "\r\n")] = 0;
    return true;
}

/* What only reads may go with the reader's token, for who cannot read the other. */
static bool find_token(const struct config *config, bool reads, char *token, int size, struct error *error)
{
    if (read_token(config->admin_token_file, token, size)) return true;
    int number = errno;
    if (reads && config->admin_read_token_file[0] && read_token(config->admin_read_token_file, token, size)) return true;
    return error_set(error, ERROR_AUTHENTICATION,
                     "the token in %s cannot be read: %s; run this as the daemon's user, or as one who may read that file",
                     config->admin_token_file, strerror(number));
}

int command_fetch(const struct arguments *arguments, const char *method, const char *path, struct view body, struct buffer *answer,
                  struct error *error)
{
    struct config config;
    char url[4096], token[256] = "";
    if (!config_load(arguments->config_file, &config, error) ||
        !find_token(&config, strcmp(method, "GET") == 0, token, sizeof token, error))
        return 0;
    if (config.admin_port == 0) {
        error_set(error, ERROR_CONFIG, "[admin] port is 0 in %s: the daemon took a free one that nobody else knows; give it a number",
                  arguments->config_file);
        return 0;
    }
    const char *address = config.admin_address;
    if (strcmp(address, "0.0.0.0") == 0) address = "127.0.0.1";
    if (strcmp(address, "::") == 0) address = "::1";
    snprintf(url, sizeof url, strchr(address, ':') ? "http://[%s]:%u%s" : "http://%s:%u%s", address, config.admin_port, path);
    int status = http_call(method, url, token, body, NULL, 120000, answer, error);
    if (status == 0 && error->code == ERROR_NETWORK)
        error_set(
            error, ERROR_NETWORK,
            "the daemon does not answer at %s:%u ([admin] of %s): is it running? `understudy run` starts it; its log says why it ended",
            address, config.admin_port, arguments->config_file);
    return status;
}

/* By the refusal's code, whoever found it; a gate that is closed names what is missing instead. */
int command_exit_status(int status, const struct buffer *answer)
{
    if (status < 400) return 0;
    enum error_code code = status == 401 ? ERROR_AUTHENTICATION : status == 404 ? ERROR_NOT_FOUND : ERROR_USAGE;
    struct json_t *json = show_parse(buffer_view(answer));
    show_refusal_code(json, &code);
    show_release(json);
    return error_exit_status(code);
}

int command_refuse(const struct arguments *arguments, const struct error *error)
{
    if (!arguments->json) return command_fail(error);
    struct buffer text;
    buffer_init(&text, 0);
    struct json json = json_into(&text);
    json_object_begin(&json);
    json_key(&json, "error");
    json_object_begin(&json);
    json_field_text(&json, "code", error_name(error->code));
    json_field_text(&json, "text", error->text);
    json_object_end(&json);
    json_object_end(&json);
    fprintf(stderr, VIEW_FORMAT "\n", VIEW_ARGUMENTS(buffer_view(&text)));
    buffer_release(&text);
    return error_exit_status(error->code);
}

void command_write(const struct buffer *text, FILE *file)
{
    struct view view = buffer_view(text);
    fwrite(view.data, 1, view.size, file);
    if (view.size == 0 || view.data[view.size - 1] != '\n') fputc('\n', file);
    fflush(file);
}

/* How an answer is said: a list's columns, or a function of its own, or a template. */
struct page {
    const struct show_list *list;
    bool records; /* the list's elements as paragraphs */
    void (*show)(const struct json_t *answer, struct buffer *out);
    const char *template, *tried; /* tried: what a dry run says */
};

void command_say_refusal(const struct arguments *arguments, const struct buffer *answer)
{
    struct json_t *json = arguments->json ? NULL : show_parse(buffer_view(answer));
    struct buffer text;
    buffer_init(&text, 0);
    command_write(json && show_refusal(json, &text) ? &text : answer, stderr);
    buffer_release(&text);
    show_release(json);
}

/* 0: what is written goes to a program, or into a file. */
static uint32_t terminal_width(void)
{
    struct winsize size = {0};
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void say_answer(const struct arguments *arguments, const struct buffer *answer, const struct page *page)
{
    struct json_t *json = arguments->json || !page ? NULL : show_parse(buffer_view(answer));
    if (!json) {
        command_write(answer, stdout);
        return;
    }
    struct buffer text;
    buffer_init(&text, 0);
    show_width(terminal_width());
    if (page->list)
        (page->records ? show_records : show_rows)(json, page->list, &text);
    else if (page->show)
        page->show(json, &text);
    else
        show_template(json, show_is_true(json, "dry_run") && page->tried ? page->tried : page->template, &text);
    command_write(&text, stdout);
    buffer_release(&text);
    show_release(json);
}

static int ask(const struct arguments *arguments, const char *method, const char *path, struct view body, const struct page *page)
{
    struct error error = {0};
    struct buffer answer;
    buffer_init(&answer, COMMAND_ANSWER_MAX);
    int status = command_fetch(arguments, method, path, body, &answer, &error);
    if (status >= 400)
        command_say_refusal(arguments, &answer);
    else if (status != 0)
        say_answer(arguments, &answer, page);
    int ended = status == 0 ? command_refuse(arguments, &error) : command_exit_status(status, &answer);
    buffer_release(&answer);
    return ended;
}

static int get(const struct arguments *arguments, const char *path, const struct page *page)
{
    return ask(arguments, "GET", path, view_of(NULL, 0), page);
}

/* Whoever watches wants to see the daemon come back: once it has answered, only a refusal ends it. */
static int get_watched(const struct arguments *arguments, const char *path, const struct page *page)
{
    if (!arguments->watch) return get(arguments, path, page);
    for (bool answered = false;;) {
        if (!arguments->json && isatty(STDOUT_FILENO)) fputs("\033[H\033[J", stdout);
        int status = get(arguments, path, page);
        bool away = status == error_exit_status(ERROR_NETWORK);
        if (status != 0 && !(away && answered)) return status;
        answered |= status == 0;
        sleep(WATCH_SECONDS);
    }
}

static const char *author_of(const struct arguments *arguments)
{
    const char *user = getenv("USER");
    return arguments->author ? arguments->author : user && *user ? user : "operator";
}

/*
 * A changing call: what the options say, under the names of the API, and the command's own word ("to": "canary"). Each call takes what it knows of.
 */
void command_body(const struct arguments *arguments, const char *name, const char *word, struct buffer *body)
{
    struct json json = json_into(body);
    json_object_begin(&json);
    if (name) json_field_text(&json, name, word);
    json_field_text(&json, "author", author_of(arguments));
    json_field_text(&json, "reason", arguments->reason ? arguments->reason : "");
    json_field_boolean(&json, "dry_run", arguments->dry_run);
    json_field_boolean(&json, "override", arguments->override);
    json_field_boolean(&json, "restart", arguments->restart);
    json_field_boolean(&json, "all", arguments->all);
    json_field_boolean(&json, "print", arguments->print);
    json_field_i64(&json, "percent", arguments->percent);
    if (arguments->rows_per_second) json_field_i64(&json, "rows_per_second", arguments->rows_per_second);
    if (arguments->table) json_field_text(&json, "table", arguments->table);
    if (arguments->tables) json_field_text(&json, "tables", arguments->tables);
    if (arguments->binds) json_field_text(&json, "bind_order", arguments->binds);
    if (arguments->form) json_field_text(&json, "form", arguments->form);
    if (arguments->source) json_field_text(&json, "source", arguments->source);
    if (arguments->target) json_field_text(&json, "target", arguments->target);
    json_object_end(&json);
}

static int post(const struct arguments *arguments, const char *path, const char *name, const char *word, const struct page *page)
{
    struct buffer body;
    buffer_init(&body, LIMIT_HTTP_BODY_BYTES);
    command_body(arguments, name, word, &body);
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
    return get(a, "/v1/divergences?status=open", &(struct page){.list = &show_divergences, .records = true});
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
    if (a->all) return get(a, "/v1/gaps", &(struct page){.list = &show_gaps});
    return get(a, "/v1/gaps?status=open", &(struct page){.show = show_open_gaps});
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
    enum engine_phase phase;
    if (a->rest_count == 1 && engine_phase_parse(a->rest[0], &phase)) return change_phase(a, a->rest[0]);
    return command_usage("phase", a->rest_count ? a->rest[0] : NULL);
}

int command_users(const struct arguments *a)
{
    if (a->rest_count == 1 && strcmp(a->rest[0], "import") == 0)
        return post(a, "/v1/users/import", NULL, NULL,
                    &(struct page){.template = "{imported:count} users imported\n", .tried = "{imported:text} users could be imported\n"});
    return command_usage("users", a->rest_count ? a->rest[0] : NULL);
}

int command_report(const struct arguments *a)
{
    char path[100];
    const char *format = a->json ? "json" : a->format ? a->format : "text";
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0 && strcmp(format, "html") != 0) {
        fprintf(stderr, "understudy: --format is text, json or html, not %s\n", format);
        return 2;
    }
    snprintf(path, sizeof path, "/v1/report?format=%s", format);
    return get(a, path, NULL);
}

int command_waive(const struct arguments *a)
{
    if (a->rest_count != 1 || !a->reason) return command_usage("waive", NULL);
    bool refused = strncmp(a->rest[0], "refused:", 8) == 0;
    return post(a, "/v1/waivers", refused ? "refused" : "fingerprint", a->rest[0] + (refused ? 8 : 0),
                &(struct page){.template = "waived; it stands in the audit log\n", .tried = "would be waived: {waived:text}\n"});
}

static void put_parameter(struct buffer *path, const char *name, const char *value)
{
    buffer_append_text(path, name);
    for (; *value; value++) buffer_printf(path, isalnum((unsigned char)*value) ? "%c" : "%%%02X", (unsigned char)*value);
}

int command_override(const struct arguments *a)
{
    if (a->rest_count >= 1 && strcmp(a->rest[0], "list") == 0) return get(a, "/v1/overrides", &(struct page){.list = &show_overrides});
    if (a->rest_count == 2 && strcmp(a->rest[0], "remove") == 0) {
        struct buffer path;
        buffer_init(&path, LIMIT_HTTP_BODY_BYTES);
        buffer_append_text(&path, "/v1/overrides");
        put_parameter(&path, "?fingerprint=", a->rest[1]);
        put_parameter(&path, "&author=", author_of(a));
        if (a->reason) put_parameter(&path, "&reason=", a->reason);
        if (a->dry_run) put_parameter(&path, "&dry_run=", "1");
        buffer_u8(&path, 0);
        int status = ask(a, "DELETE", (const char *)buffer_view(&path).data, view_of(NULL, 0),
                         &(struct page){.template = "removed\n", .tried = "would be removed: {removed:text}\n"});
        buffer_release(&path);
        return status;
    }
    if (a->rest_count == 1 && strcmp(a->rest[0], "add") == 0 && a->source && a->target)
        return post(a, "/v1/overrides", NULL, NULL, &(struct page){.show = show_override});
    return command_usage("override", NULL);
}

int command_feed_list(const struct arguments *a, bool fed)
{
    if (fed) return get_watched(a, "/v1/feed?only=fed", &(struct page){.show = show_feeds});
    return get(a, "/v1/feed", &(struct page){.show = show_feeds});
}
