/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: DDL but tables: indexes, sequences, views, DROP, COMMENT, GRANT and their kin; what is recognised and refused. */
#include "sql/parse_definition.h"
#include "sql/parse_foreign.h"
#include <stdlib.h>

void definition_refuse(struct definition *d, const char *reason, const char *advice)
{
    if (d->refused) return;
    d->refused = reason;
    d->advice = advice;
}

void definition_differs(struct parser *p, struct definition *d, const char *difference)
{
    if (d->difference) return;
    d->difference = difference;
    d->difference_at = parse_token(p)->at;
}

bool parse_text_is(const struct parser *p, const char *word)
{
    return parse_token(p)->kind == TOKEN_WORD && view_equal_ignoring_case(parse_token(p)->text, view_text(word));
}

bool parse_accept_text(struct parser *p, const char *word)
{
    if (!parse_text_is(p, word)) return false;
    parse_advance(p);
    return true;
}

void parse_rest(struct parser *p)
{
    p->at = p->end;
}

bool parse_at_as_query(const struct parser *p)
{
    struct parser after = *p;
    if (!parse_at_word(p, WORD_AS)) return false;
    parse_advance(&after);
    return parse_at_word(&after, WORD_SELECT) || parse_at_word(&after, WORD_WITH) || parse_brackets_open_query(&after);
}

struct from_item *parse_object(struct parser *p)
{
    struct from_item *item = translation_alloc(p->t, sizeof *item);
    item->kind = FROM_TABLE;
    item->at = parse_token(p)->at;
    parse_object_name(p, &item->schema, &item->name, &item->link);
    return item;
}

void parse_names(struct parser *p, struct view **names, uint32_t *count)
{
    parse_expect(p, OPERATOR_LEFT);
    do {
        struct view name = parse_name(p, NULL);
        LIST_ADD(p->t, *names, *count, name);
        if (!parse_accept_word(p, WORD_ASC)) parse_accept_word(p, WORD_DESC);
    } while (parse_accept(p, OPERATOR_COMMA));
    parse_expect(p, OPERATOR_RIGHT);
}

struct attribute_row {
    enum word word;
    const char *refused, *difference;
};
/* Attributes that mean more than where and how rows are kept. */
static const struct attribute_row attributes[] = {
    {WORD_PARTITION, NULL, "partitions are not made on the target"}, {WORD_ORGANIZATION, NULL, NULL},
    {WORD_EXTERNAL, "external tables are not translated", NULL},     {WORD_NESTED, "nested tables are not translated", NULL},
    {WORD_XMLTYPE, "XML storage is not translated", NULL},           {WORD_CLUSTER, NULL, NULL},
};

