-- The messages that facts ask for: ids alone, so that nobody's address or text is kept here.

CREATE TABLE messages (
    business_id TEXT NOT NULL,
    id          TEXT NOT NULL, -- from the hash of the fact
    position    INTEGER NOT NULL, -- of the fact
    recorded_at INTEGER NOT NULL, -- of the fact
    kind        TEXT NOT NULL,
    language    TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    thing_id    TEXT NOT NULL, -- a package, a booking, a rule that tops up, the customer
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'skipped', 'given_up')),
    attempts    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL, -- the next try, while it waits
    settled_at  INTEGER, -- when it stopped waiting
    reason      TEXT,
    channel     TEXT NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    occasion    INTEGER, -- instead of a fact: the start of a booking, a year
    PRIMARY KEY (business_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_in_order ON messages (business_id, position);
CREATE INDEX messages_waiting ON messages (due_at) WHERE state = 'waiting';
CREATE INDEX messages_settled ON messages (business_id, settled_at) WHERE settled_at IS NOT NULL;

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

-- The receivers of facts: one document each, without its secret, which is kept nowhere.
CREATE TABLE webhooks (
    business_id TEXT NOT NULL,
    id          TEXT NOT NULL,
    revision    INTEGER NOT NULL, -- one more with each change
    data        TEXT NOT NULL, -- JSON
    PRIMARY KEY (business_id, id)
) STRICT, WITHOUT ROWID;
