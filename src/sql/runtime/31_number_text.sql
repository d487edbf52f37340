-- SPDX-License-Identifier: Apache-2.0
-- TO_CHAR and TO_NUMBER of numbers. A format model that is a constant is read once, when the statement is planned.

CREATE OR REPLACE FUNCTION understudy.decimal_sign() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(substr(current_setting('understudy.nls_numeric_characters', true), 1, 1), ''), '.') $$;
CREATE OR REPLACE FUNCTION understudy.group_sign() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(substr(current_setting('understudy.nls_numeric_characters', true), 2, 1), ''), ',') $$;

-- d.ddE+xx with `digits` behind the point (NULL: as many as there are) and an exponent of two or more figures.
CREATE OR REPLACE FUNCTION understudy.scientific(n numeric, digits integer, figures integer, keep_zeros boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain text := trim_scale(abs(n))::text;
    whole text := split_part(plain, '.', 1);
    part text := split_part(plain, '.', 2);
    exponent integer;
    mantissa numeric;
    out text;
BEGIN
    IF n = 0 THEN
        exponent := 0;
    ELSIF whole <> '0' THEN
        exponent := length(whole) - 1;
    ELSE
        exponent := -(length(part) - length(ltrim(part, '0')) + 1);
    END IF;
    mantissa := ((CASE WHEN exponent >= 0 THEN abs(n) ELSE abs(n) * power(10::numeric, -exponent) END)::text)::numeric;
    IF exponent > 0 THEN mantissa := (substr(whole, 1, 1) || '.' || substr(whole, 2) || part)::numeric; END IF;
    mantissa := round(mantissa, digits);
    IF mantissa >= 10 THEN
        mantissa := round(mantissa / 10, digits);
        exponent := exponent + 1;
    END IF;
    out := CASE WHEN keep_zeros THEN mantissa::text ELSE trim_scale(mantissa)::text END;
    RETURN CASE WHEN n < 0 THEN '-' ELSE '' END || out || 'E' || CASE WHEN exponent < 0 THEN '-' ELSE '+' END || lpad(abs(exponent)::text, greatest(figures, length(abs(exponent)::text)), '0');
END $$;

-- Without a format: no leading zero, no trailing ones, 40 digits, then powers of ten.
CREATE OR REPLACE FUNCTION understudy.number_text(n numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    out text := trim_scale(n)::text;
    minus text := '';
BEGIN
    IF left(out, 1) = '-' THEN
        minus := '-';
        out := substr(out, 2);
    END IF;
    IF length(out) > 40 THEN
        IF abs(n) >= 1e40 OR abs(n) < 1e-5 THEN
            RETURN understudy.scientific(n, CASE WHEN abs(n) >= 1e100 OR abs(n) < 1e-99 THEN 33 ELSE 34 END, 2, true);
        END IF;
        out := trim_scale(round(abs(n), greatest(40 - CASE WHEN abs(n) < 1 THEN 0 ELSE length(trunc(abs(n))::text) END, 0)))::text;
    END IF;
    IF left(out, 2) = '0.' THEN out := substr(out, 2); END IF;
    RETURN minus || out;
END $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n numeric) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN understudy.decimal_sign() = '.' THEN understudy.number_text(n) ELSE replace(understudy.number_text(n), '.', understudy.decimal_sign()) END $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::text $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::text $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::text $$;
CREATE OR REPLACE FUNCTION understudy.to_char(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT t $$;
CREATE OR REPLACE FUNCTION understudy.to_char(t boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT upper(t::text) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(b bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT nullif(upper(encode(b, 'hex')), '') $$;

-- The very value of a double, from its bits.
CREATE OR REPLACE FUNCTION understudy.double_exact(n double precision) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    bits bigint := ('x' || encode(float8send(n), 'hex'))::bit(64)::bigint;
    exponent integer := ((bits >> 52) & 2047)::integer;
    mantissa numeric := (bits & 4503599627370495)::numeric;
BEGIN
    IF exponent > 0 THEN mantissa := mantissa + 4503599627370496; ELSE exponent := 1; END IF;
    exponent := exponent - 1075;
    IF exponent >= 0 THEN RETURN sign(n)::numeric * mantissa * trunc(power(2::numeric, exponent)); END IF;
    RETURN sign(n)::numeric * trim_scale(mantissa * power(5::numeric, -exponent)) * ('1e' || exponent)::numeric;
END $$;
-- Binary floats are written with a power of ten and as many digits as tell them apart: 17, or 9.
CREATE OR REPLACE FUNCTION understudy.double_text(n double precision, digits integer) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF n = 'NaN' THEN RETURN 'Nan'; END IF;
    IF n = 'Infinity' THEN RETURN 'Inf'; END IF;
    IF n = '-Infinity' THEN RETURN '-Inf'; END IF;
    IF n = 0 THEN RETURN '0'; END IF;
    RETURN understudy.scientific(understudy.double_exact(n), digits, 3, false);
END $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n double precision) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n = 0 THEN '0' ELSE regexp_replace(understudy.double_text(n, 16), '^(-?\d)E', '\1.0E') END $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n real) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n = 0 THEN '0' ELSE regexp_replace(understudy.double_text(n::double precision, 8), '^(-?\d)E', '\1.0E') END $$;

-- A model as {kind, fill, whole, part, sign, currency, blank, shift, tens}: whole and part are made of 9 0 , and G; kind is number, hex, HEX, roman, ROMAN, text or tens.
CREATE OR REPLACE FUNCTION understudy.number_model(model text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    m text := upper(model);
    rest text := model;
    fill text := '';
    sign_at text := '';
    currency text := '';
    blank text := '';
    shift text := '0';
    tens text := '';
    part text := '';
BEGIN
    IF left(m, 2) = 'FM' THEN
        fill := 'FM';
        m := substr(m, 3);
        rest := substr(rest, 3);
    END IF;
    IF m IN ('TM', 'TM9') THEN RETURN ARRAY['text', fill, '', '', '', '', '', '0', '']; END IF;
    IF m = 'TME' THEN RETURN ARRAY['tens', fill, '', '', '', '', '', '0', '']; END IF;
    IF m = 'RN' THEN RETURN ARRAY[CASE WHEN left(rest, 1) = 'r' THEN 'roman' ELSE 'ROMAN' END, fill, '', '', '', '', '', '0', '']; END IF;
    IF m ~ '^0*X+$' THEN RETURN ARRAY[CASE WHEN strpos(rest, 'x') > 0 THEN 'hex' ELSE 'HEX' END, fill, m, '', '', '', '', '0', '']; END IF;
    IF m ~ '^S' THEN sign_at := 'S<'; m := substr(m, 2); ELSIF m ~ 'S$' THEN sign_at := 'S>'; m := left(m, -1); END IF;
    IF m ~ 'MI$' AND sign_at = '' THEN sign_at := 'MI'; m := left(m, -2); END IF;
    IF m ~ 'PR$' AND sign_at = '' THEN sign_at := 'PR'; m := left(m, -2); END IF;
    IF strpos(m, 'B') > 0 THEN blank := 'B'; m := regexp_replace(m, 'B', ''); END IF;
    IF strpos(m, '$') > 0 THEN currency := '$<'; m := regexp_replace(m, '\$', ''); END IF;
    IF m ~ '^[LCU]' THEN currency := left(m, 1) || '<'; m := substr(m, 2); ELSIF m ~ '[LCU]$' THEN currency := right(m, 1) || '>'; m := left(m, -1); END IF;
    IF m ~ 'EEEE$' THEN tens := 'E'; m := left(m, -4); END IF;
    IF m ~ '^[0-9,G]*V[09]+$' THEN
        shift := length(split_part(m, 'V', 2))::text;
        m := replace(m, 'V', '');
    END IF;
    IF m !~ '^[09,G]*([.D][09]*)?$' OR m !~ '[09]' OR m ~ '^[,G]' OR (m ~ 'G' AND m ~ '[.]') OR (m ~ ',' AND m ~ 'D') THEN
        PERFORM understudy.raise_error(1481, 'invalid number format model');
    END IF;
    part := CASE WHEN strpos(m, '.') > 0 THEN '.' || split_part(m, '.', 2) WHEN strpos(m, 'D') > 0 THEN 'D' || split_part(m, 'D', 2) ELSE '' END;
    RETURN ARRAY['number', fill, regexp_replace(m, '[.D].*$', ''), part, sign_at, currency, blank, shift, tens];
END $$;

CREATE OR REPLACE FUNCTION understudy.roman(n integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['', 'M', 'MM', 'MMM'])[n / 1000 + 1] || (ARRAY['', 'C', 'CC', 'CCC', 'CD', 'D', 'DC', 'DCC', 'DCCC', 'CM'])[n / 100 % 10 + 1]
        || (ARRAY['', 'X', 'XX', 'XXX', 'XL', 'L', 'LX', 'LXX', 'LXXX', 'XC'])[n / 10 % 10 + 1] || (ARRAY['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'])[n % 10 + 1] $$;

-- TM, RN, X and EEEE.
CREATE OR REPLACE FUNCTION understudy.number_print_special(n numeric, m text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    out text;
    width integer;
BEGIN
    CASE m[1]
        WHEN 'text' THEN
            RETURN understudy.number_text(n);
        WHEN 'tens' THEN
            RETURN understudy.scientific(n, NULL, 2, false);
        WHEN 'ROMAN', 'roman' THEN
            IF round(n) NOT BETWEEN 1 AND 3999 THEN RETURN repeat('#', 15); END IF;
            out := understudy.roman(round(n)::integer);
            IF m[1] = 'roman' THEN out := lower(out); END IF;
            RETURN CASE WHEN m[2] = 'FM' THEN out ELSE lpad(out, 15) END;
        WHEN 'HEX', 'hex' THEN
            width := length(m[3]);
            IF round(n) < 0 OR round(n) > 9223372036854775807 THEN RETURN repeat('#', width + 1); END IF;
            out := to_hex(round(n)::bigint);
            IF length(out) > width THEN RETURN repeat('#', width + 1); END IF;
            IF left(m[3], 1) = '0' THEN out := lpad(out, width, '0'); END IF;
            IF m[1] = 'HEX' THEN out := upper(out); END IF;
            RETURN CASE WHEN m[2] = 'FM' THEN out ELSE lpad(out, width + 1) END;
        ELSE
            out := understudy.scientific(abs(n), greatest(length(m[4]) - 1, 0), 2, true);
            IF length(m[4]) = 1 THEN out := replace(out, 'E', '.E'); END IF;
            IF left(m[4], 1) = 'D' THEN out := replace(out, '.', understudy.decimal_sign()); END IF;
            out := CASE WHEN m[5] = 'S<' THEN CASE WHEN n < 0 THEN '-' ELSE '+' END || out
                        WHEN m[5] = 'S>' THEN out || CASE WHEN n < 0 THEN '-' ELSE '+' END
                        WHEN m[5] = 'MI' THEN out || CASE WHEN n < 0 THEN '-' ELSE ' ' END
                        WHEN n < 0 THEN '-' || out ELSE out END;
            RETURN CASE WHEN m[2] = 'FM' THEN out ELSE lpad(out, length(m[4]) + 7) END;
    END CASE;
END $$;

CREATE OR REPLACE FUNCTION understudy.number_print(n numeric, m text[]) RETURNS text LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    fill boolean := m[2] = 'FM';
    decimals integer := greatest(length(m[4]) - 1, 0);
    value numeric;
    whole text;
    part text;
    places integer := length(translate(m[3], ',G', ''));
    out text := '';
    mark text;
    shown boolean := false;
    at integer := 0;
    width integer;
    cash text := CASE left(m[6], 1) WHEN 'C' THEN 'USD' WHEN '' THEN '' ELSE '$' END;
    cash_width integer := CASE left(m[6], 1) WHEN '$' THEN 1 WHEN 'C' THEN 7 WHEN '' THEN 0 ELSE 10 END;
    minus boolean;
    keep integer;
BEGIN
    IF m[1] <> 'number' OR m[9] = 'E' THEN RETURN understudy.number_print_special(n, m); END IF;
    value := round(abs(n) * power(10::numeric, m[8]::integer), decimals);
    minus := n < 0; -- also where nothing but zeros is left: -0.00
    width := length(m[3]) + length(m[4]) + cash_width + CASE m[5] WHEN 'PR' THEN 2 ELSE 1 END;
    whole := trunc(value)::text;
    part := CASE WHEN decimals > 0 THEN split_part(value::text, '.', 2) ELSE '' END;
    IF whole = '0' AND (decimals > 0 OR places = 0) THEN whole := ''; END IF;
    IF length(whole) > places THEN RETURN repeat('#', width); END IF;
    IF m[7] = 'B' AND value = 0 THEN RETURN CASE WHEN fill THEN NULL ELSE repeat(' ', width) END; END IF;
    FOR i IN 1 .. length(m[3]) LOOP
        mark := substr(m[3], i, 1);
        IF mark IN (',', 'G') THEN
            out := out || CASE WHEN NOT shown THEN '' WHEN mark = ',' THEN ',' ELSE understudy.group_sign() END;
            CONTINUE;
        END IF;
        at := at + 1;
        IF places - at < length(whole) THEN
            out := out || substr(whole, length(whole) - places + at, 1);
            shown := true;
        ELSIF mark = '0' OR shown THEN
            out := out || '0';
            shown := true;
        END IF;
    END LOOP;
    IF fill AND decimals > 0 THEN -- zeros at the end go, down to the last 0 of the model
        keep := length(rtrim(substr(m[4], 2), '9'));
        part := CASE WHEN length(rtrim(part, '0')) > keep THEN rtrim(part, '0') ELSE left(part, keep) END;
    END IF;
    IF m[4] <> '' THEN out := out || CASE left(m[4], 1) WHEN '.' THEN '.' ELSE understudy.decimal_sign() END || part; END IF;
    out := CASE WHEN right(m[6], 1) = '<' THEN cash || out WHEN m[6] = '' THEN out ELSE out || cash END;
    out := CASE m[5] WHEN 'S<' THEN CASE WHEN minus THEN '-' ELSE '+' END || out
                     WHEN 'S>' THEN out || CASE WHEN minus THEN '-' ELSE '+' END
                     WHEN 'MI' THEN out || CASE WHEN minus THEN '-' WHEN fill THEN '' ELSE ' ' END
                     WHEN 'PR' THEN CASE WHEN minus THEN '<' || out || '>' WHEN fill THEN out ELSE ' ' || out || ' ' END
                     ELSE CASE WHEN minus THEN '-' || out ELSE out END END;
    RETURN CASE WHEN fill THEN nullif(out, '') ELSE lpad(out, width) END;
END $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n numeric, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.number_print(n, understudy.number_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n smallint, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.number_print(n::numeric, understudy.number_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n integer, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.number_print(n::numeric, understudy.number_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n bigint, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.number_print(n::numeric, understudy.number_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n double precision, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.number_print(n::text::numeric, understudy.number_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(n real, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.number_print(n::text::numeric, understudy.number_model(model)) $$;

-- Text that is no number fails as PostgreSQL's own conversion does (22P02, that is ORA-01722); NaN and Infinity are none for NUMBER.
CREATE OR REPLACE FUNCTION understudy.number_read(t text) RETURNS numeric LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    plain text := CASE WHEN understudy.decimal_sign() = '.' THEN t ELSE translate(t, '.' || understudy.decimal_sign(), '?.') END;
BEGIN
    IF plain !~ '^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$' THEN PERFORM understudy.raise_error(1722, 'invalid number'); END IF;
    RETURN plain::numeric;
END $$;
CREATE OR REPLACE FUNCTION understudy.to_number(t text) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN t ~ '[^-+.0-9eE ]' OR understudy.decimal_sign() <> '.' THEN understudy.number_read(t) ELSE t::numeric END $$;
CREATE OR REPLACE FUNCTION understudy.to_number(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n $$;

CREATE OR REPLACE FUNCTION understudy.number_scan(t text, m text[]) RETURNS numeric LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    rest text := trim(t);
    minus boolean := false;
    point text := CASE left(m[4], 1) WHEN 'D' THEN understudy.decimal_sign() ELSE '.' END;
    comma text := CASE WHEN strpos(m[3], 'G') > 0 THEN understudy.group_sign() ELSE ',' END;
    whole text;
    part text;
    hex bigint := 0;
    grouped boolean := m[3] ~ '[,G]';
BEGIN
    IF m[1] IN ('HEX', 'hex') THEN
        IF rest !~ '^[0-9A-Fa-f]{1,16}$' OR length(rest) > length(m[3]) THEN PERFORM understudy.raise_error(1722, 'invalid number'); END IF;
        RETURN ('x' || lpad(rest, 16, '0'))::bit(64)::bigint;
    END IF;
    IF m[1] IN ('text', 'tens') OR m[9] = 'E' THEN RETURN understudy.number_read(t); END IF;
    IF m[1] <> 'number' THEN PERFORM understudy.raise_error(1481, 'invalid number format model'); END IF;
    IF m[5] = 'PR' THEN
        IF rest ~ '^<.*>$' THEN
            minus := true;
            rest := substr(rest, 2, length(rest) - 2);
        END IF;
    ELSIF m[5] IN ('MI', 'S>') THEN
        IF right(rest, 1) IN ('-', '+') THEN
            minus := right(rest, 1) = '-';
            rest := trim(left(rest, -1));
        END IF;
    ELSIF left(rest, 1) IN ('-', '+') THEN
        minus := left(rest, 1) = '-';
        rest := substr(rest, 2);
    END IF;
    IF m[6] <> '' THEN rest := trim(regexp_replace(rest, CASE left(m[6], 1) WHEN 'C' THEN 'USD' ELSE '\$' END, '')); END IF;
    whole := split_part(rest, point, 1);
    part := substr(rest, length(whole) + 1 + length(point));
    IF strpos(rest, point) = 0 THEN part := ''; END IF;
    IF grouped AND strpos(whole, comma) > 0 THEN
        IF right(translate(m[3], 'G09', ',99'), length(whole)) <> regexp_replace(replace(whole, comma, ','), '\d', '9', 'g') THEN PERFORM understudy.raise_error(1722, 'invalid number'); END IF;
        whole := replace(whole, comma, '');
    END IF;
    IF whole || part !~ '^\d+$' OR length(whole) > length(translate(m[3], ',G', '')) OR length(part) > greatest(length(m[4]) - 1, 0) OR (m[4] = '' AND strpos(rest, point) > 0) THEN
        PERFORM understudy.raise_error(1722, 'invalid number');
    END IF;
    RETURN CASE WHEN minus THEN -1 ELSE 1 END * (whole || '.' || part || '0')::numeric / power(10::numeric, m[8]::integer);
END $$;
CREATE OR REPLACE FUNCTION understudy.to_number(t text, model text) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT trim_scale(understudy.number_scan(t, understudy.number_model(model))) $$;

-- An implicit TO_NUMBER stands before a format of digits.
CREATE OR REPLACE FUNCTION understudy.to_char(t text, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.number_print(understudy.to_number(t), understudy.number_model(model)) $$;
