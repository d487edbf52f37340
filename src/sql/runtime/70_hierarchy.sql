-- SPDX-License-Identifier: Apache-2.0
-- CONNECT BY: a row that is its own ancestor ends the query, unless NOCYCLE leaves it out.
CREATE OR REPLACE FUNCTION understudy.refuse_loop(loop boolean) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF loop THEN PERFORM understudy.raise_error(1436, 'CONNECT BY loop in user data'); END IF;
    RETURN true;
END $$;
