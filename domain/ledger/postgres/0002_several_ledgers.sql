-- Several ledgers at once, so that the commands of many businesses share their round trips and their flush.

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
    INSERT INTO requests (business_id, key, fingerprint, first, last, recorded_at)
    SELECT set_config('carnet.business', businesses[c.nth], true), c.key, c.fingerprint,
           heads[c.nth] + 1, heads[c.nth] + 1, moments[c.nth]
      FROM unnest(plain, commands) AS c (nth)
     WHERE c.nth IS NOT NULL;
    INSERT INTO answers (business_id, key, people, body)
    SELECT set_config('carnet.business', businesses[c.nth], true), c.key, c.shown,
           replace(c.body, '{recorded_at}', to_char(
               timestamp 'epoch' + moments[c.nth] * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
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
