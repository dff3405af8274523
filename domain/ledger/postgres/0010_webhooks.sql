-- The receivers of facts: one document each, without its secret, which is kept nowhere. A business reads and writes its
-- own; the process that sends finds all of them through a function.

CREATE TABLE webhooks (
    business_id text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,  -- one more with each change
    data        text NOT NULL,  -- JSON
    PRIMARY KEY (business_id, id)
);
ALTER TABLE webhooks ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhooks FORCE ROW LEVEL SECURITY;
CREATE POLICY one_business ON webhooks USING (business_id = current_setting('carnet.business', true));
CREATE POLICY owner_sends ON webhooks TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE FUNCTION all_webhooks() RETURNS SETOF webhooks
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM webhooks ORDER BY business_id, id
$$;
