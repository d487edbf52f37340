-- SPDX-License-Identifier: Apache-2.0
-- SYSDATE is the time of the statement on the database's clock, to the second and without a zone.
CREATE OR REPLACE FUNCTION understudy.sysdate() RETURNS timestamp(0) LANGUAGE sql STABLE AS $$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE current_setting('TimeZone'))::timestamp(0) $$;
CREATE OR REPLACE FUNCTION understudy.systimestamp() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT statement_timestamp() $$;
