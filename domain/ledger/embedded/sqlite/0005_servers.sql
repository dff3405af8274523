-- The servers at work on this file, the verifications that are remembered, and sums of reports.

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

-- They follow from the facts, may be missing, and are believed only where all of a row fits. No personal data.
CREATE TABLE report_sums (
    business_id TEXT NOT NULL,
    name        TEXT NOT NULL, -- of the kind of sums
    version     TEXT NOT NULL, -- of the code that made them
    zone        TEXT NOT NULL, -- of their days
    position    INTEGER NOT NULL, -- the last fact that is in them
    hash        BLOB NOT NULL, -- of that fact
    data        BLOB NOT NULL,
    digest      BLOB NOT NULL, -- of all columns before
    PRIMARY KEY (business_id, name)
) STRICT;
