-- The ledger file: the ledgers of all businesses, with their facts, streams, claims and requests.
-- Strings compare as bytes (BINARY), so a range of claims is a prefix of them.

PRAGMA application_id = 1667330670; -- "carn"

-- `ledger` is the number of a business, `stream` that of a stream, `customer` that of a customer: 63 bits of the SHA-256
-- of the id (domain/ledger/numbers.py).

CREATE TABLE ledgers (
    business_id TEXT PRIMARY KEY,
    number      INTEGER NOT NULL UNIQUE,
    position    INTEGER NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    recorded_at INTEGER NOT NULL, -- milliseconds since 1970, UTC, here and everywhere
    secret      BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (
    ledger      INTEGER NOT NULL,
    position    INTEGER NOT NULL CHECK (position > 0),
    stream      INTEGER NOT NULL,
    stream_id   TEXT NOT NULL, -- of the first fact of a stream; empty in the others
    version     INTEGER NOT NULL,
    shape       INTEGER NOT NULL, -- of data: with kind, name and version of the fact
    data        BLOB NOT NULL, -- the values that fill the shape
    meta_shape  INTEGER NOT NULL,
    meta        BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (ledger, position),
    UNIQUE (ledger, stream, version)
) STRICT, WITHOUT ROWID;

-- What facts have in common (domain/ledger/shapes.py), of all businesses: names of fields, and no text of theirs. A
-- number is made from the rest of its row.
CREATE TABLE shapes (
    number       INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    name_version INTEGER NOT NULL,
    text         TEXT NOT NULL -- with %s, or the like, for each value
) STRICT;

-- Facts as they were recorded, for whoever reads them by SQL. Values fill their shapes from left to right: those of one
-- length are spelled in base64url first (domain/ledger/dense_values.py), three digits of hex to two letters.
CREATE VIEW readable_facts AS
WITH told AS (
    SELECT f.*, s.kind, s.name, s.name_version, (
        WITH RECURSIVE parts (part, shape, kept) AS (
            SELECT 1, s.text, f.data UNION ALL SELECT 2, m.text, f.meta),
        sized (part, shape, kept, size) AS (
            SELECT part, shape, kept, (7 + 6 * (
                  25 * (length(shape) - length(replace(shape, '%i', ''))) / 2
                + 22 * (length(shape) - length(replace(shape, '%p', ''))) / 2
                + 17 * (length(shape) - length(replace(shape, '%t', ''))) / 2
                + 8 * (length(shape) - length(replace(shape, '%d', ''))) / 2)) / 8 FROM parts),
        spelled (part, hex, letters) AS (
            SELECT part, substr(hex(kept), 1, 2 * size) || '00', '' FROM sized UNION ALL
            SELECT part, substr(hex, 4), letters
                || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
                    instr('123456789ABCDEF', substr(hex, 1, 1)) * 4
                    + instr('123456789ABCDEF', substr(hex, 2, 1)) / 4 + 1, 1)
                || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
                    instr('123456789ABCDEF', substr(hex, 2, 1)) % 4 * 16
                    + instr('123456789ABCDEF', substr(hex, 3, 1)) + 1, 1)
            FROM spelled WHERE length(hex) > 2),
        filling (part, done, shape, letters, given) AS (
            SELECT part, '', shape, letters, CAST(substr(kept, size + 1) AS TEXT)
            FROM sized JOIN spelled USING (part) WHERE length(hex) <= 2 UNION ALL
            SELECT part, done || substr(shape, 1, instr(shape, '%') - 1) || CASE substr(shape, instr(shape, '%') + 1, 1)
                    WHEN 'i' THEN '0' || substr(letters, 1, 25)
                    WHEN 'p' THEN substr(letters, 1, 22)
                    WHEN 'd' THEN substr(letters, 1, 4) || '-' || substr(letters, 5, 2) || '-' || substr(letters, 7, 2)
                    WHEN 't' THEN substr(letters, 1, 4) || '-' || substr(letters, 5, 2) || '-' || substr(letters, 7, 2)
                        || 'T' || substr(letters, 9, 2) || ':' || substr(letters, 11, 2)
                        || ':' || substr(letters, 13, 2) || '.' || substr(letters, 15, 3) || 'Z'
                    ELSE CASE WHEN instr(substr(shape, instr(shape, '%') + 2), '%s')
                        THEN substr(given, 1, instr(given, char(31)) - 1) ELSE given END END,
                substr(shape, instr(shape, '%') + 2),
                substr(letters, CASE substr(shape, instr(shape, '%') + 1, 1)
                    WHEN 'i' THEN 26 WHEN 'p' THEN 23 WHEN 't' THEN 18 WHEN 'd' THEN 9 ELSE 1 END),
                CASE substr(shape, instr(shape, '%') + 1, 1)
                    WHEN 's' THEN substr(given, instr(given, char(31)) + 1) ELSE given END
            FROM filling WHERE instr(shape, '%'))
        SELECT (SELECT done || shape FROM filling WHERE part = 1 AND NOT instr(shape, '%')) || char(30)
            || (SELECT done || shape FROM filling WHERE part = 2 AND NOT instr(shape, '%'))) AS both
    FROM facts AS f JOIN shapes AS s ON s.number = f.shape JOIN shapes AS m ON m.number = f.meta_shape)
