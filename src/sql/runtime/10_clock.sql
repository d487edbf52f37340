-- SPDX-License-Identifier: Apache-2.0
-- SYSDATE is the time of the statement in the zone of the source's host (understudy.database_time_zone), to the second and without a zone.
CREATE OR REPLACE FUNCTION understudy.database_timestamp() RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT statement_timestamp() AT TIME ZONE coalesce(nullif(current_setting('understudy.database_time_zone', true), ''), 'UTC') $$;
CREATE OR REPLACE FUNCTION understudy.sysdate() RETURNS timestamp(0) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_trunc('second', statement_timestamp() AT TIME ZONE coalesce(nullif(current_setting('understudy.database_time_zone', true), ''), 'UTC'))::timestamp(0) $$;
CREATE OR REPLACE FUNCTION understudy.systimestamp() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT statement_timestamp() $$;
CREATE OR REPLACE FUNCTION understudy.session_date() RETURNS timestamp(0) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_trunc('second', statement_timestamp()::timestamp)::timestamp(0) $$;

-- An offset is written +09:00; PostgreSQL's own spelling of one is <+09>-09. A region keeps its name.
CREATE OR REPLACE FUNCTION understudy.zone_text(zone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN zone IN ('UTC', 'Etc/UTC', 'GMT') THEN '+00:00'
                WHEN zone ~ '^<[+-]\d\d>' THEN substr(zone, 2, 3) || ':00'
                WHEN zone ~ '^<[+-]\d\d:\d\d>' THEN substr(zone, 2, 6)
                ELSE zone END $$;
CREATE OR REPLACE FUNCTION understudy.sessiontimezone() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.zone_text(current_setting('TimeZone')) $$;
CREATE OR REPLACE FUNCTION understudy.dbtimezone() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT understudy.zone_text(coalesce(nullif(current_setting('understudy.database_time_zone', true), ''), 'UTC')) $$;
