-- Counts and samples the tables that a load fills, so that the next statements are planned for the rows that are there.
-- Only their owner may do so, and whoever loads is not. A table that is being counted already is left out.

CREATE FUNCTION gather_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    ANALYZE (SKIP_LOCKED) ledgers, facts, streams, claims, requests, answers, people, people_search, texts, messages;
END $$;
