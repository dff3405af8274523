-- An answer lies in the row of its request, deflated (domain/ledger/answer_bytes.py), with the people in it named once.
-- Erasing a person takes the answer and its salt out of the row; the rest of it stays.

ALTER TYPE command ALTER ATTRIBUTE body TYPE bytea;
ALTER TABLE requests ADD COLUMN body bytea, ADD COLUMN salt bytea;
ALTER TABLE requests ALTER COLUMN body SET STORAGE EXTERNAL;  -- it is compressed already

-- As the owner, behind the policies and the trigger that hold for everybody.
ALTER TABLE requests NO FORCE ROW LEVEL SECURITY;
ALTER TABLE answers NO FORCE ROW LEVEL SECURITY;
DROP TRIGGER append_only ON requests;
UPDATE requests AS q
   SET body = CASE a.body WHEN '' THEN '' ELSE '\x00'::bytea || convert_to(a.body, 'UTF8') END, salt = a.salt
  FROM answers AS a WHERE a.business_id = q.business_id AND a.key = q.key;
ALTER TABLE requests ALTER COLUMN people DROP DEFAULT;
ALTER TABLE requests ALTER COLUMN people TYPE text USING array_to_string(people, ' ');
ALTER TABLE requests ALTER COLUMN people SET DEFAULT '';  -- ids, separated by spaces
DROP TABLE answers;
ALTER TABLE requests FORCE ROW LEVEL SECURITY;

CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erase_only BEFORE UPDATE ON requests
    FOR EACH ROW WHEN (
        NEW.body IS NOT NULL OR NEW.salt IS NOT NULL
        OR (NEW.business_id, NEW.key, NEW.fingerprint, NEW.first, NEW.last, NEW.recorded_at, NEW.people, NEW.answered,
            NEW.seal)
        IS DISTINCT FROM (OLD.business_id, OLD.key, OLD.fingerprint, OLD.first, OLD.last, OLD.recorded_at, OLD.people,
            OLD.answered, OLD.seal))
    EXECUTE FUNCTION refuse_change();


