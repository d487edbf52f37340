-- SPDX-License-Identifier: Apache-2.0
-- TO_DATE, TO_TIMESTAMP and TO_TIMESTAMP_TZ: text read by a model, as strict and as lenient as Oracle is.

-- The number that begins the text, of at most `most` digits; with FX exactly as many. Blanks before it do not count.
CREATE OR REPLACE FUNCTION understudy.read_digits(t text, most integer, exact boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    digits text := substring(t FROM '^\d+');
BEGIN
    IF digits IS NULL THEN
        IF t = '' THEN PERFORM understudy.raise_error(1840, 'input value not long enough for date format'); END IF;
        PERFORM understudy.raise_error(1858, 'a non-numeric character was found where a numeric was expected');
    END IF;
    IF exact AND length(digits) < most THEN PERFORM understudy.raise_error(1862, 'the numeric value does not match the length of the format item'); END IF;
    RETURN left(digits, most);
END $$;
CREATE OR REPLACE FUNCTION understudy.read_month(t text, full_name boolean, exact boolean) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    names text[] := ARRAY['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'];
BEGIN
    FOR i IN 1 .. 12 LOOP
        IF left(upper(t), length(names[i])) = names[i] AND (full_name OR NOT exact) THEN RETURN ARRAY[i, length(names[i])]; END IF;
    END LOOP;
    FOR i IN 1 .. 12 LOOP
        IF left(upper(t), 3) = left(names[i], 3) THEN RETURN ARRAY[i, 3]; END IF;
    END LOOP;
    IF t = '' THEN PERFORM understudy.raise_error(1840, 'input value not long enough for date format'); END IF;
    PERFORM understudy.raise_error(1843, 'not a valid month');
    RETURN NULL;
END $$;
-- A year of two digits is in this century, or with RR in the one that is nearer.
CREATE OR REPLACE FUNCTION understudy.read_year(digits text, element text) RETURNS integer LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    now integer := extract(year FROM statement_timestamp());
    year integer := digits::integer;
BEGIN
    IF element IN ('RR', 'RRRR') AND length(digits) <= 2 THEN
        RETURN year + now / 100 * 100 + CASE WHEN year < 50 AND now % 100 >= 50 THEN 100 WHEN year >= 50 AND now % 100 < 50 THEN -100 ELSE 0 END;
    ELSIF element = 'YY' AND length(digits) <= 2 THEN
        RETURN year + now / 100 * 100;
    ELSIF element = 'YYY' AND length(digits) <= 3 THEN
        RETURN year + now / 1000 * 1000;
    ELSIF element = 'Y' THEN
        RETURN year + now / 10 * 10;
    END IF;
    RETURN year;
END $$;
CREATE OR REPLACE FUNCTION understudy.check_range(value integer, low integer, high integer, number integer, reason text) RETURNS integer LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF value NOT BETWEEN low AND high THEN PERFORM understudy.raise_error(number, reason); END IF;
    RETURN value;
END $$;

-- zone: seconds east of UTC; region: its name; NULL when the model has neither.
CREATE OR REPLACE FUNCTION understudy.datetime_read(value text, pieces text[], OUT stamp timestamp, OUT zone integer, OUT region text) LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    rest text := value;
    piece text;
    element text;
    digits text;
    mark text;
    found integer[];
    exact boolean := false;
    year integer; month integer; day integer; year_day integer; julian integer; weekday integer;
    hour integer; minute integer; second integer; day_second integer; fraction numeric := 0;
    half integer; bc boolean := false; minus boolean; at integer := 0; twelve boolean := false;
    seen text := ' ';
    kind text;
BEGIN
    FOREACH piece IN ARRAY pieces LOOP
        at := at + 1;
        IF left(piece, 1) = '"' THEN
            mark := substr(piece, 2, length(piece) - 2);
            IF rest = '' AND at = array_length(pieces, 1) THEN EXIT; END IF;
            IF length(rest) < length(mark) THEN PERFORM understudy.raise_error(1840, 'input value not long enough for date format'); END IF;
            IF left(rest, length(mark)) <> mark AND (exact OR left(rest, length(mark)) ~ '[0-9A-Za-z]') THEN PERFORM understudy.raise_error(1861, 'literal does not match format string'); END IF;
            rest := substr(rest, length(mark) + 1);
            CONTINUE;
        ELSIF piece !~ '^[A-Za-z]' THEN
            IF exact THEN
                IF left(rest, length(piece)) <> piece THEN PERFORM understudy.raise_error(1861, 'literal does not match format string'); END IF;
                rest := substr(rest, length(piece) + 1);
            ELSE -- any punctuation stands for any, blanks are skipped, and all of it may be left out
                FOR i IN 1 .. length(piece) LOOP
                    mark := substr(piece, i, 1);
                    IF mark = ' ' THEN
                        rest := ltrim(rest);
                    ELSIF rest ~ '^\s*[^0-9A-Za-z\s+-]' THEN
                        rest := substr(ltrim(rest), 2);
                    ELSIF rest ~ '^\s*[-+]' AND NOT coalesce(upper(pieces[at + 1]) IN ('TZH', 'SYYYY', 'TZR') AND mark NOT IN ('-', '+'), false) THEN
                        rest := substr(ltrim(rest), 2);
                    ELSIF rest ~ '^ ' THEN
                        rest := ltrim(rest);
                    ELSIF rest ~ '^[A-Za-z]' AND coalesce(upper(pieces[at + 1]) ~ '^(YYYY|RRRR|RR|YY|MM|DD|HH24|HH12|HH|MI|SS|FF)', false) THEN
                        PERFORM understudy.raise_error(1861, 'literal does not match format string');
                    END IF;
                END LOOP;
            END IF;
            CONTINUE;
        END IF;
        element := upper(piece);
        IF element IN ('FX', 'FM') THEN
            exact := exact OR element = 'FX';
            CONTINUE;
        END IF;
        IF NOT exact THEN rest := ltrim(rest); END IF;
        kind := CASE WHEN element IN ('YYYY', 'SYYYY', 'RRRR', 'YYY', 'YY', 'RR', 'Y', 'Y,YYY', 'YEAR') THEN 'Y' WHEN element IN ('MM', 'MON', 'MONTH', 'RM') THEN 'M'
                     WHEN element IN ('HH24', 'HH12', 'HH') THEN 'H' WHEN element ~ '^[AP][.]?M' THEN 'A' ELSE element END;
        IF strpos(seen, ' ' || kind || ' ') > 0 THEN PERFORM understudy.raise_error(1810, 'format code appears twice'); END IF;
        seen := seen || kind || ' ';
        IF rest = '' AND element IN ('HH24', 'HH12', 'HH', 'MI', 'SS', 'SSSSS', 'FF', 'FF1', 'FF2', 'FF3', 'FF4', 'FF5', 'FF6', 'FF7', 'FF8', 'FF9', 'AM', 'PM', 'A.M.', 'P.M.', 'X',
                                         'TZH', 'TZM', 'TZR', 'TZD') THEN
            CONTINUE; -- time at the end may be missing
        END IF;
        CASE
            WHEN element IN ('YYYY', 'RRRR', 'YYY', 'YY', 'RR', 'Y', 'SYYYY') THEN
                minus := element = 'SYYYY' AND left(rest, 1) = '-';
                IF element = 'SYYYY' THEN rest := regexp_replace(rest, '^[-+]', ''); END IF;
                digits := understudy.read_digits(rest, CASE WHEN element IN ('YY', 'RR') AND NOT exact AND rest ~ '^\d{4}($|\D)' THEN 4
                    WHEN element IN ('YYYY', 'SYYYY', 'RRRR') THEN 4 ELSE length(element) END, exact AND element NOT IN ('SYYYY', 'RRRR'));
                year := understudy.read_year(digits, element);
                IF year = 0 THEN PERFORM understudy.raise_error(1841, '(full) year must be between -4713 and +9999, and not be 0'); END IF;
                IF minus THEN bc := true; END IF;
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'Y,YYY' THEN
                digits := substring(rest FROM '^\d,?\d{3}');
                IF digits IS NULL THEN PERFORM understudy.raise_error(1841, '(full) year must be between -4713 and +9999, and not be 0'); END IF;
                year := replace(digits, ',', '')::integer;
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'MM' AND (exact OR rest ~ '^\d' OR rest !~ '^[A-Za-z]') THEN
                digits := understudy.read_digits(rest, 2, exact);
                month := understudy.check_range(digits::integer, 1, 12, 1843, 'not a valid month');
                rest := substr(rest, length(digits) + 1);
            WHEN element IN ('MM', 'MON', 'MONTH') THEN
                found := understudy.read_month(rest, element <> 'MON' OR NOT exact, exact);
                month := found[1];
                rest := substr(rest, found[2] + 1);
                IF element = 'MONTH' THEN rest := ltrim(rest); END IF;
            WHEN element = 'RM' THEN
                mark := substring(upper(rest) FROM '^(XII|XI|IX|IV|VIII|VII|VI|V|III|II|I|X)');
                IF mark IS NULL THEN PERFORM understudy.raise_error(1843, 'not a valid month'); END IF;
                month := array_position(ARRAY['I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII'], mark);
                rest := substr(rest, length(mark) + 1);
            WHEN element = 'DD' THEN
                digits := understudy.read_digits(rest, 2, exact);
                day := understudy.check_range(digits::integer, 1, 31, 1847, 'day of month must be between 1 and last day of month');
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'DDD' THEN
                digits := understudy.read_digits(rest, 3, exact);
                year_day := understudy.check_range(digits::integer, 1, 366, 1848, 'day of year must be between 1 and 365 (366 for leap year)');
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'J' THEN
                digits := understudy.read_digits(rest, 7, false);
                julian := understudy.check_range(digits::integer, 1, 5373484, 1854, 'julian date must be between 1 and 5373484');
                rest := substr(rest, length(digits) + 1);
            WHEN element IN ('DAY', 'DY') THEN
                mark := substring(upper(rest) FROM '^(SUNDAY|MONDAY|TUESDAY|WEDNESDAY|THURSDAY|FRIDAY|SATURDAY|SUN|MON|TUE|WED|THU|FRI|SAT)');
                IF mark IS NULL THEN PERFORM understudy.raise_error(1846, 'not a valid day of the week'); END IF;
                weekday := understudy.weekday(mark);
                rest := ltrim(substr(rest, length(mark) + 1));
            WHEN element = 'D' THEN
                digits := understudy.read_digits(rest, 1, exact);
                weekday := understudy.check_range(digits::integer, 1, 7, 1846, 'not a valid day of the week') - 1;
                rest := substr(rest, 2);
            WHEN element IN ('HH24', 'HH12', 'HH') THEN
                digits := understudy.read_digits(rest, 2, exact);
                twelve := element <> 'HH24';
                hour := CASE WHEN twelve THEN understudy.check_range(digits::integer, 1, 12, 1849, 'hour must be between 1 and 12')
                             ELSE understudy.check_range(digits::integer, 0, 23, 1850, 'hour must be between 0 and 23') END;
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'MI' THEN
                digits := understudy.read_digits(rest, 2, exact);
                minute := understudy.check_range(digits::integer, 0, 59, 1851, 'minutes must be between 0 and 59');
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'SS' THEN
                digits := understudy.read_digits(rest, 2, exact);
                second := understudy.check_range(digits::integer, 0, 59, 1852, 'seconds must be between 0 and 59');
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'SSSSS' THEN
                digits := understudy.read_digits(rest, 5, exact);
                day_second := understudy.check_range(digits::integer, 0, 86399, 1853, 'seconds in day must be between 0 and 86399');
                rest := substr(rest, length(digits) + 1);
            WHEN element ~ '^FF[1-9]?$' THEN
                digits := understudy.read_digits(rest, CASE WHEN element = 'FF' THEN 9 ELSE substr(element, 3)::integer END, false);
                fraction := ('0.' || digits)::numeric;
                rest := substr(rest, length(digits) + 1);
            WHEN element IN ('AM', 'PM', 'A.M.', 'P.M.') THEN
                mark := substring(upper(rest) FROM '^([AP][.]M[.]|[AP]M)');
                IF mark IS NULL THEN PERFORM understudy.raise_error(1855, 'AM/A.M. or PM/P.M. required'); END IF;
                half := CASE WHEN left(mark, 1) = 'P' THEN 12 ELSE 0 END;
                rest := substr(rest, length(mark) + 1);
            WHEN element IN ('AD', 'BC', 'A.D.', 'B.C.') THEN
                mark := substring(upper(rest) FROM '^(A[.]D[.]|B[.]C[.]|AD|BC)');
                IF mark IS NULL THEN PERFORM understudy.raise_error(1856, 'BC/B.C. or AD/A.D. required'); END IF;
                bc := left(mark, 1) = 'B';
                rest := substr(rest, length(mark) + 1);
            WHEN element = 'X' THEN
                IF rest ~ '^[^0-9A-Za-z]' THEN rest := substr(rest, 2); END IF;
            WHEN element = 'TZH' THEN
                mark := substring(rest FROM '^[+-]?\d{1,2}');
                IF mark IS NULL THEN PERFORM understudy.raise_error(1858, 'a non-numeric character was found where a numeric was expected'); END IF;
                minus := left(mark, 1) = '-';
                zone := understudy.check_range(ltrim(mark, '+-')::integer, 0, 15, 1874, 'time zone hour must be between -15 and 15') * 3600 * CASE WHEN minus THEN -1 ELSE 1 END;
                rest := substr(rest, length(mark) + 1);
            WHEN element = 'TZM' THEN
                digits := understudy.read_digits(rest, 2, exact);
                zone := coalesce(zone, 0) + CASE WHEN minus THEN -60 ELSE 60 END * understudy.check_range(digits::integer, 0, 59, 1875, 'time zone minute must be between -59 and 59');
                rest := substr(rest, length(digits) + 1);
            WHEN element = 'TZR' THEN
                mark := substring(rest FROM '^[+-]?\d{1,2}:\d{2}|^[A-Za-z][A-Za-z0-9_/+-]*');
                IF mark IS NULL THEN PERFORM understudy.raise_error(1882, 'timezone region not found'); END IF;
                IF mark ~ '\d:' THEN zone := extract(epoch FROM mark::interval); ELSE region := mark; END IF;
                rest := substr(rest, length(mark) + 1);
            WHEN element = 'TZD' THEN
                rest := regexp_replace(rest, '^[A-Za-z]+', '');
            WHEN element IN ('Q', 'WW', 'W', 'IW', 'IYYY', 'IYY', 'IY', 'I', 'CC', 'SCC', 'YEAR', 'SYEAR', 'SP', 'TH') OR element ~ '(TH|SP)$' THEN
                PERFORM understudy.raise_error(1820, 'format code cannot appear in date input format');
            ELSE
                PERFORM understudy.raise_error(1821, 'date format not recognized');
        END CASE;
    END LOOP;
    IF trim(rest) <> '' THEN PERFORM understudy.raise_error(1830, 'date format picture ends before converting entire input string'); END IF;
    IF half IS NOT NULL AND hour IS NOT NULL THEN
        IF NOT twelve THEN PERFORM understudy.raise_error(1818, '''HH24'' precludes use of meridian indicator'); END IF;
        hour := hour % 12 + half;
    ELSIF twelve AND hour = 12 THEN
        hour := 0;
    END IF;
    IF day_second IS NOT NULL THEN
        hour := day_second / 3600;
        minute := day_second / 60 % 60;
        second := day_second % 60;
    END IF;
    IF julian IS NOT NULL THEN
        stamp := ('J' || julian)::date::timestamp;
    ELSIF year_day IS NOT NULL THEN
        year := coalesce(year, extract(year FROM statement_timestamp())::integer);
        stamp := make_date(CASE WHEN bc THEN -year ELSE year END, 1, 1) + (year_day - 1);
        IF extract(year FROM stamp) <> (CASE WHEN bc THEN -year ELSE year END) THEN PERFORM understudy.raise_error(1848, 'day of year must be between 1 and 365 (366 for leap year)'); END IF;
    ELSE
        year := coalesce(year, extract(year FROM statement_timestamp())::integer);
        month := coalesce(month, extract(month FROM statement_timestamp())::integer);
        day := coalesce(day, 1);
        stamp := make_date(CASE WHEN bc THEN -year ELSE year END, month, 1);
        IF day > 28 AND extract(month FROM stamp + make_interval(days => day - 1)) <> month THEN PERFORM understudy.raise_error(1839, 'date not valid for month specified'); END IF;
        stamp := stamp + make_interval(days => day - 1);
    END IF;
    IF weekday IS NOT NULL AND weekday <> extract(dow FROM stamp) THEN PERFORM understudy.raise_error(1835, 'day of week conflicts with Julian date'); END IF;
    stamp := stamp + make_interval(hours => coalesce(hour, 0), mins => coalesce(minute, 0), secs => coalesce(second, 0)) + trunc(fraction * 1000000)::integer * interval '1 microsecond';
END $$;

-- The commonest shapes by a short way; anything unusual in them is left to datetime_read, which knows the errors.
CREATE OR REPLACE FUNCTION understudy.date_read(value text, shape text, pieces text[], fraction boolean) RETURNS timestamp LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    nines text;
BEGIN
    IF value = '' THEN RETURN NULL; END IF;
    IF shape IN ('YYYY-MM-DD HH24:MI:SS', 'YYYY-MM-DD', 'DD/MM/YYYY') THEN -- no regular expressions here: they cost more than all the rest
        nines := translate(value, '012345678', '999999999');
        IF shape = 'YYYY-MM-DD' AND nines = '9999-99-99' OR shape = 'YYYY-MM-DD HH24:MI:SS' AND nines = '9999-99-99 99:99:99' AND substr(value, 12, 2) < '24'
                AND substr(value, 15, 2) < '60' AND substr(value, 18, 2) < '60' THEN
            IF substr(value, 6, 2) BETWEEN '01' AND '12' AND substr(value, 9, 2) BETWEEN '01' AND '28' AND left(value, 4) > '0000' THEN RETURN value::timestamp; END IF;
        ELSIF shape = 'DD/MM/YYYY' AND nines = '99/99/9999' THEN
            IF substr(value, 4, 2) BETWEEN '01' AND '12' AND left(value, 2) BETWEEN '01' AND '28' AND right(value, 4) > '0000' THEN
                RETURN make_date(right(value, 4)::integer, substr(value, 4, 2)::integer, left(value, 2)::integer);
            END IF;
        END IF;
    END IF;
    IF NOT fraction AND (strpos(shape, 'FF') > 0 OR strpos(shape, 'TZ') > 0) THEN PERFORM understudy.raise_error(1821, 'date format not recognized'); END IF;
    RETURN (understudy.datetime_read(value, pieces)).stamp;
END $$;
CREATE OR REPLACE FUNCTION understudy.to_date(value text, model text) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.date_read(value, upper(model), understudy.datetime_model(model), false) $$;
CREATE OR REPLACE FUNCTION understudy.to_timestamp(value text, model text) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.date_read(value, upper(model), understudy.datetime_model(model), true) $$;
CREATE OR REPLACE FUNCTION understudy.timestamp_tz_read(value text, pieces text[]) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    read record;
BEGIN
    IF value = '' THEN RETURN NULL; END IF;
    read := understudy.datetime_read(value, pieces);
    IF read.region IS NOT NULL THEN RETURN read.stamp AT TIME ZONE read.region; END IF;
    IF read.zone IS NOT NULL THEN RETURN read.stamp AT TIME ZONE make_interval(secs => read.zone); END IF;
    RETURN read.stamp::timestamptz;
END $$;
CREATE OR REPLACE FUNCTION understudy.to_timestamp_tz(value text, model text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.timestamp_tz_read(value, understudy.datetime_model(model)) $$;
CREATE OR REPLACE FUNCTION understudy.to_date(value text) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.to_date(value, understudy.date_format()) $$;
CREATE OR REPLACE FUNCTION understudy.to_timestamp(value text) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.to_timestamp(value, understudy.timestamp_format()) $$;
CREATE OR REPLACE FUNCTION understudy.to_timestamp_tz(value text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.to_timestamp_tz(value, understudy.timestamp_tz_format()) $$;
