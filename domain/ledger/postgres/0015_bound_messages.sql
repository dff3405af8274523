-- The functions that write the messages of a business refuse any other than their transaction is for, as all do that
-- take one.

CREATE FUNCTION require_business(business text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION plan_messages(business text, upto bigint, planned jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    INSERT INTO messages
    SELECT * FROM jsonb_populate_recordset(NULL::messages, planned) AS p WHERE p.business_id = business
    ON CONFLICT DO NOTHING;
    INSERT INTO message_positions AS known (business_id, position) VALUES (business, upto)
    ON CONFLICT (business_id) DO UPDATE SET position = greatest(known.position, excluded.position);
END $$;

CREATE OR REPLACE FUNCTION add_messages(business text, planned jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    INSERT INTO messages
    SELECT * FROM jsonb_populate_recordset(NULL::messages, planned) AS p WHERE p.business_id = business
    ON CONFLICT DO NOTHING;
END $$;

CREATE OR REPLACE FUNCTION put_message(
    business text, message_id text, new_state text, new_attempts integer, new_due_at bigint, new_settled_at bigint,
    new_reason text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    UPDATE messages SET state = new_state, attempts = new_attempts, due_at = new_due_at,
           settled_at = new_settled_at, reason = new_reason
     WHERE business_id = business AND id = message_id;
END $$;

CREATE OR REPLACE FUNCTION forget_messages(business text, settled_before bigint, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    forgotten integer;
BEGIN
    PERFORM require_business(business);
    DELETE FROM messages WHERE business_id = business AND id IN (
        SELECT m.id FROM messages m WHERE m.business_id = business AND m.settled_at < settled_before LIMIT at_most);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
