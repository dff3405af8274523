-- What proves the tables beside the facts (domain/ledger/proof.py, domain/ledger/tables.py): the digest of each answer
-- and the people in it, beside its request; salts of answers and of rows of the directory, which are erased with them;
-- the guard of each key, and the list of all keys of a business. Answers are kept as they were decided: the moment goes
-- into them when they are read.

ALTER TABLE requests ADD COLUMN people text[] NOT NULL DEFAULT '{}';
ALTER TABLE requests ADD COLUMN answered bytea NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN seal bytea NOT NULL DEFAULT '';  -- of a request without a fact
ALTER TABLE answers ADD COLUMN salt bytea NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN salt bytea NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN guard bytea NOT NULL DEFAULT '';

ALTER TYPE new_person ADD ATTRIBUTE salt bytea;
ALTER TYPE command ADD ATTRIBUTE salt bytea, ADD ATTRIBUTE answered bytea;  -- of the answer

CREATE TABLE key_rosters (
    business_id text COLLATE "C" PRIMARY KEY,
    ids         text NOT NULL,  -- of all keys that were ever issued, in order, separated by spaces
    mac         bytea NOT NULL
);
ALTER TABLE key_rosters ENABLE ROW LEVEL SECURITY;
ALTER TABLE key_rosters FORCE ROW LEVEL SECURITY;
CREATE POLICY one_business ON key_rosters USING (business_id = current_setting('carnet.business', true));


-- The same as in 0001, but for people, requests and answers.
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
            INSERT INTO requests (business_id, key, fingerprint, first, last, recorded_at, people, answered, seal)
            VALUES (business, c.key, c.fingerprint, first, head, moment, c.shown, c.answered,
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
            INSERT INTO answers (business_id, key, body, people, salt)
            VALUES (business, c.key, c.body, c.shown, c.salt);
        END IF;
        RETURN NEXT (first, head, moment, NULL)::outcome;
    END LOOP;

    IF head > before THEN
        UPDATE ledgers SET position = head, hash = chain, recorded_at = moment WHERE business_id = business;
    END IF;
END $$;


-- The same as in 0002, but for requests and answers.
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
    INSERT INTO requests (business_id, key, fingerprint, first, last, recorded_at, people, answered, seal)
    SELECT set_config('carnet.business', businesses[c.nth], true), c.key, c.fingerprint,
           heads[c.nth] + 1, heads[c.nth] + 1, moments[c.nth], c.shown, c.answered, ''
      FROM unnest(plain, commands) AS c (nth)
     WHERE c.nth IS NOT NULL;
    INSERT INTO answers (business_id, key, people, body, salt)
    SELECT set_config('carnet.business', businesses[c.nth], true), c.key, c.shown, c.body, c.salt
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


-- Every business that has a row anywhere, also where its head is gone: each table is stepped through by business.
CREATE FUNCTION business_ids() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    name text;
BEGIN
    PERFORM set_config('carnet.business', '*', true);
    FOR name IN SELECT p.tablename FROM pg_policies AS p
                 WHERE p.schemaname = current_schema() AND p.policyname = 'owner_looks' LOOP
        RETURN QUERY EXECUTE format(
            'WITH RECURSIVE known (id) AS (SELECT min(business_id) FROM %1$I UNION ALL '
            'SELECT (SELECT min(business_id) FROM %1$I WHERE business_id > known.id) FROM known '
            'WHERE known.id IS NOT NULL) SELECT id FROM known WHERE id IS NOT NULL', name);
    END LOOP;
    PERFORM set_config('carnet.business', '', true);
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledgers', 'facts', 'streams', 'claims', 'people_search', 'requests', 'answers', 'texts',
                                'people', 'api_keys', 'key_rosters', 'photos', 'messages', 'message_positions',
                                'webhooks'] LOOP
        EXECUTE format('CREATE POLICY owner_looks ON %I FOR SELECT TO CURRENT_USER '
                       'USING (current_setting(''carnet.business'', true) = ''*'')', name);
    END LOOP;
END $$;

-- Tables that follow from the facts are made anew by `carnet repair`, as the owner and for one business at a time.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME IN ('streams', 'claims', 'answers') AND TG_OP <> 'TRUNCATE'
       AND current_setting('carnet.mending', true) = current_setting('carnet.business', true) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
