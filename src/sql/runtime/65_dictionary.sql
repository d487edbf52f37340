-- SPDX-License-Identifier: Apache-2.0
-- The views of the dictionary that drivers and mappers read, over PostgreSQL's catalog: names in upper case, the types that the target's stand for.
-- Their columns stand in sql/dictionary_view.c too; new ones are added at the end, because a view that is there is replaced.
CREATE TABLE IF NOT EXISTS understudy.owner (schema text PRIMARY KEY, owner text NOT NULL);
GRANT SELECT ON understudy.owner TO PUBLIC;
CREATE OR REPLACE FUNCTION understudy.shown(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN name = lower(name) THEN upper(name) ELSE name END $$;

CREATE OR REPLACE VIEW understudy.dictionary_schema AS
    SELECT n.oid, coalesce(o.owner, understudy.shown(n.nspname::text)) AS owner FROM pg_namespace n LEFT JOIN understudy.owner o ON o.schema = n.nspname::text
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'understudy') AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE');
CREATE OR REPLACE VIEW understudy.dictionary_table AS
    SELECT c.oid, s.owner, understudy.shown(c.relname::text) AS name, c.relkind AS kind, c.reltuples, c.relpages, c.relhasindex
    FROM pg_class c JOIN understudy.dictionary_schema s ON s.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition;
CREATE OR REPLACE VIEW understudy.dictionary_column AS
    SELECT t.oid, t.owner, t.name AS table_name, t.kind, a.attnum, understudy.shown(a.attname::text) AS name, a.attnotnull, a.attidentity, a.attgenerated, y.name AS type,
        CASE WHEN y.name IN ('varchar', 'bpchar') AND y.modifier > 4 THEN y.modifier - 4 WHEN y.name = 'varchar' THEN 4000 WHEN y.name = 'bpchar' THEN 1 END AS length,
        y.modifier, (SELECT regexp_replace(pg_get_expr(d.adbin, d.adrelid), '::[a-z ]+(\([0-9]+\))?$', '') FROM pg_attrdef d WHERE d.adrelid = t.oid AND d.adnum = a.attnum) AS preset,
        (SELECT count(*) FROM pg_attribute b WHERE b.attrelid = t.oid AND b.attnum > 0 AND b.attnum <= a.attnum AND NOT b.attisdropped)::numeric AS place
    FROM understudy.dictionary_table t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped,
    LATERAL (SELECT CASE WHEN p.typtype = 'd' THEN b.typname ELSE p.typname END::text AS name, CASE WHEN p.typtype = 'd' THEN p.typtypmod ELSE a.atttypmod END AS modifier
        FROM pg_type p LEFT JOIN pg_type b ON b.oid = p.typbasetype WHERE p.oid = a.atttypid) y;

CREATE OR REPLACE VIEW understudy.all_tables AS
    SELECT owner, name AS table_name, NULL::text AS tablespace_name, NULL::text AS cluster_name, NULL::text AS iot_name, 'VALID'::text AS status, 'YES'::text AS logging,
        CASE WHEN reltuples >= 0 THEN reltuples::numeric END AS num_rows, NULL::numeric AS blocks, NULL::numeric AS avg_row_len, NULL::timestamp(0) AS last_analyzed,
        CASE WHEN kind = 'p' THEN 'YES' ELSE 'NO' END AS partitioned, NULL::text AS iot_type, 'N'::text AS temporary, 'N'::text AS secondary, 'NO'::text AS nested,
        NULL::text AS duration, 'DISABLED'::text AS compression, NULL::text AS compress_for, 'NO'::text AS dropped, 'NO'::text AS read_only, 'USING_NLS_COMP'::text AS default_collation
    FROM understudy.dictionary_table WHERE kind <> 'v';
CREATE OR REPLACE VIEW understudy.all_views AS
    SELECT owner, name AS view_name, length(pg_get_viewdef(oid))::numeric AS text_length, pg_get_viewdef(oid) AS text, pg_get_viewdef(oid) AS text_vc, 'N'::text AS read_only
    FROM understudy.dictionary_table WHERE kind = 'v';
