-- The e-mails that facts ask for: ids alone, so that nobody's address or text is kept here.

CREATE TABLE messages (
    business_id TEXT NOT NULL,
    id          TEXT NOT NULL, -- from the hash of the fact
    position    INTEGER NOT NULL, -- of the fact
    recorded_at INTEGER NOT NULL, -- of the fact
    kind        TEXT NOT NULL,
    language    TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    package_id  TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'skipped', 'given_up')),
    attempts    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL, -- the next try, while it waits
    settled_at  INTEGER, -- when it stopped waiting
    reason      TEXT,
    PRIMARY KEY (business_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_in_order ON messages (business_id, position);
CREATE INDEX messages_waiting ON messages (due_at) WHERE state = 'waiting';

-- The position up to which each ledger was read for its messages.
CREATE TABLE message_positions (
    business_id TEXT PRIMARY KEY,
    position    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Since when this database sends, and where it was then: a copy of it is in another place.
CREATE TABLE message_switch (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    place TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;
