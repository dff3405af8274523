-- Heads that may have moved since a mark (`pg_current_snapshot()::text`): those whose row was written by a transaction
-- that had not ended then. The rows are looked at here, so that only the few that moved travel; an index would be changed
-- by each append.
CREATE OR REPLACE FUNCTION grown_heads(mark text) RETURNS TABLE (business_id text, "position" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT l.business_id, l.position FROM ledgers l
     WHERE age(l.xmin) <= age(pg_snapshot_xmin(mark::pg_snapshot)::xid)
$$;
