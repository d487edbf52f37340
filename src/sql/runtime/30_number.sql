-- SPDX-License-Identifier: Apache-2.0
-- Arithmetic with NUMBER's digits: 20 pairs of them.

-- How many decimals stand behind the point when 20 pairs of digits are kept.
CREATE OR REPLACE FUNCTION understudy.number_decimals(n numeric) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    digits text;
BEGIN
    IF abs(n) >= 1 THEN RETURN 40 - 2 * ((length(trunc(abs(n))::text) + 1) / 2); END IF;
    IF abs(n) >= 0.01 OR n = 0 THEN RETURN 40; END IF;
    digits := substr(abs(n)::text, 3);
    RETURN 40 + 2 * ((length(digits) - length(ltrim(digits, '0'))) / 2);
END $$;
CREATE OR REPLACE FUNCTION understudy.number_round(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trim_scale(round(n, understudy.number_decimals(n))) $$;
CREATE OR REPLACE FUNCTION understudy.divide(a numeric, b numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    quotient numeric := a / b;
    decimals integer;
BEGIN
    IF quotient * b = a THEN RETURN trim_scale(quotient); END IF;
    decimals := understudy.number_decimals(quotient);
    RETURN trim_scale(round(round(a, greatest(scale(a), decimals + 4, 0)) / b, decimals));
END $$;
-- BINARY_DOUBLE never fails: it has infinities and NaN.
CREATE OR REPLACE FUNCTION understudy.divide_double(a double precision, b double precision) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF b <> 0 THEN RETURN a / b; END IF;
    IF a = 0 OR a = 'NaN' THEN RETURN 'NaN'; END IF;
    RETURN CASE WHEN (a > 0) = (b::text = '0') THEN 'Infinity' ELSE '-Infinity' END;
EXCEPTION WHEN numeric_value_out_of_range THEN
    RETURN CASE WHEN abs(b) > 1 THEN 0 WHEN (a > 0) = (b > 0) THEN 'Infinity' ELSE '-Infinity' END;
END $$;

CREATE OR REPLACE FUNCTION understudy.mod(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b = 0 THEN a ELSE mod(a, b) END $$;
-- The multiple nearest to a is taken away; of two equally near the even one.
CREATE OR REPLACE FUNCTION understudy.remainder(a numeric, b numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    whole numeric := div(a, b);
    rest numeric := mod(a, b);
BEGIN
    IF abs(rest) * 2 > abs(b) OR (abs(rest) * 2 = abs(b) AND mod(whole, 2) <> 0) THEN rest := rest - sign(rest) * abs(b); END IF;
    RETURN trim_scale(rest);
END $$;
-- Arguments beyond 64 bits count as the largest or smallest of them.
CREATE OR REPLACE FUNCTION understudy.bitand(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (least(greatest(trunc(a), -9223372036854775808), 9223372036854775807)::bigint & least(greatest(trunc(b), -9223372036854775808), 9223372036854775807)::bigint)::numeric $$;

-- ROUND and TRUNC for expressions whose type only the target knows. Half goes away from zero, for binary floats too.
CREATE OR REPLACE FUNCTION understudy.round(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT round(n) $$;
CREATE OR REPLACE FUNCTION understudy.round(n numeric, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT round(n, digits) $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trunc(n) $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n numeric, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trunc(n, digits) $$;
CREATE OR REPLACE FUNCTION understudy.round(n double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT floor(abs(n) + 0.5) * sign(n) $$;
CREATE OR REPLACE FUNCTION understudy.round(n double precision, digits integer) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT round(n::numeric, digits)::double precision $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trunc(n) $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n double precision, digits integer) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trunc(n::numeric, digits)::double precision $$;
-- Without these PostgreSQL would take integers for double precision.
CREATE OR REPLACE FUNCTION understudy.round(n smallint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::numeric $$;
CREATE OR REPLACE FUNCTION understudy.round(n integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::numeric $$;
CREATE OR REPLACE FUNCTION understudy.round(n bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::numeric $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n smallint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::numeric $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::numeric $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT n::numeric $$;
CREATE OR REPLACE FUNCTION understudy.round(n smallint, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT round(n::numeric, digits) $$;
CREATE OR REPLACE FUNCTION understudy.round(n integer, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT round(n::numeric, digits) $$;
CREATE OR REPLACE FUNCTION understudy.round(n bigint, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT round(n::numeric, digits) $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n smallint, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trunc(n::numeric, digits) $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n integer, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trunc(n::numeric, digits) $$;
CREATE OR REPLACE FUNCTION understudy.trunc(n bigint, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT trunc(n::numeric, digits) $$;
-- PERCENTILE_CONT: between the two values around the place 1 + p * (n - 1).
CREATE OR REPLACE FUNCTION understudy.percentile(a numeric[], p numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    s numeric[];
    place numeric;
    low integer;
BEGIN
    SELECT array_agg(v ORDER BY v) INTO s FROM unnest(a) v WHERE v IS NOT NULL;
    IF s IS NULL OR p IS NULL THEN RETURN NULL; END IF;
    IF p < 0 OR p > 1 THEN RAISE EXCEPTION 'percentile value % is not between 0 and 1', p USING ERRCODE = '22003'; END IF;
    place := 1 + p * (cardinality(s) - 1);
    low := floor(place);
    IF low = place THEN RETURN s[low]; END IF;
    RETURN trim_scale(s[low] + (s[low + 1] - s[low]) * (place - low));
END $$;