SELECT l.business_id, t.position, t.kind,
    CASE WHEN t.stream_id <> '' THEN t.stream_id ELSE (
        SELECT o.stream_id FROM facts AS o
        WHERE o.ledger = t.ledger AND o.stream = t.stream AND o.stream_id <> '' ORDER BY o.version LIMIT 1
    ) END AS stream_id, t.version, t.name, t.name_version,
    substr(t.both, 1, instr(t.both, char(30)) - 1) AS data, substr(t.both, instr(t.both, char(30)) + 1) AS meta,
    t.recorded_at, t.hash
FROM told AS t LEFT JOIN ledgers AS l ON l.number = t.ledger;

CREATE TABLE streams (
    ledger   INTEGER NOT NULL,
    stream   INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    customer INTEGER,
    opened   INTEGER NOT NULL, -- the position of its first fact
    spent    INTEGER, -- of a package of which nothing is left: its version; a later fact makes this void
    PRIMARY KEY (ledger, stream)
) STRICT, WITHOUT ROWID;
CREATE INDEX streams_of_customer ON streams (ledger, customer) WHERE customer IS NOT NULL;

-- A claim is the hash of what it names (domain/claims.py).
CREATE TABLE claims (
    ledger INTEGER NOT NULL,
    claim  TEXT NOT NULL,
    stream INTEGER NOT NULL,
    PRIMARY KEY (ledger, claim)
) STRICT, WITHOUT ROWID;

-- What was asked with a key, and its answer, compressed (domain/ledger/answer_bytes.py). Erasing a person takes the
-- answer and its salt out of the row; the rest of it stays.
CREATE TABLE requests (
    ledger      INTEGER NOT NULL,
    key         BLOB NOT NULL, -- a UUID, or the hash of a text (domain/ledger/request_keys.py)
    key_text    TEXT NOT NULL, -- that text; empty for a UUID
    fingerprint BLOB NOT NULL,
    first       INTEGER NOT NULL, -- the position of its first fact; where it has none, of the head
    facts       INTEGER NOT NULL, -- how many it has
    people      BLOB NOT NULL, -- numbers of those in the answer, in eight bytes each
    answered    BLOB NOT NULL, -- of an answer that was erased: its digest (domain/ledger/proof.py)
    seal        BLOB NOT NULL, -- of a request without a fact: its moment, and a hash
    body        BLOB,
    salt        BLOB, -- of the digest
    PRIMARY KEY (ledger, key)
) STRICT, WITHOUT ROWID;


