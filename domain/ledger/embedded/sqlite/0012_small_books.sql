-- An answer lies in the row of its request, deflated (domain/ledger/answer_bytes.py), with the people in it named once.
-- Erasing a person takes the answer and its salt out of the row; the rest of it stays.

ALTER TABLE requests ADD COLUMN body BLOB;
ALTER TABLE requests ADD COLUMN salt BLOB;
DROP TRIGGER requests_update;
UPDATE requests SET body = (
    SELECT CASE a.body WHEN '' THEN x'' ELSE CAST(x'00' || a.body AS BLOB) END FROM answers AS a
     WHERE a.business_id = requests.business_id AND a.key = requests.key
), salt = (
    SELECT a.salt FROM answers AS a WHERE a.business_id = requests.business_id AND a.key = requests.key
);
DROP TABLE answer_people;
DROP TABLE answers;

CREATE TRIGGER requests_update BEFORE UPDATE ON requests
WHEN NEW.body IS NOT NULL OR NEW.salt IS NOT NULL
    OR (NEW.business_id, NEW.key, NEW.fingerprint, NEW.first_position, NEW.last_position, NEW.recorded_at, NEW.people,
        NEW.answered, NEW.seal)
    IS NOT (OLD.business_id, OLD.key, OLD.fingerprint, OLD.first_position, OLD.last_position, OLD.recorded_at, OLD.people,
        OLD.answered, OLD.seal)
BEGIN SELECT RAISE(ABORT, 'requests are append-only, but for erased answers'); END;

-- A claim is the hash of what it names (domain/claims.py); `shortened` is that function.
DROP TRIGGER claims_update;
UPDATE claims SET claim = shortened(claim);
CREATE TRIGGER claims_update BEFORE UPDATE ON claims BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
