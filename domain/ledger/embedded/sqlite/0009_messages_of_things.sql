-- A message may be about a booking, a rule that tops up or the customer, goes by one of several channels, and may have
-- an occasion instead of a fact: the start of a booking, a year. Settled messages are forgotten after a while.

ALTER TABLE messages RENAME COLUMN package_id TO thing_id;
ALTER TABLE messages ADD COLUMN channel TEXT NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'sms', 'whatsapp'));
ALTER TABLE messages ADD COLUMN occasion INTEGER;
CREATE INDEX messages_settled ON messages (business_id, settled_at) WHERE settled_at IS NOT NULL;
