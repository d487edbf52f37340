/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon answers (JSON), said for people. A page is lines of a template; a list is columns. Both name members by path ("calls.per_s") and how a value
 * is said by kind:
 *
 *   text   as it is, control characters as blanks          count  12,345           rate    1,234 or 0.3
 *   share  0.9999325 (seven digits, cut, never rounded up)  us     0.7 ms, 2.3 s, - for 0  ms      the same, given in milliseconds
 *   s      1 h 12 min, 45 s, 0.0 s                          bytes  7.2 MB           time    2026-01-31 10:20:30Z, "-" for 0
 *   yes    yes or no
 *
 * A member that is not there, or null, is "-". Nothing here does I/O. One thread.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "base/buffer.h"
#include "base/error.h"

struct json_t; /* jansson's */

struct show_column {
    const char *title, *path, *kind;
    uint32_t width; /* a longer text is cut and ends in "..."; 0: as long as it is (the last column) */
};
struct show_list {
    const struct show_column *columns;
    uint32_t count;
    const char *empty; /* what an empty list says */
    const char *most;  /* the number by which rows come, the greatest first; NULL: as they came */
};

/* The document; NULL: it is none. Free it with show_release (NULL is allowed). */
struct json_t *show_parse(struct view text);
void show_release(struct json_t *document);

bool show_is_true(const struct json_t *object, const char *name);

/* How many characters a line of the terminal has: longer ones are cut in their last column, or go on below. 0, as at the start: no terminal, whole lines. */
void show_width(uint32_t characters);
/* One value by its path and kind, appended. */
void show_value(const struct json_t *object, const char *path, const char *kind, struct buffer *out);
/* A template: text with {path:kind}. */
void show_template(const struct json_t *object, const char *template, struct buffer *out);
/* Title line and one line an element; columns are as wide as what stands in them. */
void show_rows(const struct json_t *array, const struct show_list *list, struct buffer *out);
/* Text that goes on under itself where the terminal ends, `indent` characters from the left. */
void show_wrapped(struct view text, uint32_t indent, struct buffer *out);
/* The same as show_rows, each element as a paragraph: what is too long for columns is read to the end. */
void show_records(const struct json_t *array, const struct show_list *list, struct buffer *out);
/* What adding an override did. */
void show_override(const struct json_t *answer, struct buffer *out);
/* Gaps by table and reason: how many, since when, until when. */
void show_open_gaps(const struct json_t *gaps, struct buffer *out);
/* The page of /v1/status. */
void show_status(const struct json_t *status, struct buffer *out);
/* Key feeds: the answer of GET /v1/feed; what installing and removing did, or the SQL that would run. */
void show_feeds(const struct json_t *answer, struct buffer *out);
void show_feed_change(const struct json_t *answer, struct buffer *out);
/* What a refusal says: {"error": {code, text, missing: [{code, text, advice}]}}; false: it is none. */
bool show_refusal(const struct json_t *answer, struct buffer *out);
bool show_refusal_code(const struct json_t *answer, enum error_code *code); /* ERROR_GATE if something is missing; false: it is none */

extern const struct show_list show_work, show_divergences, show_statements, show_sessions, show_gaps, show_open_gap_rows, show_audit,
    show_overrides;

#endif
