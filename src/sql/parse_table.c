/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: CREATE TABLE and ALTER TABLE. */
#include "sql/parse_definition.h"
#include "sql/parse_foreign.h"

static void parse_constraint_state(struct parser *p, struct constraint_definition *c)
{
    for (;;) {
        if (parse_accept_word(p, WORD_DEFERRABLE)) {
            c->deferrable = true;
        } else if (parse_at_word(p, WORD_NOT) && token_is_word(parse_ahead(p, 1), WORD_DEFERRABLE)) {
            p->at += 2;
        } else if (parse_accept_word(p, WORD_INITIALLY)) {
            c->deferred = parse_at_word(p, WORD_DEFERRED);
            if (!parse_accept_word(p, WORD_DEFERRED)) parse_expect_word(p, WORD_IMMEDIATE);
        } else if (parse_accept_word(p, WORD_ENABLE)) {
            c->disabled = false;
        } else if (parse_accept_word(p, WORD_DISABLE)) {
            c->disabled = true;
        } else if (parse_accept_word(p, WORD_NOVALIDATE)) {
            c->novalidate = true;
        } else if (parse_accept_word(p, WORD_VALIDATE) || parse_accept_text(p, "RELY") || parse_accept_text(p, "NORELY")) {
        } else if (parse_at_word(p, WORD_USING) && token_is_word(parse_ahead(p, 1), WORD_INDEX)) {
            p->at += 2;
            for (;;) { /* where and how the index is kept */
                if (parse_at(p, OPERATOR_LEFT)) {
                    parse_skip_brackets(p);
                } else if (parse_at(p, OPERATOR_COMMA) || parse_at(p, OPERATOR_RIGHT) || parse_at(p, OPERATOR_SEMICOLON) ||
                           parse_token(p)->kind == TOKEN_END || parse_at_word(p, WORD_ENABLE) || parse_at_word(p, WORD_DISABLE) ||
                           parse_at_word(p, WORD_CONSTRAINT) || parse_at_word(p, WORD_DEFERRABLE) || parse_at_word(p, WORD_INITIALLY) ||
                           parse_at_word(p, WORD_NOVALIDATE) || parse_at_word(p, WORD_ADD) || parse_at_word(p, WORD_MODIFY)) {
                    break;
                } else {
                    parse_advance(p);
                }
            }
        } else if (parse_at_word(p, WORD_TABLESPACE)) {
            p->at += 2;
        } else if (parse_accept_text(p, "EXCEPTIONS")) {
            parse_expect_word(p, WORD_INTO);
            parse_object(p);
        } else {
            return;
        }
    }
}

/* MATCH, ON UPDATE, ON DELETE RESTRICT .. of other dialects. */
static void accept_foreign_actions(struct parser *p)
{
    for (;;) {
        const struct token *verb = parse_ahead(p, 1), *action = parse_ahead(p, 2);
        bool update = parse_at_word(p, WORD_ON) && token_is_word(verb, WORD_UPDATE);
        bool other = parse_at_word(p, WORD_ON) && token_is_word(verb, WORD_DELETE) && !token_is_word(action, WORD_CASCADE) &&
                     !(token_is_word(action, WORD_SET) && token_is_word(parse_ahead(p, 3), WORD_NULL));
        if (parse_text_is(p, "MATCH") && verb->kind == TOKEN_WORD) {
            foreign_note(p, FOREIGN_MATCH);
            p->at += 2;
        } else if (update || other) {
            foreign_note(p, FOREIGN_ON_UPDATE);
            p->at += 2 + (token_is_word(action, WORD_SET) || token_is_word(action, WORD_NO));
            parse_any_name(p);
        } else {
            return;
        }
    }
}

static void parse_references(struct parser *p, struct constraint_definition *c)
{
    c->references = parse_object(p);
    if (parse_at(p, OPERATOR_LEFT)) parse_names(p, &c->referred, &c->referred_count);
    accept_foreign_actions(p);
    if (!parse_at_word(p, WORD_ON) || !token_is_word(parse_ahead(p, 1), WORD_DELETE)) return;
    p->at += 2;
    if (parse_accept_word(p, WORD_CASCADE)) {
        c->cascade = true;
    } else {
        parse_expect_word(p, WORD_SET);
        parse_expect_word(p, WORD_NULL);
        c->set_null = true;
    }
}

