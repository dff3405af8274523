-- The ledgers of all businesses: their heads, facts, streams, claims and requests.
--
-- Run with a search_path of the ledger's schema alone, by the role that is to own it. Every key begins with the
-- business, so that the tables can be distributed by business; text keys are compared by bytes ("C"), which
-- makes a claim's prefix a range. Columns of fixed width come first: a row then has no padding.

-- The number of an id: 63 bits of its SHA-256 (domain/ledger/numbers.py). A business's is in the columns `ledger`, a
-- stream's in `stream`, a customer's in `customer`. Of one expression, so that queries take it in, and no call is left.
CREATE FUNCTION number_of(id text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || left(encode(sha256(replace(id, E'\\', E'\\\\')::bytea), 'hex'), 16))::bit(64)::bigint
           & 9223372036854775807
$$;

CREATE TABLE ledgers (
    position    bigint NOT NULL,
    recorded_at bigint NOT NULL,  -- milliseconds since 1970, of the last fact
    business_id text COLLATE "C" NOT NULL PRIMARY KEY,
    number      bigint GENERATED ALWAYS AS (number_of(business_id)) STORED UNIQUE,
    hash        bytea NOT NULL,
    secret      bytea NOT NULL
) WITH (fillfactor = 40);  -- the head is updated by every append: room to do it in place
COMMENT ON TABLE ledgers IS 'The head of each ledger: the only row that an append locks.';

CREATE TABLE facts (
    position    bigint NOT NULL,
    recorded_at bigint NOT NULL,
    ledger      bigint NOT NULL,  -- the number of the business
    stream      bigint NOT NULL,  -- … of the stream
    version     integer NOT NULL,
    shape       integer NOT NULL,  -- of data: with kind, name and version of the fact
    meta_shape  integer NOT NULL,
    stream_id   text COLLATE "C" NOT NULL,  -- of the first fact of a stream; empty in the others
    data        bytea NOT NULL,  -- the values that fill the shape
    meta        bytea NOT NULL,
    hash        bytea NOT NULL,
    PRIMARY KEY (ledger, position),
    CONSTRAINT facts_stream_version UNIQUE (ledger, stream, version)
);

-- What facts have in common (domain/ledger/shapes.py), of all businesses: names of fields, and no text of theirs. A
-- number is made from the rest of its row.
CREATE TABLE shapes (
    number       integer PRIMARY KEY,
    name_version integer NOT NULL,
    kind         text NOT NULL,
    name         text NOT NULL,
    text         text NOT NULL  -- with %s, or the like, for each value
);

CREATE TABLE streams (
    opened   bigint NOT NULL,  -- the position of its first fact
    ledger   bigint NOT NULL,
    stream   bigint NOT NULL,
    customer bigint,
    spent    integer,  -- of a package of which nothing is left: its version; a later fact makes this void
    kind     text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, stream)
);
CREATE INDEX streams_of_customer ON streams (ledger, customer) WHERE customer IS NOT NULL;

-- A claim is the hash of what it names (domain/claims.py).
CREATE TABLE claims (
    ledger bigint NOT NULL,
    stream bigint NOT NULL,
    claim  text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger, claim)
);

-- What was asked with a key, and its answer, compressed (domain/ledger/answer_bytes.py). Erasing a person takes the
-- answer and its salt out of the row; the rest of it stays.
CREATE TABLE requests (
    first       bigint NOT NULL,  -- the position of its first fact; where it has none, of the head
    ledger      bigint NOT NULL,
    key         uuid NOT NULL,  -- or the hash of a text (domain/ledger/request_keys.py)
    facts       integer NOT NULL,  -- how many it has
    body        bytea,  -- it mostly has a length of four bytes, which is aligned here
    key_text    text NOT NULL,  -- that text; empty for a UUID
    fingerprint bytea NOT NULL,
    people      bytea NOT NULL,  -- numbers of those in the answer, in eight bytes each
    answered    bytea NOT NULL,  -- of an answer that was erased: its digest
    seal        bytea NOT NULL,  -- of a request without a fact: its moment, and a hash
    salt        bytea,  -- of the digest
    PRIMARY KEY (ledger, key)
);
ALTER TABLE requests ALTER COLUMN body SET STORAGE EXTERNAL;  -- it is compressed already


