/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a dictionary snapshot from the tables of sql/dictionary.sql. */
#include "standin/dictionary_load.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct load {
    struct dictionary *out;
    struct dictionary_object *object; /* of the column or argument rows being read */
    struct dictionary_column *columns;
    uint32_t column_count, column_capacity;
    struct dictionary_argument *arguments;
    uint32_t argument_count, argument_capacity;
    const char **names;
    uint32_t name_count, name_capacity;
    struct dictionary_constraint *constraint;
    struct dictionary_object **by_id;
    size_t by_id_count;
};

static const char *keep(struct load *load, const char *text)
{
    return text ? arena_string(&load->out->arena, view_text(text)) : NULL;
}
static int number_of(const char *text)
{
    return text ? atoi(text) : 0;
}

/* Makes room for one more in an arena array. */
#define LIST_GROW(load, list, count, capacity)                                                                                             \
    do {                                                                                                                                   \
        if ((count) == (capacity)) {                                                                                                       \
            void *old_ = (list);                                                                                                           \
            (capacity) = (capacity) ? (capacity)*2 : 16;                                                                                   \
            (list) = arena_alloc(&(load)->out->arena, (capacity) * sizeof *(list));                                                        \
            if (count) memcpy((list), old_, (count) * sizeof *(list));                                                                     \
        }                                                                                                                                  \
    } while (0)

static enum dictionary_kind kind_of(const char *type)
{
    static const struct {
        const char *name;
        enum dictionary_kind kind;
    } kinds[] = {{"TABLE", OBJECT_TABLE},         {"VIEW", OBJECT_VIEW},         {"SEQUENCE", OBJECT_SEQUENCE}, {"SYNONYM", OBJECT_SYNONYM},
                 {"PROCEDURE", OBJECT_PROCEDURE}, {"FUNCTION", OBJECT_FUNCTION}, {"PACKAGE", OBJECT_PACKAGE}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, type) == 0) return kinds[i].kind;
    }
    return OBJECT_OTHER;
}

static void take_object(void *context, char **v, unsigned long *lengths)
{
    (void)lengths;
    struct load *load = context;
    struct dictionary *d = load->out;
    LIST_GROW(load, d->objects, d->object_count, d->object_capacity);
    d->objects[d->object_count++] = (struct dictionary_object){.id = (uint32_t)number_of(v[0]),
                                                               .owner = keep(load, v[1]),
                                                               .name = keep(load, v[2]),
                                                               .kind = kind_of(v[3]),
                                                               .type_name = keep(load, v[3]),
                                                               .target_owner = keep(load, v[4]),
                                                               .target_name = keep(load, v[5]),
                                                               .has_row_number = kind_of(v[3]) == OBJECT_TABLE};
}