bool parse_constraint(struct parser *p, struct definition *d, struct constraint_definition *c, bool inside_column)
{
    *c = (struct constraint_definition){.at = parse_token(p)->at};
    bool named = parse_at_word(p, WORD_CONSTRAINT);
    if (named) {
        parse_advance(p);
        c->name = parse_name(p, NULL);
    }
    if (inside_column && parse_accept_words(p, WORD_NOT, WORD_NULL)) {
        c->kind = CONSTRAINT_NOT_NULL;
    } else if (inside_column && parse_accept_word(p, WORD_NULL)) {
        c->kind = CONSTRAINT_NULL;
    } else if (parse_accept_words(p, WORD_PRIMARY, WORD_KEY)) {
        c->kind = CONSTRAINT_PRIMARY_KEY;
        if (!inside_column || parse_at(p, OPERATOR_LEFT)) parse_names(p, &c->columns, &c->column_count);
    } else if (parse_at_word(p, WORD_UNIQUE) && (inside_column || token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT))) {
        parse_advance(p);
        c->kind = CONSTRAINT_UNIQUE;
        if (!inside_column || parse_at(p, OPERATOR_LEFT)) parse_names(p, &c->columns, &c->column_count);
    } else if (!inside_column && parse_accept_words(p, WORD_FOREIGN, WORD_KEY)) {
        c->kind = CONSTRAINT_FOREIGN_KEY;
        parse_names(p, &c->columns, &c->column_count);
        parse_expect_word(p, WORD_REFERENCES);
        parse_references(p, c);
    } else if (inside_column && parse_accept_word(p, WORD_REFERENCES)) {
        c->kind = CONSTRAINT_FOREIGN_KEY;
        parse_references(p, c);
    } else if (parse_at_word(p, WORD_CHECK) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
        p->at += 2;
        c->kind = CONSTRAINT_CHECK;
        c->check = parse_expression(p);
        parse_expect(p, OPERATOR_RIGHT);
    } else if (named) {
        parse_fail(p, "a constraint");
    } else {
        return false;
    }
    parse_constraint_state(p, c);
    (void)d;
    return true;
}

static void parse_identity(struct parser *p, struct column_definition *c)
{
    c->identity = true;
    parse_expect_word(p, WORD_IDENTITY);
    if (!parse_at(p, OPERATOR_LEFT)) {
        parse_sequence_options(p, &c->identity_options);
        return;
    }
    parse_advance(p);
    parse_sequence_options(p, &c->identity_options);
    parse_expect(p, OPERATOR_RIGHT);
}

/* VIRTUAL, and what the redo log says of columns that the source made for itself. */
static void accept_virtual(struct parser *p)
{
    if (!parse_accept_word(p, WORD_VIRTUAL) || !parse_accept_word(p, WORD_BY)) return;
    parse_any_name(p);
    if (parse_accept_word(p, WORD_FOR)) parse_any_name(p);
}

static void parse_generated(struct parser *p, struct column_definition *c)
{
    c->identity_always = parse_accept_word(p, WORD_ALWAYS);
    if (parse_accept_word(p, WORD_BY)) {
        parse_expect_word(p, WORD_DEFAULT);
        if (parse_accept_word(p, WORD_ON)) {
            parse_expect_word(p, WORD_NULL);
            c->identity_on_null = true;
        }
    }
    parse_expect_word(p, WORD_AS);
    if (parse_at_word(p, WORD_IDENTITY)) {
        parse_identity(p, c);
        return;
    }
    parse_expect(p, OPERATOR_LEFT);
    c->generated = parse_expression(p);
    parse_expect(p, OPERATOR_RIGHT);
    accept_virtual(p);
    if (!parse_text_is(p, "STORED")) return;
    foreign_note(p, FOREIGN_STORED);
    parse_advance(p);
}

static bool at_type(const struct parser *p)
{
    const struct token *token = parse_token(p);
    if (token->kind == TOKEN_QUOTED) return true;
    if (token->kind != TOKEN_WORD) return false;
    switch ((enum word)token->code) {
    case WORD_NOT:
    case WORD_NULL:
    case WORD_DEFAULT:
    case WORD_CONSTRAINT:
    case WORD_PRIMARY:
    case WORD_UNIQUE:
    case WORD_REFERENCES:
    case WORD_CHECK:
    case WORD_GENERATED:
    case WORD_AS:
    case WORD_ENABLE:
    case WORD_DISABLE:
    case WORD_VISIBLE:
    case WORD_INVISIBLE: return false;
    default: return true;
    }
}