/* Words of physical attributes, in byte order. What is none of them is not read over: it may mean something. */
/* clang-format off */
static const char *const attribute_words[] = {
    "ACCESS", "ADD", "ADVANCED", "AFTER", "ALL", "ANNOTATIONS", "ARCHIVE", "AS", "AUTO", "AUTOMATIC", "BASIC", "BASICFILE", "BEQUEATH", "BUFFER_POOL",
    "BUILD", "BY", "CACHE", "CAPACITY", "CHUNK", "CLUSTER", "CLUSTERING", "COLLATION", "COLUMN", "COLUMNS", "COMMIT", "COMPLETE", "COMPRESS",
    "COMPUTATION", "COMPUTE", "CONSISTENT", "CONSTRAINT", "CONSTRAINTS", "CONTAINERS_DEFAULT", "CONTAINER_MAP", "CONVERT", "CREATION", "CRITICAL",
    "CURRENT", "CURRENT_USER", "DATA", "DAYS", "DECRYPT", "DEDUPLICATE", "DEFAULT", "DEFERRED", "DEFINER", "DEFINITION", "DEGREE", "DELETE", "DEMAND",
    "DIRECTORY", "DISABLE", "DISK", "DISTRIBUTE", "DML", "DROP", "DUPLICATE", "DUPLICATED", "DUPLICATES", "ENABLE", "ENCRYPT", "ENFORCED", "EXTENDED",
    "EXTERNAL", "FAST", "FILESYSTEM_LIKE_LOGGING", "FLASHBACK", "FOR", "FORCE", "FOREIGN", "FREELISTS", "FREEPOOLS", "GLOBAL", "GRAPH", "GROUPS",
    "HASH", "HASHING", "HEAP", "HIGH", "IDLE", "ILM", "IMMEDIATE", "IN", "INCLUDING", "INCREMENT", "INDEX", "INDEXES", "INDEXING", "INITIAL",
    "INITRANS", "INMEMORY", "INSTANCES", "INTERLEAVED", "INTERVAL", "INVALIDATE", "INVALIDATION", "INVISIBLE", "JOIN", "JSON", "KEEP", "KEEP_DUPLICATES",
    "KEY", "LESS", "LEVEL", "LIMIT", "LINEAR", "LIST", "LOB", "LOCAL", "LOCATION", "LOCATOR", "LOCKED", "LOG", "LOGGING", "LOGICAL", "LOW", "MAPPING",
    "MASTER", "MATERIALIZED", "MAX", "MAXEXTENTS", "MAXTRANS", "MEDIUM", "MEMCOMPRESS", "MEMOPTIMIZE", "METADATA", "MIN", "MINEXTENTS", "MONITORING",
    "MOVEMENT", "NESTED", "NEVER", "NEXT", "NO", "NOCACHE", "NOCOMPRESS", "NOLOGGING", "NOMAPPING", "NOMONITORING", "NONE", "NOPARALLEL", "NOREVERSE",
    "NOROWDEPENDENCIES", "NOSORT", "NOT", "NOVALIDATE", "OFF", "OLTP", "ON", "ONLINE", "ONLY", "OPERATIONS", "ORDER", "ORGANIZATION", "OVERFLOW",
    "PARALLEL", "PARAMETERS", "PARENT", "PARTITION", "PARTITIONS", "PARTITIONSET", "PCTFREE", "PCTINCREASE", "PCTTHRESHOLD", "PCTUSED", "POLICY",
    "PREBUILT", "PRECISION", "PRESERVE", "PRIMARY", "PRIORITY", "PROPERTY", "QUERY", "QUEUE", "RANGE", "READ", "RECYCLE", "REDUCED", "REFERENCE",
    "REFRESH", "REJECT", "REPLICATION", "RESULT_CACHE", "RETENTION", "RETURN", "REVERSE", "REWRITE", "ROLLBACK", "ROW", "ROWDEPENDENCIES", "ROWID",
    "ROWS", "SCOPE", "SECUREFILE", "SEGMENT", "SERVICE", "SET", "SHARDED", "SHARING", "SINGLE", "SORT", "START", "STATEMENT", "STATISTICS", "STORAGE",
    "STORE", "SUBPARTITION", "SUBPARTITIONS", "SUBQUERY", "SUPPLEMENTAL", "SYSTEM", "TABLE", "TABLESPACE", "TEMPLATE", "THAN", "TRUSTED", "TYPE",
    "UNIQUE", "UNLIMITED", "UNTIL", "UNUSABLE", "UPDATE", "UPGRADE", "USAGE", "USING", "VALIDATE", "VALUES", "VARRAY", "VERSION", "VISIBLE", "WITH",
    "WITHOUT", "WRITE", "XMLTYPE", "YES", "ZONEMAP"};
/* clang-format on */
/* What follows these is a name. */
static const char *const name_follows[] = {"TABLESPACE", "AS",         "PARTITION", "SUBPARTITION", "CLUSTER", "SET",   "COLLATION",
                                           "INDEX",      "SERVICE",    "JOIN",      "BY",           "INTO",    "HASH",  "POLICY",
                                           "TEMPLATE",   "SEGMENT",    "LOB",       "TYPE",         "ARCHIVE", "USING", "VERSION",
                                           "TABLE",      "SECUREFILE", "BASICFILE", "CLUSTERING"};