-- Append-only: no role changes what was recorded. Tables that follow from the facts are made anew by
-- `carnet repair`, as the owner and for one business at a time.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME IN ('streams', 'claims') AND TG_OP <> 'TRUNCATE'
       AND current_setting('carnet.mending', true) = current_setting('carnet.business', true) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON facts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON shapes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OF opened, ledger, stream, customer, kind OR DELETE OR TRUNCATE ON streams
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claims
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledgers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- What stays of an answer that is erased (domain/ledger/proof.py).
CREATE FUNCTION digest_of_answer(salt bytea, body bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT substr(sha256(salt || body), 1, 16)
$$;
CREATE TRIGGER erase_only BEFORE UPDATE ON requests
    FOR EACH ROW WHEN (
        NEW.body IS NOT NULL OR NEW.salt IS NOT NULL
        OR (NEW.ledger, NEW.key, NEW.key_text, NEW.fingerprint, NEW.first, NEW.facts, NEW.people, NEW.seal,
            NEW.answered)
        IS DISTINCT FROM (OLD.ledger, OLD.key, OLD.key_text, OLD.fingerprint, OLD.first, OLD.facts, OLD.people,
            OLD.seal, coalesce(digest_of_answer(OLD.salt, OLD.body), OLD.answered)))
    EXECUTE FUNCTION refuse_change();


-- Isolation: a transaction sees the business that it was begun for, and no other, even as the owner. The owner looks
-- for rows of any business where the setting is '*', inside of functions that show no row.

CREATE FUNCTION keep_apart(named text, own text DEFAULT 'business_id = current_setting(''carnet.business'', true)')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', named);
    EXECUTE format('CREATE POLICY one_business ON %I USING (%s)', named, own);
    EXECUTE format('CREATE POLICY owner_looks ON %I FOR SELECT TO CURRENT_USER '
                   'USING (current_setting(''carnet.business'', true) = ''*'')', named);
END $$;
SELECT keep_apart('ledgers');
SELECT keep_apart(named, 'ledger = nullif(current_setting(''carnet.ledger'', true), '''')::bigint')
  FROM unnest(ARRAY['facts', 'streams', 'claims', 'requests']) AS named;

-- Makes a transaction that of a business. Tables with its number look at the second setting, so that no row costs a hash:
-- functions that take a business set it themselves. Of one expression, as `number_of` is.
CREATE FUNCTION for_business(business text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN set_config('carnet.ledger', number_of(business)::text, true) <> ''
                THEN set_config('carnet.business', business, true) END
$$;

-- Every function that takes a business refuses any other than its transaction is for.
CREATE FUNCTION require_business(business text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF business IS DISTINCT FROM current_setting('carnet.business', true) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this transaction is not for business ' || business;
    END IF;
END $$;

-- Two questions cross businesses, each through one function that runs as the owner: which ledgers have grown, and
-- whose API key this is.
CREATE POLICY owner_sees_heads ON ledgers FOR SELECT TO CURRENT_USER USING (true);

CREATE FUNCTION heads() RETURNS TABLE (business_id text, "position" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT l.business_id, l.position FROM ledgers l ORDER BY l.business_id
$$;

-- Heads that may have moved since a mark (`pg_current_snapshot()::text`): those whose row was written by a transaction
-- that had not ended then. The rows are looked at here, so that only the few that moved travel; an index would be changed
-- by each append.
CREATE FUNCTION grown_heads(mark text) RETURNS TABLE (business_id text, "position" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT l.business_id, l.position FROM ledgers l
     WHERE age(l.xmin) <= age(pg_snapshot_xmin(mark::pg_snapshot)::xid)
$$;

CREATE FUNCTION open_ledger(business text, new_secret bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    INSERT INTO ledgers (business_id, position, hash, recorded_at, secret)
    VALUES (business, 0, sha256(convert_to('carnet/1' || business, 'UTF8')), 0, new_secret)
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION lock_head(business text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    PERFORM FROM ledgers WHERE business_id = business FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no ledger of business %', business USING ERRCODE = 'CN404';
    END IF;
END $$;


-- Adds shapes, as far as there are no more than `at_most`, beside those of what is kept whole; the numbers of those
-- that are there then.
CREATE FUNCTION keep_shapes(
    numbers integer[], kinds text[], names text[], name_versions integer[], texts text[], at_most integer
) RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO shapes (number, kind, name, name_version, text)
    SELECT * FROM unnest(numbers, kinds, names, name_versions, texts) AS n (number, kind, name, name_version, text)
     WHERE n.text = '%s' OR (SELECT count(*) FROM shapes) < at_most
    ON CONFLICT DO NOTHING;
    RETURN QUERY
        SELECT s.number FROM shapes AS s
          JOIN unnest(numbers, kinds, names, name_versions, texts) AS n (number, kind, name, name_version, text)
            ON (s.number, s.kind, s.name, s.name_version, s.text)
             = (n.number, n.kind, n.name, n.name_version, n.text);
END $$;

-- Facts as they were recorded, for whoever reads them by SQL.
CREATE FUNCTION filled(shape text, given bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    holes  text[] := ARRAY(SELECT m[1] FROM regexp_matches(shape, '%([idpst])', 'g') WITH ORDINALITY AS h (m, n) ORDER BY n);
    -- Values of one length (domain/ledger/dense_values.py): their characters, and the bytes that they take.
    letters integer := (SELECT coalesce(sum((ARRAY[25, 8, 22, 0, 17])[strpos('idpst', h)]), 0) FROM unnest(holes) AS h);
    size   integer := (letters * 6 + 7) / 8;
    dense  text := translate(encode(substr(given, 1, size), 'base64'), E'+/\n', '-_');
    texts  text[];
    parts  text[] := regexp_split_to_array(shape, '%[idpst]');
    n      integer := 0;
    result text := parts[1];
BEGIN
    IF octet_length(given) > size OR 's' = ANY (holes) THEN
        texts := string_to_array(convert_from(substr(given, size + 1), 'UTF8'), E'\x1f');
    END IF;
    FOR place IN 1 .. cardinality(holes) LOOP
        CASE holes[place]
            WHEN 's' THEN
                n := n + 1;
                result := result || coalesce(texts[n], '');
            WHEN 'i' THEN
                result := result || '0' || left(dense, 25);
                dense := substr(dense, 26);
            WHEN 'p' THEN
                result := result || left(dense, 22);
                dense := substr(dense, 23);
            ELSE
                result := result || left(dense, 4) || '-' || substr(dense, 5, 2) || '-' || substr(dense, 7, 2);
                dense := substr(dense, 9);
                IF holes[place] = 't' THEN
                    result := result || 'T' || left(dense, 2) || ':' || substr(dense, 3, 2) || ':'
                           || substr(dense, 5, 2) || '.' || substr(dense, 7, 3) || 'Z';
                    dense := substr(dense, 10);
                END IF;
        END CASE;
        result := result || parts[place + 1];
    END LOOP;
    RETURN result;
END $$;
CREATE VIEW readable_facts WITH (security_invoker = true) AS
    SELECT l.business_id, f.position, s.kind,
           CASE WHEN f.stream_id <> '' THEN f.stream_id ELSE (
               SELECT o.stream_id FROM facts AS o
                WHERE o.ledger = f.ledger AND o.stream = f.stream AND o.stream_id <> '' ORDER BY o.version LIMIT 1
           ) END AS stream_id, f.version, s.name, s.name_version,
           filled(s.text, f.data) AS data, filled(m.text, f.meta) AS meta, f.recorded_at, f.hash
      FROM facts AS f JOIN shapes AS s ON s.number = f.shape JOIN shapes AS m ON m.number = f.meta_shape
      LEFT JOIN ledgers AS l ON l.number = f.ledger;