static void parse_default(struct parser *p, struct column_definition *c)
{
    if (parse_accept_word(p, WORD_ON)) {
        parse_expect_word(p, WORD_NULL);
        c->default_on_null = true;
    }
    c->default_value = parse_operand(p);
    if (c->default_value->kind == EXPRESSION_NULL) {
        c->default_value = NULL;
        c->drop_default = true;
    }
}

static struct column_definition parse_column_definition(struct parser *p, struct definition *d, bool modify)
{
    struct column_definition c = {.at = parse_token(p)->at};
    c.name = parse_name(p, NULL);
    (void)modify;
    if (at_type(p)) c.type = parse_type_name(p);
    for (;;) {
        struct constraint_definition constraint;
        if (parse_accept_word(p, WORD_DEFAULT)) {
            parse_default(p, &c);
        } else if (parse_accept_word(p, WORD_GENERATED)) {
            parse_generated(p, &c);
        } else if (parse_at_word(p, WORD_AS) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
            p->at += 2;
            c.generated = parse_expression(p);
            parse_expect(p, OPERATOR_RIGHT);
            accept_virtual(p);
        } else if (parse_at_word(p, WORD_INVISIBLE)) {
            definition_differs(p, d, "the target has no invisible columns");
            parse_advance(p);
        } else if (parse_accept_word(p, WORD_VISIBLE) || parse_accept_text(p, "SORT")) {
        } else if (parse_text_is(p, "ENCRYPT")) {
            parse_advance(p);
            while (parse_at_word(p, WORD_USING) || parse_token(p)->kind == TOKEN_STRING || parse_text_is(p, "NO") ||
                   parse_text_is(p, "SALT"))
                parse_advance(p);
        } else if (parse_text_is(p, "ANNOTATIONS") && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
            parse_advance(p);
            parse_skip_brackets(p);
        } else if (parse_at_word(p, WORD_COLLATE) || parse_text_is(p, "DOMAIN")) {
            definition_differs(p, d,
                               parse_at_word(p, WORD_COLLATE) ? "the column's collation is that of the target's database"
                                                              : "what the domain demands is not checked on the target");
            parse_advance(p);
            while (parse_any_name(p).size && parse_accept(p, OPERATOR_DOT)) {}
        } else if (parse_accept_text(p, "RESERVABLE")) {
        } else if (parse_constraint(p, d, &constraint, true)) {
            LIST_ADD(p->t, c.constraints, c.constraint_count, constraint);
        } else {
            return c;
        }
    }
}

static bool at_table_constraint(const struct parser *p)
{
    if (parse_at_word(p, WORD_CONSTRAINT) && parse_ahead(p, 1)->kind != TOKEN_OPERATOR) return true;
    return parse_at_words(p, WORD_PRIMARY, WORD_KEY) || parse_at_words(p, WORD_FOREIGN, WORD_KEY) ||
           ((parse_at_word(p, WORD_UNIQUE) || parse_at_word(p, WORD_CHECK)) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT));
}

static void parse_table_element(struct parser *p, struct definition *d)
{
    if (at_table_constraint(p)) {
        struct constraint_definition c;
        if (!parse_constraint(p, d, &c, false)) parse_fail(p, "a constraint");
        LIST_ADD(p->t, d->constraints, d->constraint_count, c);
    } else if (parse_at_word(p, WORD_LIKE)) {
        foreign_note(p, FOREIGN_TABLE_LIKE);
        parse_advance(p);
        parse_object(p);
        while (parse_token(p)->kind == TOKEN_WORD) parse_advance(p); /* INCLUDING ALL */
    } else if (parse_text_is(p, "SUPPLEMENTAL")) {
        while (!parse_at(p, OPERATOR_COMMA) && !parse_at(p, OPERATOR_RIGHT) && parse_token(p)->kind != TOKEN_END) {
            if (parse_at(p, OPERATOR_LEFT))
                parse_skip_brackets(p);
            else
                parse_advance(p);
        }
    } else {
        struct column_definition c = parse_column_definition(p, d, false);
        LIST_ADD(p->t, d->columns, d->column_count, c);
    }
}

