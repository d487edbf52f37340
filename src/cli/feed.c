/* SPDX-License-Identifier: Apache-2.0 */
/* understudy feed: key feeds on the source. Making and removing them is work of the daemon, which this waits for; if it is interrupted the work goes on. */
#include "cli/ask.h"

#include "base/json.h"
#include "base/limit.h"
#include "cli/show.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* One look at /v1/work: how many tables of this work are not over; *failed those that failed. -1: the daemon could not be asked, *status says it. */
static int look(const struct arguments *arguments, const char *kind, json_t **work, unsigned *failed, int *status)
{
    struct error error = {0};
    struct buffer answer;
    int left = 0;
    buffer_init(&answer, COMMAND_ANSWER_MAX);
    int http = command_fetch(arguments, "GET", "/v1/work", view_of(NULL, 0), &answer, &error);
    *work = http == 200 ? show_parse(buffer_view(&answer)) : NULL;
    if (!*work) *status = http ? command_exit_status(http, &answer) : command_refuse(arguments, &error);
    if (!*work && http) command_say_refusal(arguments, &answer);
    buffer_release(&answer);
    if (!*work) return -1;
    size_t i;
    const json_t *one;
    *failed = 0;
    json_array_foreach(*work, i, one)
    {
        if (strcmp(text_of(one, "work"), kind) != 0) continue;
        const char *state = text_of(one, "status");
        *failed += strcmp(state, "failed") == 0;
        left += strcmp(state, "done") != 0 && strcmp(state, "failed") != 0;
    }
    return left;
}

static void say_outcome(const struct arguments *arguments, const json_t *started, const json_t *work, const char *kind)
{
    struct buffer text;
    buffer_init(&text, 0);
    json_t *outcome = json_pack("{s:O, s:[], s:O}", "action", json_object_get(started, "action"), "tables", "without",
                                json_object_get(started, "without"));
    json_t *tables = json_object_get(outcome, "tables");
    size_t i;
    const json_t *one;
    json_array_foreach(work, i, one)
    {
        if (strcmp(text_of(one, "work"), kind) != 0 || json_integer_value(json_object_get(started, "started")) == 0) continue;
        bool done = strcmp(text_of(one, "status"), "done") == 0;
        json_t *table = json_pack("{s:s, s:b}", "table", text_of(one, "table"), "done", done);
        if (!done) json_object_set_new(table, "error", json_string(text_of(one, "error")));
        json_array_append_new(tables, table);
    }
    char *json = arguments->json ? json_dumps(outcome, JSON_COMPACT) : NULL;
    if (json)
        buffer_append_text(&text, json);
    else
        show_feed_change(outcome, &text);
    command_write(&text, stdout);
    free(json);
    json_decref(outcome);
    buffer_release(&text);
}

static int wait_for(const struct arguments *arguments, const json_t *started)
{
    char kind[32];
    unsigned failed = 0;
    int status = 0;
    snprintf(kind, sizeof kind, "feed %.20s", text_of(started, "action"));
    for (;;) {
        json_t *work = NULL;
        int left = look(arguments, kind, &work, &failed, &status);
        if (left < 0) return status;
        if (left == 0 || json_integer_value(json_object_get(started, "started")) == 0) {
            say_outcome(arguments, started, work, kind);
            json_decref(work);
            return json_integer_value(json_object_get(started, "started")) && failed ? 1 : 0;
        }
        json_decref(work);
        usleep(200000);
    }
}

static int change(const struct arguments *arguments, const char *verb)
{
    struct error error = {0};
    struct buffer body, answer, text;
    buffer_init(&body, LIMIT_HTTP_BODY_BYTES);
    buffer_init(&answer, COMMAND_ANSWER_MAX);
    buffer_init(&text, 0);
    command_body(arguments, "action", verb, &body);
    int http = command_fetch(arguments, "POST", "/v1/feed", buffer_view(&body), &answer, &error), status;
    json_t *started = http && http < 400 ? show_parse(buffer_view(&answer)) : NULL;
    if (started && json_object_get(started, "statements")) {
        show_feed_change(started, &text);
        command_write(arguments->json ? &answer : &text, stdout);
        status = 0;
    } else if (started) {
        status = wait_for(arguments, started);
    } else if (http) {
        command_say_refusal(arguments, &answer);
        status = command_exit_status(http, &answer);
    } else {
        status = command_refuse(arguments, &error);
    }
    json_decref(started);
    buffer_release(&body);
    buffer_release(&answer);
    buffer_release(&text);
    return status;
}

int command_feed(const struct arguments *a)
{
    const char *verb = a->rest_count == 1 ? a->rest[0] : "";
    if (strcmp(verb, "list") == 0) return command_feed_list(a, false);
    if (strcmp(verb, "status") == 0) return command_feed_list(a, true);
    if (strcmp(verb, "install") == 0 || strcmp(verb, "remove") == 0) return change(a, verb);
    return command_usage("feed", a->rest_count ? verb : NULL);
}
