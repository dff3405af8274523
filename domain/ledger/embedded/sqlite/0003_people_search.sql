-- What customers are found by: the folded text that their row of the directory holds (domain/ledger/search.py), and an
-- index on its grams, that is on all parts of one, two and three letters of its words.
--
-- `number` counts the people of a business within a range of its own, so that nobody's search walks through the
-- people of others.

CREATE TABLE people_search (
    number      INTEGER PRIMARY KEY,
    business_id TEXT NOT NULL,
    person_id   TEXT NOT NULL,
    folded      TEXT NOT NULL,
    grams       TEXT NOT NULL,
    UNIQUE (business_id, person_id)
) STRICT;

CREATE INDEX people_search_numbers ON people_search (business_id, number);

CREATE VIRTUAL TABLE people_grams USING fts5 (
    grams, content = 'people_search', content_rowid = 'number', tokenize = 'ascii', detail = 'none', columnsize = 0
);

CREATE TRIGGER people_search_insert AFTER INSERT ON people_search BEGIN
    INSERT INTO people_grams (rowid, grams) VALUES (NEW.number, NEW.grams);
END;
CREATE TRIGGER people_search_update AFTER UPDATE ON people_search BEGIN
    INSERT INTO people_grams (people_grams, rowid, grams) VALUES ('delete', OLD.number, OLD.grams);
    INSERT INTO people_grams (rowid, grams) VALUES (NEW.number, NEW.grams);
END;
-- An index only notes that something is gone; merging all of it leaves nothing of the grams behind.
CREATE TRIGGER people_search_delete AFTER DELETE ON people_search BEGIN
    INSERT INTO people_grams (people_grams, rowid, grams) VALUES ('delete', OLD.number, OLD.grams);
    INSERT INTO people_grams (people_grams) VALUES ('optimize');
END;
CREATE TRIGGER people_erase AFTER DELETE ON people BEGIN
    DELETE FROM people_search WHERE business_id = OLD.business_id AND person_id = OLD.id;
END;
