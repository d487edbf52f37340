-- SPDX-License-Identifier: Apache-2.0
-- What a session is: from the settings understudy.*, which the proxy sets, else from PostgreSQL's own.
CREATE OR REPLACE FUNCTION understudy.setting(name text, otherwise text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('understudy.' || name, true), ''), otherwise) $$;
CREATE OR REPLACE FUNCTION understudy.user_name() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.setting('user_name', upper(session_user::text)) $$;
CREATE OR REPLACE FUNCTION understudy.uid() RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT understudy.setting('user_id', '0')::numeric $$;
CREATE OR REPLACE FUNCTION understudy.sys_guid() RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS $$ SELECT decode(replace(gen_random_uuid()::text, '-', ''), 'hex') $$;
CREATE OR REPLACE FUNCTION understudy.sys_context(space text, name text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
BEGIN
    IF upper(space) <> 'USERENV' THEN RETURN nullif(current_setting(lower(space) || '.' || lower(name), true), ''); END IF;
    CASE upper(name)
        WHEN 'CURRENT_SCHEMA' THEN RETURN understudy.setting('current_schema', upper(current_schema()::text));
        WHEN 'SESSION_USER', 'CURRENT_USER', 'AUTHENTICATED_IDENTITY', 'PROXY_USER' THEN
            RETURN CASE WHEN upper(name) = 'PROXY_USER' THEN NULL ELSE understudy.user_name() END;
        WHEN 'DB_NAME', 'SERVICE_NAME', 'DB_UNIQUE_NAME', 'INSTANCE_NAME', 'CON_NAME' THEN RETURN understudy.setting('database', upper(current_database()::text));
        WHEN 'SESSIONID', 'SID' THEN RETURN pg_backend_pid()::text;
        WHEN 'SESSION_USERID', 'CURRENT_USERID', 'SCHEMAID' THEN RETURN understudy.uid()::text;
        WHEN 'IP_ADDRESS' THEN RETURN understudy.setting('ip_address', host(inet_client_addr()));
        WHEN 'HOST', 'TERMINAL' THEN RETURN understudy.setting('host', NULL);
        WHEN 'MODULE' THEN RETURN understudy.setting('module', nullif(current_setting('application_name'), ''));
        WHEN 'LANGUAGE' THEN RETURN understudy.setting('language', 'AMERICAN_AMERICA.AL32UTF8');
        WHEN 'LANG' THEN RETURN 'US';
        WHEN 'NLS_DATE_FORMAT' THEN RETURN understudy.setting('nls_date_format', 'DD-MON-RR');
        WHEN 'NLS_TERRITORY' THEN RETURN 'AMERICA';
        WHEN 'NLS_SORT' THEN RETURN 'BINARY';
        WHEN 'NLS_CALENDAR' THEN RETURN 'GREGORIAN';
        WHEN 'NLS_CURRENCY' THEN RETURN '$';
        WHEN 'NLS_DATE_LANGUAGE' THEN RETURN 'AMERICAN';
        WHEN 'ISDBA' THEN RETURN 'FALSE';
        WHEN 'INSTANCE' THEN RETURN '1';
        ELSE RETURN understudy.setting(lower(name), NULL);
    END CASE;
END $$;
CREATE OR REPLACE FUNCTION understudy.userenv(name text) RETURNS text LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$ SELECT understudy.sys_context('USERENV', name) $$;