static int compare_word(const void *key, const void *word)
{
    return view_compare(*(const struct view *)key, view_text(*(const char *const *)word));
}

static bool is_attribute(struct parser *p)
{
    const struct token *token = parse_token(p), *last = p->at > 0 ? &p->tokens[p->at - 1] : token;
    if (token->kind == TOKEN_OPERATOR)
        return token->code == OPERATOR_COMMA || token->code == OPERATOR_EQUAL || token->code == OPERATOR_DOT ||
               token->code == OPERATOR_RIGHT;
    if (token->kind != TOKEN_WORD) return token->kind != TOKEN_BAD && token->kind != TOKEN_BIND;
    struct view word = translation_upper(p->t, token->text);
    if (bsearch(&word, attribute_words, sizeof attribute_words / sizeof *attribute_words, sizeof *attribute_words, compare_word))
        return true;
    if (token_is_word(token, WORD_INSERT)) return view_equal_ignoring_case(last->text, view_text("AFTER"));
    for (size_t i = 0; i < sizeof name_follows / sizeof *name_follows; i++)
        if (last->kind == TOKEN_WORD && view_equal_ignoring_case(last->text, view_text(name_follows[i])))
            return token->code != WORD_SELECT && token->code != WORD_CREATE && token->code != WORD_ALTER;
    return token_is_operator(last, OPERATOR_DOT) || token_is_operator(last, OPERATOR_EQUAL);
}

void parse_skip_attributes(struct parser *p, struct definition *d)
{
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (!parse_at_word(p, attributes[i].word)) continue;
        if (attributes[i].refused) definition_refuse(d, attributes[i].refused, "make it by hand on the target");
        if (attributes[i].difference) definition_differs(p, d, attributes[i].difference);
    }
    if (parse_at_words(p, WORD_ON, WORD_COMMIT) &&
        (token_is_word(parse_ahead(p, 2), WORD_PRESERVE) || token_is_word(parse_ahead(p, 2), WORD_DELETE))) {
        d->keep_rows = token_is_word(parse_ahead(p, 2), WORD_PRESERVE); /* of a temporary table */
        p->at += 3;
        parse_expect_word(p, WORD_ROWS);
        return;
    }
    if (parse_at_words(p, WORD_START, WORD_WITH) || parse_at_word(p, WORD_NEXT)) { /* when a materialized view is refreshed */
        p->at += parse_at_word(p, WORD_NEXT) ? 1 : 2;
        parse_expression(p);
        return;
    }
    if (d->refused) {
        parse_rest(p);
        return;
    }
    if (parse_at(p, OPERATOR_LEFT))
        parse_skip_brackets(p);
    else if (!is_attribute(p))
        parse_fail(p, "an attribute");
    else
        parse_advance(p);
}

static struct view parse_signed(struct parser *p)
{
    bool negative = parse_accept(p, OPERATOR_MINUS);
    const struct token *token = parse_token(p);
    if (token->kind != TOKEN_NUMBER) parse_fail(p, "a number");
    parse_advance(p);
    return negative ? view_text(translation_printf(p->t, "-%.*s", (int)token->text.size, (const char *)token->text.data)) : token->text;
}

