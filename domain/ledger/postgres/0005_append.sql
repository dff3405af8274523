-- Extending ledgers: one function for the commands of one business, one for those of many.

-- The shape of a batch. Python sends it in binary form (binary_format.py), so the order of the fields is a contract.
-- It sends the numbers of streams and customers too: here each would be a hash.

CREATE TYPE seen AS (stream bigint, stream_id text, version integer);
CREATE TYPE new_claim AS (claim text, stream bigint);
CREATE TYPE new_stream AS (kind text, stream bigint, customer bigint);
CREATE TYPE new_person AS (id text, owner_id text, data text, salt bytea);
CREATE TYPE new_text AS (id text, owner_id text, salt bytea, text text);
CREATE TYPE new_fact AS (
    kind text, stream bigint, stream_id text, version integer, name text, name_version integer, data bytea, meta bytea,
    shape integer, kept_data bytea, meta_shape integer, kept_meta bytea,  -- as they are kept
    opens boolean  -- whether the fact keeps the id of its stream, as nothing of the stream was there before
);
CREATE TYPE command AS (
    key uuid,  -- NULL: a command that nobody asked for, such as an import of the library's own events
    key_text text,
    fingerprint bytea,
    body bytea,  -- the answer
    shown bytea,  -- the numbers of the people in the body
    reads seen[],
    facts new_fact[],
    claims new_claim[],
    streams new_stream[],
    people new_person[],
    texts new_text[],
    salt bytea,  -- of the digest of the answer
    answered bytea,  -- that digest
    unspent_of bigint[],  -- customers of whom it read the packages of which something was left …
    seen_upto bigint,  -- … when this was the position of the head
    spent seen[]  -- marks of packages: the version after which nothing is left of one, or 0
);
-- The text of a request key (domain/ledger/request_keys.py).
CREATE FUNCTION unpacked_key(key uuid, key_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN key_text = '' THEN key::text ELSE key_text END
$$;
CREATE TYPE outcome AS (first bigint, last bigint, recorded_at bigint, conflict text);


-- The moment for `append` and `append_all`: NULL where the clock of the database decides, which is when they hold the
-- head. A host whose clock is ahead decides as of its own moment, and nothing is recorded before the moment it was
-- decided for; more than five minutes ahead its clock is wrong. `by_hand`: a clock for tests. Milliseconds since 1970.
CREATE FUNCTION moment_for(by_hand bigint, host_ms bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    now_ms bigint := floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;
BEGIN
    IF by_hand IS NOT NULL THEN
        RETURN by_hand;
    ELSIF host_ms <= now_ms THEN
        RETURN NULL;
    ELSIF host_ms - now_ms > 300000 THEN
        RAISE EXCEPTION 'the clock of this machine is % ahead of the database''s',
            (host_ms - now_ms) * interval '1 millisecond' USING ERRCODE = 'CN503';
    END IF;
    RETURN host_ms;
END $$;


-- A package of these customers that was not among the `reads` and got a fact behind the position `since`: something may be
-- left of it again. Each position is looked up by itself, as there are few: positions have no gaps.
CREATE FUNCTION moved_meanwhile(own bigint, customers bigint[], reads seen[], since bigint, upto bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT (SELECT o.stream_id FROM facts AS o
             WHERE o.ledger = own AND o.stream = f.stream AND o.stream_id <> '' ORDER BY o.version LIMIT 1)
      FROM generate_series(since + 1, upto) AS at (place), LATERAL (
           SELECT facts.stream FROM facts WHERE ledger = own AND position = at.place OFFSET 0) AS f, LATERAL (
           SELECT FROM streams
            WHERE ledger = own AND streams.stream = f.stream AND kind = 'package' AND customer = ANY (customers)
           OFFSET 0) AS s
     WHERE NOT EXISTS (SELECT FROM unnest(reads) AS n WHERE n.stream = f.stream)
     LIMIT 1
$$;


-- Stores each command of a batch whole or not at all, and tells for each what became of it.
--
-- clock_ms is NULL except in tests: the clock of the database decides. The head's row is locked first; as each
-- statement after that has a snapshot of its own, it sees all that was committed by whoever held it before.
CREATE FUNCTION append(business text, clock_ms bigint, commands command[]) RETURNS SETOF outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    own       bigint := set_config('carnet.ledger', number_of(business)::text, true);
    c         command;
    f         new_fact;
    r         seen;
    taken     text;
    head      bigint;   -- the last position
    chain     bytea;    -- the last fact's hash
    moment    bigint;
    key_of    bytea;    -- the secret of the ledger
    opening   bytea;    -- of every sealed fact: the business, and the length of the position
    closing   bytea;    -- of every sealed fact: the moment
    first     bigint;
    before    bigint;
    kept      integer[] := '{}';  -- shapes that are there
    spoiled   text[] := '{}';  -- streams whose facts a command before did not get stored
BEGIN
    PERFORM require_business(business);
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
            SELECT FROM requests q WHERE q.ledger = own AND q.key = c.key
        ) THEN
            taken := unpacked_key(c.key, c.key_text);
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
            SELECT n.stream_id INTO taken FROM unnest(c.reads) AS n
             WHERE n.version <> coalesce((
                   SELECT version FROM facts WHERE ledger = own AND stream = n.stream ORDER BY version DESC LIMIT 1), 0)
             LIMIT 1;
        END IF;
        -- The commands before it in the batch were decided on the same books, so that it has seen what they did.
        IF taken IS NULL AND cardinality(c.unspent_of) > 0 AND before > c.seen_upto THEN
            taken := moved_meanwhile(own, c.unspent_of, c.reads, c.seen_upto, before);
        END IF;
        IF taken IS NULL AND cardinality(c.claims) > 0 THEN
            SELECT n.claim INTO taken FROM unnest(c.claims) AS n
             WHERE n.claim = (SELECT held.claim FROM claims AS held WHERE held.ledger = own AND held.claim = n.claim)
             LIMIT 1;
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
            IF f.shape <> ALL (kept) OR f.meta_shape <> ALL (kept) THEN
                IF NOT EXISTS (SELECT FROM shapes WHERE number = f.shape)
                   OR NOT EXISTS (SELECT FROM shapes WHERE number = f.meta_shape) THEN
                    RAISE EXCEPTION 'a fact has a shape that is not kept' USING ERRCODE = 'CN409';
                END IF;
                kept := kept || f.shape || f.meta_shape;
            END IF;
            INSERT INTO facts (ledger, position, stream, stream_id, version, shape, data, meta_shape, meta, recorded_at,
                               hash)
            VALUES (own, head, f.stream, CASE WHEN f.opens THEN f.stream_id ELSE '' END, f.version,
                    f.shape, f.kept_data, f.meta_shape, f.kept_meta, moment, chain);
        END LOOP;

        IF cardinality(c.streams) > 0 THEN
            INSERT INTO streams (ledger, kind, stream, customer, opened)
            SELECT own, n.kind, n.stream, n.customer,
                   coalesce((SELECT position FROM facts  -- not min(position): that would walk the ledger
                              WHERE ledger = own AND stream = n.stream
                              ORDER BY version LIMIT 1), first)
              FROM unnest(c.streams) AS n;
        END IF;
        -- One by one: a plan for several that was made while the table was small would read all of it for ever.
        FOREACH r IN ARRAY c.spent LOOP
            UPDATE streams SET spent = nullif(r.version, 0) WHERE ledger = own AND stream = r.stream;
        END LOOP;
        IF cardinality(c.claims) > 0 THEN
            INSERT INTO claims (ledger, claim, stream)
            SELECT own, n.claim, n.stream FROM unnest(c.claims) AS n;
        END IF;
        IF cardinality(c.people) > 0 THEN
            INSERT INTO people (business_id, id, owner_id, data, salt)
            SELECT business, n.id, n.owner_id, n.data, n.salt FROM unnest(c.people) AS n
            ON CONFLICT (business_id, id)
            DO UPDATE SET owner_id = excluded.owner_id, data = excluded.data, salt = excluded.salt;
        END IF;
        IF cardinality(c.texts) > 0 THEN
            INSERT INTO texts (business_id, id, owner_id, salt, text)
            SELECT business, n.id, n.owner_id, n.salt, n.text FROM unnest(c.texts) AS n;
        END IF;
        IF c.key IS NOT NULL THEN
            INSERT INTO requests (ledger, key, key_text, fingerprint, first, facts, people, answered, body, salt, seal)
            VALUES (own, c.key, c.key_text, c.fingerprint, first, cardinality(c.facts), c.shown, '', c.body, c.salt,
                    CASE WHEN cardinality(c.facts) > 0 THEN ''::bytea
                         -- The same bytes as proof.seal_of_request.
                         ELSE int8send(moment) || sha256(key_of
                            || int4send(octet_length(unpacked_key(c.key, c.key_text)))
                            || convert_to(unpacked_key(c.key, c.key_text), 'UTF8')
                            || int4send(octet_length(c.fingerprint)) || c.fingerprint
                            || int4send(octet_length(c.shown)) || c.shown
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


-- Extends several ledgers in one transaction, so that their commands share one round trip and one flush.
--
-- `commands` are those of the first business, then those of the second …; `sizes` says how many each has. The
-- outcomes of a business carry its number, counted from 1. A ledger that does not exist, or whose head somebody
-- else holds, is left out: it would hold up the others, and who waits for no lock can be in no deadlock.
--
-- Nearly always a business has one command, which makes one fact and conflicts with nothing: a redemption at a
-- till. All of those are stored together, a statement for each table, at half the cost of `append`, through which
-- everything else goes, business by business.
--
-- Each row makes the transaction that of its own business before it is looked up or written, as the policies
-- ask. No plan can change that order: what is looked up hangs on the subquery that sets the business, each behind
-- an OFFSET 0, and an INSERT makes, checks and writes row by row.
CREATE FUNCTION append_all(businesses text[], sizes integer[], clock_ms bigint, commands command[])
RETURNS TABLE (nth integer, first bigint, last bigint, moment bigint, conflicting text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    now_ms  bigint := coalesce(clock_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
    numbers bigint[] := ARRAY(SELECT number_of(b.name) FROM unnest(businesses) WITH ORDINALITY AS b (name, nth) ORDER BY b.nth);
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
           LATERAL (SELECT nullif(set_config('carnet.ledger', numbers[c.nth]::text, true), '')::bigint AS ledger OFFSET 0) AS own,
           LATERAL (
               SELECT cardinality(c.facts) = 1 AND c.key IS NOT NULL
                  AND cardinality(c.streams) + cardinality(c.people) + cardinality(c.texts) = 0
                  AND (cardinality(c.unspent_of) = 0 OR c.seen_upto = heads[c.nth])
                  AND EXISTS (SELECT FROM shapes WHERE number = c.facts[1].shape)
                  AND EXISTS (SELECT FROM shapes WHERE number = c.facts[1].meta_shape)
                  AND (SELECT q.key FROM requests AS q
                        WHERE q.ledger = own.ledger AND q.key = c.key) IS NULL
                  AND NOT EXISTS (
                      SELECT FROM unnest(c.claims) AS n
                       WHERE n.claim = (SELECT held.claim FROM claims AS held
                                         WHERE held.ledger = own.ledger AND held.claim = n.claim))
                  AND NOT EXISTS (
                      SELECT FROM unnest(c.reads) AS r
                       WHERE r.version <> coalesce((
                             SELECT f.version FROM facts AS f
                              WHERE f.ledger = own.ledger AND f.stream = r.stream
                              ORDER BY f.version DESC LIMIT 1), 0)) AS plain
               OFFSET 0) AS judged;

    FOR added IN
        INSERT INTO facts (ledger, position, stream, stream_id, version, shape, data, meta_shape, meta, recorded_at, hash)
        SELECT set_config('carnet.ledger', numbers[c.nth]::text, true)::bigint, heads[c.nth] + 1,
               f.stream, CASE WHEN f.opens THEN f.stream_id ELSE '' END, f.version, f.shape,
               f.kept_data, f.meta_shape, f.kept_meta, moments[c.nth],
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
        RETURNING businesses[array_position(numbers, ledger)] AS business, position, hash, recorded_at
    LOOP
        PERFORM set_config('carnet.business', added.business, true);
        UPDATE ledgers SET position = added.position, hash = added.hash, recorded_at = added.recorded_at
         WHERE business_id = added.business;
    END LOOP;
    FOR added IN
        SELECT numbers[c.nth] AS ledger, n.stream, n.version FROM unnest(plain, commands) AS c (nth), unnest(c.spent) AS n
         WHERE c.nth IS NOT NULL
    LOOP
        PERFORM set_config('carnet.ledger', added.ledger::text, true);
        UPDATE streams SET spent = nullif(added.version, 0) WHERE ledger = added.ledger AND stream = added.stream;
    END LOOP;
    INSERT INTO claims (ledger, claim, stream)
    SELECT set_config('carnet.ledger', numbers[c.nth]::text, true)::bigint, n.claim, n.stream
      FROM unnest(plain, commands) AS c (nth), unnest(c.claims) AS n
     WHERE c.nth IS NOT NULL;
    INSERT INTO requests (ledger, key, key_text, fingerprint, first, facts, people, answered, body, salt, seal)
    SELECT set_config('carnet.ledger', numbers[c.nth]::text, true)::bigint, c.key, c.key_text, c.fingerprint,
           heads[c.nth] + 1, 1, c.shown, '', c.body, c.salt, ''
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
