/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the translator's measurement share: texts, groups of failures, PostgreSQL's judgement. */
#ifndef TESTS_TRANSLATOR_SUITE_H
#define TESTS_TRANSLATOR_SUITE_H

#include "base/buffer.h"
#include "sql/script.h"

#include <libpq-fe.h>
#include <stdio.h>

/* ---- lines.c: files ---- */
/* Calls `take` for each line without its end. False: cannot be read. */
bool lines_read(const char *path, void (*take)(void *context, char *line), void *context);
/* Splits at tabs and undoes \n \t \\ in each field, in place. Answers the number of fields. */
int lines_fields(char *line, char **fields, int most);
/* The text of a string member of an object on one line; NULL: not there. malloc'ed. */
char *lines_json_text(const char *line, const char *name);

/* ---- groups.c: failures of one kind, counted, with the first examples ---- */
struct groups;
struct groups *groups_new(void);
void groups_free(struct groups *groups);
void groups_add(struct groups *groups, const char *kind, const char *reason, const char *source,
                const char *target);                 /* target may be NULL */
void groups_print(struct groups *groups, FILE *out); /* most frequent first */

/* ---- translate.c: the translator, guarded: a crash or a hang is a result ---- */
enum { GUARD_OK, GUARD_CRASH, GUARD_HANG };
struct sql_plan *guarded_translate(const struct sql_options *options, const char *text, int *guard);             /* NULL unless GUARD_OK */
bool guarded_parts(const struct sql_options *options, const char *text, struct script_parts *parts, int *guard); /* false unless GUARD_OK */

/* ---- corpora.c ---- */
void corpora_options(struct sql_options *options); /* without a catalog, as the statements of a corpus are translated */
const char *corpora_reason(const struct sql_plan *plan, char *room, size_t size); /* the first refusal's rule and reason */

/* ---- judge.c: libpg_query ---- */
bool judge_parses(const char *text, char *reason, size_t size); /* one statement that PostgreSQL's grammar takes */
/* The text as the grammar's own printer writes it, without casts of parameters and numbers of parameters; NULL: does not parse. malloc'ed. */
char *judge_normal(const char *text);

/* ---- target.c: PostgreSQL ---- */
struct rows {
    bool ok;
    char sqlstate[6];
    char *text; /* columns by |, rows by newline, as sent; NULL value: the word NULL; on failure the message */
    int row_count, column_count;
    Oid types[64];
};
void rows_free(struct rows *rows);
/* Runs one statement; every $n gets `value` (NULL: null). */
struct rows target_run(PGconn *target, const char *text, int parameters, const char *value);
bool target_script(PGconn *target, const char *text); /* prints what went wrong */
/* The tables of the target's schema `public`, as a source would have had them. */
struct sql_catalog *target_catalog(PGconn *target);

/* ---- staged.c: two statements over tables that are made up for them ---- */
enum {
    STAGED_SAME,
    STAGED_DIFFERENT,
    STAGED_FIRST_FAILS,
    STAGED_REFUSED /* the first fails with an error of the source's */,
    STAGED_APART /* of different tables */,
    STAGED_NO_REFERENCE /* the second does not run on any tables, the first does */,
    STAGED_UNKNOWN /* neither runs */
};
/* source: Oracle's text of the first. */
int staged_compare(PGconn *target, const char *source, const char *first, const char *second, char *reason, size_t size);

/* ---- the three measurements ---- */
struct pair_result {
    unsigned total, agree, right_but_different, refused, wrong, unjudged, definitions /* among the refused: DDL, which is not translated */;
    /* Why the unjudged are not: no counterparts; time or chance; people define it otherwise; the reference does not run on PostgreSQL; no tables could be made up for both. */
    unsigned apart, chance, other_definition, no_reference, no_tables;
};
struct corpus_result {
    unsigned total, parsed, translated, refused, invalid, crashed, states[SQL_STATE_COUNT];
    unsigned not_oracle; /* among the unparsed: texts that are not Oracle's SQL, by marks of the text */
    unsigned foreign;    /* among the parsed: the grammar knows a construct of another dialect and refuses it by name */
    unsigned templates;  /* among the parsed: slots of a template stand in it, or what a mapper makes a bind of */
    unsigned several;    /* records that hold several statements; their worst one counts */
    unsigned beyond;     /* among the refused: nothing that could be translated */
};
struct differential_result {
    unsigned passed, failed;
    unsigned witnessed; /* passed, and another engine gives the same answer */
    unsigned published; /* the answer is printed in the documentation */
};
struct differential_result differential_measure(PGconn *target, const char *folder, const char *witness_path, FILE *failures);
/* Writes one JSON line for each pair to `record_path`: row, verdict, reason, source, translation, reference. */
struct pair_result pairs_measure(PGconn *target, const char *path, const char *record_path, FILE *failures);
struct corpus_result corpus_measure(const char *path, FILE *failures);

#endif
