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
-- The rows of JSON_TABLE, each as an array of texts. A line of `columns` for each column: kind, two numbers, path. Kinds: v text of at most so many bytes (0: any),
-- n number of that precision (0: any) and scale, q the objects and arrays by json_query's wrapper and length, e 1 or 0 and b true or false for what exists, o the row's number.
CREATE OR REPLACE FUNCTION understudy.json_cell(one json, kind text, a integer, b integer, path text, n bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    value text;
BEGIN
    CASE kind
    WHEN 'o' THEN RETURN n;
    WHEN 'q' THEN RETURN understudy.json_query(one::text, path, a, b);
    WHEN 'e' THEN RETURN CASE WHEN understudy.json_exists(one::text, path) THEN '1' ELSE '0' END;
    WHEN 'b' THEN RETURN CASE WHEN understudy.json_exists(one::text, path) THEN 'true' ELSE 'false' END;
    WHEN 'v' THEN
        value := understudy.json_value(one::text, path);
        RETURN CASE WHEN a = 0 OR octet_length(value) <= a THEN value END;
    ELSE
        value := CASE WHEN a = 0 THEN understudy.json_number(one::text, path) ELSE round(understudy.json_number(one::text, path), b) END;
        RETURN CASE WHEN a = 0 OR abs(value::numeric) < power(10::numeric, a - b) THEN value END;
    END CASE;
END $$;
-- The rows of one document's part: each row of a nested path beside the columns around it, one path after the other; no nested row at all: one row with NULLs.
CREATE OR REPLACE FUNCTION understudy.json_rows(one json, n bigint, lines text[]) RETURNS SETOF text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    outer_row text[] := '{}';
    paths text[] := '{}';
    first_lines integer[] := '{}';
    counts integer[] := '{}';
    places integer[] := '{}';
    line text[];
    k integer := 1;
    inner_row text[];
    made text[];
    width integer;
    any_row boolean := false;
BEGIN
    WHILE k <= cardinality(lines) LOOP
        line := regexp_match(lines[k], '^(.) (\S+) (\S+) (.*)$');
        IF line[1] = 'x' THEN
            paths := paths || line[4]; first_lines := first_lines || k + 1; counts := counts || line[2]::integer; places := places || cardinality(outer_row);
            SELECT count(*) INTO width FROM unnest(lines[k + 1 : k + line[2]::integer]) l WHERE l !~ '^x ';
            outer_row := outer_row || array_fill(NULL::text, ARRAY[width]);
            k := k + line[2]::integer;
        ELSE
            outer_row := array_append(outer_row, understudy.json_cell(one, line[1], line[2]::integer, line[3]::integer, line[4], n));
        END IF;
        k := k + 1;
    END LOOP;
    FOR p IN 1 .. cardinality(paths) LOOP
        FOR inner_row IN SELECT r FROM unnest(understudy.json_found(one, paths[p])) WITH ORDINALITY AS f(part, m),
            understudy.json_rows(f.part, f.m, lines[first_lines[p] : first_lines[p] + counts[p] - 1]) AS r ORDER BY f.m LOOP
            made := outer_row[1 : places[p]] || inner_row || outer_row[places[p] + cardinality(inner_row) + 1 :];
            any_row := true;
            RETURN NEXT made;
        END LOOP;
    END LOOP;
    IF NOT any_row THEN RETURN NEXT outer_row; END IF;
END $$;
CREATE OR REPLACE FUNCTION understudy.json_table(document text, path text, columns text) RETURNS SETOF text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    one json;
    n bigint := 0;
BEGIN
    FOREACH one IN ARRAY understudy.json_found(document::json, path) LOOP
        n := n + 1;
        IF columns ~ '(^|\n)x ' THEN
            RETURN QUERY SELECT understudy.json_rows(one, n, regexp_split_to_array(columns, '\n'));
            CONTINUE;
        END IF;
        RETURN NEXT ARRAY(SELECT understudy.json_cell(one, c[1], c[2]::integer, c[3]::integer, c[4], n)
            FROM regexp_split_to_table(columns, '\n') WITH ORDINALITY l(line, k), LATERAL regexp_match(line, '^(.) (\S+) (\S+) (.*)$') c ORDER BY k);
    END LOOP;
EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
    RETURN;
END $$;