void parse_sequence_options(struct parser *p, struct sequence_options *o)
{
    for (;;) {
        if (parse_accept_word(p, WORD_START)) {
            parse_expect_word(p, WORD_WITH);
            if (parse_accept_word(p, WORD_LIMIT)) {
                parse_expect_word(p, WORD_VALUE);
                continue;
            }
            o->start = parse_signed(p);
        } else if (parse_accept_word(p, WORD_INCREMENT)) {
            parse_expect_word(p, WORD_BY);
            o->increment = parse_signed(p);
        } else if (parse_accept_word(p, WORD_MAXVALUE)) {
            o->maximum = parse_signed(p);
        } else if (parse_accept_word(p, WORD_MINVALUE)) {
            o->minimum = parse_signed(p);
        } else if (parse_accept_word(p, WORD_CACHE)) {
            o->cache = parse_signed(p);
        } else if (parse_accept_word(p, WORD_NOCACHE)) {
            o->no_cache = true;
        } else if (parse_accept_word(p, WORD_NOMAXVALUE)) {
            o->no_maximum = true;
        } else if (parse_accept_word(p, WORD_NOMINVALUE)) {
            o->no_minimum = true;
        } else if (parse_accept_word(p, WORD_CYCLE)) {
            o->cycle = true;
        } else if (parse_accept_word(p, WORD_NOCYCLE)) {
            o->no_cycle = true;
        } else if (parse_accept_text(p, "RESTART")) {
            o->restart = true;
        } else if (parse_text_is(p, "SHARING")) {
            parse_advance(p);
            parse_accept(p, OPERATOR_EQUAL);
            parse_any_name(p);
        } else if (parse_accept_word(p, WORD_ORDER) || parse_accept_word(p, WORD_NOORDER) || parse_accept_word(p, WORD_KEEP) ||
                   parse_accept_text(p, "NOKEEP") || parse_accept_word(p, WORD_GLOBAL) || parse_accept_word(p, WORD_SESSION) ||
                   parse_accept_text(p, "SCALE") || parse_accept_text(p, "NOSCALE") || parse_accept_text(p, "EXTEND") ||
                   parse_accept_text(p, "NOEXTEND") || parse_accept_text(p, "SHARD") || parse_accept_text(p, "NOSHARD") ||
                   parse_accept_word(p, WORD_NO)) {
        } else {
            return;
        }
    }
}

static void parse_create_index(struct parser *p, struct definition *d)
{
    d->kind = DEFINITION_CREATE_INDEX;
    d->target = parse_object(p);
    foreign_if_not_exists(p);
    parse_expect_word(p, WORD_ON);
    if (parse_at_word(p, WORD_CLUSTER)) {
        definition_refuse(d, "clusters are not translated", "none is needed on the target");
        parse_rest(p);
        return;
    }
    d->table = parse_object(p);
    if (!parse_at_word(p, WORD_USING)) d->table->alias = parse_alias(p, true);
    if (parse_at_word(p, WORD_USING) && token_is_operator(parse_ahead(p, 2), OPERATOR_LEFT)) {
        foreign_note(p, FOREIGN_INDEX_USING);
        p->at += 2;
    }
    parse_expect(p, OPERATOR_LEFT);
    parse_sort_list(p, &d->keys);
    parse_expect(p, OPERATOR_RIGHT);
    while (parse_token(p)->kind != TOKEN_END && !parse_at(p, OPERATOR_SEMICOLON)) {
        if (parse_text_is(p, "INDEXTYPE"))
            definition_refuse(d, "domain indexes are not translated", "make an index of another kind by hand");
        if (parse_at_word(p, WORD_FROM)) definition_refuse(d, "join indexes are not translated", "none is needed on the target");
        parse_skip_attributes(p, d);
    }
}

static void parse_create_view(struct parser *p, struct definition *d, bool materialized)
{
    d->kind = materialized ? DEFINITION_CREATE_MATERIALIZED_VIEW : DEFINITION_CREATE_VIEW;
    d->target = parse_object(p);
    foreign_if_not_exists(p);
    if (parse_at_word(p, WORD_OF)) definition_refuse(d, "views of objects are not translated", "make a view with columns");
    if (parse_at(p, OPERATOR_LEFT) && !materialized) {
        parse_advance(p);
        do {
            struct constraint_definition c;
            if (parse_at_word(p, WORD_CONSTRAINT) || parse_at_words(p, WORD_PRIMARY, WORD_KEY)) {
                parse_constraint(p, d, &c, false); /* declarations without effect */
                continue;
            }
            struct view name = parse_name(p, NULL);
            LIST_ADD(p->t, d->names, d->name_count, name);
            while (parse_constraint(p, d, &c, true)) {}
        } while (parse_accept(p, OPERATOR_COMMA));
        parse_expect(p, OPERATOR_RIGHT);
    }
    while (!parse_at_as_query(p)) {
        if (parse_token(p)->kind == TOKEN_END || d->refused) {
            if (d->refused)
                parse_rest(p);
            else
                parse_fail(p, "AS SELECT");
            return;
        }
        parse_skip_attributes(p, d);
    }
    parse_advance(p);
    d->query = parse_query(p);
    if (materialized) definition_differs(p, d, "the view is not refreshed by itself");
    if (parse_accept_word(p, WORD_WITH)) {
        d->with_check = parse_at_word(p, WORD_CHECK);
        while (parse_token(p)->kind == TOKEN_WORD || parse_token(p)->kind == TOKEN_QUOTED) parse_advance(p);
    }
}