CREATE OR REPLACE VIEW understudy.all_mviews AS
    SELECT owner, name AS mview_name, name AS container_name, pg_get_viewdef(oid) AS query, 'N'::text AS updatable FROM understudy.dictionary_table WHERE kind = 'm';
CREATE OR REPLACE VIEW understudy.all_tab_cols AS
    SELECT owner, table_name, name AS column_name,
        CASE WHEN type IN ('numeric', 'int2', 'int4', 'int8', 'bool') THEN 'NUMBER' WHEN type = 'float8' THEN 'BINARY_DOUBLE' WHEN type = 'float4' THEN 'BINARY_FLOAT'
            WHEN type = 'varchar' THEN 'VARCHAR2' WHEN type = 'bpchar' THEN 'CHAR' WHEN type IN ('text', 'json', 'jsonb') THEN 'CLOB' WHEN type = 'bytea' THEN 'BLOB'
            WHEN type = 'date' OR (type = 'timestamp' AND modifier = 0) THEN 'DATE' WHEN type = 'timestamp' THEN format('TIMESTAMP(%s)', coalesce(nullif(modifier, -1), 6))
            WHEN type = 'timestamptz' THEN format('TIMESTAMP(%s) WITH TIME ZONE', coalesce(nullif(modifier, -1), 6))
            WHEN type = 'interval' AND modifier <> -1 AND (modifier >> 16) & 32767 IN (2, 4, 6) THEN 'INTERVAL YEAR(2) TO MONTH'
            WHEN type = 'interval' THEN 'INTERVAL DAY(2) TO SECOND(6)' WHEN type = 'uuid' THEN 'RAW' WHEN type = 'xml' THEN 'XMLTYPE' ELSE upper(type) END AS data_type,
        NULL::text AS data_type_mod, NULL::text AS data_type_owner,
        CASE WHEN type = 'varchar' THEN least(length * 4, greatest(length, 4000)) WHEN type = 'bpchar' THEN least(length * 4, greatest(length, 2000))
            WHEN type IN ('numeric', 'int2', 'int4', 'int8', 'bool') THEN 22 WHEN type = 'float4' THEN 4 WHEN type = 'float8' THEN 8 WHEN type = 'uuid' THEN 16
            WHEN type = 'date' OR (type = 'timestamp' AND modifier = 0) THEN 7 WHEN type = 'timestamp' THEN 11 WHEN type = 'timestamptz' THEN 13
            WHEN type = 'interval' THEN CASE WHEN modifier <> -1 AND (modifier >> 16) & 32767 IN (2, 4, 6) THEN 5 ELSE 11 END ELSE 4000 END::numeric AS data_length,
        CASE WHEN type = 'numeric' AND modifier > 4 THEN ((modifier - 4) >> 16) & 65535 WHEN type = 'int2' THEN 4 WHEN type = 'int4' THEN 9 WHEN type = 'int8' THEN 18
            WHEN type = 'bool' THEN 1 WHEN type = 'interval' THEN 2 END::numeric AS data_precision,
        CASE WHEN type = 'numeric' AND modifier > 4 THEN (((modifier - 4) & 2047) # 1024) - 1024 WHEN type IN ('int2', 'int4', 'int8', 'bool') THEN 0
            WHEN type IN ('timestamp', 'timestamptz') AND modifier <> 0 THEN coalesce(nullif(modifier, -1), 6) WHEN type = 'interval' THEN CASE WHEN modifier <> -1 AND (modifier >> 16) & 32767 IN (2, 4, 6) THEN 0 ELSE 6 END END::numeric AS data_scale,
        CASE WHEN attnotnull THEN 'N' ELSE 'Y' END AS nullable, place AS column_id,
        CASE WHEN attidentity = '' THEN length(preset)::numeric END AS default_length, CASE WHEN attidentity = '' THEN preset END AS data_default,
        NULL::numeric AS num_distinct, NULL::numeric AS num_nulls, CASE WHEN type IN ('varchar', 'bpchar', 'text', 'json', 'jsonb') THEN 'CHAR_CS' END AS character_set_name,
        length::numeric AS char_col_decl_length, coalesce(length, 0)::numeric AS char_length, CASE WHEN length IS NOT NULL THEN 'C' END AS char_used,
        CASE WHEN attidentity <> '' THEN 'YES' ELSE 'NO' END AS identity_column, 'NO'::text AS default_on_null,
        CASE WHEN type IN ('varchar', 'bpchar', 'text') THEN 'USING_NLS_COMP' END AS "collation", 'NO'::text AS hidden_column,
        CASE WHEN attgenerated <> '' THEN 'YES' ELSE 'NO' END AS virtual_column, 'YES'::text AS user_generated
    FROM understudy.dictionary_column;
CREATE OR REPLACE VIEW understudy.all_tab_columns AS
    SELECT owner, table_name, column_name, data_type, data_type_mod, data_type_owner, data_length, data_precision, data_scale, nullable, column_id, default_length, data_default,
        num_distinct, num_nulls, character_set_name, char_col_decl_length, char_length, char_used, identity_column, default_on_null, "collation" FROM understudy.all_tab_cols;
CREATE OR REPLACE VIEW understudy.all_tab_identity_cols AS
    SELECT owner, table_name, name AS column_name, CASE WHEN attidentity = 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END AS generation_type,
        (SELECT understudy.shown(q.relname::text) FROM pg_depend d JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S' WHERE d.classid = 'pg_class'::regclass AND
            d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = c.attnum AND d.deptype = 'i') AS sequence_name, NULL::text AS identity_options
    FROM understudy.dictionary_column c WHERE attidentity <> '';
CREATE OR REPLACE VIEW understudy.all_json_columns AS
    SELECT owner, table_name, CASE WHEN kind = 'v' THEN 'VIEW' ELSE 'TABLE' END AS object_type, name AS column_name, 'TEXT'::text AS format, 'CLOB'::text AS data_type
    FROM understudy.dictionary_column WHERE type IN ('json', 'jsonb');
CREATE OR REPLACE VIEW understudy.all_tab_comments AS
    SELECT owner, name AS table_name, CASE WHEN kind = 'v' THEN 'VIEW' ELSE 'TABLE' END AS table_type, nullif(obj_description(oid, 'pg_class'), '') AS comments
    FROM understudy.dictionary_table;
CREATE OR REPLACE VIEW understudy.all_mview_comments AS
    SELECT owner, name AS mview_name, nullif(obj_description(oid, 'pg_class'), '') AS comments FROM understudy.dictionary_table WHERE kind = 'm';
CREATE OR REPLACE VIEW understudy.all_col_comments AS
    SELECT owner, table_name, name AS column_name, nullif(col_description(oid, attnum), '') AS comments FROM understudy.dictionary_column;

CREATE OR REPLACE VIEW understudy.dictionary_constraint AS
    SELECT t.oid AS table_oid, t.owner, t.name AS table_name, understudy.shown(c.conname::text) AS name, c.contype::text AS kind, c.conkey, c.conindid, c.confrelid, c.confdeltype,
        c.condeferrable, c.condeferred, c.convalidated, CASE WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid) END AS condition,
        'USER NAME'::text AS named
    FROM pg_constraint c JOIN understudy.dictionary_table t ON t.oid = c.conrelid WHERE c.contype IN ('p', 'u', 'f', 'c')
    UNION ALL
    SELECT c.oid, c.owner, c.table_name, format('SYS_C%s_%s', c.oid, c.attnum), 'c', ARRAY[c.attnum], 0::oid, 0::oid, ' ', false, false, true, format('"%s" IS NOT NULL', c.name), 'GENERATED NAME'
    FROM understudy.dictionary_column c WHERE c.attnotnull AND c.kind IN ('r', 'p') AND
        NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p' AND c.attnum = ANY (k.conkey));
