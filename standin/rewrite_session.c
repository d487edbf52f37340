/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER SESSION, transaction control, and statements that are accepted because they change nothing here. */
#include "standin/rewrite.h"

#include <stdlib.h>

void statement_alter_session(struct rewriter *rw)
{
    struct plan *plan = rw->plan;
    plan->kind = PLAN_SESSION;
    plan->command = 42;
    if (!rewrite_take(rw, "SET")) {
        /* ENABLE PARALLEL DML, ADVISE, CLOSE DATABASE LINK: nothing to do here. */
        rw->at = rw->list.count;
        return;
    }
    while (!rewrite_at_end(rw) && !rewrite_failed(rw)) {
        const char *name = rewrite_peek(rw, 0)->text;
        rw->at++;
        rewrite_take(rw, "=");
        const struct token *value = rewrite_peek(rw, 0);
        rw->at++;
        const char *text = value->text;
        if (strcmp(text, "-") == 0 || strcmp(text, "+") == 0) {
            text = text_format(rw, "%s%s", text, rewrite_peek(rw, 0)->text);
            rw->at++;
        }
        if (plan->setting_count == 16) rewrite_refuse(rw, "more than 16 settings at once");
        if (strcmp(name, "ISOLATION_LEVEL") == 0 && strcmp(text, "SERIALIZABLE") == 0) rewrite_refuse(rw, "SERIALIZABLE");
        if (strcmp(name, "CONTAINER") == 0 || strcmp(name, "EDITION") == 0)
            rewrite_refuse(rw, text_format(rw, "ALTER SESSION SET %s", name));
        if (rewrite_failed(rw)) return;
        plan->setting_names[plan->setting_count] = name;
        plan->setting_values[plan->setting_count++] = text;
        rewrite_take(rw, ",");
        /* A word that belongs to the value: READ COMMITTED. */
        if (strcmp(text, "READ") == 0) rw->at++;
    }
}

static void transaction_step(struct rewriter *rw, uint8_t command, const char *sql)
{
    rw->plan->kind = PLAN_TRANSACTION;
    rw->plan->command = command;
    rewrite_step(rw, sql);
}

static void statement_rollback(struct rewriter *rw)
{
    rewrite_take(rw, "WORK");
    rw->plan->kind = PLAN_ROLLBACK;
    rw->plan->command = 45;
    if (rewrite_take(rw, "TO")) {
        rewrite_take(rw, "SAVEPOINT");
        const char *name = rewrite_take_name(rw);
        transaction_step(rw, 45, text_format(rw, "ROLLBACK TO SAVEPOINT %s", text_name(rw, name)));
    } else if (rewrite_is(rw, "FORCE")) {
        rewrite_refuse(rw, "distributed transactions");
    }
    rewrite_expect_end(rw);
}

static void statement_commit(struct rewriter *rw)
{
    rewrite_take(rw, "WORK");
    rw->plan->kind = PLAN_COMMIT;
    rw->plan->command = 44;
    if (rewrite_take(rw, "COMMENT")) rw->at++;
    if (rewrite_is(rw, "FORCE")) rewrite_refuse(rw, "distributed transactions");
    if (rewrite_take(rw, "WRITE")) rw->at = rw->list.count;
    rewrite_expect_end(rw);
}

static void statement_set(struct rewriter *rw)
{
    rw->plan->kind = PLAN_TRANSACTION;
    rw->plan->command = 48;
    if (rewrite_take(rw, "ROLE")) {
        rw->at = rw->list.count;
        return;
    }
    if (rewrite_is(rw, "CONSTRAINT") || rewrite_is(rw, "CONSTRAINTS")) {
        /* None is deferrable: there is nothing to set. */
        rw->at = rw->list.count;
        return;
    }
    rewrite_expect(rw, "TRANSACTION");
    if (rewrite_take2(rw, "READ", "ONLY")) {
        rewrite_step(rw, "\x04READ ONLY");
    } else if (rewrite_take2(rw, "READ", "WRITE")) {
    } else if (rewrite_take2(rw, "ISOLATION", "LEVEL")) {
        if (rewrite_is(rw, "SERIALIZABLE")) rewrite_refuse(rw, "SERIALIZABLE");
        rewrite_expect(rw, "READ");
        rewrite_expect(rw, "COMMITTED");
    } else if (!rewrite_is(rw, "NAME")) {
        rewrite_fail(rw, 900, NULL, "invalid SQL statement");
    }
    if (rewrite_take(rw, "NAME")) rw->at++;
    rewrite_expect_end(rw);
}

static void statement_lock(struct rewriter *rw)
{
    rewrite_expect(rw, "TABLE");
    do {
        const struct token *at = rewrite_peek(rw, 0);
        const char *owner, *name;
        if (!rewrite_take_qualified(rw, &owner, &name)) return;
        rewrite_object(rw, at, owner, name);
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, "IN");
    /* Row locks follow from the statements that come; the stronger ones would have to keep others out. */
    bool weak = rewrite_take2(rw, "ROW", "SHARE") || rewrite_take2(rw, "ROW", "EXCLUSIVE") || rewrite_take2(rw, "SHARE", "UPDATE");
    if (!weak) rewrite_refuse(rw, "LOCK TABLE in SHARE or EXCLUSIVE mode");
    rw->plan->kind = PLAN_TRANSACTION;
    rw->plan->command = 26;
}

void statement_other(struct rewriter *rw)
{
    const char *word = rewrite_peek(rw, 0)->text;
    rw->at++;
    if (strcmp(word, "COMMIT") == 0)
        statement_commit(rw);
    else if (strcmp(word, "ROLLBACK") == 0)
        statement_rollback(rw);
    else if (strcmp(word, "SET") == 0)
        statement_set(rw);
    else if (strcmp(word, "LOCK") == 0)
        statement_lock(rw);
    else if (strcmp(word, "SAVEPOINT") == 0) {
        const char *name = rewrite_take_name(rw);
        transaction_step(rw, 46, text_format(rw, "SAVEPOINT %s", text_name(rw, name)));
        rewrite_expect_end(rw);
    } else if (strcmp(word, "GRANT") == 0 || strcmp(word, "REVOKE") == 0 || strcmp(word, "ANALYZE") == 0 || strcmp(word, "PURGE") == 0 ||
               strcmp(word, "AUDIT") == 0) {
        /* There are no privileges, statistics or recycle bin here: everybody may do everything. */
        rw->plan->kind = PLAN_STEPS;
        rw->plan->command = strcmp(word, "GRANT") == 0 ? 17 : strcmp(word, "REVOKE") == 0 ? 18 : 62;
    } else {
        rewrite_refuse(rw, word);
    }
}
