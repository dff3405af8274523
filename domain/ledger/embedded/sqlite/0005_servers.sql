-- The servers at work on this file.

CREATE TABLE servers (
    id         TEXT PRIMARY KEY,
    place      TEXT NOT NULL, -- of the database it serves, which a copy of this file has not
    address    TEXT NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
