-- A message may be about a booking, a rule that tops up or the customer, goes by one of several channels, and may have
-- an occasion instead of a fact: the start of a booking, a year. Settled messages are forgotten after a while.

ALTER TABLE messages RENAME COLUMN package_id TO thing_id;
ALTER TABLE messages ADD COLUMN channel text NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'sms', 'whatsapp'));
ALTER TABLE messages ADD COLUMN occasion bigint;
DROP INDEX messages_in_order;
CREATE INDEX messages_in_order ON messages (business_id, position, id);
CREATE INDEX messages_settled ON messages (business_id, settled_at) WHERE settled_at IS NOT NULL;

DROP FUNCTION due_messages(bigint, integer);
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

CREATE FUNCTION add_messages(business text, planned jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO messages
    SELECT * FROM jsonb_populate_recordset(NULL::messages, planned) AS p WHERE p.business_id = business
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION forget_messages(business text, settled_before bigint, at_most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH gone AS (
        DELETE FROM messages WHERE business_id = business AND id IN (
            SELECT m.id FROM messages m WHERE m.business_id = business AND m.settled_at < settled_before LIMIT at_most)
        RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;
