-- The API keys of businesses, and the peppers that they were made under.

CREATE TABLE api_keys (
    id          TEXT PRIMARY KEY,
    business_id TEXT NOT NULL,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    actor_id    TEXT NOT NULL,
    mac         BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    revoked_at  INTEGER,
    scopes      TEXT NOT NULL, -- what the key of an integration may do, separated by spaces
    guard       BLOB NOT NULL -- a MAC of this row
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_of_business ON api_keys (business_id, created_at, id);
CREATE INDEX api_keys_live ON api_keys (business_id, role) WHERE revoked_at IS NULL;
CREATE TRIGGER api_keys_delete BEFORE DELETE ON api_keys BEGIN SELECT RAISE(ABORT, 'a key is revoked'); END;

-- The ids of all keys that were ever issued, in order, and how many they are (domain/ledger/key_roster.py).
CREATE TABLE key_rosters (
    business_id TEXT NOT NULL,
    page        TEXT NOT NULL,
    ids         TEXT NOT NULL,
    mac         BLOB NOT NULL,
    PRIMARY KEY (business_id, page)
) STRICT, WITHOUT ROWID;

CREATE TABLE peppers (
    mark  BLOB PRIMARY KEY CHECK (length(mark) = 32), -- a MAC under the pepper: it tells it, and never shows it
    since INTEGER NOT NULL -- the last of them is the one in use
) STRICT, WITHOUT ROWID;
