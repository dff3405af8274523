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
CREATE FUNCTION append_all(businesses text[], sizes integer[], clock_ms bigint, commands command[])
RETURNS TABLE (nth integer, first bigint, last bigint, moment bigint, conflicting text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    done integer := 0;
BEGIN
    FOR n IN 1 .. cardinality(businesses) LOOP
        PERFORM set_config('carnet.business', businesses[n], true);
        PERFORM FROM ledgers WHERE business_id = businesses[n] FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
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
