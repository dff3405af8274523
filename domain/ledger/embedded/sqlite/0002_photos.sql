-- Photos of people, beside the directory: a row of `people` with a photo's id says whose it is. Erasable.

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
