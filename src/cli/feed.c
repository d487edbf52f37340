/* SPDX-License-Identifier: Apache-2.0 */
/* understudy feed: key feeds on the source, asked of the daemon. */
#include "cli/ask.h"

#include "base/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    fprintf(stderr, "usage: understudy feed list|status [--json]\n"
                    "       understudy feed install [--table T|--all] [--form trigger|mvlog] [--print] [--json]\n"
                    "       understudy feed remove  [--table T] [--form trigger|mvlog] [--print] [--override] [--json]\n"
                    "list: every table, and why it would need a feed; status: those that have one. --print: the SQL, which is not run.\n");
    return 2;
}

static int change(const struct arguments *a, const char *action)
{
    struct buffer body;
    char path[40];
    buffer_init(&body, 65536);
    struct json json = json_into(&body);
    json_object_begin(&json);
    json_field_text(&json, "action", action);
    if (a->table) json_field_text(&json, "table", a->table);
    if (a->form) json_field_text(&json, "form", a->form);
    json_field_boolean(&json, "all", a->all);
    json_field_boolean(&json, "print", a->print || a->dry_run);
    json_field_boolean(&json, "override", a->override);
    json_field_text(&json, "author", a->author ? a->author : getenv("USER") ? getenv("USER") : "operator");
    json_field_text(&json, "reason", a->reason ? a->reason : "");
    json_object_end(&json);
    snprintf(path, sizeof path, "/v1/feed?format=%s", a->json ? "json" : "text");
    int status = command_ask(a, "POST", path, buffer_view(&body));
    buffer_release(&body);
    return status;
}

int command_feed(const struct arguments *a)
{
    const char *verb = a->rest_count == 1 ? a->rest[0] : "";
    bool status = strcmp(verb, "status") == 0;
    char path[60];
    if (strcmp(verb, "install") == 0 || strcmp(verb, "remove") == 0) return change(a, verb);
    if (!status && strcmp(verb, "list") != 0) return usage();
    snprintf(path, sizeof path, "/v1/feed?format=%s%s", a->json ? "json" : "text", status ? "&only=fed" : "");
    return command_ask(a, "GET", path, view_of(NULL, 0));
}
