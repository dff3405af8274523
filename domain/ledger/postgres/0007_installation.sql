-- What belongs to all businesses or goes through all tables: the servers at work, room and statistics of tables,
-- erasing a customer, verifications, sums of reports.

-- Servers belong to no business, so nobody reaches the table but through these functions.
CREATE TABLE servers (
    started_at bigint NOT NULL,
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    place      text NOT NULL,  -- of the database it serves, which a copy of this one has not
    address    text NOT NULL
);

CREATE FUNCTION registered_servers() RETURNS SETOF servers
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM servers ORDER BY started_at, id
$$;

CREATE FUNCTION add_server(new_id text, new_place text, new_address text, now_ms bigint, gone text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM servers WHERE id = ANY (gone);
    INSERT INTO servers (id, place, address, started_at) VALUES (new_id, new_place, new_address, now_ms);
END $$;

CREATE FUNCTION remove_server(old_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DELETE FROM servers WHERE id = old_id
$$;

-- What a dump restored elsewhere, or into another database, has not.
CREATE FUNCTION current_place() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT system_identifier::text || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
      FROM pg_control_system()
$$;

-- The verifications that are remembered: they are told between visits, and prove nothing. A business reads and writes
-- its own.
CREATE TABLE verifications (
    business_id text COLLATE "C" NOT NULL,
    verified_at bigint NOT NULL,
    position    bigint NOT NULL,  -- the head that was reached, or where the chain is broken
    hash        bytea,  -- of the head; not there where the chain is broken
    intact      boolean NOT NULL,
    reason      text,
    findings    bigint NOT NULL,
    place       text NOT NULL CHECK (place IN ('api', 'command_line')),
    actor_id    text COLLATE "C",  -- who asked; nobody at the command line
    role        text,
    PRIMARY KEY (business_id, verified_at)
);
SELECT keep_apart('verifications');

-- Sums from which reports are answered: they follow from the facts, may be missing, and are believed only where all of a
-- row fits. No personal data. A business reads and writes its own.
CREATE TABLE report_sums (
    business_id text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,  -- of the kind of sums
    version     text NOT NULL,  -- of the code that made them
    zone        text NOT NULL,  -- of their days
    position    bigint NOT NULL,  -- the last fact that is in them
    hash        bytea NOT NULL,  -- of that fact
    data        bytea NOT NULL,
    digest      bytea NOT NULL,  -- of all columns before
    PRIMARY KEY (business_id, name)
);
SELECT keep_apart('report_sums');


-- Every business that has a row anywhere, also where its head is gone: each table is stepped through by business.
-- A ledger whose number has no id is told by the number: `ledger 42`. The id of a business is in its head, and in the
-- first fact.
CREATE FUNCTION business_ids() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    name text;
    key  text;
BEGIN
    PERFORM set_config('carnet.business', '*', true);
    FOR name, key IN
        SELECT c.relname, a.attname
          FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname IN ('business_id', 'ledger')
         WHERE c.relnamespace = current_schema()::regnamespace AND p.polname = 'owner_looks'
    LOOP
        RETURN QUERY EXECUTE format(
            'WITH RECURSIVE known (id) AS (SELECT min(%2$I) FROM %1$I UNION ALL '
            'SELECT (SELECT min(%2$I) FROM %1$I WHERE %2$I > known.id) FROM known WHERE known.id IS NOT NULL) '
            'SELECT %3$s FROM known WHERE id IS NOT NULL', name, key, CASE key WHEN 'business_id' THEN 'id' ELSE
            'coalesce((SELECT l.business_id FROM ledgers AS l WHERE l.number = id), '
            '(SELECT f.stream_id FROM facts AS f WHERE f.ledger = id AND f.position = 1 AND number_of(f.stream_id) = id), '
            '''ledger '' || id)' END);
    END LOOP;
    PERFORM set_config('carnet.business', '', true);
END $$;

-- The room that tables take, each with its indexes. Rows of all businesses are counted; no row is shown.
CREATE FUNCTION table_space(names text[]) RETURNS TABLE (named text, counted bigint, bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('carnet.business', '*', true);
    FOREACH named IN ARRAY names LOOP
        EXECUTE format('SELECT count(*), pg_total_relation_size(%L) FROM %I', quote_ident(named), named)
           INTO counted, bytes;
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('carnet.business', '', true);
END $$;

-- Counts and samples the tables that a load fills, so that the next statements are planned for the rows that are there.
-- Only their owner may do so, and whoever loads is not. A table that is being counted already is left out.
CREATE FUNCTION gather_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    ANALYZE (SKIP_LOCKED) ledgers, facts, streams, claims, requests, people, people_search, texts, messages;
END $$;


-- Erasing a customer: the rows of every place (domain/people/directory.py), in the transaction of the append, which
-- holds the head. Rows of streams and claims stay, and those of requests but for their answers: they hold ids alone.
CREATE FUNCTION erase(business text, customer text, erased_name text, now_ms bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    PERFORM set_config('carnet.ledger', number_of(business)::text, true);
    DELETE FROM photos WHERE business_id = business AND id IN (
        SELECT p.id FROM people_of(business, customer) AS p);
    DELETE FROM people WHERE business_id = business AND id IN (
        SELECT p.id FROM people_of(business, customer) AS p);  -- its trigger deletes the search text
    DELETE FROM texts WHERE business_id = business AND owner_id = customer;
    UPDATE requests SET answered = digest_of_answer(salt, body), body = NULL, salt = NULL
     WHERE ledger = number_of(business) AND body IS NOT NULL
       AND position(int8send(number_of(customer)) IN people) % 8 = 1;  -- a whole number of those in it
    DELETE FROM messages WHERE business_id = business AND customer_id = customer;
    UPDATE api_keys SET name = erased_name, revoked_at = coalesce(revoked_at, now_ms)
     WHERE business_id = business AND actor_id = customer;
END $$;