static const char *const procedural[] = {"PROCEDURE", "FUNCTION", "PACKAGE", "TRIGGER", "TYPE", "LIBRARY", "JAVA"};

/* The word of what is made, and IF NOT EXISTS. */
static bool accept_made(struct parser *p, struct definition *d, enum word word)
{
    if (!parse_accept_word(p, word)) return false;
    if (!parse_at_word(p, WORD_IF) || !token_is_word(parse_ahead(p, 1), WORD_NOT)) return true;
    p->at += 2;
    parse_expect_word(p, WORD_EXISTS);
    d->if_not_exists = true;
    return true;
}

static void parse_create(struct parser *p, struct definition *d)
{
    if (parse_accept_word(p, WORD_OR)) {
        parse_expect_word(p, WORD_REPLACE);
        d->replace = true;
    }
    while (parse_at_word(p, WORD_FORCE) || parse_at_word(p, WORD_NO) || parse_text_is(p, "EDITIONABLE") ||
           parse_text_is(p, "NONEDITIONABLE") || parse_text_is(p, "EDITIONING") || parse_text_is(p, "NOFORCE") ||
           parse_text_is(p, "SHARDED") || parse_text_is(p, "DUPLICATED") || parse_text_is(p, "IMMUTABLE") || parse_text_is(p, "BLOCKCHAIN"))
        parse_advance(p);
    d->object = translation_upper(p->t, parse_token(p)->text);
    if ((parse_at_word(p, WORD_GLOBAL) || parse_at_word(p, WORD_PRIVATE)) && token_is_word(parse_ahead(p, 1), WORD_TEMPORARY)) {
        parse_advance(p);
        parse_expect_word(p, WORD_TEMPORARY);
        d->temporary = true;
    }
    d->unique = parse_accept_word(p, WORD_UNIQUE);
    d->bitmap = parse_accept_word(p, WORD_BITMAP);
    if (d->bitmap) definition_differs(p, d, "the target has no bitmap indexes: a plain one is made");
    if (parse_accept_text(p, "MULTIVALUE")) definition_refuse(d, "this kind of index is not translated", "make it by hand");
    if (accept_made(p, d, WORD_TABLE)) {
        parse_create_table(p, d);
    } else if (accept_made(p, d, WORD_INDEX)) {
        parse_create_index(p, d);
    } else if (accept_made(p, d, WORD_SEQUENCE)) {
        d->kind = DEFINITION_CREATE_SEQUENCE;
        d->target = parse_object(p);
        parse_sequence_options(p, &d->sequence);
    } else if (accept_made(p, d, WORD_VIEW)) {
        if (d->if_not_exists) definition_refuse(d, "the target has no CREATE VIEW IF NOT EXISTS", "write OR REPLACE");
        parse_create_view(p, d, false);
    } else if ((parse_at_word(p, WORD_MATERIALIZED) || parse_text_is(p, "SNAPSHOT")) && token_is_word(parse_ahead(p, 1), WORD_VIEW)) {
        p->at += 2;
        if (parse_at_word(p, WORD_LOG)) {
            definition_refuse(d, "materialized view logs belong to the source", "none is needed on the target");
            parse_rest(p);
        } else {
            parse_create_view(p, d, true);
        }
    } else {
        bool code = false;
        for (size_t i = 0; i < sizeof procedural / sizeof *procedural; i++) code |= parse_text_is(p, procedural[i]);
        definition_refuse(
            d,
            code ? "procedural code is not translated"
                 : translation_printf(p->t, "CREATE %.*s is not translated", (int)d->object.size, (const char *)d->object.data),
            code ? "write it for the target by hand" : "make it by hand where it is needed");
        parse_rest(p);
    }
}

