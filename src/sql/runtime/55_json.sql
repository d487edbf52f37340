-- SPDX-License-Identifier: Apache-2.0
-- SQL/JSON by PostgreSQL's paths: what is no JSON, no match, several matches and what is no scalar is NULL, as the source has it without another clause.
CREATE OR REPLACE FUNCTION understudy.json_value(document text, path text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found jsonb[];
BEGIN
    SELECT array_agg(v) INTO found FROM jsonb_path_query(document::jsonb, path::jsonpath) v;
    IF cardinality(found) = 1 AND jsonb_typeof(found[1]) NOT IN ('object', 'array') THEN RETURN nullif(found[1] #>> '{}', ''); END IF;
    RETURN NULL;
EXCEPTION WHEN invalid_text_representation OR untranslatable_character OR sql_json_array_not_found OR sql_json_member_not_found OR data_exception THEN
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION understudy.json_number(document text, path text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN understudy.json_value(document, path)::numeric;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION understudy.json_exists(document text, path text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN coalesce(jsonb_path_exists(document::jsonb, path::jsonpath), false);
EXCEPTION WHEN invalid_text_representation OR untranslatable_character OR data_exception THEN
    RETURN false;
END $$;
-- Members are the texts of JSON values; a NULL is written as null or left out.
CREATE OR REPLACE FUNCTION understudy.json_object(absent boolean, VARIADIC pairs text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{' || coalesce(string_agg(to_json(pairs[i])::text || ':' || coalesce(pairs[i + 1], 'null'), ',' ORDER BY i), '') || '}'
    FROM generate_series(1, cardinality(pairs), 2) i WHERE NOT (absent AND pairs[i + 1] IS NULL) $$;
CREATE OR REPLACE FUNCTION understudy.json_array(absent boolean, VARIADIC members text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '[' || coalesce(string_agg(coalesce(members[i], 'null'), ',' ORDER BY i), '') || ']'
    FROM generate_series(1, cardinality(members)) i WHERE NOT (absent AND members[i] IS NULL) $$;
