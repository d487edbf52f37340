-- SPDX-License-Identifier: Apache-2.0
-- Functions on text. '' never comes out: it is NULL.
CREATE OR REPLACE FUNCTION understudy.substr(t text, p numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(CASE WHEN trunc(p) >= 0 THEN substr(t, least(trunc(p), 2147483647)::integer)
                       WHEN length(t) + trunc(p) >= 0 THEN substr(t, (length(t) + trunc(p))::integer + 1) END, '') $$;
CREATE OR REPLACE FUNCTION understudy.substr(t text, p numeric, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(CASE WHEN n >= 1 AND trunc(p) >= 0 THEN substr(t, least(greatest(trunc(p), 1), 2147483647)::integer, least(trunc(n), 2147483647)::integer)
                       WHEN n >= 1 AND length(t) + trunc(p) >= 0 THEN substr(t, (length(t) + trunc(p))::integer + 1, least(trunc(n), 2147483647)::integer) END, '') $$;

-- Bytes that are cut out of a character become blanks, as Oracle has it.
CREATE OR REPLACE FUNCTION understudy.bytes_as_text(bytes bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    lead integer := 0;
    tail integer := 0;
    size integer := octet_length(bytes);
    byte integer;
BEGIN
    WHILE lead < size AND get_byte(bytes, lead) BETWEEN 128 AND 191 LOOP lead := lead + 1; END LOOP;
    FOR i IN 1 .. least(4, size - lead) LOOP
        byte := get_byte(bytes, size - i);
        IF byte < 128 THEN EXIT; END IF;
        IF byte >= 192 THEN
            IF i < (CASE WHEN byte >= 240 THEN 4 WHEN byte >= 224 THEN 3 ELSE 2 END) THEN tail := i; END IF;
            EXIT;
        END IF;
    END LOOP;
    RETURN nullif(repeat(' ', lead) || convert_from(substr(bytes, lead + 1, size - lead - tail), 'UTF8') || repeat(' ', tail), '');
END $$;
CREATE OR REPLACE FUNCTION understudy.substrb(t text, p numeric, n numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    bytes bytea := convert_to(t, 'UTF8');
    start numeric := trunc(p);
BEGIN
    IF start < 0 THEN start := octet_length(bytes) + start + 1; ELSIF start = 0 THEN start := 1; END IF;
    IF start < 1 OR start > octet_length(bytes) OR trunc(n) < 1 THEN RETURN NULL; END IF;
    RETURN understudy.bytes_as_text(substr(bytes, start::integer, least(trunc(n), 2147483647)::integer));
END $$;
CREATE OR REPLACE FUNCTION understudy.substrb(t text, p numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.substrb(t, p, 2147483647) $$;

CREATE OR REPLACE FUNCTION understudy.instr(t text, part text, p numeric, n numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    size integer := length(t);
    part_size integer := length(part);
    at integer := trunc(p)::integer;
    left_over integer := trunc(n)::integer;
    found integer;
BEGIN
    IF left_over < 1 THEN PERFORM understudy.raise_error(1428, 'argument ''' || left_over || ''' is out of range'); END IF;
    IF part_size = 0 OR size = 0 THEN RETURN NULL; END IF;
    IF at > 0 THEN
        LOOP
            found := strpos(substr(t, at), part);
            IF found = 0 THEN RETURN 0; END IF;
            at := at + found - 1;
            left_over := left_over - 1;
            IF left_over = 0 THEN RETURN at; END IF;
            at := at + 1;
        END LOOP;
    ELSIF at < 0 THEN
        at := least(size + at + 1, size - part_size + 1);
        WHILE at >= 1 LOOP
            IF substr(t, at, part_size) = part THEN
                left_over := left_over - 1;
                IF left_over = 0 THEN RETURN at; END IF;
            END IF;
            at := at - 1;
        END LOOP;
    END IF;
    RETURN 0;
END $$;
CREATE OR REPLACE FUNCTION understudy.instr(t text, part text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT strpos(t, nullif(part, ''))::numeric $$;
CREATE OR REPLACE FUNCTION understudy.instr(t text, part text, p numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.instr(t, part, p, 1) $$;
-- In bytes: every byte is taken as one character.
CREATE OR REPLACE FUNCTION understudy.instrb(t text, part text, p numeric, n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT understudy.instr(convert_from(convert_to(t, 'UTF8'), 'LATIN1'), convert_from(convert_to(part, 'UTF8'), 'LATIN1'), p, n) $$;
CREATE OR REPLACE FUNCTION understudy.instrb(t text, part text, p numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.instrb(t, part, p, 1) $$;
CREATE OR REPLACE FUNCTION understudy.instrb(t text, part text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.instrb(t, part, 1, 1) $$;

-- LPAD and RPAD count columns of a display: East Asian wide characters take two.
CREATE OR REPLACE FUNCTION understudy.display_width(t text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 2 * length(t) - length(regexp_replace(t, '[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003fffd]', '', 'g')) $$;
CREATE OR REPLACE FUNCTION understudy.display_cut(t text, width integer) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    size integer := least(length(t), width);
BEGIN
    WHILE size > 0 AND understudy.display_width(substr(t, 1, size)) > width LOOP size := size - 1; END LOOP;
    RETURN substr(t, 1, size);
END $$;
CREATE OR REPLACE FUNCTION understudy.display_fill(width integer, pad text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    filled text := understudy.display_cut(repeat(pad, width / understudy.display_width(pad) + 1), width);
BEGIN
    RETURN filled || repeat(' ', width - understudy.display_width(filled));
END $$;
CREATE OR REPLACE FUNCTION understudy.lpad(t text, n numeric, pad text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    width integer := least(trunc(n), 100000000)::integer;
    cut text;
BEGIN
    IF width < 1 OR t = '' OR pad = '' THEN RETURN NULL; END IF;
    IF octet_length(t) = length(t) AND octet_length(pad) = length(pad) THEN RETURN lpad(t, width, pad); END IF;
    cut := understudy.display_cut(t, width);
    RETURN understudy.display_fill(width - understudy.display_width(cut), pad) || cut;
END $$;
CREATE OR REPLACE FUNCTION understudy.rpad(t text, n numeric, pad text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    width integer := least(trunc(n), 100000000)::integer;
    cut text;
BEGIN
    IF width < 1 OR t = '' OR pad = '' THEN RETURN NULL; END IF;
    IF octet_length(t) = length(t) AND octet_length(pad) = length(pad) THEN RETURN rpad(t, width, pad); END IF;
    cut := understudy.display_cut(t, width);
    RETURN cut || understudy.display_fill(width - understudy.display_width(cut), pad);
END $$;
CREATE OR REPLACE FUNCTION understudy.lpad(t text, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.lpad(t, n, ' ') $$;
CREATE OR REPLACE FUNCTION understudy.rpad(t text, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT understudy.rpad(t, n, ' ') $$;

CREATE OR REPLACE FUNCTION understudy.replace(t text, part text, replacement text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(replace(t, coalesce(part, ''), coalesce(replacement, '')), '') $$;

-- CHR and ASCII speak of the bytes of AL32UTF8 as one number.
CREATE OR REPLACE FUNCTION understudy.chr(n numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    code bigint := trunc(n)::bigint;
    bytes bytea := '';
BEGIN
    IF code < 0 OR code > 4294967295 THEN PERFORM understudy.raise_error(1428, 'argument ''' || code || ''' is out of range'); END IF;
    IF code BETWEEN 1 AND 127 THEN RETURN chr(code::integer); END IF;
    WHILE code > 0 LOOP
        bytes := set_byte('\x00'::bytea, 0, (code % 256)::integer) || bytes;
        code := code / 256;
    END LOOP;
    RETURN convert_from(CASE WHEN bytes = '' THEN '\x00'::bytea ELSE bytes END, 'UTF8');
END $$;
CREATE OR REPLACE FUNCTION understudy.ascii(t text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    bytes bytea := convert_to(substr(t, 1, 1), 'UTF8');
    code bigint := 0;
BEGIN
    IF bytes = '' THEN RETURN NULL; END IF;
    FOR i IN 0 .. octet_length(bytes) - 1 LOOP code := code * 256 + get_byte(bytes, i); END LOOP;
    RETURN code;
END $$;

-- UTF-16 units as \XXXX.
CREATE OR REPLACE FUNCTION understudy.asciistr(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    out text := '';
    code integer;
BEGIN
    IF octet_length(t) = length(t) AND strpos(t, '\') = 0 THEN RETURN nullif(t, ''); END IF;
    FOR i IN 1 .. length(t) LOOP
        code := ascii(substr(t, i, 1));
        out := out || CASE WHEN code < 128 AND code <> 92 THEN chr(code)
                           WHEN code < 65536 THEN '\' || lpad(upper(to_hex(code)), 4, '0')
                           ELSE '\' || upper(to_hex(55296 + ((code - 65536) >> 10))) || '\' || upper(to_hex(56320 + ((code - 65536) & 1023))) END;
    END LOOP;
    RETURN nullif(out, '');
END $$;
CREATE OR REPLACE FUNCTION understudy.unistr(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    out text := '';
    at integer := 1;
    code integer;
    high integer := 0;
BEGIN
    WHILE at <= length(t) LOOP
        IF substr(t, at, 1) <> '\' THEN
            out := out || substr(t, at, 1);
            at := at + 1;
        ELSIF substr(t, at, 2) = '\\' THEN
            out := out || '\';
            at := at + 2;
        ELSIF substr(t, at + 1, 4) ~ '^[0-9A-Fa-f]{4}$' THEN
            code := ('x' || lpad(substr(t, at + 1, 4), 8, '0'))::bit(32)::integer;
            at := at + 5;
            IF code BETWEEN 55296 AND 56319 THEN
                high := code;
            ELSIF code BETWEEN 56320 AND 57343 AND high > 0 THEN
                out := out || chr(65536 + ((high - 55296) << 10) + code - 56320);
                high := 0;
            ELSE
                out := out || chr(code);
            END IF;
        ELSE
            PERFORM understudy.raise_error(30186, '''\'' must be followed by four hexdecimal characters or another ''\''');
        END IF;
    END LOOP;
    RETURN nullif(out, '');
END $$;

CREATE OR REPLACE FUNCTION understudy.soundex(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    word text := regexp_replace(upper(t), '[^A-Z]', '', 'g');
    codes text := translate(word, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123012-02245501262301-202');
    out text := substr(word, 1, 1);
    last text := substr(codes, 1, 1);
    code text;
BEGIN
    IF word = '' THEN RETURN NULL; END IF;
    FOR i IN 2 .. length(word) LOOP
        code := substr(codes, i, 1);
        CONTINUE WHEN code = '-'; -- H and W do not part equal neighbours
        IF code <> '0' AND code <> last THEN out := out || code; END IF;
        last := code;
    END LOOP;
    RETURN rpad(substr(out, 1, 4), 4, '0');
END $$;

CREATE OR REPLACE FUNCTION understudy.hextoraw(t text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF t = '' THEN RETURN NULL; END IF;
    IF t !~ '^[0-9A-Fa-f]*$' THEN PERFORM understudy.raise_error(1465, 'invalid hex number'); END IF;
    RETURN decode(repeat('0', length(t) % 2) || t, 'hex');
END $$;
-- For columns that may be RAW already, where the translator does not know.
CREATE OR REPLACE FUNCTION understudy.hextoraw(t bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT t $$;

-- UTL_RAW. Places beyond the value are an error, as there.
CREATE OR REPLACE FUNCTION understudy.raw_substr(t bytea, p numeric, n numeric) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    size integer := octet_length(t);
    at integer := CASE WHEN p < 0 THEN size + trunc(p) + 1 ELSE trunc(p) END;
BEGIN
    IF at < 1 OR at > size OR n < 1 OR at + trunc(n) - 1 > size THEN PERFORM understudy.raise_error(6502, 'PL/SQL: numeric or value error'); END IF;
    RETURN substr(t, at, trunc(n)::integer);
END $$;
CREATE OR REPLACE FUNCTION understudy.raw_substr(t bytea, p numeric) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT understudy.raw_substr(t, p, CASE WHEN p < 0 THEN -trunc(p) ELSE greatest(octet_length(t) - trunc(p) + 1, 1) END) $$;
CREATE OR REPLACE FUNCTION understudy.raw_reverse(t bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg(substr(t, i, 1), ''::bytea ORDER BY i DESC) FROM generate_series(1, octet_length(t)) i $$;
CREATE OR REPLACE FUNCTION understudy.bit_complement(t bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg(set_byte('\x00', 0, 255 - get_byte(t, i)), ''::bytea ORDER BY i) FROM generate_series(0, octet_length(t) - 1) i $$;
-- FIPS 180: 80 rounds over each block of 64 bytes, in 64-bit integers cut to 32.
CREATE OR REPLACE FUNCTION understudy.sha1(t bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    m CONSTANT bigint := 4294967295;
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[]; a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; x bigint;
    data bytea := t || '\x80'::bytea || decode(repeat('00', (119 - octet_length(t) % 64) % 64), 'hex') || int8send(octet_length(t)::bigint * 8);
BEGIN
    FOR block IN 0 .. octet_length(data) / 64 - 1 LOOP
        FOR i IN 0 .. 79 LOOP
            IF i < 16 THEN
                x := block * 64 + i * 4;
                w[i] := (get_byte(data, x::integer)::bigint << 24) | (get_byte(data, x::integer + 1) << 16) | (get_byte(data, x::integer + 2) << 8) | get_byte(data, x::integer + 3);
            ELSE
                x := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
                w[i] := ((x << 1) & m) | (x >> 31);
            END IF;
        END LOOP;
        a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
        FOR i IN 0 .. 79 LOOP
            f := CASE i / 20 WHEN 0 THEN ((b & c) | ((b # m) & d)) + 1518500249 WHEN 1 THEN (b # c # d) + 1859775393
                WHEN 2 THEN ((b & c) | (b & d) | (c & d)) + 2400959708 ELSE (b # c # d) + 3395469782 END;
            x := ((((a << 5) & m) | (a >> 27)) + f + e + w[i]) & m;
            e := d; d := c; c := ((b << 30) & m) | (b >> 2); b := a; a := x;
        END LOOP;
        h := ARRAY[(h[1] + a) & m, (h[2] + b) & m, (h[3] + c) & m, (h[4] + d) & m, (h[5] + e) & m];
    END LOOP;
    RETURN substr(int8send(h[1]), 5) || substr(int8send(h[2]), 5) || substr(int8send(h[3]), 5) || substr(int8send(h[4]), 5) || substr(int8send(h[5]), 5);
END $$;

CREATE OR REPLACE FUNCTION understudy.is_json(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN json_typeof(t::json) IN ('object', 'array');
EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
    RETURN false;
END $$;
