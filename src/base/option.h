/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options as rows: one table says an option's place in the configuration struct, kind, bounds, default, unit and description; from it come
 * the parser, the checks, the documentation and the commented example file. The struct's members are written by offset:
 *
 *   static const struct option_row rows[] = {
 *       {OPTION_FIELD(struct config, journal_max), "journal", "size_max", OPTION_SIZE, .fallback = "64G", .minimum = 1 << 20, .maximum = INT64_MAX,
 *        .description = "bytes of journal kept on disk; when reached, ..."},
 *
 * Members: boolean bool; integer, percent, size, duration any integer type (bounds are checked against its width too; it is unsigned unless `minimum`
 * is negative); text char[N]; choice an int or enum; real double. Tables are constant; the functions keep no state. Any thread.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/ini.h"

enum option_kind {
    OPTION_BOOLEAN, /* true/false, yes/no, on/off, 1/0 */
    OPTION_INTEGER,
    OPTION_SIZE,     /* bytes: 4096, 64K, 16M, 2G, 1T (powers of 1024) */
    OPTION_DURATION, /* 250us, 30ms, 5s, 10min, 1h, 7d; the member counts `unit` ("us", "ms" or "s") */
    OPTION_TEXT,
    OPTION_CHOICE,  /* one of `choices`; the member gets its index */
    OPTION_PERCENT, /* 0..100, whole, with or without % */
    OPTION_REAL     /* 0.01, or 1% */
};

struct option_row {
    size_t offset, size; /* of the member: OPTION_FIELD */
    const char *section, *name;
    enum option_kind kind;
    const char *fallback;       /* default as it would be written; NULL: the option must be given */
    int64_t minimum, maximum;   /* in the member's unit; maximum 0: the member's own (percent: 100) */
    const char *const *choices; /* NULL-terminated */
    const char *unit;           /* durations: "us", "ms", "s"; others: shown in the documentation ("rows", "connections") */
    const char *description;    /* a sentence or two: what it does, and why one would change it */
    bool reloadable;            /* takes effect on reload without a restart */
    bool secret;                /* its value is never printed */
};
#define OPTION_FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

struct option_table {
    const struct option_row *rows; /* rows of a section stand together */
    size_t count;
};

/* Checks the table itself (kinds fit members, defaults parse, all is described); stops the process on a defect. Called once at start and in tests. */
void option_check(const struct option_table *table);

void option_defaults(const struct option_table *table, void *config);
const struct option_row *option_find(const struct option_table *table, struct view section, struct view name);
/* Parses one value into the struct. place.file NULL: the value came from a command line. */
bool option_set(const struct option_row *row, void *config, struct view value, struct ini_place place, struct error *error) MUST_USE;

/*
 * Defaults, then the file, then the check that nothing required is missing. An unknown name is an error that proposes the nearest one; a name given twice
 * too. Sections without a row go to `other` (NULL: unknown sections are errors).
 */
bool option_read(const struct option_table *table, struct view text, const char *file, void *config, ini_pair *other, void *context,
                 struct error *error) MUST_USE;
bool option_read_file(const struct option_table *table, const char *file, void *config, ini_pair *other, void *context,
                      struct error *error) MUST_USE;

/* For reload: copies the reloadable members that differ from `fresh` into `running`; calls changed for each row that differs, with whether it was applied. */
typedef void option_changed(void *context, const struct option_row *row, bool applied);
void option_reload(const struct option_table *table, void *running, const void *fresh, option_changed *changed, void *context);

void option_print_value(const struct option_row *row, const void *config,
                        struct buffer *out);                                      /* as it would be written; secrets as ******** */
void option_print_markdown(const struct option_table *table, struct buffer *out); /* a table for each section */
void option_print_text(const struct option_table *table, const void *config,
                       struct buffer *out);                                  /* for terminals; with values if config is given */
void option_print_ini(const struct option_table *table, struct buffer *out); /* the commented example file */

#endif
