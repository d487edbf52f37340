-- SPDX-License-Identifier: Apache-2.0
-- Oracle's regular expressions in terms of PostgreSQL's. A pattern that is a constant is rewritten once, when the statement is planned.

-- '.' does not match a line's end (without 'n'); a backslash is no escape inside brackets; only \1 to \9 and \d \D \w \W \s \S \A \Z \z are more than the
-- character itself; 'x' lets blanks out.
CREATE OR REPLACE FUNCTION understudy.regexp_pattern(pattern text, flags text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    out text := '';
    at integer := 1;
    size integer := length(pattern);
    c text;
    d text;
    start boolean := true; -- nothing that a quantifier could belong to
    dot text := CASE WHEN strpos(coalesce(flags, ''), 'n') > 0 THEN '.' ELSE '[^\n]' END;
    loose boolean := strpos(coalesce(flags, ''), 'x') > 0;
    close integer;
BEGIN
    IF pattern IS NULL OR pattern = '' THEN RETURN NULL; END IF;
    WHILE at <= size LOOP
        c := substr(pattern, at, 1);
        d := substr(pattern, at + 1, 1);
        at := at + 1;
        IF c = '\' THEN
            at := at + 1;
            out := out || CASE WHEN d = '' THEN '\\' WHEN d ~ '[1-9dDwWsSAZ]' THEN '\' || d WHEN d = 'z' THEN '\Z' WHEN d ~ '[A-Za-z0]' THEN d ELSE '\' || d END;
            start := false;
        ELSIF c = '.' THEN
            out := out || dot;
            start := false;
        ELSIF c = '[' THEN
            out := out || '[';
            IF substr(pattern, at, 1) = '^' THEN
                out := out || '^';
                at := at + 1;
            END IF;
            IF substr(pattern, at, 1) = ']' THEN
                out := out || ']';
                at := at + 1;
            END IF;
            WHILE at <= size LOOP
                c := substr(pattern, at, 1);
                d := substr(pattern, at + 1, 1);
                IF c = '[' AND d IN (':', '.', '=') THEN
                    close := strpos(substr(pattern, at + 2), d || ']');
                    IF close > 0 THEN
                        out := out || substr(pattern, at, close + 3);
                        at := at + close + 3;
                        CONTINUE;
                    END IF;
                END IF;
                out := out || CASE WHEN c = '\' THEN '\\' WHEN c = '[' THEN '\[' ELSE c END;
                at := at + 1;
                EXIT WHEN c = ']';
            END LOOP;
            start := false;
        ELSIF start AND c IN ('*', '+', '?') THEN
            out := out || '\' || c;
            start := false;
        ELSIF loose AND c ~ '\s' THEN
            NULL;
        ELSE
            out := out || c;
            start := c IN ('(', '|', '^');
        END IF;
    END LOOP;
    RETURN out;
END $$;
-- Of 'i' and 'c' the last one holds; 'm' lets ^ and $ match at line ends, '.' is the pattern's matter.
CREATE OR REPLACE FUNCTION understudy.regexp_flags(flags text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF flags ~ '[^icnmx]' THEN PERFORM understudy.raise_error(1760, 'illegal argument for function'); END IF;
    RETURN CASE WHEN flags ~ 'i[^c]*$' THEN 'i' ELSE '' END || CASE WHEN strpos(flags, 'm') > 0 THEN 'w' ELSE '' END;
END $$;
-- A backslash before anything but a digit stands for itself; two stand for one.
CREATE OR REPLACE FUNCTION understudy.regexp_replacement(replacement text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN strpos(replacement, '\') = 0 THEN replacement
                ELSE regexp_replace(regexp_replace(replacement, '\\\\', E'\001', 'g'), '\\(?![1-9])|\001', '\\\\', 'g') END $$;

CREATE OR REPLACE FUNCTION understudy.regexp_like(t text, pattern text, flags text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_like(t, understudy.regexp_pattern(pattern, flags), understudy.regexp_flags(coalesce(flags, ''))) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_like(t text, pattern text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT t ~ understudy.regexp_pattern(pattern, '') $$;

CREATE OR REPLACE FUNCTION understudy.regexp_count(t text, pattern text, p numeric, flags text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_count(t, understudy.regexp_pattern(pattern, flags), trunc(p)::integer, understudy.regexp_flags(coalesce(flags, '')))::numeric $$;
CREATE OR REPLACE FUNCTION understudy.regexp_count(t text, pattern text, p numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_count(t, understudy.regexp_pattern(pattern, ''), trunc(p)::integer)::numeric $$;
CREATE OR REPLACE FUNCTION understudy.regexp_count(t text, pattern text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_count(t, understudy.regexp_pattern(pattern, ''))::numeric $$;

CREATE OR REPLACE FUNCTION understudy.regexp_instr(t text, pattern text, p numeric, n numeric, behind numeric, flags text, part numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_instr(t, understudy.regexp_pattern(pattern, flags), trunc(p)::integer, trunc(n)::integer, (behind <> 0)::integer,
                        understudy.regexp_flags(coalesce(flags, '')), trunc(part)::integer)::numeric $$;
CREATE OR REPLACE FUNCTION understudy.regexp_instr(t text, pattern text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_instr(t, pattern, 1, 1, 0, '', 0) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_instr(t text, pattern text, p numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_instr(t, pattern, p, 1, 0, '', 0) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_instr(t text, pattern text, p numeric, n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_instr(t, pattern, p, n, 0, '', 0) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_instr(t text, pattern text, p numeric, n numeric, behind numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_instr(t, pattern, p, n, behind, '', 0) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_instr(t text, pattern text, p numeric, n numeric, behind numeric, flags text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_instr(t, pattern, p, n, behind, flags, 0) $$;

CREATE OR REPLACE FUNCTION understudy.regexp_substr(t text, pattern text, p numeric, n numeric, flags text, part numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(regexp_substr(t, understudy.regexp_pattern(pattern, flags), trunc(p)::integer, trunc(n)::integer, understudy.regexp_flags(coalesce(flags, '')), trunc(part)::integer), '') $$;
CREATE OR REPLACE FUNCTION understudy.regexp_substr(t text, pattern text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_substr(t, pattern, 1, 1, '', 0) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_substr(t text, pattern text, p numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_substr(t, pattern, p, 1, '', 0) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_substr(t text, pattern text, p numeric, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_substr(t, pattern, p, n, '', 0) $$;
CREATE OR REPLACE FUNCTION understudy.regexp_substr(t text, pattern text, p numeric, n numeric, flags text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_substr(t, pattern, p, n, flags, 0) $$;

-- Without a pattern the text stays as it is.
CREATE OR REPLACE FUNCTION understudy.regexp_replace(t text, pattern text, replacement text, p numeric, n numeric, flags text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pattern IS NULL THEN t
                ELSE nullif(regexp_replace(t, understudy.regexp_pattern(pattern, flags), understudy.regexp_replacement(coalesce(replacement, '')), trunc(p)::integer, trunc(n)::integer,
                                           understudy.regexp_flags(coalesce(flags, ''))), '') END $$;
CREATE OR REPLACE FUNCTION understudy.regexp_replace(t text, pattern text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_replace(t, pattern, '', 1, 0, '') $$;
CREATE OR REPLACE FUNCTION understudy.regexp_replace(t text, pattern text, replacement text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_replace(t, pattern, replacement, 1, 0, '') $$;
CREATE OR REPLACE FUNCTION understudy.regexp_replace(t text, pattern text, replacement text, p numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_replace(t, pattern, replacement, p, 0, '') $$;
CREATE OR REPLACE FUNCTION understudy.regexp_replace(t text, pattern text, replacement text, p numeric, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.regexp_replace(t, pattern, replacement, p, n, '') $$;
