/* SPDX-License-Identifier: Apache-2.0 */
/* Failures grouped by kind and reason. */
#include "tests/translator/suite.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 6, EXAMPLE_MAX = 1300, KEY_MAX = 200 };
struct group {
    char key[KEY_MAX];
    unsigned count;
    char *source[EXAMPLES], *target[EXAMPLES];
};
struct groups {
    struct group *rows;
    size_t count, room;
};

struct groups *groups_new(void)
{
    return calloc(1, sizeof(struct groups));
}

void groups_free(struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        for (int k = 0; k < EXAMPLES; k++) {
            free(groups->rows[i].source[k]);
            free(groups->rows[i].target[k]);
        }
    free(groups->rows);
    free(groups);
}

/* Names in quotes and numbers tell examples apart, not kinds. */
static void make_key(char *key, const char *kind, const char *reason)
{
    size_t at = (size_t)snprintf(key, KEY_MAX, "%s: ", kind);
    for (bool quoted = false; reason && *reason && at + 2 < KEY_MAX; reason++) {
        char c = *reason == '\n' ? ' ' : *reason;
        if (c == '"') {
            quoted = !quoted;
            key[at++] = c;
        } else if (quoted || (isdigit((unsigned char)c) && isdigit((unsigned char)key[at - 1]))) {
            continue;
        } else {
            key[at++] = isdigit((unsigned char)c) ? '0' : c;
        }
    }
    key[at] = 0;
}

void groups_add(struct groups *groups, const char *kind, const char *reason, const char *source, const char *target)
{
    char key[KEY_MAX];
    struct group *group = NULL;
    make_key(key, kind, reason);
    for (size_t i = 0; i < groups->count && !group; i++)
        if (strcmp(groups->rows[i].key, key) == 0) group = &groups->rows[i];
    if (!group) {
        if (groups->count == groups->room) {
            groups->room = groups->room ? groups->room * 2 : 64;
            groups->rows = realloc(groups->rows, groups->room * sizeof *groups->rows);
            if (!groups->rows) abort();
        }
        group = &groups->rows[groups->count++];
        memset(group, 0, sizeof *group);
        memcpy(group->key, key, sizeof key);
    }
    if (group->count < EXAMPLES) {
        group->source[group->count] = strndup(source, EXAMPLE_MAX);
        if (target) group->target[group->count] = strndup(target, EXAMPLE_MAX);
    }
    group->count++;
}

static int by_count(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->key, y->key);
}

static void print_example(FILE *out, const char *mark, const char *text)
{
    fprintf(out, "    %s ", mark);
    for (; *text; text++) fputc(*text == '\n' ? ' ' : *text, out);
    fputc('\n', out);
}

void groups_print(struct groups *groups, FILE *out)
{
    if (groups->count) qsort(groups->rows, groups->count, sizeof *groups->rows, by_count);
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = &groups->rows[i];
        fprintf(out, "%6u  %s\n", group->count, group->key);
        for (unsigned k = 0; k < EXAMPLES && k < group->count; k++) {
            print_example(out, "<", group->source[k]);
            if (group->target[k]) print_example(out, ">", group->target[k]);
        }
    }
}
