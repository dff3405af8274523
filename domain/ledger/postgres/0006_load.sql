-- Reading what a decision must see, of one ledger or of several, and what has been recorded since.

-- Loading answers everything that a decision must see in one round trip, as rows of one shape:
--   0  the head        position, moment, hash
--   1  a fact          `id` is its stream, name_version: its shape, last: that of its meta
--   2  a person        of the customers and staff among the streams: id, kind: its owner, name: its data
--   3  a count         id: the number of its claim prefix, position: the count
--   4  an answer       id: the key, data: the fingerprint, position: first, last, moment, meta: the body
CREATE TYPE loaded AS (
    part integer, position bigint, moment bigint, last bigint, version integer, name_version integer,
    kind text, id text, name text, data bytea, meta bytea, hash bytea
);

-- Claims are asked for by ranges: from ≤ claim < upto. Runs with the rights of the caller, so that row-level
-- security judges it. Everything is of one moment (STABLE): a function that may write would see in each of its statements
-- what was committed before that statement.
--
-- Each LATERAL (… OFFSET 0) is looked up by its index, row by row. Written as plain joins, the planner reads
-- the whole ledger of a business while it has no statistics of a new or fast-growing table, and keeps that plan.
CREATE FUNCTION load(
    business text, ids text[], known integer[], packages_of text[], claimed_from text[], claimed_upto text[],
    with_customers boolean, counted_from text[], counted_upto text[], keys text[]
) RETURNS SETOF loaded LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM require_business(business);
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
        (SELECT 1, f.position, f.recorded_at, f.meta_shape::bigint, f.version, f.shape,
                NULL, f.stream_id, NULL, f.data, f.meta, f.hash
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


CREATE TYPE question AS (
    business text, ids text[], known integer[], packages_of text[], claimed_from text[], claimed_upto text[],
    with_customers boolean, counted_from text[], counted_upto text[], keys text[]
);

-- What `load` answers of each, with its number, counted from 1; a ledger that does not exist has no head.
-- Runs with the rights of the caller, so that row-level security judges each question by its own business.
CREATE FUNCTION load_all(asked question[])
RETURNS TABLE (
    nth integer, part integer, "position" bigint, moment bigint, last bigint, version integer, name_version integer,
    kind text, id text, name text, data bytea, meta bytea, hash bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    q question;
    n integer := 0;
BEGIN
    FOREACH q IN ARRAY asked LOOP
        n := n + 1;
        PERFORM set_config('carnet.business', q.business, true);
        RETURN QUERY
            SELECT n, l.* FROM load(q.business, q.ids, q.known, q.packages_of, q.claimed_from, q.claimed_upto,
                                    q.with_customers, q.counted_from, q.counted_upto, q.keys) AS l;
    END LOOP;
END $$;


-- The next facts of several ledgers: at most `limits` of each, behind the position `afters`.
CREATE FUNCTION facts_of(businesses text[], afters bigint[], limits integer[]) RETURNS SETOF facts
LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1 .. cardinality(businesses) LOOP
        PERFORM set_config('carnet.business', businesses[n], true);
        RETURN QUERY
            SELECT * FROM facts AS f
             WHERE f.business_id = businesses[n] AND f.position > afters[n]
             ORDER BY f.position LIMIT limits[n];
    END LOOP;
END $$;