CREATE OR REPLACE VIEW understudy.all_constraints AS
    SELECT c.owner, c.name AS constraint_name, CASE c.kind WHEN 'f' THEN 'R' ELSE upper(c.kind) END AS constraint_type, c.table_name, c.condition AS search_condition,
        c.condition AS search_condition_vc, f.owner AS r_owner,
        (SELECT understudy.shown(k.conname::text) FROM pg_constraint k WHERE k.conrelid = c.confrelid AND k.conindid = c.conindid AND k.contype IN ('p', 'u') LIMIT 1) AS r_constraint_name,
        CASE WHEN c.kind = 'f' THEN CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'NO ACTION' END END AS delete_rule, 'ENABLED'::text AS status,
        CASE WHEN c.condeferrable THEN 'DEFERRABLE' ELSE 'NOT DEFERRABLE' END AS "deferrable", CASE WHEN c.condeferred THEN 'DEFERRED' ELSE 'IMMEDIATE' END AS deferred,
        CASE WHEN c.convalidated THEN 'VALIDATED' ELSE 'NOT VALIDATED' END AS validated, c.named AS generated, NULL::text AS rely, NULL::timestamp(0) AS last_change,
        CASE WHEN c.kind IN ('p', 'u') THEN c.owner END AS index_owner,
        CASE WHEN c.kind IN ('p', 'u') THEN (SELECT understudy.shown(i.relname::text) FROM pg_class i WHERE i.oid = c.conindid) END AS index_name, NULL::text AS invalid, NULL::text AS view_related
    FROM understudy.dictionary_constraint c LEFT JOIN understudy.dictionary_table f ON f.oid = c.confrelid;
