-- The moment for `append` and `append_all`: NULL where the clock of the database decides, which is when they hold the
-- head. A host whose clock is ahead decides as of its own moment, and nothing is recorded before the moment it was
-- decided for; more than five minutes ahead its clock is wrong. `by_hand`: a clock for tests. Milliseconds since 1970.
CREATE FUNCTION moment_for(by_hand bigint, host_ms bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    now_ms bigint := floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;
BEGIN
    IF by_hand IS NOT NULL THEN
        RETURN by_hand;
    ELSIF host_ms <= now_ms THEN
        RETURN NULL;
    ELSIF host_ms - now_ms > 300000 THEN
        RAISE EXCEPTION 'the clock of this machine is % ahead of the database''s',
            (host_ms - now_ms) * interval '1 millisecond' USING ERRCODE = 'CN503';
    END IF;
    RETURN host_ms;
END $$;
