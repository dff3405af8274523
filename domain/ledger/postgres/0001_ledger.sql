-- The ledgers of all businesses, and the one function that extends them.
--
-- Run with a search_path of the ledger's schema alone, by the role that is to own it. Every key begins with
-- business_id, so that the tables can be distributed by business; text keys are compared by bytes ("C"), which
-- makes a claim's prefix a range. Columns of fixed width come first: a row then has no padding.

CREATE TABLE ledgers (
    position    bigint NOT NULL,
    recorded_at bigint NOT NULL,  -- milliseconds since 1970, of the last fact
    business_id text COLLATE "C" NOT NULL PRIMARY KEY,
    hash        bytea NOT NULL,
    secret      bytea NOT NULL
) WITH (fillfactor = 40);  -- the head is updated by every append: room to do it in place
COMMENT ON TABLE ledgers IS 'The head of each ledger: the only row that an append locks.';

CREATE TABLE facts (
    position     bigint NOT NULL,
    recorded_at  bigint NOT NULL,
    version      integer NOT NULL,
    name_version integer NOT NULL,
    business_id  text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    stream_id    text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    data         bytea NOT NULL,
    meta         bytea NOT NULL,
    hash         bytea NOT NULL,
    PRIMARY KEY (business_id, position),
    CONSTRAINT facts_stream_version UNIQUE (business_id, stream_id, version)
);

CREATE TABLE streams (
    opened      bigint NOT NULL,  -- the position of its first fact
    business_id text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C",
    PRIMARY KEY (business_id, id)
);
CREATE INDEX streams_of_customer ON streams (business_id, customer_id, kind, opened)
    WHERE customer_id IS NOT NULL;

CREATE TABLE claims (
    business_id text COLLATE "C" NOT NULL,
    claim       text COLLATE "C" NOT NULL,
    stream_id   text COLLATE "C" NOT NULL,
    PRIMARY KEY (business_id, claim)
);

CREATE TABLE requests (
    first       bigint NOT NULL,
    last        bigint NOT NULL,
    recorded_at bigint NOT NULL,
    business_id text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    PRIMARY KEY (business_id, key)
);

CREATE TABLE answers (
    business_id text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    people      text[] NOT NULL,
    body        text NOT NULL,
    PRIMARY KEY (business_id, key)
);
COMMENT ON TABLE answers IS 'Bodies of answers, beside their requests: erased with the people in them.';

CREATE TABLE people (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    owner_id    text COLLATE "C" NOT NULL,
    data        text NOT NULL,
    PRIMARY KEY (business_id, id)
);
CREATE INDEX people_of_owner ON people (business_id, owner_id);

CREATE TABLE texts (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    owner_id    text COLLATE "C" NOT NULL,
    salt        bytea NOT NULL,
    body        text NOT NULL,
    PRIMARY KEY (business_id, id)
);
CREATE INDEX texts_of_owner ON texts (business_id, owner_id);

CREATE TABLE api_keys (
    created_at  bigint NOT NULL,
    expires_at  bigint,
    revoked_at  bigint,
    id          text COLLATE "C" NOT NULL PRIMARY KEY,  -- looked up before the business is known
    business_id text COLLATE "C" NOT NULL,
    name        text NOT NULL,
    role        text NOT NULL,
    actor_id    text NOT NULL,
    mac         bytea NOT NULL
);
CREATE INDEX api_keys_of_business ON api_keys (business_id, created_at, id);


-- Append-only: what was recorded is never changed, by no role.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON facts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON streams
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claims
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledgers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erase_only BEFORE UPDATE OR TRUNCATE ON answers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erase_only BEFORE UPDATE OR TRUNCATE ON texts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erase_only BEFORE TRUNCATE ON people
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();


-- Isolation: a transaction sees the business it was begun for, and no other, even as the owner.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledgers', 'facts', 'streams', 'claims', 'requests', 'answers', 'people',
                                'texts', 'api_keys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY one_business ON %I '
                       'USING (business_id = current_setting(''carnet.business'', true))', name);
    END LOOP;
END $$;

-- Two questions cross businesses, each through one function that runs as the owner: which ledgers have
-- grown, and whose API key this is.
CREATE POLICY owner_sees_heads ON ledgers FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner_finds_keys ON api_keys FOR SELECT TO CURRENT_USER USING (true);

