-- The receivers of facts: one document each, without its secret, which is kept nowhere.

CREATE TABLE webhooks (
    business_id TEXT NOT NULL,
    id          TEXT NOT NULL,
    revision    INTEGER NOT NULL, -- one more with each change
    data        TEXT NOT NULL, -- JSON
    PRIMARY KEY (business_id, id)
) STRICT, WITHOUT ROWID;