CREATE OR REPLACE VIEW understudy.all_cons_columns AS
    SELECT c.owner, c.name AS constraint_name, c.table_name, understudy.shown(a.attname::text) AS column_name, CASE WHEN c.kind <> 'c' THEN k.place::numeric END AS position
    FROM understudy.dictionary_constraint c, LATERAL unnest(c.conkey) WITH ORDINALITY AS k(attnum, place) JOIN pg_attribute a ON a.attnum = k.attnum
    WHERE a.attrelid = c.table_oid;
CREATE OR REPLACE VIEW understudy.dictionary_index AS
    SELECT i.indexrelid AS oid, t.oid AS table_oid, t.owner, t.name AS table_name, t.kind, understudy.shown(c.relname::text) AS name, i.indisunique, i.indkey, i.indoption, i.indnkeyatts, c.reltuples,
        i.indexprs IS NOT NULL AS has_expressions, i.indisvalid
    FROM pg_index i JOIN understudy.dictionary_table t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid;
CREATE OR REPLACE VIEW understudy.all_indexes AS
    SELECT owner, name AS index_name, CASE WHEN has_expressions THEN 'FUNCTION-BASED NORMAL' ELSE 'NORMAL' END AS index_type, owner AS table_owner, table_name, 'TABLE'::text AS table_type,
        CASE WHEN indisunique THEN 'UNIQUE' ELSE 'NONUNIQUE' END AS uniqueness, 'DISABLED'::text AS compression, NULL::numeric AS prefix_length, NULL::text AS tablespace_name,
        CASE WHEN indisvalid THEN 'VALID' ELSE 'UNUSABLE' END AS status, CASE WHEN reltuples >= 0 THEN reltuples::numeric END AS num_rows, NULL::numeric AS distinct_keys, NULL::numeric AS leaf_blocks,
        NULL::numeric AS clustering_factor, NULL::numeric AS blevel, NULL::timestamp(0) AS last_analyzed, CASE WHEN kind = 'p' THEN 'YES' ELSE 'NO' END AS partitioned,
        'N'::text AS temporary, 'N'::text AS generated, 'N'::text AS secondary, 'VISIBLE'::text AS visibility FROM understudy.dictionary_index;