static void parse_drop(struct parser *p, struct definition *d)
{
    static const char *const known[] = {"TABLE", "VIEW", "SEQUENCE", "INDEX"};
    d->kind = DEFINITION_DROP;
    d->object = translation_upper(p->t, parse_token(p)->text);
    if (parse_at_word(p, WORD_MATERIALIZED) && token_is_word(parse_ahead(p, 1), WORD_VIEW)) {
        d->object = view_text("MATERIALIZED VIEW");
        parse_advance(p);
        if (token_is_word(parse_ahead(p, 1), WORD_LOG)) {
            definition_refuse(d, "materialized view logs belong to the source", "none is needed on the target");
            parse_rest(p);
            return;
        }
    } else {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) found |= view_equal(d->object, view_text(known[i]));
        if (!found) {
            definition_refuse(d, translation_printf(p->t, "DROP %.*s is not translated", (int)d->object.size, (const char *)d->object.data),
                              "drop it by hand where it is");
            parse_rest(p);
            return;
        }
    }
    parse_advance(p);
    if (parse_accept_word(p, WORD_IF)) {
        parse_expect_word(p, WORD_EXISTS);
        d->if_exists = true;
    }
    d->target = parse_object(p);
    while (parse_at(p, OPERATOR_COMMA)) {
        foreign_note(p, FOREIGN_DROP_LIST);
        parse_advance(p);
        parse_object(p);
    }
    while (parse_token(p)->kind == TOKEN_WORD) {
        if (parse_at_word(p, WORD_AS)) { /* the name in the recycle bin, as the redo log has it */
            p->at += 2;
            continue;
        }
        d->cascade |= parse_at_word(p, WORD_CASCADE);
        parse_advance(p);
    }
}

static void parse_comment(struct parser *p, struct definition *d)
{
    d->kind = DEFINITION_COMMENT;
    parse_expect_word(p, WORD_ON);
    d->object = translation_upper(p->t, parse_token(p)->text);
    if (parse_accept_word(p, WORD_COLUMN)) {
        d->target = parse_object(p);
        d->column = d->target->name; /* [schema.]table.column: the parts move up by one */
        d->target->name = d->target->schema;
        d->target->schema = view_of(NULL, 0);
        const struct token *first = parse_token(p); /* a schema before the table is lost by the name's reader: look back */
        uint32_t parts = 1;
        for (uint32_t i = p->at; i >= 2 && token_is_operator(&p->tokens[i - 2], OPERATOR_DOT); i -= 2) parts++;
        if (parts >= 3) d->target->schema = token_name(p->t, &p->tokens[p->at - 5]);
        (void)first;
    } else if (parse_accept_word(p, WORD_TABLE) || parse_accept_word(p, WORD_VIEW)) {
        d->target = parse_object(p);
    } else {
        if (parse_accept_word(p, WORD_MATERIALIZED))
            parse_expect_word(p, WORD_VIEW);
        else
            parse_any_name(p);
        definition_refuse(d, "a comment on this kind of object is not translated", "none is needed on the target");
        parse_rest(p);
        return;
    }
    parse_expect_word(p, WORD_IS);
    if (parse_token(p)->kind != TOKEN_STRING) parse_fail(p, "a string");
    d->text = parse_operand(p)->text;
}

static struct view text_between(const struct parser *p, uint32_t from, uint32_t to)
{
    if (to <= from) return view_of(NULL, 0);
    const uint8_t *start = p->tokens[from].text.data, *end = p->tokens[to - 1].text.data + p->tokens[to - 1].text.size;
    return view_of(start, (size_t)(end - start));
}