/* PARTITION OF parent FOR VALUES ..: a partition made by itself, of another dialect. */
static void accept_partition_of(struct parser *p)
{
    if (!parse_at_words(p, WORD_PARTITION, WORD_OF)) return;
    foreign_note(p, FOREIGN_PARTITION_OF);
    p->at += 2;
    parse_object(p);
    while (parse_token(p)->kind == TOKEN_WORD || parse_at(p, OPERATOR_LEFT)) {
        if (parse_at(p, OPERATOR_LEFT))
            parse_skip_brackets(p);
        else
            parse_advance(p);
    }
}

void parse_create_table(struct parser *p, struct definition *d)
{
    d->kind = DEFINITION_CREATE_TABLE;
    d->target = parse_object(p);
    if (parse_at_word(p, WORD_OF)) definition_refuse(d, "tables of objects are not translated", "make a table with columns");
    foreign_if_not_exists(p);
    accept_partition_of(p);
    if (parse_at(p, OPERATOR_LEFT)) {
        parse_advance(p);
        bool none = parse_at(p, OPERATOR_RIGHT) && view_equal_ignoring_case(parse_ahead(p, 1)->text, view_text("INHERITS"));
        if (!none) {
            do parse_table_element(p, d);
            while (parse_accept(p, OPERATOR_COMMA));
        }
        parse_expect(p, OPERATOR_RIGHT);
    }
    if (parse_text_is(p, "INHERITS") && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
        foreign_note(p, FOREIGN_INHERITS);
        parse_advance(p);
        parse_skip_brackets(p);
    }
    while (parse_token(p)->kind != TOKEN_END && !parse_at(p, OPERATOR_SEMICOLON)) {
        if (parse_at_as_query(p)) {
            parse_advance(p);
            d->query = parse_query(p);
        } else {
            parse_skip_attributes(p, d);
        }
    }
}

static void add_action(struct parser *p, struct definition *d, struct alter_action a)
{
    LIST_ADD(p->t, d->actions, d->action_count, a);
}

static void parse_add_one(struct parser *p, struct definition *d)
{
    struct alter_action a = {0};
    if (parse_at_word(p, WORD_COLUMN)) {
        foreign_note(p, FOREIGN_ADD_COLUMN);
        parse_advance(p);
        foreign_if_not_exists(p);
    }
    if (at_table_constraint(p)) {
        a.kind = ALTER_ADD_CONSTRAINT;
        a.constraint = translation_alloc(p->t, sizeof *a.constraint);
        if (!parse_constraint(p, d, a.constraint, false)) parse_fail(p, "a constraint");
    } else {
        a.kind = ALTER_ADD_COLUMN;
        a.column = translation_alloc(p->t, sizeof *a.column);
        *a.column = parse_column_definition(p, d, false);
    }
    add_action(p, d, a);
}

static void parse_modify_one(struct parser *p, struct definition *d)
{
    struct alter_action a = {.kind = ALTER_MODIFY};
    a.column = translation_alloc(p->t, sizeof *a.column);
    *a.column = parse_column_definition(p, d, true);
    add_action(p, d, a);
}

static void parse_list_of(struct parser *p, struct definition *d, void (*one)(struct parser *, struct definition *))
{
    bool brackets = parse_accept(p, OPERATOR_LEFT);
    do one(p, d);
    while (brackets && parse_accept(p, OPERATOR_COMMA));
    if (brackets) parse_expect(p, OPERATOR_RIGHT);
}

static void accept_if_exists(struct parser *p)
{
    if (!parse_at_words(p, WORD_IF, WORD_EXISTS)) return;
    foreign_note(p, FOREIGN_IF_EXISTS_PLACE);
    p->at += 2;
}

