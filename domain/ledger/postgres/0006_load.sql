-- Reading what a decision must see, of one ledger or of several, and what has been recorded since.

-- Loading answers everything that a decision must see in one round trip, as rows of one shape:
--   0  the head        position, moment, hash
--   1  a fact          `stream` is its stream, `id` too in the first of it, name_version: its shape, last: that of its meta
--   2  a person        of the customers and staff among the streams: id, kind: its owner, name: its data
--   3  a count         id: the number of its claim prefix, position: the count
--   4  an answer       hash and name: the key, data: the fingerprint, position: first, last, moment, meta: the body
CREATE TYPE loaded AS (
    part integer, position bigint, moment bigint, last bigint, stream bigint, version integer, name_version integer,
    kind text, id text, name text, data bytea, meta bytea, hash bytea
);

-- When a request was carried out: its first fact tells, and of one without a fact its seal.
CREATE FUNCTION moment_of(asked requests) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN asked.facts > 0
                THEN (SELECT recorded_at FROM facts WHERE ledger = asked.ledger AND position = asked.first)
                ELSE ('x' || encode(substr(asked.seal, 1, 8), 'hex'))::bit(64)::bigint END
$$;

-- Streams and customers are asked for by their numbers, claims by ranges: from ≤ claim < upto. Runs with the rights of the caller, so that row-level
-- security judges it. Everything is of one moment (STABLE): a function that may write would see in each of its statements
-- what was committed before that statement.
--
-- Each LATERAL (… OFFSET 0) is looked up by its index, row by row. Written as plain joins, the planner reads
-- the whole ledger of a business while it has no statistics of a new or fast-growing table, and keeps that plan.
CREATE FUNCTION load(
    business text, wanted bigint[], known integer[], packages_of bigint[], claimed_from text[], claimed_upto text[],
    with_customers boolean, counted_from text[], counted_upto text[], keys uuid[], unspent_of bigint[]
) RETURNS SETOF loaded LANGUAGE plpgsql STABLE AS $$
DECLARE
    own bigint := set_config('carnet.ledger', number_of(business)::text, true);
BEGIN
    PERFORM require_business(business);
    IF cardinality(packages_of) > 0 THEN
        SELECT wanted || array_agg(s.stream ORDER BY s.opened), known || array_agg(0) INTO wanted, known
          FROM unnest(packages_of) AS w (customer), LATERAL (
               SELECT streams.stream, opened FROM streams
                WHERE ledger = own AND streams.customer = w.customer AND kind = 'package'
               OFFSET 0) AS s
         WHERE s.stream <> ALL (wanted);
    END IF;
    IF cardinality(unspent_of) > 0 THEN
        -- A mark that is not the last version is void.
        SELECT wanted || array_agg(s.stream ORDER BY s.opened), known || array_agg(0) INTO wanted, known
          FROM unnest(unspent_of) AS w (customer), LATERAL (
               SELECT streams.stream, opened, spent FROM streams
                WHERE ledger = own AND streams.customer = w.customer AND kind = 'package'
               OFFSET 0) AS s
         WHERE s.stream <> ALL (wanted)
           AND (s.spent IS NULL OR s.spent <> (
                SELECT version FROM facts WHERE ledger = own AND facts.stream = s.stream ORDER BY version DESC LIMIT 1));
    END IF;
    IF cardinality(claimed_from) > 0 THEN
        SELECT wanted || array_agg(held.stream ORDER BY held.first), known || array_agg(0) INTO wanted, known
          FROM (SELECT c.stream, min(c.claim) AS first
                  FROM unnest(claimed_from, claimed_upto) AS p (lowest, beyond), LATERAL (
                       SELECT claim, claims.stream FROM claims
                        WHERE ledger = own AND claim >= p.lowest AND claim < p.beyond
                       OFFSET 0) AS c
                 WHERE c.stream <> ALL (wanted)
                 GROUP BY c.stream) AS held;
    END IF;
    IF with_customers THEN
        SELECT wanted || array_agg(owner.stream ORDER BY owner.stream), known || array_agg(0) INTO wanted, known
          FROM (SELECT DISTINCT s.customer AS stream
                  FROM unnest(wanted) AS w (stream), LATERAL (
                       SELECT customer FROM streams
                        WHERE ledger = own AND streams.stream = w.stream AND kind = 'package'
                       OFFSET 0) AS s
                 WHERE s.customer <> ALL (wanted)) AS owner;
    END IF;

    RETURN QUERY
        SELECT 0, l.position, l.recorded_at, NULL::bigint, NULL::bigint, NULL::integer, NULL::integer,
               NULL::text, NULL::text, NULL::text, NULL::bytea, NULL::bytea, l.hash
          FROM ledgers l WHERE l.business_id = business
        UNION ALL
        (SELECT 1, f.position, f.recorded_at, f.meta_shape::bigint, f.stream, f.version, f.shape,
                NULL, f.stream_id, NULL, f.data, f.meta, f.hash
           FROM unnest(wanted, known) WITH ORDINALITY AS w (stream, known, place), LATERAL (
                SELECT * FROM facts
                 WHERE ledger = own AND facts.stream = w.stream AND version > w.known
                 ORDER BY version OFFSET 0) AS f
          ORDER BY w.place, f.version);
    RETURN QUERY
        SELECT 2, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::integer, NULL::integer,
               p.owner_id, p.id, p.data, NULL::bytea, NULL::bytea, NULL::bytea
          FROM unnest(wanted) AS w (stream), LATERAL (
               SELECT FROM streams
                WHERE ledger = own AND streams.stream = w.stream AND kind IN ('customer', 'staff')
               OFFSET 0) AS s, LATERAL (
               SELECT f.stream_id FROM facts AS f
                WHERE f.ledger = own AND f.stream = w.stream AND f.stream_id <> ''
                ORDER BY f.version LIMIT 1) AS named, LATERAL (
               SELECT * FROM people_of(business, named.stream_id) OFFSET 0) AS p
         ORDER BY p.owner_id, p.id;
    IF cardinality(counted_from) > 0 THEN
        RETURN QUERY
            SELECT 3, (SELECT count(*) FROM claims c
                        WHERE c.ledger = own AND c.claim >= p.lowest AND c.claim < p.beyond),
                   NULL::bigint, NULL::bigint, NULL::bigint, NULL::integer, NULL::integer, NULL::text, p.place::text,
                   NULL::text, NULL::bytea, NULL::bytea, NULL::bytea
              FROM unnest(counted_from, counted_upto) WITH ORDINALITY AS p (lowest, beyond, place);
    END IF;
    IF cardinality(keys) > 0 THEN
        RETURN QUERY
            SELECT 4, q.first, moment_of(q), q.first + greatest(q.facts - 1, 0), NULL::bigint, NULL::integer,
                   NULL::integer, NULL::text, NULL::text, q.key_text, q.fingerprint, q.body, uuid_send(q.key)
              FROM unnest(keys) AS w (key), LATERAL (
                   SELECT * FROM requests WHERE ledger = own AND requests.key = w.key
                   OFFSET 0) AS q;
    END IF;
