/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translator's contract as tables: which construct of Oracle's language is translated how far, and which functions our texts
 * call on the target. docs/translator.md is printed from them; the function tables (function.h) complete them.
 */
#ifndef SQL_CONTRACT_H
#define SQL_CONTRACT_H

#include "base/buffer.h"
#include "sql/translate.h"

struct contract_row {
    const char *group;     /* "joins", "numbers", .. */
    const char *construct; /* as written on the source */
    enum sql_state state;
    const char *text;   /* exact: how; approximate: the difference; refused: the reason */
    const char *advice; /* NULL: none needed */
};
extern const struct contract_row contract_rows[];
extern const uint32_t contract_row_count;

/* All of it as a page of Markdown. */
void contract_print(struct buffer *out);

/* Functions of our own schema on the target that emitted text may call. All live in options.function_schema. */
struct runtime_row {
    const char *name;
    const char *arguments; /* "text, numeric"; overloads have a row each */
    const char *result;
    const char *volatility; /* "immutable", "stable", "volatile" */
    bool strict;            /* NULL in, NULL out */
    const char *meaning;
};
extern const struct runtime_row runtime_rows[];
extern const uint32_t runtime_row_count;

/* Session settings that our functions read (current_setting(name, true)); the engine sets them. */
struct runtime_setting {
    const char *name, *source, *fallback;
};
extern const struct runtime_setting runtime_settings[];
extern const uint32_t runtime_setting_count;

#endif