-- A claim is the hash of what it names (domain/claims.py).
CREATE OR REPLACE FUNCTION shortened(claim text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((
        SELECT CASE split_part(part[1], '/', 1)
                    WHEN 'booking' THEN 'b' WHEN 'bought' THEN 'g' WHEN 'external' THEN 'x' WHEN 'payment' THEN 'y'
                    WHEN 'points' THEN 'p' WHEN 'purchase' THEN 'u' WHEN 'redemption' THEN 'r' ELSE 't' END
            || substr(translate(encode(sha256(convert_to(part[1], 'UTF8')), 'base64'), '+/', '-_'), 1, 20) || part[2]
          FROM regexp_match(claim, '^((?:purchase|external)/[^/]*/[^/]*/'
               '|(?:booking|bought|payment|points|redemption|transfer)/[^/]*/)(.*)$') AS part
         WHERE part IS NOT NULL), claim)
$$;
ALTER TABLE claims NO FORCE ROW LEVEL SECURITY;
ALTER TABLE claims DISABLE TRIGGER append_only;
UPDATE claims SET claim = shortened(claim);
ALTER TABLE claims ENABLE TRIGGER append_only;
ALTER TABLE claims FORCE ROW LEVEL SECURITY;


CREATE OR REPLACE FUNCTION erase(business text, customer text, erased_name text, now_ms bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    DELETE FROM photos WHERE business_id = business AND id IN (
        SELECT p.id FROM people p WHERE p.business_id = business AND p.owner_id = customer);
    DELETE FROM people WHERE business_id = business AND owner_id = customer;  -- its trigger deletes the search text
    DELETE FROM texts WHERE business_id = business AND owner_id = customer;
    UPDATE requests SET body = NULL, salt = NULL
     WHERE business_id = business AND body IS NOT NULL AND customer = ANY (string_to_array(people, ' '));
    DELETE FROM messages WHERE business_id = business AND customer_id = customer;
    UPDATE api_keys SET name = erased_name, revoked_at = coalesce(revoked_at, now_ms)
     WHERE business_id = business AND actor_id = customer;
END $$;


-- The same as in 0003, but that the answer lies with its request: in a row of part 4 `meta` holds its bytes.
CREATE OR REPLACE FUNCTION load(
    business text, ids text[], known integer[], packages_of text[], claimed_from text[], claimed_upto text[],
    with_customers boolean, counted_from text[], counted_upto text[], keys text[]
) RETURNS SETOF loaded LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    IF cardinality(packages_of) > 0 THEN
        SELECT ids || array_agg(s.id ORDER BY s.opened), known || array_agg(0) INTO ids, known
          FROM unnest(packages_of) AS w (customer_id), LATERAL (
               SELECT streams.id, opened FROM streams
                WHERE business_id = business AND streams.customer_id = w.customer_id AND kind = 'package'
               OFFSET 0) AS s
         WHERE s.id <> ALL (ids);
    END IF;
    IF cardinality(claimed_from) > 0 THEN
        SELECT ids || array_agg(held.stream_id ORDER BY held.first), known || array_agg(0) INTO ids, known
          FROM (SELECT c.stream_id, min(c.claim) AS first
                  FROM unnest(claimed_from, claimed_upto) AS p (lowest, beyond), LATERAL (
                       SELECT claim, claims.stream_id FROM claims
                        WHERE business_id = business AND claim >= p.lowest AND claim < p.beyond
                       OFFSET 0) AS c
                 WHERE c.stream_id <> ALL (ids)
                 GROUP BY c.stream_id) AS held;
    END IF;
    IF with_customers THEN
        SELECT ids || array_agg(owner.id ORDER BY owner.id), known || array_agg(0) INTO ids, known
          FROM (SELECT DISTINCT s.customer_id AS id
                  FROM unnest(ids) AS w (id), LATERAL (
                       SELECT customer_id FROM streams
                        WHERE business_id = business AND streams.id = w.id AND kind = 'package'
                       OFFSET 0) AS s
                 WHERE s.customer_id <> ALL (ids)) AS owner;
    END IF;

    RETURN QUERY
        SELECT 0, l.position, l.recorded_at, NULL::bigint, NULL::integer, NULL::integer,
               NULL::text, NULL::text, NULL::text, NULL::bytea, NULL::bytea, l.hash
          FROM ledgers l WHERE l.business_id = business
        UNION ALL
        (SELECT 1, f.position, f.recorded_at, NULL, f.version, f.name_version,
                f.kind, f.stream_id, f.name, f.data, f.meta, f.hash
           FROM unnest(ids, known) WITH ORDINALITY AS w (id, known, place), LATERAL (
                SELECT * FROM facts
                 WHERE business_id = business AND stream_id = w.id AND version > w.known
                 ORDER BY version OFFSET 0) AS f
          ORDER BY w.place, f.version);
    RETURN QUERY
        SELECT 2, NULL::bigint, NULL::bigint, NULL::bigint, NULL::integer, NULL::integer,
               p.owner_id, p.id, p.data, NULL::bytea, NULL::bytea, NULL::bytea
          FROM unnest(ids) AS w (id), LATERAL (
               SELECT FROM streams
                WHERE business_id = business AND streams.id = w.id AND kind IN ('customer', 'staff')
               OFFSET 0) AS s, LATERAL (
               SELECT * FROM people WHERE business_id = business AND owner_id = w.id OFFSET 0) AS p
         ORDER BY p.owner_id, p.id;
    IF cardinality(counted_from) > 0 THEN
        RETURN QUERY
            SELECT 3, (SELECT count(*) FROM claims c
                        WHERE c.business_id = business AND c.claim >= p.lowest AND c.claim < p.beyond),
                   NULL::bigint, NULL::bigint, NULL::integer, NULL::integer, NULL::text, p.place::text,
                   NULL::text, NULL::bytea, NULL::bytea, NULL::bytea
              FROM unnest(counted_from, counted_upto) WITH ORDINALITY AS p (lowest, beyond, place);
    END IF;
    IF cardinality(keys) > 0 THEN
        RETURN QUERY
            SELECT 4, q.first, q.recorded_at, q.last, NULL::integer, NULL::integer, NULL::text, q.key, NULL::text,
                   q.fingerprint, q.body, NULL::bytea
              FROM unnest(keys) AS w (key), LATERAL (
                   SELECT * FROM requests WHERE business_id = business AND requests.key = w.key
                   OFFSET 0) AS q;
    END IF;
END $$;


-- The same as in 0014, but that the answer is written with its request.
CREATE OR REPLACE FUNCTION append(business text, clock_ms bigint, commands command[]) RETURNS SETOF outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    c         command;
    f         new_fact;
    r         seen;
    claimed   new_claim;
    taken     text;
    actual    integer;
    head      bigint;   -- the last position
    chain     bytea;    -- the last fact's hash
    moment    bigint;
    key_of    bytea;    -- the secret of the ledger
    opening   bytea;    -- of every sealed fact: the business, and the length of the position
    closing   bytea;    -- of every sealed fact: the moment
    first     bigint;
    before    bigint;
    spoiled   text[] := '{}';  -- streams whose facts a command before did not get stored
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    SELECT l.position, l.hash, l.recorded_at, l.secret INTO head, chain, moment, key_of
      FROM ledgers l WHERE l.business_id = business FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no ledger of business %', business USING ERRCODE = 'CN404';
    END IF;
    before := head;
    moment := greatest(coalesce(clock_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint), moment);
    opening := int4send(octet_length(business)) || convert_to(business, 'UTF8') || int4send(8);
    closing := int4send(8) || int8send(moment);

    FOREACH c IN ARRAY commands LOOP
        taken := NULL;
        IF c.key IS NOT NULL AND EXISTS (
            SELECT FROM requests q WHERE q.business_id = business AND q.key = c.key
        ) THEN
            taken := c.key;
        END IF;
        IF taken IS NULL AND cardinality(spoiled) > 0 THEN
            FOREACH r IN ARRAY c.reads LOOP
                -- It was decided on facts that are not there; the same version may now be another's fact.
                IF r.stream_id = ANY (spoiled) THEN
                    taken := r.stream_id;
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF taken IS NULL THEN
            FOREACH r IN ARRAY c.reads LOOP
                SELECT version INTO actual FROM facts
                 WHERE business_id = business AND stream_id = r.stream_id
                 ORDER BY version DESC LIMIT 1;
                IF coalesce(actual, 0) <> r.version THEN
                    taken := r.stream_id;
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF taken IS NULL THEN
            FOREACH claimed IN ARRAY c.claims LOOP
                IF EXISTS (SELECT FROM claims WHERE business_id = business AND claim = claimed.claim) THEN
                    taken := claimed.claim;
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF taken IS NOT NULL THEN
            spoiled := spoiled || ARRAY(SELECT lost.stream_id FROM unnest(c.facts) AS lost);
            RETURN NEXT (NULL, NULL, NULL, taken)::outcome;
            CONTINUE;
        END IF;

        first := head + sign(cardinality(c.facts));
        FOREACH f IN ARRAY c.facts LOOP
            head := head + 1;
            -- The same bytes as envelope.seal: each field is its length and its bytes.
            chain := sha256(chain || opening || int8send(head)
                || int4send(octet_length(f.kind)) || convert_to(f.kind, 'UTF8')
                || int4send(octet_length(f.stream_id)) || convert_to(f.stream_id, 'UTF8')
                || int4send(4) || int4send(f.version)
                || int4send(octet_length(f.name)) || convert_to(f.name, 'UTF8')
                || int4send(4) || int4send(f.name_version)
                || int4send(octet_length(f.data)) || f.data
                || int4send(octet_length(f.meta)) || f.meta
                || closing);
            INSERT INTO facts (business_id, position, kind, stream_id, version, name, name_version, data, meta,
                               recorded_at, hash)
            VALUES (business, head, f.kind, f.stream_id, f.version, f.name, f.name_version, f.data, f.meta,
                    moment, chain);
        END LOOP;

        IF cardinality(c.streams) > 0 THEN
            INSERT INTO streams (business_id, kind, id, customer_id, opened)
            SELECT business, n.kind, n.id, n.customer_id,
                   coalesce((SELECT position FROM facts  -- not min(position): that would walk the ledger
                              WHERE business_id = business AND stream_id = n.id
                              ORDER BY version LIMIT 1), first)
              FROM unnest(c.streams) AS n;
        END IF;
        IF cardinality(c.claims) > 0 THEN
            INSERT INTO claims (business_id, claim, stream_id)
            SELECT business, n.claim, n.stream_id FROM unnest(c.claims) AS n;
        END IF;
        IF cardinality(c.people) > 0 THEN
            INSERT INTO people (business_id, id, owner_id, data, salt)
            SELECT business, n.id, n.owner_id, n.data, n.salt FROM unnest(c.people) AS n
            ON CONFLICT (business_id, id)
            DO UPDATE SET owner_id = excluded.owner_id, data = excluded.data, salt = excluded.salt;
        END IF;
        IF cardinality(c.texts) > 0 THEN
            INSERT INTO texts (business_id, id, owner_id, salt, body)
            SELECT business, n.id, n.owner_id, n.salt, n.body FROM unnest(c.texts) AS n;
        END IF;
        IF c.key IS NOT NULL THEN
            INSERT INTO requests (business_id, key, fingerprint, first, last, recorded_at, people, answered, body,
                                  salt, seal)
            VALUES (business, c.key, c.fingerprint, first, head, moment, array_to_string(c.shown, ' '), c.answered,
                    c.body, c.salt,
                    CASE WHEN cardinality(c.facts) > 0 THEN ''::bytea
                         -- The same bytes as proof.seal_of_request.
                         ELSE sha256(key_of
                            || int4send(octet_length(c.key)) || convert_to(c.key, 'UTF8')
                            || int4send(octet_length(c.fingerprint)) || c.fingerprint
                            || int4send(octet_length(array_to_string(c.shown, ' ')))
                            || convert_to(array_to_string(c.shown, ' '), 'UTF8')
                            || int4send(octet_length(c.answered)) || c.answered
                            || int4send(8) || int8send(head)
                            || int4send(8) || int8send(moment)
                            || key_of) END);
        END IF;
        RETURN NEXT (first, head, moment, NULL)::outcome;
    END LOOP;

    IF head > before THEN
        UPDATE ledgers SET position = head, hash = chain, recorded_at = moment WHERE business_id = business;
    END IF;
END $$;


-- The same as in 0014, but that the answer is written with its request.
CREATE OR REPLACE FUNCTION append_all(businesses text[], sizes integer[], clock_ms bigint, commands command[])
RETURNS TABLE (nth integer, first bigint, last bigint, moment bigint, conflicting text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    now_ms  bigint := coalesce(clock_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
    heads   bigint[];  -- of each business: its last position, NULL where it is left out
    hashes  bytea[];   -- … its last fact's hash
    moments bigint[];  -- … the moment of what is recorded now
    plain   integer[]; -- of each command: the number of its business, NULL where `append` is to store it
    added   record;
    done    integer := 0;
BEGIN
    SELECT array_agg(l.position ORDER BY b.nth), array_agg(l.hash ORDER BY b.nth),
           array_agg(greatest(now_ms, l.recorded_at) ORDER BY b.nth)
      INTO heads, hashes, moments
      FROM unnest(businesses) WITH ORDINALITY AS b (name, nth),
           LATERAL (SELECT set_config('carnet.business', b.name, true) AS business OFFSET 0) AS own
           LEFT JOIN LATERAL (
               SELECT * FROM ledgers WHERE business_id = own.business FOR UPDATE SKIP LOCKED) AS l ON true;

    -- From here on each statement sees all that was committed by whoever held the heads before.
    FOR n IN 1 .. cardinality(businesses) LOOP
        plain := plain || array_fill(CASE WHEN sizes[n] = 1 AND heads[n] IS NOT NULL THEN n END, sizes[n : n]);
    END LOOP;
    SELECT array_agg(CASE WHEN judged.plain THEN c.nth END ORDER BY c.ordinality)
      INTO plain
      FROM unnest(plain, commands) WITH ORDINALITY AS c (nth),
           LATERAL (SELECT set_config('carnet.business', businesses[c.nth], true) AS business OFFSET 0) AS own,
           LATERAL (
               SELECT cardinality(c.facts) = 1 AND c.key IS NOT NULL
                  AND cardinality(c.streams) + cardinality(c.people) + cardinality(c.texts) = 0
                  AND (SELECT q.key FROM requests AS q
                        WHERE q.business_id = own.business AND q.key = c.key) IS NULL
                  AND NOT EXISTS (
                      SELECT FROM unnest(c.claims) AS n
                       WHERE n.claim = (SELECT held.claim FROM claims AS held
                                         WHERE held.business_id = own.business AND held.claim = n.claim))
                  AND NOT EXISTS (
                      SELECT FROM unnest(c.reads) AS r
                       WHERE r.version <> coalesce((
                             SELECT f.version FROM facts AS f
                              WHERE f.business_id = own.business AND f.stream_id = r.stream_id
                              ORDER BY f.version DESC LIMIT 1), 0)) AS plain
               OFFSET 0) AS judged;

    FOR added IN
        INSERT INTO facts (business_id, position, kind, stream_id, version, name, name_version, data, meta,
                           recorded_at, hash)
        SELECT set_config('carnet.business', businesses[c.nth], true), heads[c.nth] + 1, f.kind, f.stream_id,
               f.version, f.name, f.name_version, f.data, f.meta, moments[c.nth],
               -- The same bytes as in `append`.
               sha256(hashes[c.nth]
                || int4send(octet_length(businesses[c.nth])) || convert_to(businesses[c.nth], 'UTF8')
                || int4send(8) || int8send(heads[c.nth] + 1)
                || int4send(octet_length(f.kind)) || convert_to(f.kind, 'UTF8')
                || int4send(octet_length(f.stream_id)) || convert_to(f.stream_id, 'UTF8')
                || int4send(4) || int4send(f.version)
                || int4send(octet_length(f.name)) || convert_to(f.name, 'UTF8')
                || int4send(4) || int4send(f.name_version)
                || int4send(octet_length(f.data)) || f.data
                || int4send(octet_length(f.meta)) || f.meta
                || int4send(8) || int8send(moments[c.nth]))
          FROM unnest(plain, commands) AS c (nth), unnest(c.facts) AS f
         WHERE c.nth IS NOT NULL
        RETURNING business_id, position, hash, recorded_at
    LOOP
        PERFORM set_config('carnet.business', added.business_id, true);
        UPDATE ledgers SET position = added.position, hash = added.hash, recorded_at = added.recorded_at
         WHERE business_id = added.business_id;
    END LOOP;
    INSERT INTO claims (business_id, claim, stream_id)
    SELECT set_config('carnet.business', businesses[c.nth], true), n.claim, n.stream_id
      FROM unnest(plain, commands) AS c (nth), unnest(c.claims) AS n
     WHERE c.nth IS NOT NULL;
    INSERT INTO requests (business_id, key, fingerprint, first, last, recorded_at, people, answered, body, salt, seal)
    SELECT set_config('carnet.business', businesses[c.nth], true), c.key, c.fingerprint,
           heads[c.nth] + 1, heads[c.nth] + 1, moments[c.nth], array_to_string(c.shown, ' '), c.answered, c.body,
           c.salt, ''
      FROM unnest(plain, commands) AS c (nth)
     WHERE c.nth IS NOT NULL;

    FOR n IN 1 .. cardinality(businesses) LOOP
        IF plain[done + 1] = n THEN
            RETURN QUERY VALUES (n, heads[n] + 1, heads[n] + 1, moments[n], NULL::text);
        ELSIF heads[n] IS NOT NULL THEN
            PERFORM set_config('carnet.business', businesses[n], true);
            RETURN QUERY
                SELECT n, o.first, o.last, o.recorded_at, o.conflict
                  FROM append(businesses[n], clock_ms, commands[done + 1 : done + sizes[n]]) AS o;
        END IF;
        done := done + sizes[n];
    END LOOP;
END $$;


CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME IN ('streams', 'claims') AND TG_OP <> 'TRUNCATE'
       AND current_setting('carnet.mending', true) = current_setting('carnet.business', true) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
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

-- As it was, without the table that is gone.
CREATE OR REPLACE FUNCTION gather_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    ANALYZE (SKIP_LOCKED) ledgers, facts, streams, claims, requests, people, people_search, texts, messages;
END $$;