static void parse_drop_action(struct parser *p, struct definition *d)
{
    struct alter_action a = {0};
    if (parse_accept_word(p, WORD_CONSTRAINT)) {
        a.kind = ALTER_DROP_CONSTRAINT;
        accept_if_exists(p);
        a.name = parse_name(p, NULL);
    } else if (parse_accept_words(p, WORD_PRIMARY, WORD_KEY)) {
        a.kind = ALTER_DROP_PRIMARY_KEY;
    } else if (parse_accept_word(p, WORD_UNIQUE)) {
        a.kind = ALTER_DROP_UNIQUE;
        definition_refuse(d, "a unique constraint is dropped by its columns", "drop it by its name");
        parse_rest(p);
    } else if (parse_accept_word(p, WORD_COLUMN)) {
        a.kind = ALTER_DROP_COLUMN;
        accept_if_exists(p);
        a.name = parse_name(p, NULL);
    } else if (parse_at(p, OPERATOR_LEFT)) {
        struct view *names = NULL;
        uint32_t count = 0;
        parse_names(p, &names, &count);
        for (uint32_t i = 0; i < count; i++) {
            a = (struct alter_action){.kind = ALTER_DROP_COLUMN, .name = names[i]};
            if (i + 1 < count) add_action(p, d, a);
        }
    } else {
        definition_refuse(d, "this part of ALTER TABLE is not translated", "make the change on both sides and refresh the catalog");
        parse_rest(p);
        return;
    }
    while (parse_at_word(p, WORD_CASCADE) || parse_at_word(p, WORD_CONSTRAINTS) || parse_text_is(p, "INVALIDATE") ||
           parse_at_word(p, WORD_INDEX) || parse_at_word(p, WORD_KEEP) || parse_at_word(p, WORD_DROP)) {
        a.cascade |= parse_at_word(p, WORD_CASCADE);
        if (parse_at_word(p, WORD_DROP) && !token_is_word(parse_ahead(p, 1), WORD_INDEX)) break;
        parse_advance(p);
    }
    add_action(p, d, a);
}

static void parse_rename_action(struct parser *p, struct definition *d)
{
    struct alter_action a = {.kind = ALTER_RENAME_TABLE};
    if (parse_accept_word(p, WORD_COLUMN))
        a.kind = ALTER_RENAME_COLUMN;
    else if (parse_accept_word(p, WORD_CONSTRAINT))
        a.kind = ALTER_RENAME_CONSTRAINT;
    if (a.kind != ALTER_RENAME_TABLE) a.name = parse_name(p, NULL);
    parse_expect_word(p, WORD_TO);
    a.other = parse_name(p, NULL);
    if (parse_at(p, OPERATOR_DOT)) {
        foreign_note(p, FOREIGN_RENAME_SCHEMA);
        parse_advance(p);
        a.other = parse_any_name(p);
    }
    add_action(p, d, a);
}

/* Would a column of that type be meant? ALTER TABLE t ADD interval NUMBER(3) */
static bool token_is_type(const struct token *token)
{
    static const enum word types[] = {WORD_NUMBER,  WORD_VARCHAR2,  WORD_VARCHAR,  WORD_CHAR,    WORD_DATE, WORD_TIMESTAMP,
                                      WORD_INTEGER, WORD_FLOAT,     WORD_CLOB,     WORD_BLOB,    WORD_RAW,  WORD_NUMERIC,
                                      WORD_DECIMAL, WORD_NVARCHAR2, WORD_INTERVAL, WORD_SMALLINT};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (token_is_word(token, types[i])) return true;
    return false;
}

/* Where and how rows are kept: says nothing about content. */
static bool at_physical(const struct parser *p)
{
    static const char *const words[] = {"MOVE",      "INMEMORY",   "PARALLEL",     "NOPARALLEL",  "PCTFREE",    "PCTUSED",
                                        "INITRANS",  "MAXTRANS",   "STORAGE",      "CACHE",       "NOCACHE",    "LOGGING",
                                        "NOLOGGING", "COMPRESS",   "NOCOMPRESS",   "SHRINK",      "MONITORING", "NOMONITORING",
                                        "ALLOCATE",  "DEALLOCATE", "RESULT_CACHE", "MEMOPTIMIZE", "ILM",        "TABLESPACE",
                                        "ROW",       "MINIMIZE",   "CLUSTERING",   "FLASHBACK",   "ANNOTATIONS"};
    static const char *const after_no[] = {"INMEMORY", "MEMOPTIMIZE", "FLASHBACK"}, *const after_switch[] = {"ROW", "TABLE", "LOGICAL"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (parse_text_is(p, words[i])) return true;
    const struct token *next = parse_ahead(p, 1);
    for (size_t i = 0; parse_text_is(p, "NO") && i < sizeof after_no / sizeof *after_no; i++)
        if (view_equal_ignoring_case(next->text, view_text(after_no[i]))) return true;
    for (size_t i = 0; (parse_text_is(p, "ENABLE") || parse_text_is(p, "DISABLE")) && i < sizeof after_switch / sizeof *after_switch; i++)
        if (view_equal_ignoring_case(next->text, view_text(after_switch[i]))) return true;
    return false;
}

/* Partitions are not made on the target: what is done to them, as long as no row comes or goes. DROP, TRUNCATE and EXCHANGE are none of these. */
static bool at_partition_upkeep(const struct parser *p)
{
    static const char *const verbs[] = {"ADD", "MODIFY", "SPLIT", "MERGE", "RENAME", "COALESCE", "SET"};
    static const char *const objects[] = {"PARTITION", "SUBPARTITION", "PARTITIONS", "SUBPARTITIONS", "INTERVAL", "STORE", "PARTITIONING"};
    static const char *const attributes[] = {"DEFAULT", "LOB", "NESTED"};
    const struct token *next = parse_ahead(p, 1);
    bool verb = false, object = false;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) verb |= parse_text_is(p, verbs[i]);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) object |= view_equal_ignoring_case(next->text, view_text(objects[i]));
    for (size_t i = 0; parse_at_word(p, WORD_MODIFY) && i < sizeof attributes / sizeof *attributes; i++)
        object |= view_equal_ignoring_case(next->text, view_text(attributes[i]));
    const struct token *after = parse_ahead(p, 2);
    return verb && object && next->kind == TOKEN_WORD && !token_is_word(after, WORD_TO) && /* a column of that name .. */
           (parse_text_is(p, "ADD") || parse_text_is(p, "MODIFY") ? !token_is_type(after) : true);
}

