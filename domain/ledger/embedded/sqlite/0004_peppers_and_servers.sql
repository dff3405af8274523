-- What tells one installation from another: the peppers its keys were made under, and the servers at work on it.

CREATE TABLE peppers (
    mark  BLOB PRIMARY KEY CHECK (length(mark) = 32), -- a MAC under the pepper: it tells it, and never shows it
    since INTEGER NOT NULL -- the last of them is the one in use
) STRICT, WITHOUT ROWID;

CREATE TABLE servers (
    id         TEXT PRIMARY KEY,
    place      TEXT NOT NULL, -- of the database it serves, which a copy of this file has not
    address    TEXT NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
