-- What proves the tables beside the facts (domain/ledger/proof.py, domain/ledger/tables.py): the digest of each answer
-- and the people in it, beside its request; salts of answers and of rows of the directory, which are erased with them;
-- the guard of each key, and the list of all keys of a business. Answers are kept as they were decided: the moment goes
-- into them when they are read.

ALTER TABLE requests ADD COLUMN people TEXT NOT NULL DEFAULT ''; -- ids, separated by spaces
ALTER TABLE requests ADD COLUMN answered BLOB NOT NULL DEFAULT x'';
ALTER TABLE requests ADD COLUMN seal BLOB NOT NULL DEFAULT x''; -- of a request without a fact
ALTER TABLE answers ADD COLUMN salt BLOB NOT NULL DEFAULT x'';
ALTER TABLE people ADD COLUMN salt BLOB NOT NULL DEFAULT x'';
ALTER TABLE api_keys ADD COLUMN guard BLOB NOT NULL DEFAULT x'';

CREATE TABLE key_rosters (
    business_id TEXT PRIMARY KEY,
    ids         TEXT NOT NULL, -- of all keys that were ever issued, in order, separated by spaces
    mac         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
