/* SPDX-License-Identifier: Apache-2.0 */
/* Views of the dictionary: which there are on the target, and their columns. */
#include "sql/dictionary_view.h"
#include "sql/name.h"

#include "base/check.h"
#include <string.h>

struct dictionary_view {
    const char *name, *columns;
};

#define TAB_COLUMNS                                                                                                                        \
    "-OWNER TABLE_NAME COLUMN_NAME DATA_TYPE DATA_TYPE_MOD DATA_TYPE_OWNER #DATA_LENGTH #DATA_PRECISION #DATA_SCALE NULLABLE #COLUMN_ID "  \
    "#DEFAULT_LENGTH DATA_DEFAULT #NUM_DISTINCT #NUM_NULLS CHARACTER_SET_NAME #CHAR_COL_DECL_LENGTH #CHAR_LENGTH CHAR_USED "               \
    "IDENTITY_COLUMN DEFAULT_ON_NULL COLLATION"

/* Without ALL_, DBA_, USER_; the columns in the order of runtime/65_dictionary.sql. */
static const struct dictionary_view views[] = {
    {"TABLES", "-OWNER TABLE_NAME TABLESPACE_NAME CLUSTER_NAME IOT_NAME STATUS LOGGING #NUM_ROWS #BLOCKS #AVG_ROW_LEN @LAST_ANALYZED "
               "PARTITIONED IOT_TYPE TEMPORARY SECONDARY NESTED DURATION COMPRESSION COMPRESS_FOR DROPPED READ_ONLY DEFAULT_COLLATION"},
    {"VIEWS", "-OWNER VIEW_NAME #TEXT_LENGTH TEXT TEXT_VC READ_ONLY"},
    {"MVIEWS", "OWNER MVIEW_NAME CONTAINER_NAME QUERY UPDATABLE"},
    {"TAB_COLS", TAB_COLUMNS " HIDDEN_COLUMN VIRTUAL_COLUMN USER_GENERATED"},
    {"TAB_COLUMNS", TAB_COLUMNS},
    {"TAB_IDENTITY_COLS", "-OWNER TABLE_NAME COLUMN_NAME GENERATION_TYPE SEQUENCE_NAME IDENTITY_OPTIONS"},
    {"JSON_COLUMNS", "-OWNER TABLE_NAME OBJECT_TYPE COLUMN_NAME FORMAT DATA_TYPE"},
    {"TAB_COMMENTS", "-OWNER TABLE_NAME TABLE_TYPE COMMENTS"},
    {"MVIEW_COMMENTS", "-OWNER MVIEW_NAME COMMENTS"},
    {"COL_COMMENTS", "-OWNER TABLE_NAME COLUMN_NAME COMMENTS"},
    {"CONSTRAINTS",
     "OWNER CONSTRAINT_NAME CONSTRAINT_TYPE TABLE_NAME SEARCH_CONDITION SEARCH_CONDITION_VC R_OWNER R_CONSTRAINT_NAME "
     "DELETE_RULE STATUS DEFERRABLE DEFERRED VALIDATED GENERATED RELY @LAST_CHANGE INDEX_OWNER INDEX_NAME INVALID VIEW_RELATED"},
    {"CONS_COLUMNS", "OWNER CONSTRAINT_NAME TABLE_NAME COLUMN_NAME #POSITION"},
    {"INDEXES",
     "-OWNER INDEX_NAME INDEX_TYPE TABLE_OWNER TABLE_NAME TABLE_TYPE UNIQUENESS COMPRESSION #PREFIX_LENGTH TABLESPACE_NAME STATUS "
     "#NUM_ROWS #DISTINCT_KEYS #LEAF_BLOCKS #CLUSTERING_FACTOR #BLEVEL @LAST_ANALYZED PARTITIONED TEMPORARY GENERATED SECONDARY "
     "VISIBILITY"},
    {"IND_COLUMNS", "-INDEX_OWNER INDEX_NAME -TABLE_OWNER TABLE_NAME COLUMN_NAME #COLUMN_POSITION #COLUMN_LENGTH #CHAR_LENGTH DESCEND"},
    {"IND_EXPRESSIONS", "-INDEX_OWNER INDEX_NAME -TABLE_OWNER TABLE_NAME COLUMN_EXPRESSION #COLUMN_POSITION"},
    {"SEQUENCES", "-SEQUENCE_OWNER SEQUENCE_NAME #MIN_VALUE #MAX_VALUE #INCREMENT_BY CYCLE_FLAG ORDER_FLAG #CACHE_SIZE #LAST_NUMBER "
                  "SCALE_FLAG EXTEND_FLAG SHARDED_FLAG SESSION_FLAG KEEP_VALUE"},
    {"OBJECTS", "-OWNER OBJECT_NAME SUBOBJECT_NAME #OBJECT_ID #DATA_OBJECT_ID OBJECT_TYPE @CREATED @LAST_DDL_TIME TIMESTAMP STATUS "
                "TEMPORARY GENERATED SECONDARY #NAMESPACE EDITION_NAME"},
    {"SYNONYMS", "-OWNER SYNONYM_NAME TABLE_OWNER TABLE_NAME DB_LINK"},
};
enum { VIEWS = sizeof views / sizeof *views };
/* By their whole names. */
static const struct dictionary_view singles[] = {
    {"ALL_USERS", "USERNAME #USER_ID @CREATED COMMON ORACLE_MAINTAINED"},
    {"NLS_SESSION_PARAMETERS", "PARAMETER VALUE"},
};
enum { SINGLES = sizeof singles / sizeof *singles };
/* The source's short names of USER_ views. */
static const struct {
    const char *name, *view;
} short_names[] = {{"COLS", "USER_TAB_COLUMNS"}, {"IND", "USER_INDEXES"},  {"OBJ", "USER_OBJECTS"},
                   {"SEQ", "USER_SEQUENCES"},    {"SYN", "USER_SYNONYMS"}, {"TABS", "USER_TABLES"}};

