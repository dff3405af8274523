-- What tells one installation from another: the peppers its keys were made under, and the servers at work on it.
-- Both belong to no business, so nobody reaches the tables but through these functions.

CREATE TABLE peppers (
    since bigint NOT NULL,  -- the last of them is the one in use
    mark  bytea NOT NULL PRIMARY KEY  -- a MAC under the pepper: it tells it, and never shows it
);

CREATE TABLE servers (
    started_at bigint NOT NULL,
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    place      text NOT NULL,  -- of the database it serves, which a copy of this one has not
    address    text NOT NULL
);

CREATE FUNCTION has_keys() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM api_keys)
$$;

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

CREATE FUNCTION registered_servers() RETURNS SETOF servers
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM servers ORDER BY started_at, id
$$;

CREATE FUNCTION add_server(new_id text, new_place text, new_address text, now_ms bigint, gone text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM servers WHERE id = ANY (gone);
    INSERT INTO servers (id, place, address, started_at) VALUES (new_id, new_place, new_address, now_ms);
END $$;

CREATE FUNCTION remove_server(old_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DELETE FROM servers WHERE id = old_id
$$;

-- What a dump restored elsewhere, or into another database, has not.
CREATE FUNCTION current_place() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT system_identifier::text || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
      FROM pg_control_system()
$$;