END $$;


CREATE TYPE question AS (
    business text, wanted bigint[], known integer[], packages_of bigint[], claimed_from text[], claimed_upto text[],
    with_customers boolean, counted_from text[], counted_upto text[], keys uuid[], unspent_of bigint[]
);

-- What `load` answers of each, with its number, counted from 1; a ledger that does not exist has no head.
-- Runs with the rights of the caller, so that row-level security judges each question by its own business.
--
-- Several questions that name their streams, as tills ask them, are answered by one statement, for half of what `load`
-- takes for each. It is of one moment too. Each row makes the transaction that of its own business before anything is
-- looked up for it, as in `append_all`.
CREATE FUNCTION load_all(asked question[])
RETURNS TABLE (
    nth integer, part integer, "position" bigint, moment bigint, last bigint, stream bigint, version integer,
    name_version integer, kind text, id text, name text, data bytea, meta bytea, hash bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    q question;
    n integer := 0;
    named integer[] := '{}';  -- the numbers of questions that name their streams
BEGIN
    FOREACH q IN ARRAY asked LOOP
        n := n + 1;
        IF cardinality(q.packages_of) + cardinality(q.unspent_of) + cardinality(q.claimed_from) = 0 THEN
            named := named || n;
            CONTINUE WHEN cardinality(asked) > 1;
        END IF;
        PERFORM set_config('carnet.business', q.business, true);
        RETURN QUERY
            SELECT n, l.* FROM load(q.business, q.wanted, q.known, q.packages_of, q.claimed_from, q.claimed_upto,
                                    q.with_customers, q.counted_from, q.counted_upto, q.keys, q.unspent_of) AS l;
    END LOOP;
    IF cardinality(asked) = 1 OR cardinality(named) = 0 THEN
        RETURN;
    END IF;

    RETURN QUERY
    WITH q AS MATERIALIZED (
        SELECT a.*, number_of(a.business) AS ledger
          FROM unnest(asked) WITH ORDINALITY AS a (
               business, wanted, known, packages_of, claimed_from, claimed_upto, with_customers, counted_from,
               counted_upto, keys, unspent_of, nth)
         WHERE a.nth = ANY (named)
    ), w AS MATERIALIZED (
        SELECT q.nth, q.business, q.ledger, u.stream, u.known, u.place
          FROM q, unnest(q.wanted, q.known) WITH ORDINALITY AS u (stream, known, place)
        UNION ALL
        (SELECT DISTINCT q.nth, q.business, q.ledger, s.customer, 0, 9223372036854775807
           FROM q, LATERAL (SELECT set_config('carnet.ledger', q.ledger::text, true)::bigint AS ledger OFFSET 0) AS own,
                unnest(q.wanted) AS u (stream), LATERAL (
                SELECT customer FROM streams
                 WHERE streams.ledger = own.ledger AND streams.stream = u.stream AND kind = 'package'
                OFFSET 0) AS s
          WHERE q.with_customers AND s.customer <> ALL (q.wanted))
    )
    SELECT q.nth::integer, 0, l.position, l.recorded_at, NULL::bigint, NULL::bigint, NULL::integer, NULL::integer,
           NULL::text, NULL::text, NULL::text, NULL::bytea, NULL::bytea, l.hash
      FROM q, LATERAL (SELECT set_config('carnet.business', q.business, true) AS business OFFSET 0) AS own, LATERAL (
           SELECT * FROM ledgers WHERE business_id = own.business OFFSET 0) AS l
    UNION ALL
    (SELECT w.nth::integer, 1, f.position, f.recorded_at, f.meta_shape::bigint, f.stream, f.version, f.shape,
            NULL, f.stream_id, NULL, f.data, f.meta, f.hash
       FROM w, LATERAL (SELECT set_config('carnet.ledger', w.ledger::text, true)::bigint AS ledger OFFSET 0) AS own,
            LATERAL (
            SELECT * FROM facts
             WHERE facts.ledger = own.ledger AND facts.stream = w.stream AND version > w.known
             ORDER BY version OFFSET 0) AS f
      ORDER BY w.nth, w.place, f.stream, f.version)
    UNION ALL
    (SELECT w.nth::integer, 2, NULL, NULL, NULL, NULL, NULL, NULL, p.owner_id, p.id, p.data, NULL, NULL, NULL
       FROM w, LATERAL (
            SELECT set_config('carnet.business', w.business, true) AS business,
                   set_config('carnet.ledger', w.ledger::text, true)::bigint AS ledger OFFSET 0) AS own, LATERAL (
            SELECT FROM streams
             WHERE streams.ledger = own.ledger AND streams.stream = w.stream AND kind IN ('customer', 'staff')
            OFFSET 0) AS s, LATERAL (
            SELECT f.stream_id FROM facts AS f
             WHERE f.ledger = own.ledger AND f.stream = w.stream AND f.stream_id <> ''
             ORDER BY f.version LIMIT 1) AS first, LATERAL (
            SELECT * FROM people_of(own.business, first.stream_id) OFFSET 0) AS p
      ORDER BY w.nth, p.owner_id, p.id)
    UNION ALL
    SELECT q.nth::integer, 3, (SELECT count(*) FROM claims AS c
                                WHERE c.ledger = own.ledger AND c.claim >= p.lowest AND c.claim < p.beyond),
           NULL, NULL, NULL, NULL, NULL, NULL, p.place::text, NULL, NULL, NULL, NULL
      FROM q, LATERAL (SELECT set_config('carnet.ledger', q.ledger::text, true)::bigint AS ledger OFFSET 0) AS own,
           unnest(q.counted_from, q.counted_upto) WITH ORDINALITY AS p (lowest, beyond, place)
    UNION ALL
    SELECT q.nth::integer, 4, r.first, moment_of(r), r.first + greatest(r.facts - 1, 0), NULL, NULL, NULL, NULL, NULL,
           r.key_text, r.fingerprint, r.body, uuid_send(r.key)
      FROM q, LATERAL (SELECT set_config('carnet.ledger', q.ledger::text, true)::bigint AS ledger OFFSET 0) AS own,
           unnest(q.keys) AS k (key), LATERAL (
           SELECT * FROM requests WHERE requests.ledger = own.ledger AND requests.key = k.key OFFSET 0) AS r;
END $$;


-- The next facts of several ledgers: at most `limits` of each, behind the position `afters`.
CREATE FUNCTION facts_of(businesses text[], afters bigint[], limits integer[])
RETURNS TABLE (
    business_id text, "position" bigint, stream bigint, stream_id text, version integer, shape integer, data bytea,
    meta_shape integer, meta bytea, recorded_at bigint, hash bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    own bigint;
BEGIN
    FOR n IN 1 .. cardinality(businesses) LOOP
        own := number_of(for_business(businesses[n]));
        RETURN QUERY
            SELECT businesses[n], f.position, f.stream,
                   CASE WHEN f.stream_id <> '' THEN f.stream_id ELSE (
                       SELECT o.stream_id FROM facts AS o
                        WHERE o.ledger = f.ledger AND o.stream = f.stream AND o.stream_id <> ''
                        ORDER BY o.version LIMIT 1) END,
                   f.version, f.shape, f.data, f.meta_shape, f.meta, f.recorded_at, f.hash
              FROM facts AS f
             WHERE f.ledger = own AND f.position > afters[n]
             ORDER BY f.position LIMIT limits[n];
    END LOOP;
END $$;
