-- SPDX-License-Identifier: Apache-2.0
-- NTH_VALUE and its kind over a window's values in an array: the n-th, or with a negative n the n-th from the end; `pick` leaves NULLs out.
CREATE OR REPLACE FUNCTION understudy.pick_any(a anyarray, n integer) RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT a[CASE WHEN n >= 0 THEN n ELSE cardinality(a) + n + 1 END] $$;
CREATE OR REPLACE FUNCTION understudy.pick(a anyarray, n integer) RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT understudy.pick_any(array_remove(a, NULL), n) $$;