static bool at_no_meaning(const struct parser *p)
{
    return at_physical(p) || at_partition_upkeep(p) ||
           (parse_at_word(p, WORD_DROP) && view_equal_ignoring_case(parse_ahead(p, 1)->text, view_text("CLUSTERING")));
}

/* ENABLE, DISABLE [NOVALIDATE] CONSTRAINT c | PRIMARY KEY | UNIQUE (..) | ALL TRIGGERS; MODIFY CONSTRAINT is refused where it stands. */
static bool at_switch(const struct parser *p)
{
    if (!parse_at_word(p, WORD_ENABLE) && !parse_at_word(p, WORD_DISABLE)) return false;
    const struct token *next = parse_ahead(p, 1);
    if (token_is_word(next, WORD_VALIDATE) || token_is_word(next, WORD_NOVALIDATE)) next = parse_ahead(p, 2);
    return token_is_word(next, WORD_CONSTRAINT) || token_is_word(next, WORD_PRIMARY) || token_is_word(next, WORD_UNIQUE) ||
           token_is_word(next, WORD_ALL);
}

void parse_alter_table(struct parser *p, struct definition *d)
{
    d->kind = DEFINITION_ALTER_TABLE;
    d->target = parse_object(p);
    if (at_no_meaning(p)) {
        d->kind = DEFINITION_IGNORED;
        parse_rest(p);
        return;
    }
    while (parse_token(p)->kind != TOKEN_END && !parse_at(p, OPERATOR_SEMICOLON)) {
        if (parse_accept_word(p, WORD_ADD)) {
            if (parse_text_is(p, "SUPPLEMENTAL") ||
                (parse_text_is(p, "CLUSTERING") && parse_ahead(p, 1)->kind == TOKEN_WORD)) { /* of the redo log; of the rows' places */
                d->kind = DEFINITION_IGNORED;
                parse_rest(p);
                return;
            }
            parse_list_of(p, d, parse_add_one);
        } else if (parse_accept_word(p, WORD_MODIFY)) {
            if (parse_at_word(p, WORD_CONSTRAINT) || parse_at_words(p, WORD_PRIMARY, WORD_KEY)) {
                definition_refuse(d, "this part of ALTER TABLE is not translated", "make the change on both sides and refresh the catalog");
                parse_rest(p);
                return;
            }
            parse_list_of(p, d, parse_modify_one);
        } else if (parse_accept_word(p, WORD_DROP)) {
            parse_drop_action(p, d);
        } else if (parse_accept_word(p, WORD_RENAME)) {
            parse_rename_action(p, d);
        } else if (at_switch(p)) {
            definition_refuse(d, "the target cannot switch a constraint or a trigger of a table off and on",
                              "drop the constraint and add it again (NOT VALID where the rows that stand are not to be checked)");
            parse_rest(p);
        } else if (d->action_count > 0 && !d->refused) {
            parse_skip_attributes(p, d);
        } else {
            definition_refuse(d, "this part of ALTER TABLE is not translated", "make the change on both sides and refresh the catalog");
            parse_rest(p);
        }
    }
}