CREATE OR REPLACE VIEW understudy.all_ind_columns AS
    SELECT i.owner AS index_owner, i.name AS index_name, i.owner AS table_owner, i.table_name,
        coalesce(understudy.shown(a.attname::text), format('SYS_NC%s$', lpad(k.place::text, 5, '0'))) AS column_name, k.place::numeric AS column_position,
        coalesce(l.data_length, 4000) AS column_length, coalesce(l.char_length, 0) AS char_length, CASE WHEN i.indoption[k.place - 1] & 1 = 1 THEN 'DESC' ELSE 'ASC' END AS descend
    FROM understudy.dictionary_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
    LEFT JOIN pg_attribute a ON a.attrelid = i.table_oid AND a.attnum = k.attnum AND k.attnum > 0
    LEFT JOIN understudy.all_tab_cols l ON l.owner = i.owner AND l.table_name = i.table_name AND l.column_name = understudy.shown(a.attname::text) WHERE k.place <= i.indnkeyatts;
CREATE OR REPLACE VIEW understudy.all_ind_expressions AS
    SELECT i.owner AS index_owner, i.name AS index_name, i.owner AS table_owner, i.table_name, pg_get_indexdef(i.oid, k.place::integer, false) AS column_expression, k.place::numeric AS column_position
    FROM understudy.dictionary_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) WHERE k.attnum = 0 AND k.place <= i.indnkeyatts;
CREATE OR REPLACE VIEW understudy.all_sequences AS
    SELECT s.owner AS sequence_owner, understudy.shown(c.relname::text) AS sequence_name, q.seqmin::numeric AS min_value, q.seqmax::numeric AS max_value, q.seqincrement::numeric AS increment_by,
        CASE WHEN q.seqcycle THEN 'Y' ELSE 'N' END AS cycle_flag, 'N'::text AS order_flag, CASE WHEN q.seqcache = 1 THEN 0 ELSE q.seqcache END::numeric AS cache_size,
        coalesce(CASE WHEN has_sequence_privilege(c.oid, 'USAGE, SELECT') THEN pg_sequence_last_value(c.oid) END + q.seqincrement, q.seqstart)::numeric AS last_number, 'N'::text AS scale_flag,
        'N'::text AS extend_flag, 'N'::text AS sharded_flag, 'N'::text AS session_flag, 'N'::text AS keep_value
    FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid JOIN understudy.dictionary_schema s ON s.oid = c.relnamespace;
CREATE OR REPLACE VIEW understudy.all_objects AS
    SELECT owner, object_name, NULL::text AS subobject_name, id::numeric AS object_id, id::numeric AS data_object_id, object_type, NULL::timestamp(0) AS created, NULL::timestamp(0) AS last_ddl_time,
        NULL::text AS timestamp, 'VALID'::text AS status, 'N'::text AS temporary, 'N'::text AS generated, 'N'::text AS secondary, 1::numeric AS namespace, NULL::text AS edition_name
    FROM (SELECT owner, name AS object_name, oid::bigint AS id, CASE WHEN kind = 'v' THEN 'VIEW' ELSE 'TABLE' END AS object_type FROM understudy.dictionary_table
        UNION ALL SELECT owner, name, oid::bigint, 'MATERIALIZED VIEW' FROM understudy.dictionary_table WHERE kind = 'm'
        UNION ALL SELECT owner, name, oid::bigint, 'INDEX' FROM understudy.dictionary_index
        UNION ALL SELECT s.owner, understudy.shown(c.relname::text), c.oid::bigint, 'SEQUENCE' FROM pg_class c JOIN understudy.dictionary_schema s ON s.oid = c.relnamespace WHERE c.relkind = 'S'
        UNION ALL SELECT s.owner, understudy.shown(p.proname::text), p.oid::bigint, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END
            FROM pg_proc p JOIN understudy.dictionary_schema s ON s.oid = p.pronamespace
        UNION ALL SELECT t.owner, understudy.shown(g.tgname::text), g.oid::bigint, 'TRIGGER' FROM pg_trigger g JOIN understudy.dictionary_table t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal) o;