/* GRANT and REVOKE of plain privileges on an object. */
static void parse_grant(struct parser *p, struct definition *d)
{
    d->kind = DEFINITION_GRANT;
    uint32_t from = p->at;
    while (!parse_at_word(p, WORD_ON) && !parse_at_word(p, WORD_TO) && !parse_at_word(p, WORD_FROM) && parse_token(p)->kind != TOKEN_END) {
        switch ((enum word)parse_token(p)->code) {
        case WORD_SELECT:
        case WORD_INSERT:
        case WORD_UPDATE:
        case WORD_DELETE:
        case WORD_REFERENCES:
        case WORD_ALL: break;
        default:
            if (parse_token(p)->kind == TOKEN_OPERATOR || parse_text_is(p, "PRIVILEGES")) break;
            definition_refuse(d, "system privileges and roles are the source's own", "grant on the target by hand");
        }
        parse_advance(p);
    }
    d->text = text_between(p, from, p->at);
    if (!parse_accept_word(p, WORD_ON) || d->refused) {
        definition_refuse(d, "system privileges and roles are the source's own", "grant on the target by hand");
        parse_rest(p);
        return;
    }
    if (parse_text_is(p, "DIRECTORY") || parse_text_is(p, "USER")) {
        definition_refuse(d, "privileges on this kind of object are the source's own", "grant on the target by hand");
        parse_rest(p);
        return;
    }
    d->target = parse_object(p);
    if (!parse_accept_word(p, WORD_TO)) parse_expect_word(p, WORD_FROM);
    from = p->at;
    while (parse_token(p)->kind == TOKEN_WORD || parse_token(p)->kind == TOKEN_QUOTED || parse_at(p, OPERATOR_COMMA)) {
        if (parse_at_word(p, WORD_WITH) || parse_at_word(p, WORD_CASCADE)) break;
        parse_advance(p);
    }
    d->other = text_between(p, from, p->at);
    if (d->other.size == 0) parse_fail(p, "a name");
    d->cascade = parse_at_word(p, WORD_WITH); /* WITH GRANT OPTION */
    parse_rest(p);
}

/* ALTER PROCEDURE p COMPILE and its kin: nothing but compiling again. */
static bool compiles_only(const struct parser *p)
{
    struct parser after = *p;
    bool code = false;
    for (size_t i = 0; i < sizeof procedural / sizeof *procedural; i++) code |= parse_text_is(p, procedural[i]);
    if (!code && !parse_at_word(p, WORD_MATERIALIZED)) return false;
    parse_advance(&after);
    parse_accept_word(&after, WORD_VIEW);
    while (parse_token(&after)->kind == TOKEN_QUOTED || parse_token(&after)->kind == TOKEN_WORD) {
        parse_advance(&after);
        if (!parse_accept(&after, OPERATOR_DOT)) break;
    }
    return parse_text_is(&after, "COMPILE");
}

static void parse_alter(struct parser *p, struct definition *d)
{
    d->object = translation_upper(p->t, parse_token(p)->text);
    if (parse_accept_word(p, WORD_TABLE)) {
        parse_alter_table(p, d);
    } else if (parse_accept_word(p, WORD_SEQUENCE)) {
        static const struct sequence_options nothing;
        d->kind = DEFINITION_ALTER_SEQUENCE;
        d->target = parse_object(p);
        parse_sequence_options(p, &d->sequence);
        d->sequence.cache = view_of(NULL, 0); /* how many numbers are held in memory says nothing of their values */
        d->sequence.no_cache = false;
        if (memcmp(&d->sequence, &nothing, sizeof nothing) == 0) d->kind = DEFINITION_IGNORED; /* ORDER and its kin */
    } else if (parse_accept_word(p, WORD_INDEX)) {
        d->target = parse_object(p);
        if (parse_at_words(p, WORD_RENAME, WORD_TO)) {
            p->at += 2;
            d->kind = DEFINITION_ALTER_INDEX_RENAME;
            d->other = parse_name(p, NULL);
        } else {
            d->kind = DEFINITION_IGNORED;
            parse_rest(p);
        }
    } else {
        bool ignored = parse_at_word(p, WORD_VIEW) || parse_at_word(p, WORD_TABLESPACE) || compiles_only(p);
        d->kind = ignored ? DEFINITION_IGNORED : DEFINITION_UNKNOWN;
        if (!ignored)
            definition_refuse(d,
                              translation_printf(p->t, "ALTER %.*s is not translated", (int)d->object.size, (const char *)d->object.data),
                              "make the change by hand where it is needed");
        parse_rest(p);
    }
}

