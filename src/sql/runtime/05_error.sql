-- SPDX-License-Identifier: Apache-2.0
-- Errors that carry Oracle's own number: the text begins with it, and the proxy hands both on (error_map.c).
CREATE OR REPLACE FUNCTION understudy.raise_error(number integer, reason text) RETURNS void LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'ORA00', MESSAGE = 'ORA-' || lpad(number::text, 5, '0') || ': ' || reason;
END $$;
