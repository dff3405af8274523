-- The directory beside the ledger, and what it is searched by: rows of people, their texts and photos. Erasable.

CREATE TABLE people (
    business_id TEXT NOT NULL,
    id          TEXT NOT NULL,
    owner_id    TEXT NOT NULL,
    data        TEXT NOT NULL,
    salt        BLOB NOT NULL, -- of what a fact commits to of this row (domain/ledger/proof.py)
    -- The month and the day of birth, such as 1231: birthdays of some days are found without reading everybody.
    birthday    INTEGER GENERATED ALWAYS AS (
        CASE WHEN instr(data, '"date_of_birth"')
             THEN CAST(replace(substr(json_extract(data, '$.date_of_birth'), 6), '-', '') AS INTEGER) END
    ) VIRTUAL,
    PRIMARY KEY (business_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX people_of_owner ON people (business_id, owner_id) WHERE id <> owner_id; -- most are their own
CREATE INDEX people_by_birthday ON people (business_id, birthday, id) WHERE birthday IS NOT NULL;

CREATE TABLE texts (
    business_id TEXT NOT NULL,
    id          TEXT NOT NULL,
    owner_id    TEXT NOT NULL,
    salt        BLOB NOT NULL,
    text        TEXT NOT NULL,
    PRIMARY KEY (business_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX texts_of_owner ON texts (business_id, owner_id);
-- Its fact keeps a commitment to the text: another text needs another fact.
CREATE TRIGGER texts_update BEFORE UPDATE ON texts BEGIN SELECT RAISE(ABORT, 'texts do not change'); END;

-- A row of `people` with a photo's id says whose it is.
CREATE TABLE photos (
    business_id TEXT NOT NULL,
    id          TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    data        BLOB NOT NULL,
    PRIMARY KEY (business_id, id)
) STRICT; -- with its row id: rows of megabytes do not belong into the tree that is searched
CREATE TRIGGER photos_update BEFORE UPDATE ON photos BEGIN SELECT RAISE(ABORT, 'photos do not change'); END;
CREATE TRIGGER photos_replace BEFORE INSERT ON photos
WHEN EXISTS (SELECT 1 FROM photos WHERE business_id = NEW.business_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the photo is there'); END;

-- Whether pages of this file may keep copies of rows that were erased. The row goes when they are overwritten.
CREATE TABLE copies (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    mark INTEGER NOT NULL -- another one with each erasure
) STRICT;


-- What customers are found by: the folded text that their row of the directory holds (domain/people/name_search.py), and an
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
