-- The directory beside the ledger, and what it is searched by: rows of people, their texts and photos. Erasable.

CREATE TABLE people (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    owner_id    text COLLATE "C" NOT NULL,
    data        text NOT NULL,
    salt        bytea NOT NULL,  -- of what a fact commits to of this row (domain/ledger/proof.py)
    -- The month and the day of birth, such as 1231: birthdays of some days are found without reading everybody. A
    -- column, since behind a policy no index on an expression is used (see people_search).
    birthday    integer GENERATED ALWAYS AS (
        CASE WHEN data LIKE '%"date_of_birth"%'
             THEN replace(substr(data::jsonb ->> 'date_of_birth', 6), '-', '')::integer END
    ) STORED,
    PRIMARY KEY (business_id, id)
);
CREATE INDEX people_of_owner ON people (business_id, owner_id) WHERE id <> owner_id;  -- most are their own
CREATE INDEX people_by_birthday ON people (business_id, birthday, id) WHERE birthday IS NOT NULL;

-- The rows of one owner: of a customer or a member of staff itself, and of whom it answers for.
CREATE FUNCTION people_of(business text, owner text) RETURNS SETOF people LANGUAGE sql STABLE AS $$
    SELECT * FROM people WHERE business_id = business AND id = owner AND owner_id = owner
    UNION ALL
    SELECT * FROM people WHERE business_id = business AND owner_id = owner AND id <> owner_id
$$;

CREATE TABLE texts (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    owner_id    text COLLATE "C" NOT NULL,
    salt        bytea NOT NULL,
    text        text NOT NULL,
    PRIMARY KEY (business_id, id)
);
CREATE INDEX texts_of_owner ON texts (business_id, owner_id);

-- A row of `people` with a photo's id says whose it is.
CREATE TABLE photos (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    media_type  text NOT NULL,
    data        bytea NOT NULL,
    PRIMARY KEY (business_id, id)
);
ALTER TABLE photos ALTER COLUMN data SET STORAGE EXTERNAL;  -- images are compressed already

CREATE TRIGGER erase_only BEFORE TRUNCATE ON people
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erase_only BEFORE UPDATE OR TRUNCATE ON texts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erase_only BEFORE UPDATE OR TRUNCATE ON photos
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

SELECT keep_apart('people');
SELECT keep_apart('texts');
SELECT keep_apart('photos');


-- What customers are found by: the folded text that their row of the directory holds (domain/people/name_search.py), and an
-- index on its grams, that is on all parts of one, two and three letters of its words. No extension is needed.

CREATE TABLE people_search (
    business_id text COLLATE "C" NOT NULL,
    person_id   text COLLATE "C" NOT NULL,
    folded      text COLLATE "C" NOT NULL,
    PRIMARY KEY (business_id, person_id)
);
COMMENT ON TABLE people_search IS 'Kept by a trigger on people: goes with the person''s row.';
COMMENT ON COLUMN people_search.folded IS 'name_search.search_text: words with one space between them.';

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

SELECT keep_apart('people_search');
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
-- are those of the words. Planned anew each time: how many words there are decides what is best. The index of grams is
-- the only one that it may walk, whatever the statistics say: the primary key would name everybody of the business.
CREATE FUNCTION search_people(business text, words text[], grams text[], after text, at_most integer)
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off AS $$
DECLARE
    wanted integer[] := ARRAY(SELECT search_gram(business, g) FROM unnest(grams) AS g);
BEGIN
    PERFORM require_business(business);
    RETURN QUERY
        SELECT found.person_id FROM people_search AS found
         WHERE found.business_id || '' = business AND found.person_id || '' > after
           AND search_grams(found.business_id, found.folded) @> wanted
           AND NOT EXISTS (SELECT FROM unnest(words) AS word WHERE strpos(found.folded, word) = 0)
         LIMIT at_most;
END $$;
