-- The servers at work on this file, and the verifications that are remembered.

CREATE TABLE servers (
    id         TEXT PRIMARY KEY,
    place      TEXT NOT NULL, -- of the database it serves, which a copy of this file has not
    address    TEXT NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- They are told between visits, and prove nothing.
CREATE TABLE verifications (
    business_id TEXT NOT NULL,
    verified_at INTEGER NOT NULL,
    position    INTEGER NOT NULL, -- the head that was reached, or where the chain is broken
    hash        BLOB, -- of the head; not there where the chain is broken
    intact      INTEGER NOT NULL CHECK (intact IN (0, 1)),
    reason      TEXT,
    findings    INTEGER NOT NULL,
    place       TEXT NOT NULL CHECK (place IN ('api', 'command_line')),
    actor_id    TEXT, -- who asked; nobody at the command line
    role        TEXT,
    PRIMARY KEY (business_id, verified_at)
) STRICT, WITHOUT ROWID;