static void parse_set(struct parser *p, struct definition *d)
{
    if (parse_accept_word(p, WORD_CONSTRAINTS) || parse_accept_word(p, WORD_CONSTRAINT)) {
        d->kind = DEFINITION_SET_CONSTRAINTS;
        uint32_t from = p->at;
        while (!parse_at_word(p, WORD_DEFERRED) && !parse_at_word(p, WORD_IMMEDIATE) && parse_token(p)->kind != TOKEN_END) parse_advance(p);
        d->text = text_between(p, from, p->at);
        d->other = translation_upper(p->t, parse_token(p)->text);
        if (!parse_accept_word(p, WORD_DEFERRED)) parse_expect_word(p, WORD_IMMEDIATE);
        return;
    }
    definition_refuse(d, "SET ROLE and their kin are the source's own", "none is needed on the target");
    parse_rest(p);
}

static void parse_analyze(struct parser *p, struct definition *d)
{
    d->kind = DEFINITION_ANALYZE;
    if (parse_accept_word(p, WORD_TABLE))
        d->target = parse_object(p);
    else
        d->kind = DEFINITION_IGNORED;
    parse_rest(p);
}

static void parse_truncate(struct parser *p, struct definition *d)
{
    d->kind = DEFINITION_TRUNCATE;
    if (parse_accept_word(p, WORD_CLUSTER))
        definition_refuse(d, "clusters are not translated", "none is needed on the target");
    else if (parse_at_name(p) && parse_ahead(p, 1)->kind != TOKEN_WORD)
        foreign_note(p, FOREIGN_TRUNCATE);
    else
        parse_expect_word(p, WORD_TABLE);
    d->target = parse_object(p);
    while (parse_token(p)->kind == TOKEN_WORD) {
        d->cascade |= parse_at_word(p, WORD_CASCADE);
        parse_advance(p);
    }
}

struct definition *parse_definition(struct parser *p)
{
    struct definition *d = translation_alloc(p->t, sizeof *d);
    enum word verb = parse_token(p)->kind == TOKEN_WORD ? parse_token(p)->code : WORD_NONE;
    d->at = parse_token(p)->at;
    d->verb = translation_upper(p->t, parse_token(p)->text);
    if (parse_text_is(p, "ADMINISTER") || parse_text_is(p, "ASSOCIATE") || parse_text_is(p, "DISASSOCIATE")) {
        definition_refuse(d, "keystores and statistics belong to the source's administration", "none is needed on the target");
        parse_rest(p);
        return d;
    }
    if (!word_defines(verb) && verb != WORD_SET) return NULL;
    parse_advance(p);
    switch (verb) {
    case WORD_CREATE: parse_create(p, d); break;
    case WORD_ALTER: parse_alter(p, d); break;
    case WORD_DROP: parse_drop(p, d); break;
    case WORD_TRUNCATE: parse_truncate(p, d); break;
    case WORD_COMMENT: parse_comment(p, d); break;
    case WORD_GRANT:
    case WORD_REVOKE: parse_grant(p, d); break;
    case WORD_RENAME:
        d->kind = DEFINITION_RENAME;
        d->target = parse_object(p);
        parse_expect_word(p, WORD_TO);
        d->other = parse_name(p, NULL);
        break;
    case WORD_ANALYZE: parse_analyze(p, d); break;
    case WORD_SET: parse_set(p, d); break;
    default:
        definition_refuse(
            d, translation_printf(p->t, "%.*s belongs to the source's administration", (int)d->verb.size, (const char *)d->verb.data),
            "none is needed on the target");
        parse_rest(p);
        break;
    }
    return d;
}