CREATE FUNCTION heads() RETURNS TABLE (business_id text, "position" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT l.business_id, l.position FROM ledgers l ORDER BY l.business_id
$$;

CREATE FUNCTION find_key(key_id text) RETURNS SETOF api_keys
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM api_keys WHERE id = key_id
$$;


-- The shape of a batch. Python sends it in binary form (wire.py), so the order of the fields is a contract.

CREATE TYPE seen AS (stream_id text, version integer);
CREATE TYPE new_claim AS (claim text, stream_id text);
CREATE TYPE new_stream AS (kind text, id text, customer_id text);
CREATE TYPE new_person AS (id text, owner_id text, data text);
CREATE TYPE new_text AS (id text, owner_id text, salt bytea, body text);
CREATE TYPE new_fact AS (
    kind text, stream_id text, version integer, name text, name_version integer, data bytea, meta bytea
);
CREATE TYPE command AS (
    key text,  -- NULL: a command that nobody asked for, such as an import of the library's own events
    fingerprint bytea,
    body text,
    shown text[],  -- the people in the body
    reads seen[],
    facts new_fact[],
    claims new_claim[],
    streams new_stream[],
    people new_person[],
    texts new_text[]
);
CREATE TYPE outcome AS (first bigint, last bigint, recorded_at bigint, conflict text);


-- Every function that takes a business refuses any other than its transaction is for.

CREATE FUNCTION open_ledger(business text, new_secret bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    INSERT INTO ledgers (business_id, position, hash, recorded_at, secret)
    VALUES (business, 0, sha256(convert_to('carnet/1' || business, 'UTF8')), 0, new_secret)
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION lock_head(business text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    PERFORM FROM ledgers WHERE business_id = business FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no ledger of business %', business USING ERRCODE = 'CN404';
    END IF;
END $$;


-- Stores each command of a batch whole or not at all, and tells for each what became of it.
--
-- clock_ms is NULL except in tests: the clock of the database decides. The head's row is locked first; as each
-- statement after that has a snapshot of its own, it sees all that was committed by whoever held it before.
CREATE FUNCTION append(business text, clock_ms bigint, commands command[]) RETURNS SETOF outcome
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
    at        text;     -- the moment as a body shows it
    opening   bytea;    -- of every sealed fact: the business, and the length of the position
    closing   bytea;    -- of every sealed fact: the moment
    first     bigint;
    before    bigint;
    spoiled   text[] := '{}';  -- streams whose facts a command before did not get stored
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    SELECT l.position, l.hash, l.recorded_at INTO head, chain, moment
      FROM ledgers l WHERE l.business_id = business FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no ledger of business %', business USING ERRCODE = 'CN404';
    END IF;
    before := head;
    moment := greatest(coalesce(clock_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint), moment);
    at := to_char(timestamp 'epoch' + moment * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
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
            INSERT INTO people (business_id, id, owner_id, data)
            SELECT business, n.id, n.owner_id, n.data FROM unnest(c.people) AS n
            ON CONFLICT (business_id, id) DO UPDATE SET owner_id = excluded.owner_id, data = excluded.data;
        END IF;
        IF cardinality(c.texts) > 0 THEN
            INSERT INTO texts (business_id, id, owner_id, salt, body)
            SELECT business, n.id, n.owner_id, n.salt, n.body FROM unnest(c.texts) AS n;
        END IF;
        IF c.key IS NOT NULL THEN
            INSERT INTO requests (business_id, key, fingerprint, first, last, recorded_at)
            VALUES (business, c.key, c.fingerprint, first, head, moment);
            INSERT INTO answers (business_id, key, body, people)
            VALUES (business, c.key, replace(c.body, '{recorded_at}', at), c.shown);
        END IF;
        RETURN NEXT (first, head, moment, NULL)::outcome;
    END LOOP;

    IF head > before THEN
        UPDATE ledgers SET position = head, hash = chain, recorded_at = moment WHERE business_id = business;
    END IF;
END $$;


-- Loading answers everything that a decision must see in one round trip, as rows of one shape:
--   0  the head        position, moment, hash
--   1  a fact          all columns; `id` is its stream
--   2  a person        id, kind: its owner, name: its data
--   3  a count         id: the number of its claim prefix, position: the count
--   4  an answer       id: the key, data: the fingerprint, position: first, last, moment, name: the body
CREATE TYPE loaded AS (
    part integer, position bigint, moment bigint, last bigint, version integer, name_version integer,
    kind text, id text, name text, data bytea, meta bytea, hash bytea
);

-- Claims are asked for by ranges: from ≤ claim < upto. Runs with the rights of the caller, so that row-level
-- security judges it. The request keys are looked up last, by a statement with a later snapshot: a request
-- that is not found then was not recorded when the streams were read (design.md, execute()).
--
-- Each LATERAL (… OFFSET 0) is looked up by its index, row by row. Written as plain joins, the planner reads
-- the whole ledger of a business while it has no statistics of a new or fast-growing table, and keeps that plan.
CREATE FUNCTION load(
    business text, ids text[], known integer[], packages_of text[], claimed_from text[], claimed_upto text[],
    with_customers boolean, counted_from text[], counted_upto text[], keys text[]
) RETURNS SETOF loaded LANGUAGE plpgsql AS $$
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
               SELECT FROM streams WHERE business_id = business AND streams.id = w.id AND kind = 'customer'
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
            SELECT 4, q.first, q.recorded_at, q.last, NULL::integer, NULL::integer, NULL::text, q.key, a.body,
                   q.fingerprint, NULL::bytea, NULL::bytea
              FROM unnest(keys) AS w (key), LATERAL (
                   SELECT * FROM requests WHERE business_id = business AND requests.key = w.key
                   OFFSET 0) AS q LEFT JOIN LATERAL (
                   SELECT answers.body FROM answers WHERE business_id = business AND answers.key = q.key
                   OFFSET 0) AS a ON true;
    END IF;
END $$;
