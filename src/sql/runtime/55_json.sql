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
-- What a list of members makes: json_list leaves NULLs out or writes null, json_members takes "key":value as it comes. No rows at all: NULL.
CREATE OR REPLACE FUNCTION understudy.json_list(absent boolean, members text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '[' || CASE WHEN absent THEN array_to_string(members, ',') ELSE array_to_string(members, ',', 'null') END || ']' $$;
CREATE OR REPLACE FUNCTION understudy.json_members(members text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '{' || array_to_string(members, ',') || '}' $$;
-- A document's text without blanks outside of strings, otherwise as it was written: jsonb would lose the order of members.
CREATE OR REPLACE FUNCTION understudy.json_compact(document text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(document, '("(?:[^"\\]|\\.)*")|[ \t\n\r]+', '\1', 'g') $$;
-- What a path finds, in the document's order. Steps: .name, ."name", .*, [n], [n to m], [*]; an array is unwrapped for a name, what is no array is one of one.
CREATE OR REPLACE FUNCTION understudy.json_found(document json, path text) RETURNS json[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found json[] := ARRAY[document];
    rest text := btrim(substr(btrim(path), 2));
    step text[];
    name text;
BEGIN
    WHILE rest <> '' LOOP
        step := regexp_match(rest, '^\.\s*("(?:[^"\\]|\\.)*"|\*|[[:alpha:]_][[:alnum:]_$]*)\s*(.*)$');
        IF step IS NOT NULL THEN
            name := CASE WHEN step[1] LIKE '"%' THEN step[1]::json #>> '{}' ELSE step[1] END;
            found := ARRAY(SELECT m.value FROM unnest(found) WITH ORDINALITY f(d, i),
                LATERAL json_array_elements(CASE WHEN json_typeof(d) = 'array' THEN d ELSE json_build_array(d) END) WITH ORDINALITY a(e, n),
                LATERAL json_each(CASE WHEN json_typeof(e) = 'object' THEN e ELSE '{}' END) WITH ORDINALITY m(key, value, k)
                WHERE step[1] = '*' OR m.key = name ORDER BY i, n, k);
            rest := step[2];
            CONTINUE;
        END IF;
        step := regexp_match(rest, '^\[\s*(\*|\d+)(?:\s+to\s+(\d+))?\s*\]\s*(.*)$');
        IF step IS NULL THEN RAISE EXCEPTION 'path %', path USING ERRCODE = 'invalid_text_representation'; END IF;
        found := ARRAY(SELECT e FROM unnest(found) WITH ORDINALITY f(d, i),
            LATERAL json_array_elements(CASE WHEN json_typeof(d) = 'array' THEN d ELSE json_build_array(d) END) WITH ORDINALITY a(e, n)
            WHERE step[1] = '*' OR n - 1 BETWEEN step[1]::bigint AND coalesce(step[2], step[1])::bigint ORDER BY i, n);
        rest := step[3];
    END LOOP;
    RETURN found;
END $$;
-- wrapper: 0 none, 1 always, 2 where it is not one object or array. most: longer answers are NULL; 0: any length.
CREATE OR REPLACE FUNCTION understudy.json_query(document text, path text, wrapper integer, most integer) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found json[];
    whole boolean;
    answer text;
BEGIN
    found := understudy.json_found(document::json, path);
    whole := cardinality(found) = 1 AND json_typeof(found[1]) IN ('object', 'array');
    IF cardinality(found) = 0 OR (wrapper = 0 AND NOT whole) THEN RETURN NULL; END IF;
    answer := CASE WHEN wrapper = 1 OR NOT whole THEN '[' || array_to_string(found::text[], ',') || ']' ELSE found[1]::text END;
    answer := understudy.json_compact(answer);
    RETURN CASE WHEN most = 0 OR octet_length(answer) <= most THEN answer END;
EXCEPTION WHEN invalid_text_representation OR untranslatable_character OR data_exception THEN
    RETURN NULL;
END $$;
