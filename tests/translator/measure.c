/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure RESULTS-FOLDER CORPUS-FOLDER [cases|pairs|corpus]: measures the translator, all of it or one part, and writes translator.json,
 * translator-failures.txt and translator-pairs.jsonl (the judge's word on every pair). Fails when a case of the suite fails, a pair is translated
 * wrongly, or a translation is not PostgreSQL's syntax.
 */
#include "tests/support/private_postgres.h"
#include "tests/translator/suite.h"

#include "base/json.h"

static void write_json(const char *path, const struct pair_result *p, const struct corpus_result *c, const struct differential_result *d)
{
    struct buffer out;
    buffer_init(&out, 0);
    struct json json = json_into(&out);
    json_object_begin(&json);
    json_key(&json, "pairs");
    json_object_begin(&json);
    json_field_u64(&json, "agree", p->agree);
    json_field_u64(&json, "right_but_different", p->right_but_different);
    json_field_u64(&json, "refused", p->refused);
    json_field_u64(&json, "wrong", p->wrong);
    json_field_u64(&json, "unjudged", p->unjudged);
    json_key(&json, "unjudged_because");
    json_object_begin(&json);
    json_field_u64(&json, "no_counterparts", p->apart);
    json_field_u64(&json, "time_or_chance", p->chance);
    json_field_u64(&json, "another_definition", p->other_definition);
    json_field_u64(&json, "reference_does_not_run", p->no_reference);
    json_field_u64(&json, "neither_runs", p->no_tables);
    json_object_end(&json);
    json_field_u64(&json, "definitions_among_refused", p->definitions);
    json_field_u64(&json, "total", p->total);
    json_object_end(&json);
    json_key(&json, "corpus");
    json_object_begin(&json);
    json_field_u64(&json, "parsed", c->parsed);
    json_field_u64(&json, "translated", c->translated);
    json_field_u64(&json, "refused", c->refused);
    json_field_u64(&json, "passed_through", c->states[SQL_PASSED]);
    json_field_u64(&json, "parsed_oracle_only", c->parsed - c->foreign - c->templates);
    json_field_u64(&json, "foreign", c->foreign);
    json_field_u64(&json, "templates", c->templates);
    json_field_u64(&json, "several_statements", c->several);
    json_field_u64(&json, "unparsed_not_oracle", c->not_oracle);
    json_field_u64(&json, "refused_beyond_translation", c->beyond);
    json_field_u64(&json, "translatable", c->translated + c->invalid + c->refused - c->beyond);
    json_field_u64(&json, "invalid", c->invalid);
    json_field_u64(&json, "crashed", c->crashed);
    json_field_u64(&json, "total", c->total);
    json_object_end(&json);
    json_key(&json, "differential");
    json_object_begin(&json);
    json_field_u64(&json, "passed", d->passed);
    json_field_u64(&json, "failed", d->failed);
    json_field_u64(&json, "witnessed", d->witnessed);
    json_field_u64(&json, "published", d->published);
    json_object_end(&json);
    json_key(&json, "contract");
    json_object_begin(&json);
    json_field_u64(&json, "exact", c->states[SQL_EXACT]);
    json_field_u64(&json, "approximate", c->states[SQL_APPROXIMATE]);
    json_field_u64(&json, "refused", c->states[SQL_REFUSED]);
    json_field_u64(&json, "passed_through", c->states[SQL_PASSED]);
    json_object_end(&json);
    json_object_end(&json);
    buffer_u8(&out, '\n');
    FILE *file = fopen(path, "w");
    if (file) {
        fwrite(buffer_view(&out).data, 1, buffer_size(&out), file);
        fclose(file);
    }
    fwrite(buffer_view(&out).data, 1, buffer_size(&out), stdout);
    buffer_release(&out);
}

static bool wanted(int argc, char **argv, const char *part)
{
    return argc < 4 || strcmp(argv[3], part) == 0;
}

static bool present(const char *path, unsigned *skipped)
{
    if (access(path, R_OK) == 0) return true;
    printf("translator: SKIPPED: there is no %s (CORPUS=folder)\n", path);
    ++*skipped;
    return false;
}

int main(int argc, char **argv)
{
    struct private_postgres server;
    char path[600], corpus_path[600], pairs_path[600];
    if (argc < 3 || argc > 4) return fprintf(stderr, "measure RESULTS-FOLDER CORPUS-FOLDER [cases|pairs|corpus]\n"), 2;
    if (private_postgres_start(&server, "") != 0) return fprintf(stderr, "translator: no PostgreSQL could be started\n"), 1;
    PGconn *target = PQconnectdb(server.conninfo);
    snprintf(path, sizeof path, "%s/translator-failures.txt", argv[1]);
    snprintf(corpus_path, sizeof corpus_path, "%s/oracle_corpus.jsonl", argv[2]);
    snprintf(pairs_path, sizeof pairs_path, "%s/pairs.tsv", argv[2]);
    FILE *failures = fopen(path, "w");
    int status = 1;
    unsigned skipped = 0;
    struct differential_result differential = {0};
    if (failures && target_script(target, "SET client_min_messages = error; SET statement_timeout = '10s'; SET search_path = public") &&
        target_script(target, sql_runtime_script)) {
        struct pair_result pairs = {0};
        struct corpus_result corpus = {0};
        snprintf(path, sizeof path, "%s/witness.tsv", argv[1]);
        if (wanted(argc, argv, "cases")) differential = differential_measure(target, "tests/translator/differential", path, failures);
        snprintf(path, sizeof path, "%s/translator-pairs.jsonl", argv[1]);
        if (wanted(argc, argv, "pairs") && present(pairs_path, &skipped)) pairs = pairs_measure(target, pairs_path, path, failures);
        if (wanted(argc, argv, "corpus") && present(corpus_path, &skipped)) corpus = corpus_measure(corpus_path, failures);
        snprintf(path, sizeof path, "%s/translator.json", argv[1]);
        write_json(path, &pairs, &corpus, &differential);
        status = differential.failed > 0 || pairs.wrong > 0 || corpus.invalid > 0 || corpus.crashed > 0;
    }
    if (failures) fclose(failures);
    PQfinish(target);
    private_postgres_do(&server, "stop");
    printf("translator: %u passed, %u failed, %u skipped\n", differential.passed, differential.failed, skipped);
    return status;
}
