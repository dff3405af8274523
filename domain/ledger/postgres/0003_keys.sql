-- The API keys of businesses, and the peppers that they were made under.

CREATE TABLE api_keys (
    created_at  bigint NOT NULL,
    expires_at  bigint,
    revoked_at  bigint,
    id          text COLLATE "C" NOT NULL PRIMARY KEY,  -- looked up before the business is known
    business_id text COLLATE "C" NOT NULL,
    name        text NOT NULL,
    role        text NOT NULL,
    actor_id    text NOT NULL,
    mac         bytea NOT NULL,
    scopes      text NOT NULL,  -- what the key of an integration may do, separated by spaces
    guard       bytea NOT NULL  -- a MAC of this row
);
CREATE INDEX api_keys_of_business ON api_keys (business_id, created_at, id);
CREATE INDEX api_keys_live ON api_keys (business_id, role) WHERE revoked_at IS NULL;

-- The ids of all keys that were ever issued, in order, and how many they are (domain/ledger/key_roster.py). Storing and
-- revoking a key lock the row with their number.
CREATE TABLE key_rosters (
    business_id text COLLATE "C" NOT NULL,
    page        text COLLATE "C" NOT NULL,
    ids         text NOT NULL,
    mac         bytea NOT NULL,
    PRIMARY KEY (business_id, page)
);

SELECT keep_apart('api_keys');
SELECT keep_apart('key_rosters');
CREATE POLICY owner_finds_keys ON api_keys FOR SELECT TO CURRENT_USER USING (true);

CREATE FUNCTION find_key(key_id text) RETURNS SETOF api_keys
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM api_keys WHERE id = key_id
$$;

-- Several keys, each with the version of the stream of the member of staff whose it is. Shows no fact, so it may look at
-- those of any business.
CREATE FUNCTION find_keys(key_ids text[])
RETURNS TABLE (
    id text, business_id text, name text, role text, actor_id text, mac bytea, created_at bigint, expires_at bigint,
    revoked_at bigint, scopes text, guard bytea, member_version integer
) LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('carnet.business', '*', true);
    RETURN QUERY
        SELECT k.id, k.business_id, k.name, k.role, k.actor_id, k.mac, k.created_at, k.expires_at, k.revoked_at,
               k.scopes, k.guard,
               CASE WHEN k.actor_id LIKE 'stf\_%' THEN coalesce((
                   SELECT f.version FROM facts AS f
                    WHERE f.ledger = number_of(k.business_id) AND f.stream = number_of(k.actor_id)
                    ORDER BY f.version DESC LIMIT 1), 0) ELSE 0 END
          FROM unnest(key_ids) AS w (id), LATERAL (SELECT * FROM api_keys WHERE api_keys.id = w.id OFFSET 0) AS k;
    PERFORM set_config('carnet.business', '', true);
END $$;

CREATE FUNCTION has_keys() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM api_keys)
$$;


-- Peppers belong to no business, so nobody reaches the table but through these functions.

CREATE TABLE peppers (
    since bigint NOT NULL,  -- the last of them is the one in use
    mark  bytea NOT NULL PRIMARY KEY  -- a MAC under the pepper: it tells it, and never shows it
);

CREATE FUNCTION known_peppers() RETURNS TABLE (mark bytea, since bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT p.mark, p.since FROM peppers AS p ORDER BY p.since
$$;

-- Makes a pepper the one in use, unless another than `replacing` is; the mark of the one in use then.
CREATE FUNCTION settle_pepper(new_mark bytea, replacing bytea, now_ms bigint) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    in_use bytea;
    last   bigint;
BEGIN
    LOCK TABLE peppers IN SHARE ROW EXCLUSIVE MODE;
    SELECT p.mark, p.since INTO in_use, last FROM peppers AS p ORDER BY p.since DESC LIMIT 1;
    IF in_use IS NOT NULL AND in_use IS DISTINCT FROM replacing THEN
        RETURN in_use;
    END IF;
    INSERT INTO peppers (mark, since) VALUES (new_mark, greatest(now_ms, coalesce(last + 1, now_ms)))
    ON CONFLICT (mark) DO UPDATE SET since = excluded.since;
    RETURN new_mark;
END $$;