static struct dictionary_object *object_by_id(struct load *load, uint32_t id)
{
    size_t low = 0, high = load->by_id_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t here = load->by_id[middle]->id;
        if (here == id) return load->by_id[middle];
        if (id < here)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static void columns_done(struct load *load)
{
    if (load->object) {
        load->object->columns = load->columns;
        load->object->column_count = load->column_count;
    }
    load->object = NULL;
    load->columns = NULL;
    load->column_count = load->column_capacity = 0;
}

static void take_column(void *context, char **v, unsigned long *lengths)
{
    (void)lengths;
    struct load *load = context;
    struct dictionary_object *object = object_by_id(load, (uint32_t)number_of(v[0]));
    if (!object) return;
    if (object != load->object) {
        columns_done(load);
        load->object = object;
    }
    LIST_GROW(load, load->columns, load->column_count, load->column_capacity);
    struct dictionary_column *column = &load->columns[load->column_count++];
    *column = (struct dictionary_column){.position = (uint32_t)number_of(v[1]),
                                         .name = keep(load, v[2]),
                                         .nullable = number_of(v[8]),
                                         .hidden = number_of(v[9]),
                                         .computed = number_of(v[10]),
                                         .generated = (unsigned)number_of(v[11]),
                                         .default_text = keep(load, v[12]),
                                         .default_stored = keep(load, v[13])};
    column->type = (struct sql_type){.kind = (enum sql_kind)number_of(v[3]),
                                     .precision = (uint8_t)number_of(v[4]),
                                     .scale = (int8_t)number_of(v[5]),
                                     .length = (uint32_t)number_of(v[6]),
                                     .national = number_of(v[7]) & 2,
                                     .characters = number_of(v[7]) & 1};
}

static void take_constraint(void *context, char **v, unsigned long *lengths)
{
    (void)lengths;
    struct load *load = context;
    struct dictionary *d = load->out;
    struct dictionary_constraint *last = d->constraint_count ? &d->constraints[d->constraint_count - 1] : NULL;
    if (!last || strcmp(last->owner, v[0]) != 0 || strcmp(last->name, v[1]) != 0) {
        LIST_GROW(load, d->constraints, d->constraint_count, d->constraint_capacity);
        last = &d->constraints[d->constraint_count++];
        *last = (struct dictionary_constraint){.owner = keep(load, v[0]),
                                               .name = keep(load, v[1]),
                                               .type = v[2][0],
                                               .table = keep(load, v[3]),
                                               .stored_name = keep(load, v[4]),
                                               .condition = keep(load, v[5]),
                                               .referenced_owner = keep(load, v[6]),
                                               .referenced_name = keep(load, v[7])};
        load->name_capacity = 0;
    }
    if (!v[8]) return;
    LIST_GROW(load, last->columns, last->column_count, load->name_capacity);
    last->columns[last->column_count++] = keep(load, v[8]);
}

static void arguments_done(struct load *load)
{
    if (load->object) {
        load->object->arguments = load->arguments;
        load->object->argument_count = load->argument_count;
    }
    load->object = NULL;
    load->arguments = NULL;
    load->argument_count = load->argument_capacity = 0;
}

static void take_argument(void *context, char **v, unsigned long *lengths)
{
    (void)lengths;
    struct load *load = context;
    struct dictionary_object *object = object_by_id(load, (uint32_t)number_of(v[0]));
    if (!object) return;
    if (object != load->object) {
        arguments_done(load);
        load->object = object;
    }
    LIST_GROW(load, load->arguments, load->argument_count, load->argument_capacity);
    load->arguments[load->argument_count++] = (struct dictionary_argument){.member = keep(load, v[1]),
                                                                           .position = number_of(v[2]),
                                                                           .name = keep(load, v[3]),
                                                                           .in = strstr(v[4], "IN") != NULL,
                                                                           .out = strstr(v[4], "OUT") != NULL,
                                                                           .defaulted = number_of(v[9]),
                                                                           .result = keep(load, v[10]),
                                                                           .type = {.kind = (enum sql_kind)number_of(v[5]),
                                                                                    .precision = (uint8_t)number_of(v[6]),
                                                                                    .scale = (int8_t)number_of(v[7]),
                                                                                    .length = (uint32_t)number_of(v[8]),
                                                                                    .characters = true}};
}

/* The dictionary's own tables are not declared anywhere else: their columns come from MariaDB. */
static void take_system_column(void *context, char **v, unsigned long *lengths)
{
    (void)lengths;
    struct load *load = context;
    struct dictionary *d = load->out;
    if (!load->object || strcmp(load->object->name, v[0]) != 0) {
        columns_done(load);
        LIST_GROW(load, d->objects, d->object_count, d->object_capacity);
        load->object = &d->objects[d->object_count++];
        *load->object = (struct dictionary_object){.id = (uint32_t)d->object_count,
                                                   .owner = "SYS",
                                                   .name = keep(load, v[0]),
                                                   .kind = OBJECT_TABLE,
                                                   .type_name = "TABLE",
                                                   .system = true};
    }
    struct sql_type type = sql_type_number();
    if (strcmp(v[2], "varchar") == 0) type = sql_type_varchar((uint32_t)number_of(v[4]));
    if (strcmp(v[2], "longtext") == 0) type = sql_type_of(KIND_LONG);
    if (strcmp(v[2], "datetime") == 0) type = sql_type_of(KIND_DATE);
    LIST_GROW(load, load->columns, load->column_count, load->column_capacity);
    load->columns[load->column_count] =
        (struct dictionary_column){.name = keep(load, v[1]), .type = type, .position = load->column_count + 1, .nullable = v[3][0] == 'Y'};
    load->column_count++;
}

static int object_compare(const void *a, const void *b)
{
    const struct dictionary_object *x = a, *y = b;
    int order = strcmp(x->owner, y->owner);
    return order ? order : strcmp(x->name, y->name);
}
static int id_compare(const void *a, const void *b)
{
    const struct dictionary_object *const *x = a, *const *y = b;
    return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

static void sort_objects(struct load *load)
{
    struct dictionary *d = load->out;
    qsort(d->objects, d->object_count, sizeof *d->objects, object_compare);
    load->by_id = arena_alloc(&d->arena, (d->object_count + 1) * sizeof *load->by_id);
    load->by_id_count = 0;
    for (size_t i = 0; i < d->object_count; i++) {
        if (!d->objects[i].system) load->by_id[load->by_id_count++] = &d->objects[i];
    }
    qsort(load->by_id, load->by_id_count, sizeof *load->by_id, id_compare);
}

static bool load_all(struct load *load, struct engine *engine, struct engine_error *failed)
{
    if (!engine_rows(engine,
                     "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH FROM information_schema.COLUMNS"
                     " WHERE TABLE_SCHEMA = 'SYS' AND TABLE_NAME LIKE 'STANDIN$%' ORDER BY TABLE_NAME, ORDINAL_POSITION",
                     take_system_column, load, failed))
        return false;
    columns_done(load);
    if (!engine_rows(engine,
                     "SELECT OBJECT_ID, OWNER, OBJECT_NAME, OBJECT_TYPE, TARGET_OWNER, TARGET_NAME FROM `SYS`.`STANDIN$OBJECT`"
                     " WHERE OBJECT_TYPE IN ('TABLE','VIEW','SEQUENCE','SYNONYM','PROCEDURE','FUNCTION','PACKAGE')",
                     take_object, load, failed))
        return false;
    sort_objects(load);
    if (!engine_rows(engine,
                     "SELECT OBJECT_ID, COLUMN_ID, COLUMN_NAME, KIND, DATA_PRECISION, DATA_SCALE, `CHAR_LENGTH`, `CHARACTERS` + 2 * "
                     "`NATIONAL`, NULLABLE,"
                     " HIDDEN, `VIRTUAL`, `IDENTITY`, DATA_DEFAULT, STORED_DEFAULT FROM `SYS`.`STANDIN$COLUMN` ORDER BY OBJECT_ID, "
                     "COLUMN_ID, COLUMN_NAME",
                     take_column, load, failed))
        return false;
    columns_done(load);
    if (!engine_rows(engine,
                     "SELECT c.OWNER, c.CONSTRAINT_NAME, c.CONSTRAINT_TYPE, c.TABLE_NAME, c.STORED_NAME, c.SEARCH_CONDITION, c.R_OWNER,"
                     " c.R_CONSTRAINT_NAME, k.COLUMN_NAME FROM `SYS`.`STANDIN$CONSTRAINT` c LEFT JOIN `SYS`.`STANDIN$CONSTRAINT_COLUMN` k"
                     " ON k.OWNER = c.OWNER AND k.CONSTRAINT_NAME = c.CONSTRAINT_NAME ORDER BY c.OWNER, c.CONSTRAINT_NAME, k.POSITION",
                     take_constraint, load, failed))
        return false;
    if (!engine_rows(
            engine,
            "SELECT OBJECT_ID, MEMBER, POSITION, ARGUMENT_NAME, IN_OUT, KIND, DATA_PRECISION, DATA_SCALE, `CHAR_LENGTH`, DEFAULTED, RESULT"
            " FROM `SYS`.`STANDIN$ARGUMENT` ORDER BY OBJECT_ID, MEMBER, POSITION",
            take_argument, load, failed))
        return false;
    arguments_done(load);
    return true;
}

struct dictionary *dictionary_load(struct engine *engine, struct error *error)
{
    struct dictionary *d = memory_zero(1, sizeof *d);
    arena_init(&d->arena, 0);
    atomic_init(&d->references, 1);
    struct load load = {.out = d};
    struct engine_error failed = {0};
    bool good = load_all(&load, engine, &failed);
    atomic_init(&d->next_number,
                (unsigned)engine_number(engine, "SELECT `VALUE` FROM `SYS`.`STANDIN$COUNTER` WHERE `NAME` = 'NUMBER'", 8000));
    if (!good) {
        error_set(error, ERROR_SOURCE, "cannot read the dictionary: %s", failed.text);
        dictionary_release(d);
        return NULL;
    }
    return d;
}