bool dictionary_view_at(uint32_t i, const char **name, const char **columns)
{
    if (i >= VIEWS + SINGLES) return false;
    *name = i < VIEWS ? views[i].name : singles[i - VIEWS].name;
    *columns = i < VIEWS ? views[i].columns : singles[i - VIEWS].columns;
    return true;
}

static void add_columns(struct translation *t, struct relation *r, const char *text, bool of_user)
{
    enum { COLUMNS_MAX = 32 };
    r->columns = translation_alloc(t, sizeof *r->columns * COLUMNS_MAX);
    while (*text) {
        size_t size = strcspn(text, " ");
        bool left_out = *text == '-', number = *text == '#', date = *text == '@';
        uint32_t mark = left_out || number || date;
        struct view name = view_of(text + mark, size - mark);
        struct typing typing = number ? typing_of(SQL_NUMBER, TARGET_NUMERIC)
                               : date ? typing_of(SQL_DATE, TARGET_TIMESTAMP)
                                      : typing_of(SQL_VARCHAR, TARGET_TEXT);
        typing.nullable = true;
        CHECK(r->column_count < COLUMNS_MAX);
        if (!(left_out && of_user))
            r->columns[r->column_count++] = (struct relation_column){.name = name, .target = name_to_target(t, name), .typing = typing};
        text += size + (text[size] == ' ');
    }
    r->known = true;
}

static const struct dictionary_view *find_view(struct view name, const char *prefix)
{
    size_t size = strlen(prefix);
    if (!view_starts_with(name, prefix)) return NULL;
    for (size_t i = 0; i < VIEWS; i++)
        if (view_equal(view_of(name.data + size, name.size - size), view_text(views[i].name))) return &views[i];
    return NULL;
}

bool dictionary_view_resolve(struct translation *t, const struct from_item *item, struct relation *r)
{
    static const char *const prefixes[] = {"USER_", "ALL_", "DBA_"};
    struct view name = item->name;
    if ((item->schema.size && !view_equal(item->schema, view_text("SYS"))) || item->link.size || item->dml_target) return false;
    for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++)
        if (view_equal(name, view_text(short_names[i].name))) name = view_text(short_names[i].view);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes && !r->dictionary.size; i++) {
        const struct dictionary_view *view = find_view(name, prefixes[i]);
        if (!view) continue;
        add_columns(t, r, view->columns, i == 0);
        r->dictionary = view_text(translation_printf(t, "%s%s", i == 0 ? "USER_" : "ALL_", view->name));
    }
    for (size_t i = 0; i < SINGLES && !r->dictionary.size; i++) {
        if (!view_equal(name, view_text(singles[i].name))) continue;
        add_columns(t, r, singles[i].columns, false);
        r->dictionary = view_text(singles[i].name);
    }
    if (!r->dictionary.size) return false;
    t->is_volatile = true;
    finding_difference(t, item->at, "dictionary",
                       "the dictionary's view shows the target's objects, with the types that the target's stand for",
                       "ask the source while it is there");
    return true;
}
