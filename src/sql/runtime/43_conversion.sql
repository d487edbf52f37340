-- SPDX-License-Identifier: Apache-2.0
-- TO_NUMBER(x DEFAULT y ON CONVERSION ERROR) and its kin: the other value where the text is none of that type. A wrong model stays an error.
CREATE OR REPLACE FUNCTION understudy.is_model_error(reason text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT reason ~ '^ORA-(01481|01810|01818|01819|01820|01821)' $$;
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT * FROM (VALUES ('number', 'numeric', 'to_number'), ('date', 'timestamp', 'to_date'), ('timestamp', 'timestamp', 'to_timestamp'),
        ('timestamp_tz', 'timestamptz', 'to_timestamp_tz')) AS v(name, type, reads) LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION understudy.%1$s_or(value text, otherwise %2$s) RETURNS %2$s LANGUAGE plpgsql STABLE AS
            $f$ BEGIN RETURN understudy.%3$s(value); EXCEPTION WHEN data_exception OR SQLSTATE ''ORA00'' THEN IF understudy.is_model_error(SQLERRM) THEN RAISE; END IF; RETURN otherwise; END $f$', one.name, one.type, one.reads);
        EXECUTE format('CREATE OR REPLACE FUNCTION understudy.%1$s_or(value text, model text, otherwise %2$s) RETURNS %2$s LANGUAGE plpgsql STABLE AS
            $f$ BEGIN RETURN understudy.%3$s(value, model); EXCEPTION WHEN data_exception OR SQLSTATE ''ORA00'' THEN IF understudy.is_model_error(SQLERRM) THEN RAISE; END IF; RETURN otherwise; END $f$', one.name, one.type, one.reads);
    END LOOP;
END $$;
