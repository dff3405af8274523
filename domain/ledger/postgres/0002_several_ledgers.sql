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