-- Append-only. INSERT OR REPLACE deletes without firing a DELETE trigger, so a row that would replace another is
-- refused before it is written.

CREATE TRIGGER facts_update BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE TRIGGER facts_delete BEFORE DELETE ON facts BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE TRIGGER facts_replace BEFORE INSERT ON facts
WHEN EXISTS (SELECT 1 FROM facts WHERE ledger = NEW.ledger AND position = NEW.position)
    OR EXISTS (SELECT 1 FROM facts WHERE ledger = NEW.ledger AND stream = NEW.stream AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'the ledger has a fact at this position or version'); END;

CREATE TRIGGER shapes_update BEFORE UPDATE ON shapes BEGIN SELECT RAISE(ABORT, 'shapes do not change'); END;
CREATE TRIGGER shapes_delete BEFORE DELETE ON shapes BEGIN SELECT RAISE(ABORT, 'shapes stay'); END;
CREATE TRIGGER shapes_replace BEFORE INSERT ON shapes
WHEN EXISTS (SELECT 1 FROM shapes WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'the shape is kept'); END;

CREATE TRIGGER streams_update BEFORE UPDATE OF ledger, stream, kind, customer, opened ON streams BEGIN SELECT RAISE(ABORT, 'streams are append-only'); END;
CREATE TRIGGER streams_delete BEFORE DELETE ON streams BEGIN SELECT RAISE(ABORT, 'streams are append-only'); END;
CREATE TRIGGER streams_replace BEFORE INSERT ON streams
WHEN EXISTS (SELECT 1 FROM streams WHERE ledger = NEW.ledger AND stream = NEW.stream)
BEGIN SELECT RAISE(ABORT, 'the stream is registered'); END;

CREATE TRIGGER claims_update BEFORE UPDATE ON claims BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
CREATE TRIGGER claims_delete BEFORE DELETE ON claims BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
CREATE TRIGGER claims_replace BEFORE INSERT ON claims
WHEN EXISTS (SELECT 1 FROM claims WHERE ledger = NEW.ledger AND claim = NEW.claim)
BEGIN SELECT RAISE(ABORT, 'the claim is held'); END;

CREATE TRIGGER requests_update BEFORE UPDATE ON requests
WHEN NEW.body IS NOT NULL OR NEW.salt IS NOT NULL
    OR (NEW.ledger, NEW.key, NEW.key_text, NEW.fingerprint, NEW.first, NEW.facts, NEW.people, NEW.seal)
    IS NOT (OLD.ledger, OLD.key, OLD.key_text, OLD.fingerprint, OLD.first, OLD.facts, OLD.people, OLD.seal)
    OR length(NEW.answered) <> 16 OR OLD.body IS NULL AND NEW.answered <> OLD.answered
BEGIN SELECT RAISE(ABORT, 'requests are append-only, but for erased answers'); END;
CREATE TRIGGER requests_delete BEFORE DELETE ON requests BEGIN SELECT RAISE(ABORT, 'requests are append-only'); END;
CREATE TRIGGER requests_replace BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM requests WHERE ledger = NEW.ledger AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'the request is known'); END;

CREATE TRIGGER ledgers_update BEFORE UPDATE ON ledgers
WHEN NEW.business_id <> OLD.business_id OR NEW.number <> OLD.number OR NEW.secret <> OLD.secret
    OR NEW.position < OLD.position OR NEW.recorded_at < OLD.recorded_at
BEGIN SELECT RAISE(ABORT, 'a head only moves on'); END;
CREATE TRIGGER ledgers_delete BEFORE DELETE ON ledgers BEGIN SELECT RAISE(ABORT, 'ledgers stay'); END;
CREATE TRIGGER ledgers_replace BEFORE INSERT ON ledgers
WHEN EXISTS (SELECT 1 FROM ledgers WHERE business_id = NEW.business_id OR number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'the ledger is open'); END;
