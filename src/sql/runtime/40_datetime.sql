-- SPDX-License-Identifier: Apache-2.0
-- Arithmetic with dates. A DATE is a timestamp(0) on the target, so one function serves DATE and TIMESTAMP.

CREATE OR REPLACE FUNCTION understudy.last_day(d timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_trunc('month', d) + interval '1 month - 1 day' + (d - date_trunc('day', d)) $$;
-- A last day of a month stays one.
CREATE OR REPLACE FUNCTION understudy.add_months(d timestamp, months numeric) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    moved timestamp := date_trunc('second', d) + make_interval(months => trunc(months)::integer);
BEGIN
    IF extract(day FROM d + interval '1 day') = 1 THEN moved := understudy.last_day(moved); END IF;
    IF extract(year FROM moved) NOT BETWEEN -4713 AND 9999 THEN PERFORM understudy.raise_error(1841, '(full) year must be between -4713 and +9999, and not be 0'); END IF;
    RETURN moved;
END $$;
-- Whole months when the days are the same or both are the last ones; else days count as 31sts.
CREATE OR REPLACE FUNCTION understudy.months_between(a timestamp, b timestamp) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    months numeric := (extract(year FROM a) - extract(year FROM b)) * 12 + extract(month FROM a) - extract(month FROM b);
    days numeric := extract(day FROM a) - extract(day FROM b);
BEGIN
    IF days = 0 OR (extract(day FROM a + interval '1 day') = 1 AND extract(day FROM b + interval '1 day') = 1) THEN RETURN months; END IF;
    RETURN understudy.divide(months * 2678400 + days * 86400 + trunc(extract(epoch FROM a::time)) - trunc(extract(epoch FROM b::time)), 2678400);
END $$;
CREATE OR REPLACE FUNCTION understudy.days_between(a timestamp, b timestamp) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT understudy.divide(extract(epoch FROM a - b), 86400) $$;
-- 0 is Sunday.
CREATE OR REPLACE FUNCTION understudy.weekday(name text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    word text := upper(trim(name));
    at integer;
BEGIN
    IF word ~ '^[1-7]$' THEN RETURN word::integer - 1; END IF;
    at := strpos('SUNMONTUEWEDTHUFRISAT', left(word, 3));
    IF length(word) < 3 OR at = 0 OR (at - 1) % 3 <> 0 THEN PERFORM understudy.raise_error(1846, 'not a valid day of the week'); END IF;
    RETURN (at - 1) / 3;
END $$;
CREATE OR REPLACE FUNCTION understudy.next_day(d timestamp, name text) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT d + make_interval(days => ((understudy.weekday(name) - extract(dow FROM d)::integer + 6) % 7) + 1) $$;

-- The day must exist in the month that is reached.
CREATE OR REPLACE FUNCTION understudy.add_yminterval(d timestamp, i interval) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF extract(day FROM d + i) <> extract(day FROM d) THEN PERFORM understudy.raise_error(1839, 'date not valid for month specified'); END IF;
    RETURN d + i;
END $$;
CREATE OR REPLACE FUNCTION understudy.add_yminterval(d timestamptz, i interval) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.add_yminterval(d::timestamp, i)::timestamptz $$;

-- Where a unit of TRUNC begins.
CREATE OR REPLACE FUNCTION understudy.trunc(d timestamp, unit text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    first timestamp;
BEGIN
    CASE
        WHEN upper(unit) IN ('DDD', 'DD', 'J') THEN RETURN date_trunc('day', d);
        WHEN upper(unit) IN ('MONTH', 'MON', 'MM', 'RM') THEN RETURN date_trunc('month', d);
        WHEN upper(unit) IN ('SYYYY', 'YYYY', 'YEAR', 'SYEAR', 'YYY', 'YY', 'Y') THEN RETURN date_trunc('year', d);
        WHEN upper(unit) = 'Q' THEN RETURN date_trunc('quarter', d);
        WHEN upper(unit) = 'IW' THEN RETURN date_trunc('week', d);
        WHEN upper(unit) IN ('HH', 'HH12', 'HH24') THEN RETURN date_trunc('hour', d);
        WHEN upper(unit) = 'MI' THEN RETURN date_trunc('minute', d);
        WHEN upper(unit) IN ('DAY', 'DY', 'D') THEN RETURN date_trunc('day', d) - make_interval(days => extract(dow FROM d)::integer);
        WHEN upper(unit) = 'WW' THEN RETURN date_trunc('day', d) - make_interval(days => (extract(doy FROM d)::integer - 1) % 7);
        WHEN upper(unit) = 'W' THEN RETURN date_trunc('day', d) - make_interval(days => (extract(day FROM d)::integer - 1) % 7);
        WHEN upper(unit) IN ('CC', 'SCC') THEN RETURN date_trunc('century', d);
        WHEN upper(unit) IN ('IYYY', 'IYY', 'IY', 'I') THEN RETURN date_trunc('week', make_date(extract(isoyear FROM d)::integer, 1, 4)::timestamp);
        WHEN upper(unit) IN ('SS', 'SSSSS') THEN PERFORM understudy.raise_error(1899, 'bad precision specifier');
        ELSE PERFORM understudy.raise_error(1821, 'date format not recognized');
    END CASE;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION understudy.round(d timestamp, unit text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    u text := upper(unit);
    start timestamp := understudy.trunc(d, unit);
BEGIN
    CASE
        WHEN u IN ('DDD', 'DD', 'J') THEN RETURN date_trunc('day', d + interval '12 hours');
        WHEN u IN ('HH', 'HH12', 'HH24') THEN RETURN date_trunc('hour', d + interval '30 minutes');
        WHEN u = 'MI' THEN RETURN date_trunc('minute', d + interval '30 seconds');
        WHEN u IN ('MONTH', 'MON', 'MM', 'RM') THEN RETURN CASE WHEN extract(day FROM d) >= 16 THEN start + interval '1 month' ELSE start END;
        WHEN u = 'Q' THEN RETURN CASE WHEN d >= start + interval '1 month 15 days' THEN start + interval '3 months' ELSE start END;
        WHEN u IN ('SYYYY', 'YYYY', 'YEAR', 'SYEAR', 'YYY', 'YY', 'Y') THEN RETURN CASE WHEN extract(month FROM d) >= 7 THEN start + interval '1 year' ELSE start END;
        WHEN u IN ('CC', 'SCC') THEN RETURN CASE WHEN d >= start + interval '50 years' THEN start + interval '100 years' ELSE start END;
        WHEN u IN ('IYYY', 'IYY', 'IY', 'I') THEN
            RETURN CASE WHEN extract(month FROM d) >= 7 AND extract(isoyear FROM d) <= extract(year FROM d)
                        THEN date_trunc('week', make_date(extract(isoyear FROM d)::integer + 1, 1, 4)::timestamp) ELSE start END;
        ELSE RETURN CASE WHEN d >= start + interval '3 days 12 hours' THEN start + interval '7 days' ELSE start END;
    END CASE;
END $$;
CREATE OR REPLACE FUNCTION understudy.trunc(d timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_trunc('day', d) $$;
CREATE OR REPLACE FUNCTION understudy.round(d timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_trunc('day', d + interval '12 hours') $$;
CREATE OR REPLACE FUNCTION understudy.trunc(d timestamptz) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT date_trunc('day', d::timestamp) $$;
CREATE OR REPLACE FUNCTION understudy.round(d timestamptz) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.round(d::timestamp) $$;
CREATE OR REPLACE FUNCTION understudy.trunc(d timestamptz, unit text) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.trunc(d::timestamp, unit) $$;
CREATE OR REPLACE FUNCTION understudy.round(d timestamptz, unit text) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.round(d::timestamp, unit) $$;

-- Intervals: days and the rest have one sign, the rest is less than a day.
CREATE OR REPLACE FUNCTION understudy.seconds_interval(seconds numeric) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT make_interval(days => trunc(seconds / 86400)::integer, secs => mod(seconds, 86400)::double precision) $$;
CREATE OR REPLACE FUNCTION understudy.numtodsinterval(n numeric, unit text) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    CASE upper(trim(unit))
        WHEN 'DAY' THEN RETURN understudy.seconds_interval(n * 86400);
        WHEN 'HOUR' THEN RETURN understudy.seconds_interval(n * 3600);
        WHEN 'MINUTE' THEN RETURN understudy.seconds_interval(n * 60);
        WHEN 'SECOND' THEN RETURN understudy.seconds_interval(n);
        ELSE PERFORM understudy.raise_error(1760, 'illegal argument for function');
    END CASE;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION understudy.numtoyminterval(n numeric, unit text) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    CASE upper(trim(unit))
        WHEN 'YEAR' THEN RETURN make_interval(months => round(n * 12)::integer);
        WHEN 'MONTH' THEN RETURN make_interval(months => round(n)::integer);
        ELSE PERFORM understudy.raise_error(1760, 'illegal argument for function');
    END CASE;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION understudy.to_dsinterval(t text) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    p text[] := regexp_match(t, '^\s*([+-]?)\s*(\d{1,9})\s+(\d{1,2})\s*:\s*(\d{1,2})\s*:\s*(\d{1,2}(?:\.\d{0,9})?)\s*$');
BEGIN
    IF p IS NULL THEN
        p := regexp_match(t, '^\s*(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?\s*$');
        IF p IS NULL OR coalesce(p[2], p[3], p[4], p[5]) IS NULL THEN PERFORM understudy.raise_error(1867, 'the interval is invalid'); END IF;
    ELSIF p[3]::integer > 23 THEN
        PERFORM understudy.raise_error(1850, 'hour must be between 0 and 23');
    ELSIF p[4]::integer > 59 THEN
        PERFORM understudy.raise_error(1851, 'minutes must be between 0 and 59');
    ELSIF p[5]::numeric >= 60 THEN
        PERFORM understudy.raise_error(1852, 'seconds must be between 0 and 59');
    END IF;
    RETURN understudy.seconds_interval(CASE p[1] WHEN '-' THEN -1 ELSE 1 END *
        (coalesce(p[2], '0')::numeric * 86400 + coalesce(p[3], '0')::numeric * 3600 + coalesce(p[4], '0')::numeric * 60 + trunc(coalesce(p[5], '0')::numeric, 6)));
END $$;
CREATE OR REPLACE FUNCTION understudy.to_yminterval(t text) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    p text[] := regexp_match(t, '^\s*([+-]?)\s*(\d{1,9})\s*-\s*(\d{1,2})\s*$');
BEGIN
    IF p IS NULL THEN
        p := regexp_match(t, '^\s*(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:\d+D)?(?:T.*)?\s*$');
        IF p IS NULL OR coalesce(p[2], p[3]) IS NULL THEN PERFORM understudy.raise_error(1867, 'the interval is invalid'); END IF;
    ELSIF p[3]::integer > 11 THEN
        PERFORM understudy.raise_error(1843, 'not a valid month');
    END IF;
    RETURN make_interval(months => CASE p[1] WHEN '-' THEN -1 ELSE 1 END * (coalesce(p[2], '0')::integer * 12 + coalesce(p[3], '0')::integer));
END $$;

-- Zones. An offset counts to the east, as in SQL; in PostgreSQL's zone names it counts to the west.
CREATE OR REPLACE FUNCTION understudy.from_tz(d timestamp, zone text) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF trim(zone) ~ '^[+-]?\d{1,2}:\d{2}$' THEN RETURN d AT TIME ZONE trim(zone)::interval; END IF;
    RETURN d AT TIME ZONE trim(zone);
END $$;
CREATE OR REPLACE FUNCTION understudy.zone_hours(zone text) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    hours numeric := CASE upper(zone) WHEN 'AST' THEN -4 WHEN 'ADT' THEN -3 WHEN 'BST' THEN -11 WHEN 'BDT' THEN -10 WHEN 'CST' THEN -6 WHEN 'CDT' THEN -5 WHEN 'EST' THEN -5
        WHEN 'EDT' THEN -4 WHEN 'GMT' THEN 0 WHEN 'HST' THEN -10 WHEN 'HDT' THEN -9 WHEN 'MST' THEN -7 WHEN 'MDT' THEN -6 WHEN 'NST' THEN -3.5 WHEN 'PST' THEN -8
        WHEN 'PDT' THEN -7 WHEN 'YST' THEN -9 WHEN 'YDT' THEN -8 END;
BEGIN
    IF hours IS NULL THEN PERFORM understudy.raise_error(1857, 'not a valid time zone'); END IF;
    RETURN make_interval(mins => (hours * 60)::integer);
END $$;
CREATE OR REPLACE FUNCTION understudy.new_time(d timestamp, a text, b text) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT d - understudy.zone_hours(a) + understudy.zone_hours(b) $$;
CREATE OR REPLACE FUNCTION understudy.tz_offset(zone text) RETURNS text LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    seconds integer;
BEGIN
    IF zone ~ '^\s*[+-]?\d{1,2}:\d{2}\s*$' THEN
        seconds := extract(epoch FROM zone::interval);
    ELSE
        seconds := extract(epoch FROM (statement_timestamp() AT TIME ZONE trim(zone)) - (statement_timestamp() AT TIME ZONE 'UTC'));
    END IF;
    RETURN CASE WHEN seconds < 0 THEN '-' ELSE '+' END || to_char(make_interval(secs => abs(seconds)), 'HH24:MI');
END $$;
