-- Photos of people, beside the directory: a row of `people` with a photo's id says whose it is. Erasable.

CREATE TABLE photos (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    media_type  text NOT NULL,
    data        bytea NOT NULL,
    PRIMARY KEY (business_id, id)
);
ALTER TABLE photos ALTER COLUMN data SET STORAGE EXTERNAL;  -- images are compressed already
ALTER TABLE photos ENABLE ROW LEVEL SECURITY;
ALTER TABLE photos FORCE ROW LEVEL SECURITY;
CREATE POLICY one_business ON photos USING (business_id = current_setting('carnet.business', true));
CREATE TRIGGER erase_only BEFORE UPDATE OR TRUNCATE ON photos
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();


-- The same as in 0001, but that staff are read together with what the directory knows of them, as customers are.
CREATE OR REPLACE FUNCTION load(
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
            SELECT 4, q.first, q.recorded_at, q.last, NULL::integer, NULL::integer, NULL::text, q.key, a.body,
                   q.fingerprint, NULL::bytea, NULL::bytea
              FROM unnest(keys) AS w (key), LATERAL (
                   SELECT * FROM requests WHERE business_id = business AND requests.key = w.key
                   OFFSET 0) AS q LEFT JOIN LATERAL (
                   SELECT answers.body FROM answers WHERE business_id = business AND answers.key = q.key
                   OFFSET 0) AS a ON true;
    END IF;
END $$;
