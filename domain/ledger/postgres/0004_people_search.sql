-- What customers are found by: the folded text that their row of the directory holds (domain/ledger/search.py), and an
-- index on its grams, that is on all parts of one, two and three letters of its words. No extension is needed.

CREATE TABLE people_search (
    business_id text COLLATE "C" NOT NULL,
    person_id   text COLLATE "C" NOT NULL,
    folded      text COLLATE "C" NOT NULL,
    PRIMARY KEY (business_id, person_id)
);
COMMENT ON TABLE people_search IS 'Kept by a trigger on people: goes with the person''s row.';

-- Each gram together with its business, as a number: an entry of the index belongs to one business, so that
-- nobody's search walks through the names of others.
CREATE FUNCTION search_gram(business text, gram text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.hashtext(business || '/' || gram)
$$;
-- It takes a tenth of a millisecond: the planner is told, so that it looks grams up and never works them out.
CREATE FUNCTION search_grams(business text, folded text) RETURNS integer[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100000 AS $$
    SELECT coalesce(array_agg(DISTINCT pg_catalog.hashtext(business || '/' || substr(word, first, letters))), '{}')
      FROM unnest(string_to_array(folded, ' ')) AS word,
           generate_series(1, length(word)) AS first,
           generate_series(1, least(3, length(word) - first + 1)) AS letters
$$;
-- The list of additions is looked through by every search: it is kept short.
CREATE INDEX people_search_grams ON people_search USING gin (search_grams(business_id, folded))
    WITH (gin_pending_list_limit = 64);

ALTER TABLE people_search ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_search FORCE ROW LEVEL SECURITY;
CREATE POLICY one_business ON people_search USING (business_id = current_setting('carnet.business', true));
-- A condition that PostgreSQL does not trust to leak nothing, as those of a GIN index are, uses no index behind a
-- policy. So the owner reads without one, and only through the function below, which names the business.
CREATE POLICY owner_searches ON people_search FOR SELECT TO CURRENT_USER USING (true);

CREATE FUNCTION keep_people_search() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    found_by text;
BEGIN
    IF TG_OP <> 'DELETE' AND NEW.data LIKE '%"search"%' THEN
        found_by := NEW.data::jsonb ->> 'search';
    END IF;
    IF found_by IS NOT NULL THEN
        INSERT INTO people_search AS known (business_id, person_id, folded)
        VALUES (NEW.business_id, NEW.id, found_by)
        ON CONFLICT (business_id, person_id) DO UPDATE SET folded = excluded.folded
         WHERE known.folded <> excluded.folded;
    ELSIF TG_OP <> 'INSERT' THEN
        DELETE FROM people_search WHERE business_id = OLD.business_id AND person_id = OLD.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER searched AFTER INSERT OR UPDATE OR DELETE ON people
    FOR EACH ROW EXECUTE FUNCTION keep_people_search();

-- At most `at_most` people behind the id `after` whose text holds every one of these words, in no order. `grams`
-- are those of the words. Planned anew each time: how many words there are decides what is best.
CREATE FUNCTION search_people(business text, words text[], grams text[], after text, at_most integer)
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off AS $$
DECLARE
    wanted integer[] := ARRAY(SELECT search_gram(business, g) FROM unnest(grams) AS g);
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
    RETURN QUERY
        SELECT found.person_id FROM people_search AS found
         WHERE found.business_id = business AND found.person_id > after
           AND search_grams(found.business_id, found.folded) @> wanted
           AND NOT EXISTS (SELECT FROM unnest(words) AS word WHERE strpos(found.folded, word) = 0)
         LIMIT at_most;
END $$;
