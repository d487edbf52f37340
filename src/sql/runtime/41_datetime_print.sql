-- SPDX-License-Identifier: Apache-2.0
-- TO_CHAR of dates, timestamps and intervals.

CREATE OR REPLACE FUNCTION understudy.number_words(n bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    ones text[] := ARRAY['ONE', 'TWO', 'THREE', 'FOUR', 'FIVE', 'SIX', 'SEVEN', 'EIGHT', 'NINE', 'TEN', 'ELEVEN', 'TWELVE', 'THIRTEEN', 'FOURTEEN', 'FIFTEEN', 'SIXTEEN',
                         'SEVENTEEN', 'EIGHTEEN', 'NINETEEN'];
    tens text[] := ARRAY['TEN', 'TWENTY', 'THIRTY', 'FORTY', 'FIFTY', 'SIXTY', 'SEVENTY', 'EIGHTY', 'NINETY'];
BEGIN
    IF n = 0 THEN RETURN 'ZERO'; END IF;
    IF n < 20 THEN RETURN ones[n]; END IF;
    IF n < 100 THEN RETURN tens[n / 10] || CASE WHEN n % 10 > 0 THEN '-' || ones[n % 10] ELSE '' END; END IF;
    IF n < 1000 THEN RETURN ones[n / 100] || ' HUNDRED' || CASE WHEN n % 100 > 0 THEN ' ' || understudy.number_words(n % 100) ELSE '' END; END IF;
    IF n < 1000000 THEN RETURN understudy.number_words(n / 1000) || ' THOUSAND' || CASE WHEN n % 1000 > 0 THEN ' ' || understudy.number_words(n % 1000) ELSE '' END; END IF;
    RETURN understudy.number_words(n / 1000000) || ' MILLION' || CASE WHEN n % 1000000 > 0 THEN ' ' || understudy.number_words(n % 1000000) ELSE '' END;
END $$;
CREATE OR REPLACE FUNCTION understudy.ordinal_words(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN words ~ 'ONE$' THEN regexp_replace(words, 'ONE$', 'FIRST') WHEN words ~ 'TWO$' THEN regexp_replace(words, 'TWO$', 'SECOND')
                WHEN words ~ 'THREE$' THEN regexp_replace(words, 'THREE$', 'THIRD') WHEN words ~ 'FIVE$' THEN regexp_replace(words, 'FIVE$', 'FIFTH')
                WHEN words ~ 'EIGHT$' THEN words || 'H' WHEN words ~ 'NINE$' THEN regexp_replace(words, 'NINE$', 'NINTH') WHEN words ~ 'TWELVE$' THEN regexp_replace(words, 'TWELVE$', 'TWELFTH')
                WHEN words ~ 'Y$' THEN regexp_replace(words, 'Y$', 'IETH') ELSE words || 'TH' END $$;
CREATE OR REPLACE FUNCTION understudy.ordinal_suffix(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n % 100 BETWEEN 11 AND 13 THEN 'TH' WHEN n % 10 = 1 THEN 'ST' WHEN n % 10 = 2 THEN 'ND' WHEN n % 10 = 3 THEN 'RD' ELSE 'TH' END $$;
-- The model's letters decide: MONTH, Month, month.
CREATE OR REPLACE FUNCTION understudy.like_case(word text, element text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN substr(element, 1, 1) ~ '[a-z]' THEN lower(word) WHEN substr(element, 2, 1) ~ '[a-z]' THEN initcap(word) ELSE word END $$;

-- A model in pieces: each is an element with its suffix, punctuation, or text in quotes.
CREATE OR REPLACE FUNCTION understudy.datetime_model(model text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    pieces text[];
    wrong text;
BEGIN
    SELECT array_agg(m[1] ORDER BY n) INTO pieces
        FROM regexp_matches(model, '("[^"]*"|FM|FX|(?:SYYYY|YYYY|Y,YYY|YYY|YY|Y|SYEAR|YEAR|RRRR|RR|IYYY|IYY|IY|I|Q|MONTH|MON|MM|RM|WW|W|IW|DDD|DD|DAY|DY|DS|DL|D|J|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]?|A[.]M[.]|P[.]M[.]|A[.]D[.]|B[.]C[.]|AM|PM|AD|BC|SCC|CC|TS|TZH|TZM|TZR|TZD|EE|E|X)(?:THSP|SPTH|TH|SP)?|[^A-Za-z"0-9]+|.)', 'gi')
        WITH ORDINALITY AS r(m, n);
    SELECT p INTO wrong FROM unnest(pieces) p WHERE p ~ '^(["0-9]|[BCGKLNOPUVZAFHMRSTbcgklnopuvzafhmrst])$' LIMIT 1;
    IF wrong IS NOT NULL THEN PERFORM understudy.raise_error(1821, 'date format not recognized'); END IF;
    RETURN pieces;
END $$;

-- `d` is local time; `zone` its offset in seconds, NULL for DATE and TIMESTAMP.
CREATE OR REPLACE FUNCTION understudy.datetime_print(d timestamp, zone integer, pieces text[]) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    piece text;
    element text;
    suffix text;
    fill boolean := false;
    out text := '';
    value bigint;
    width integer;
    part text;
    y integer := extract(year FROM d);
BEGIN
    IF d IS NULL OR pieces IS NULL THEN RETURN NULL; END IF;
    FOREACH piece IN ARRAY pieces LOOP
        IF left(piece, 1) = '"' THEN
            out := out || substr(piece, 2, length(piece) - 2);
            CONTINUE;
        ELSIF piece !~ '^[A-Za-z]' THEN
            out := out || piece;
            CONTINUE;
        END IF;
        element := upper(piece);
        suffix := '';
        IF element IN ('FM', 'FX') THEN
            IF element = 'FM' THEN fill := NOT fill; END IF;
            CONTINUE;
        END IF;
        IF length(element) > 2 AND right(element, 2) IN ('TH', 'SP') AND element NOT IN ('MONTH') THEN
            suffix := substring(element FROM '(THSP|SPTH|TH|SP)$');
            IF suffix = 'TH' AND element = 'MONTH' THEN suffix := ''; END IF;
            element := left(element, -length(suffix));
        END IF;
        value := NULL;
        part := NULL;
        CASE element
            WHEN 'YYYY', 'RRRR' THEN value := abs(y); width := 4;
            WHEN 'SYYYY' THEN part := CASE WHEN y < 0 THEN '-' WHEN fill THEN '' ELSE ' ' END || lpad(abs(y)::text, 4, '0');
            WHEN 'YYY' THEN value := abs(y) % 1000; width := 3;
            WHEN 'YY', 'RR' THEN value := abs(y) % 100; width := 2;
            WHEN 'Y' THEN value := abs(y) % 10; width := 1;
            WHEN 'Y,YYY' THEN part := CASE WHEN fill THEN abs(y) / 1000 || ',' ELSE lpad((abs(y) / 1000)::text, 1, '0') || ',' END || lpad((abs(y) % 1000)::text, 3, '0');
            WHEN 'YEAR', 'SYEAR' THEN
                part := CASE WHEN element = 'SYEAR' THEN CASE WHEN y < 0 THEN '-' WHEN fill THEN '' ELSE ' ' END ELSE '' END || understudy.like_case(
                    CASE WHEN abs(y) % 1000 < 10 THEN understudy.number_words(abs(y))
                         ELSE CASE WHEN abs(y) >= 100 THEN understudy.number_words(abs(y) / 100) || ' ' ELSE '' END
                              || CASE WHEN abs(y) % 100 = 0 THEN 'HUNDRED' WHEN abs(y) % 100 < 10 THEN 'OH-' || understudy.number_words(abs(y) % 100) ELSE understudy.number_words(abs(y) % 100) END END,
                    CASE WHEN element = 'SYEAR' THEN substr(piece, 2) ELSE piece END);
            WHEN 'IYYY' THEN value := extract(isoyear FROM d); width := 4;
            WHEN 'IYY' THEN value := extract(isoyear FROM d)::integer % 1000; width := 3;
            WHEN 'IY' THEN value := extract(isoyear FROM d)::integer % 100; width := 2;
            WHEN 'I' THEN value := extract(isoyear FROM d)::integer % 10; width := 1;
            WHEN 'Q' THEN value := extract(quarter FROM d); width := 1;
            WHEN 'MM' THEN value := extract(month FROM d); width := 2;
            WHEN 'MON' THEN part := understudy.like_case(to_char(d, 'MON'), piece);
            WHEN 'MONTH' THEN part := understudy.like_case(CASE WHEN fill THEN to_char(d, 'FMMONTH') ELSE to_char(d, 'MONTH') END, piece);
            WHEN 'RM' THEN part := understudy.like_case(CASE WHEN fill THEN trim(to_char(d, 'RM')) ELSE to_char(d, 'RM') END, CASE WHEN left(piece, 1) = 'r' THEN 'rm' ELSE 'RM' END);
            WHEN 'WW' THEN value := (extract(doy FROM d)::integer - 1) / 7 + 1; width := 2;
            WHEN 'W' THEN value := (extract(day FROM d)::integer - 1) / 7 + 1; width := 1;
            WHEN 'IW' THEN value := extract(week FROM d); width := 2;
            WHEN 'DDD' THEN value := extract(doy FROM d); width := 3;
            WHEN 'DD' THEN value := extract(day FROM d); width := 2;
            WHEN 'D' THEN value := extract(dow FROM d) + 1; width := 1;
            WHEN 'DAY' THEN part := understudy.like_case(CASE WHEN fill THEN to_char(d, 'FMDAY') ELSE to_char(d, 'DAY') END, piece);
            WHEN 'DY' THEN part := understudy.like_case(to_char(d, 'DY'), piece);
            WHEN 'DS' THEN part := to_char(d, 'FMMM/FMDD/YYYY');
            WHEN 'DL' THEN part := to_char(d, 'FMDay, FMMonth ') || to_char(d, 'DD, YYYY');
            WHEN 'TS' THEN part := to_char(d, 'FMHH12:') || to_char(d, 'MI:SS AM');
            WHEN 'J' THEN value := to_char(d, 'J')::bigint; width := 7;
            WHEN 'HH24' THEN value := extract(hour FROM d); width := 2;
            WHEN 'HH', 'HH12' THEN value := (extract(hour FROM d)::integer + 11) % 12 + 1; width := 2;
            WHEN 'MI' THEN value := extract(minute FROM d); width := 2;
            WHEN 'SS' THEN value := trunc(extract(second FROM d)); width := 2;
            WHEN 'SSSSS' THEN value := trunc(extract(epoch FROM d::time)); width := 5;
            WHEN 'AM', 'PM' THEN part := understudy.like_case(CASE WHEN extract(hour FROM d) < 12 THEN 'AM' ELSE 'PM' END, piece);
            WHEN 'A.M.', 'P.M.' THEN part := understudy.like_case(CASE WHEN extract(hour FROM d) < 12 THEN 'A.M.' ELSE 'P.M.' END, piece);
            WHEN 'AD', 'BC' THEN part := understudy.like_case(CASE WHEN y < 0 THEN 'BC' ELSE 'AD' END, piece);
            WHEN 'A.D.', 'B.C.' THEN part := understudy.like_case(CASE WHEN y < 0 THEN 'B.C.' ELSE 'A.D.' END, piece);
            WHEN 'CC' THEN value := abs(extract(century FROM d)); width := 2;
            WHEN 'SCC' THEN part := CASE WHEN y < 0 THEN '-' WHEN fill THEN '' ELSE ' ' END || lpad(abs(extract(century FROM d))::text, 2, '0');
            WHEN 'X' THEN part := '.';
            WHEN 'TZH' THEN part := CASE WHEN zone < 0 THEN '-' ELSE '+' END || lpad((abs(zone) / 3600)::text, 2, '0');
            WHEN 'TZM' THEN part := lpad((abs(zone) / 60 % 60)::text, 2, '0');
            WHEN 'TZR' THEN part := CASE WHEN zone IS NULL THEN NULL ELSE understudy.sessiontimezone() END;
            WHEN 'TZD' THEN part := CASE WHEN zone IS NULL THEN NULL ELSE to_char(d AT TIME ZONE current_setting('TimeZone'), 'TZ') END;
            WHEN 'FF' THEN part := to_char(d, 'US');
            ELSE
                IF element !~ '^FF[1-9]$' THEN PERFORM understudy.raise_error(1821, 'date format not recognized'); END IF;
                part := left(to_char(d, 'US') || '000', substr(element, 3)::integer);
        END CASE;
        IF value IS NULL AND part IS NULL THEN PERFORM understudy.raise_error(1821, 'date format not recognized'); END IF;
        IF value IS NOT NULL THEN
            IF suffix IN ('SP', 'SPTH', 'THSP') THEN
                part := understudy.number_words(value);
                IF suffix <> 'SP' THEN part := understudy.ordinal_words(part); END IF;
                part := understudy.like_case(part, piece);
            ELSE
                part := CASE WHEN fill THEN value::text ELSE lpad(value::text, greatest(width, length(value::text)), '0') END;
                IF suffix = 'TH' THEN part := part || CASE WHEN piece ~ '^[A-Z][A-Z]?' AND substr(piece, 2, 1) !~ '[a-z]' THEN understudy.ordinal_suffix(value) ELSE lower(understudy.ordinal_suffix(value)) END; END IF;
            END IF;
        END IF;
        out := out || part;
    END LOOP;
    RETURN nullif(out, '');
END $$;
CREATE OR REPLACE FUNCTION understudy.to_char(d timestamp, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.datetime_print(d, NULL, understudy.datetime_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(d date, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.datetime_print(d::timestamp, NULL, understudy.datetime_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(d timestamptz, model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.datetime_print(d::timestamp, extract(timezone FROM d)::integer, understudy.datetime_model(model)) $$;

-- The session's formats.
CREATE OR REPLACE FUNCTION understudy.date_format() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('understudy.nls_date_format', true), ''), 'DD-MON-RR') $$;
CREATE OR REPLACE FUNCTION understudy.timestamp_format() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('understudy.nls_timestamp_format', true), ''), 'DD-MON-RR HH.MI.SSXFF AM') $$;
CREATE OR REPLACE FUNCTION understudy.timestamp_tz_format() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('understudy.nls_timestamp_tz_format', true), ''), 'DD-MON-RR HH.MI.SSXFF AM TZR') $$;
-- DATE; a TIMESTAMP is printed by to_char_timestamp.
CREATE OR REPLACE FUNCTION understudy.to_char(d timestamp) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.datetime_print(d, NULL, understudy.datetime_model(understudy.date_format())) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(d date) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.to_char(d::timestamp) $$;
CREATE OR REPLACE FUNCTION understudy.to_char_timestamp(d timestamp) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.datetime_print(d, NULL, understudy.datetime_model(understudy.timestamp_format())) $$;
CREATE OR REPLACE FUNCTION understudy.to_char(d timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.datetime_print(d::timestamp, extract(timezone FROM d)::integer, understudy.datetime_model(understudy.timestamp_tz_format())) $$;

-- +000000031 12:00:00.000000000 or +000000001-06: PostgreSQL has one type for both; months alone make it YEAR TO MONTH.
CREATE OR REPLACE FUNCTION understudy.to_char(i interval) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN extract(epoch FROM i) < 0 THEN '-' ELSE '+' END ||
        CASE WHEN extract(year FROM i) * 12 + extract(month FROM i) <> 0
             THEN lpad(abs(extract(year FROM i))::text, 9, '0') || '-' || lpad(abs(extract(month FROM i))::text, 2, '0')
             ELSE lpad(trunc(abs(extract(epoch FROM i)) / 86400)::text, 9, '0') || ' '
                  || to_char(make_interval(secs => mod(abs(extract(epoch FROM i)), 86400)::double precision), 'HH24:MI:SS.US') || '000' END $$;