CREATE OR REPLACE VIEW understudy.all_synonyms AS
    SELECT NULL::text AS owner, NULL::text AS synonym_name, NULL::text AS table_owner, NULL::text AS table_name, NULL::text AS db_link WHERE false;
CREATE OR REPLACE VIEW understudy.all_users AS
    SELECT owner AS username, min(oid::bigint)::numeric AS user_id, NULL::timestamp(0) AS created, 'NO'::text AS common, 'N'::text AS oracle_maintained FROM understudy.dictionary_schema GROUP BY owner;
CREATE OR REPLACE VIEW understudy.nls_session_parameters AS
    SELECT p.parameter, p.value FROM (VALUES ('NLS_LANGUAGE', 'AMERICAN'), ('NLS_TERRITORY', 'AMERICA'), ('NLS_CURRENCY', '$'), ('NLS_ISO_CURRENCY', 'AMERICA'),
        ('NLS_NUMERIC_CHARACTERS', understudy.setting('nls_numeric_characters', '.,')), ('NLS_CALENDAR', 'GREGORIAN'), ('NLS_DATE_FORMAT', understudy.setting('nls_date_format', 'DD-MON-RR')),
        ('NLS_DATE_LANGUAGE', 'AMERICAN'), ('NLS_SORT', 'BINARY'), ('NLS_TIMESTAMP_FORMAT', understudy.setting('nls_timestamp_format', 'DD-MON-RR HH.MI.SSXFF AM')),
        ('NLS_TIMESTAMP_TZ_FORMAT', understudy.setting('nls_timestamp_tz_format', 'DD-MON-RR HH.MI.SSXFF AM TZR')), ('NLS_DUAL_CURRENCY', '$'), ('NLS_COMP', 'BINARY'),
        ('NLS_LENGTH_SEMANTICS', 'BYTE'), ('NLS_NCHAR_CONV_EXCP', 'FALSE')) AS p(parameter, value);

-- USER_..: what the session's user owns, without the columns that say whose it is.
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT v.name, v.owner, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = ('understudy.all_' || v.name)::regclass AND attnum > 0
            AND attname <> ALL (v.without)) AS columns
        FROM (VALUES ('tables', 'owner', ARRAY['owner']), ('views', 'owner', ARRAY['owner']), ('mviews', 'owner', ARRAY[]::text[]), ('tab_cols', 'owner', ARRAY['owner']),
            ('tab_columns', 'owner', ARRAY['owner']), ('tab_identity_cols', 'owner', ARRAY['owner']), ('json_columns', 'owner', ARRAY['owner']), ('tab_comments', 'owner', ARRAY['owner']),
            ('mview_comments', 'owner', ARRAY['owner']), ('col_comments', 'owner', ARRAY['owner']), ('constraints', 'owner', ARRAY[]::text[]), ('cons_columns', 'owner', ARRAY[]::text[]),
            ('indexes', 'owner', ARRAY['owner']), ('ind_columns', 'index_owner', ARRAY['index_owner', 'table_owner']),
            ('ind_expressions', 'index_owner', ARRAY['index_owner', 'table_owner']), ('sequences', 'sequence_owner', ARRAY['sequence_owner']), ('objects', 'owner', ARRAY['owner']),
            ('synonyms', 'owner', ARRAY['owner'])) AS v(name, owner, without)
    LOOP
        EXECUTE format('CREATE OR REPLACE VIEW understudy.user_%s AS SELECT %s FROM understudy.all_%s WHERE %I = understudy.user_name()', one.name, one.columns, one.name, one.owner);
    END LOOP;
    FOR one IN SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relnamespace = 'understudy'::regnamespace AND c.relkind = 'v' LOOP
        EXECUTE format('GRANT SELECT ON %s TO PUBLIC', one.name);
    END LOOP;
END $$;
