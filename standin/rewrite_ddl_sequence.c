/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE SEQUENCE and ALTER SEQUENCE. */
#include "standin/rewrite_ddl.h"
#include "standin/rewrite_program.h"

#include <stdio.h>
#include <stdlib.h>

static const char largest[] = "9999999999999999999999999999";
static const char largest_stored[] = "9223372036854775806";

struct sequence {
    const char *start, *step, *least, *most, *cache;
    bool cycle, no_cycle, order, restart;
};

static const char *signed_number(struct rewriter *rw)
{
    const char *sign = rewrite_take(rw, "-") ? "-" : "";
    const struct token *t = rewrite_peek(rw, 0);
    if (t->kind != TOKEN_NUMBER) rewrite_fail(rw, 4003, t, "sequence parameter is not a number");
    rw->at++;
    /* 1E27 and the like: more than MariaDB counts to anyway. */
    return strpbrk(t->text, "eE.") || strlen(t->text) > 18 ? text_format(rw, "%s%s", sign, largest)
                                                           : text_format(rw, "%s%s", sign, t->text);
}

static void parse_clauses(struct rewriter *rw, struct sequence *s)
{
    while (!rewrite_at_end(rw) && !rewrite_failed(rw)) {
        if (rewrite_take2(rw, "START", "WITH"))
            s->start = signed_number(rw);
        else if (rewrite_take2(rw, "INCREMENT", "BY"))
            s->step = signed_number(rw);
        else if (rewrite_take(rw, "MINVALUE"))
            s->least = signed_number(rw);
        else if (rewrite_take(rw, "MAXVALUE"))
            s->most = signed_number(rw);
        else if (rewrite_take(rw, "CACHE"))
            s->cache = signed_number(rw);
        else if (rewrite_take(rw, "NOCACHE"))
            s->cache = "0";
        else if (rewrite_take(rw, "CYCLE"))
            s->cycle = true;
        else if (rewrite_take(rw, "NOCYCLE"))
            s->no_cycle = true;
        else if (rewrite_take(rw, "ORDER"))
            s->order = true;
        else if (rewrite_take(rw, "RESTART"))
            s->restart = true;
        else if (rewrite_take(rw, "NOORDER") || rewrite_take(rw, "NOMINVALUE") || rewrite_take(rw, "NOMAXVALUE") ||
                 rewrite_take(rw, "NOKEEP") || rewrite_take(rw, "NOSCALE") || rewrite_take(rw, "GLOBAL") || rewrite_take(rw, "KEEP"))
            continue;
        else
            rewrite_fail(rw, 933, NULL, "SQL command not properly ended");
    }
}

static const char *stored_bound(const char *text)
{
    return strlen(text) > 20 ? (*text == '-' ? "-9223372036854775807" : largest_stored) : text;
}

void create_sequence(struct rewriter *rw)
{
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    if (!owner) owner = rw->session->schema;
    if (!ddl_name_free(rw, owner, name)) return;
    struct sequence s = {0};
    parse_clauses(rw, &s);
    if (rewrite_failed(rw)) return;
    if (!s.step) s.step = "1";
    bool down = *s.step == '-';
    if (!s.least) s.least = down ? "-999999999999999999999999999" : "1";
    if (!s.most) s.most = down ? "-1" : largest;
    if (!s.start) s.start = down ? s.most : s.least;
    if (!s.cache) s.cache = "20";
    rewrite_step(rw, text_format(rw, "CREATE SEQUENCE %s START WITH %s MINVALUE %s MAXVALUE %s INCREMENT BY %s CACHE %s %s",
                                 text_table(rw, owner, name), s.start, stored_bound(s.least), stored_bound(s.most), s.step, s.cache,
                                 s.cycle ? "CYCLE" : "NOCYCLE"));
    ddl_object_steps(rw, owner, name, "SEQUENCE");
    rewrite_step(rw, text_format(rw, "REPLACE INTO `SYS`.`STANDIN$SEQUENCE` VALUES (%s, %s, %s, %s, %s, '%c', '%c', %s, %s)",
                                 text_string(rw, owner), text_string(rw, name), s.least, s.most, s.step, s.cycle ? 'Y' : 'N',
                                 s.order ? 'Y' : 'N', s.cache, s.start));
    rw->plan->command = 13;
}

void alter_sequence(struct rewriter *rw)
{
    const struct token *at = rewrite_peek(rw, 0);
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    const struct dictionary_object *object = dictionary_resolve(rw->dictionary, rw->session->schema, owner, name);
    if (!object || object->kind != OBJECT_SEQUENCE) {
        rewrite_fail(rw, 2289, at, "sequence does not exist");
        return;
    }
    struct sequence s = {0};
    parse_clauses(rw, &s);
    if (s.start && !s.restart) rewrite_fail(rw, 2283, NULL, "cannot alter starting sequence number");
    const char *clauses = "", *sets = "";
    if (s.step) {
        clauses = text_format(rw, "%s INCREMENT BY %s", clauses, s.step);
        sets = text_join(rw, sets, ", ", text_format(rw, "INCREMENT_BY = %s", s.step));
    }
    if (s.least) {
        clauses = text_format(rw, "%s MINVALUE %s", clauses, stored_bound(s.least));
        sets = text_join(rw, sets, ", ", text_format(rw, "MIN_VALUE = %s", s.least));
    }
    if (s.most) {
        clauses = text_format(rw, "%s MAXVALUE %s", clauses, stored_bound(s.most));
        sets = text_join(rw, sets, ", ", text_format(rw, "MAX_VALUE = %s", s.most));
    }
    if (s.cache) {
        clauses = text_format(rw, "%s CACHE %s", clauses, s.cache);
        sets = text_join(rw, sets, ", ", text_format(rw, "CACHE_SIZE = %s", s.cache));
    }
    if (s.cycle || s.no_cycle) {
        clauses = text_format(rw, "%s %s", clauses, s.cycle ? "CYCLE" : "NOCYCLE");
        sets = text_join(rw, sets, ", ", text_format(rw, "CYCLE_FLAG = '%c'", s.cycle ? 'Y' : 'N'));
    }
    if (s.restart) clauses = s.start ? text_format(rw, "%s RESTART WITH %s", clauses, s.start) : text_format(rw, "%s RESTART", clauses);
    if (*clauses) rewrite_step(rw, text_format(rw, "ALTER SEQUENCE %s%s", text_table(rw, object->owner, object->name), clauses));
    if (*sets)
        rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$SEQUENCE` SET %s WHERE SEQUENCE_OWNER = %s AND SEQUENCE_NAME = %s", sets,
                                     text_string(rw, object->owner), text_string(rw, object->name)));
    rw->plan->command = 14;
}
