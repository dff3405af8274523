-- Erasing a customer: the rows of every place (domain/people/directory.py), in the transaction of the append, which
-- holds the head. Rows of requests, streams and claims stay: they hold ids alone.

CREATE FUNCTION erase(business text, customer text, erased_name text, now_ms bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    DELETE FROM photos WHERE business_id = business AND id IN (
        SELECT p.id FROM people p WHERE p.business_id = business AND p.owner_id = customer);
    DELETE FROM people WHERE business_id = business AND owner_id = customer;  -- its trigger deletes the search text
    DELETE FROM texts WHERE business_id = business AND owner_id = customer;
    DELETE FROM answers WHERE business_id = business AND customer = ANY (people);
    DELETE FROM messages WHERE business_id = business AND customer_id = customer;
    UPDATE api_keys SET name = erased_name, revoked_at = coalesce(revoked_at, now_ms)
     WHERE business_id = business AND actor_id = customer;
END $$;
