/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a catalog as JSON into the state store, so that it is there when the source is gone. */
#include "engine/dictionary.h"

#include "base/json.h"
#include "base/log.h"

enum { CATALOG_VERSION = 1 };

static void write_indexes(struct json *json, const uint16_t *columns, uint32_t count)
{
    json_key(json, "columns");
    json_array_begin(json);
    for (uint32_t i = 0; i < count; i++) json_u64(json, columns[i]);
    json_array_end(json);
}

static void write_column(struct json *json, const struct sql_column *c)
{
    json_object_begin(json);
    json_field_text(json, "name", c->name);
    json_field_text(json, "target", c->target);
    json_field_text(json, "type", sql_type_name(c->type));
    json_field_i64(json, "precision", c->precision);
    json_field_i64(json, "scale", c->scale);
    json_field_i64(json, "length", c->length);
    json_field_u64(json, "target_type", c->target_type);
    const struct {
        const char *name;
        bool set;
    } flags[] = {{"nullable", c->nullable},
                 {"has_default", c->has_default},
                 {"default_varies", c->default_varies},
                 {"identity", c->identity},
                 {"virtual", c->generated_virtual}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].set) json_field_boolean(json, flags[i].name, true);
    json_object_end(json);
}

static void write_keys(struct json *json, const struct sql_table *t)
{
    json_key(json, "keys");
    json_array_begin(json);
    for (uint32_t i = 0; i < t->key_count; i++) {
        json_object_begin(json);
        json_field_text(json, "name", t->keys[i].name);
        json_field_boolean(json, "primary", t->keys[i].primary);
        write_indexes(json, t->keys[i].columns, t->keys[i].column_count);
        json_object_end(json);
    }
    json_array_end(json);
    json_key(json, "foreign_keys");
    json_array_begin(json);
    for (uint32_t i = 0; i < t->foreign_key_count; i++) {
        json_object_begin(json);
        json_field_text(json, "name", t->foreign_keys[i].name);
        json_field_text(json, "table", t->foreign_keys[i].table);
        json_field_boolean(json, "cascades", t->foreign_keys[i].cascades);
        write_indexes(json, t->foreign_keys[i].columns, t->foreign_keys[i].column_count);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_table(struct json *json, const struct sql_table *t)
{
    json_object_begin(json);
    json_field_text(json, "schema", t->schema);
    json_field_text(json, "name", t->name);
    json_field_text(json, "target_schema", t->target_schema);
    json_field_text(json, "target", t->target);
    json_field_u64(json, "facts", dictionary_facts(t));
    const struct {
        const char *name;
        bool set;
    } flags[] = {{"view", t->view},
                 {"temporary", t->temporary},
                 {"trigger_insert", t->trigger_insert},
                 {"trigger_update", t->trigger_update},
                 {"trigger_delete", t->trigger_delete}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].set) json_field_boolean(json, flags[i].name, true);
    json_key(json, "columns");
    json_array_begin(json);
    for (uint32_t i = 0; i < t->column_count; i++) write_column(json, &t->columns[i]);
    json_array_end(json);
    write_keys(json, t);
    json_object_end(json);
}

bool dictionary_save(struct engine *engine, const struct sql_catalog *catalog, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    struct json json = json_into(&text);
    json_object_begin(&json);
    json_field_u64(&json, "format", CATALOG_VERSION);
    json_key(&json, "tables");
    json_array_begin(&json);
    for (uint32_t i = 0; i < sql_catalog_table_count(catalog); i++) write_table(&json, sql_catalog_table_at(catalog, i));
    json_array_end(&json);
    json_key(&json, "sequences");
    json_array_begin(&json);
    for (uint32_t i = 0; i < sql_catalog_sequence_count(catalog); i++) {
        const struct sql_sequence *s = sql_catalog_sequence_at(catalog, i);
        json_object_begin(&json);
        json_field_text(&json, "schema", s->schema);
        json_field_text(&json, "name", s->name);
        json_field_text(&json, "target_schema", s->target_schema);
        json_field_text(&json, "target", s->target);
        json_field_i64(&json, "increment", s->increment);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    buffer_u8(&text, 0);
    bool good = json_complete(&json) && state_put(engine->state, "catalog", (const char *)buffer_view(&text).data, error);
    if (good) LOG(LOG_DEBUG, "dictionary.saved", log_u64("bytes", buffer_size(&text)));
    buffer_release(&text);
    return good;
}
