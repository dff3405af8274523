-- The messages that facts ask for: ids alone, so that nobody's address or text is kept here. A business reads its own;
-- the process that sends works through functions, over all businesses.

CREATE TABLE messages (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,  -- from the hash of the fact
    position    bigint NOT NULL,  -- of the fact
    recorded_at bigint NOT NULL,  -- of the fact
    kind        text NOT NULL,
    language    text NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    thing_id    text COLLATE "C" NOT NULL,  -- a package, a booking, a rule that tops up, the customer
    state       text NOT NULL CHECK (state IN ('waiting', 'sent', 'skipped', 'given_up')),
    attempts    integer NOT NULL,
    due_at      bigint NOT NULL,  -- the next try, while it waits
    settled_at  bigint,  -- when it stopped waiting
    reason      text,
    channel     text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    occasion    bigint,  -- instead of a fact: the start of a booking, a year
    PRIMARY KEY (business_id, id)
);
CREATE INDEX messages_in_order ON messages (business_id, position, id);
CREATE INDEX messages_waiting ON messages (due_at) WHERE state = 'waiting';
CREATE INDEX messages_settled ON messages (business_id, settled_at) WHERE settled_at IS NOT NULL;

-- The position up to which each ledger was read for its messages.
CREATE TABLE message_positions (
    business_id text COLLATE "C" PRIMARY KEY,
    position    bigint NOT NULL
);

SELECT keep_apart('messages');
SELECT keep_apart('message_positions');
CREATE POLICY owner_sends ON messages TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY owner_sends ON message_positions TO CURRENT_USER USING (true) WITH CHECK (true);

-- Since when this database sends, and where it was then: a copy of it is in another place.
CREATE TABLE message_switch (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    place text NOT NULL,
    since bigint NOT NULL
);

CREATE FUNCTION message_switch() RETURNS SETOF message_switch
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM message_switch
$$;

CREATE FUNCTION switch_messages_on(new_place text, new_since bigint, anew boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO message_switch (place, since) VALUES (new_place, new_since)
    ON CONFLICT (one) DO UPDATE SET place = excluded.place, since = excluded.since;
    IF anew THEN
        UPDATE messages SET state = 'given_up', settled_at = new_since, reason = 'restored' WHERE state = 'waiting';
        DELETE FROM message_positions;
    END IF;
END $$;

CREATE FUNCTION switch_messages_off() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DELETE FROM message_switch
$$;

CREATE FUNCTION message_positions() RETURNS SETOF message_positions
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM message_positions
$$;

CREATE FUNCTION plan_messages(business text, upto bigint, planned jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    INSERT INTO messages
    SELECT * FROM jsonb_populate_recordset(NULL::messages, planned) AS p WHERE p.business_id = business
    ON CONFLICT DO NOTHING;
    INSERT INTO message_positions AS known (business_id, position) VALUES (business, upto)
    ON CONFLICT (business_id) DO UPDATE SET position = greatest(known.position, excluded.position);
END $$;

CREATE FUNCTION add_messages(business text, planned jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    INSERT INTO messages
    SELECT * FROM jsonb_populate_recordset(NULL::messages, planned) AS p WHERE p.business_id = business
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION due_messages(now_ms bigint, each integer, by_email boolean) RETURNS SETOF messages
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.* FROM (
        SELECT w.business_id, w.id,
               row_number() OVER (PARTITION BY w.business_id ORDER BY w.due_at, w.position, w.id) AS nth
          FROM messages w
         WHERE w.state = 'waiting' AND w.due_at <= now_ms AND (w.channel = 'email') = by_email) AS d
      JOIN messages m USING (business_id, id)
     WHERE d.nth <= each
     ORDER BY m.due_at, m.business_id, m.position, m.id
$$;

CREATE FUNCTION put_message(
    business text, message_id text, new_state text, new_attempts integer, new_due_at bigint, new_settled_at bigint,
    new_reason text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_business(business);
    UPDATE messages SET state = new_state, attempts = new_attempts, due_at = new_due_at,
           settled_at = new_settled_at, reason = new_reason
     WHERE business_id = business AND id = message_id;
END $$;

-- Settled messages are forgotten after a while.
CREATE FUNCTION forget_messages(business text, settled_before bigint, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    forgotten integer;
BEGIN
    PERFORM require_business(business);
    DELETE FROM messages WHERE business_id = business AND id IN (
        SELECT m.id FROM messages m WHERE m.business_id = business AND m.settled_at < settled_before LIMIT at_most);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;

CREATE FUNCTION message_totals() RETURNS TABLE (business_id text, state text, messages bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.business_id, m.state, count(*) FROM messages m GROUP BY m.business_id, m.state
     ORDER BY m.business_id, m.state
$$;

CREATE FUNCTION waiting_messages() RETURNS TABLE (business_id text, messages bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.business_id, count(*) FROM messages m WHERE m.state = 'waiting' GROUP BY m.business_id
$$;


-- The receivers of facts: one document each, without its secret, which is kept nowhere. A business reads and writes its
-- own; the process that sends finds all of them through a function.

CREATE TABLE webhooks (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,  -- one more with each change
    data        text NOT NULL,  -- JSON
    PRIMARY KEY (business_id, id)
);
SELECT keep_apart('webhooks');
CREATE POLICY owner_sends ON webhooks TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE FUNCTION all_webhooks() RETURNS SETOF webhooks
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM webhooks ORDER BY business_id, id
$$;
