-- Who may do what. Run after every migration, when the roles exist; running it again changes nothing.
--
--   carnet_owner   owns everything here; migrates; logs in for nothing else
--   carnet_app     serves one business at a time: reads what its transaction is for, writes by functions only
--   carnet_worker  reads the heads and facts of all businesses, to keep read models
--   carnet_auditor reads one business at a time, and writes nothing
--   carnet_backup  reads everything past row-level security (backup_role.sql)

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
GRANT USAGE ON SCHEMA {schema} TO carnet_app, carnet_worker, carnet_auditor;
GRANT SELECT ON schema_migrations TO carnet_app, carnet_worker, carnet_auditor;

GRANT SELECT ON ledgers, facts, shapes, readable_facts, streams, claims, requests, people, people_search, texts, photos,
    api_keys, key_rosters, messages, message_positions TO carnet_app;
GRANT INSERT, UPDATE (revoked_at, guard) ON api_keys TO carnet_app;
GRANT INSERT, UPDATE (ids, mac) ON key_rosters TO carnet_app;
GRANT SELECT, INSERT, UPDATE (revision, data) ON webhooks TO carnet_app;
GRANT INSERT ON photos TO carnet_app;
GRANT SELECT, INSERT, DELETE ON verifications TO carnet_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON report_sums TO carnet_app;
GRANT DELETE ON people, texts, photos TO carnet_app;
GRANT EXECUTE ON FUNCTION
    table_space(text[]), number_of(text), for_business(text), heads(), grown_heads(text), business_ids(), has_keys(), known_peppers(), settle_pepper(bytea, bytea, bigint),
    current_place(), registered_servers(), add_server(text, text, text, bigint, text[]), remove_server(text),
    message_switch(), switch_messages_on(text, bigint, boolean), switch_messages_off(), message_positions(), message_totals(), waiting_messages(),
    all_webhooks(), plan_messages(text, bigint, jsonb), due_messages(bigint, integer, boolean),
    add_messages(text, jsonb), forget_messages(text, bigint, integer),
    put_message(text, text, text, integer, bigint, bigint, text),
    erase(text, text, text, bigint), gather_statistics(),
    open_ledger(text, bytea), lock_head(text), moment_for(bigint, bigint), append(text, bigint, command[]),
    append_all(text[], integer[], bigint, command[]), find_key(text), find_keys(text[]), filled(text, bytea),
    keep_shapes(integer[], text[], text[], integer[], text[], integer),
    search_people(text, text[], text[], text, integer),
    require_business(text), facts_of(text[], bigint[], integer[]), load_all(question[]), moment_of(requests), people_of(text, text),
    load(text, bigint[], integer[], bigint[], text[], text[], boolean, text[], text[], uuid[], bigint[])
    TO carnet_app;

GRANT SELECT (business_id, number, position, hash, recorded_at) ON ledgers TO carnet_worker;
GRANT SELECT ON facts, shapes, readable_facts, streams TO carnet_worker;
GRANT EXECUTE ON FUNCTION number_of(text), for_business(text), heads(), grown_heads(text), filled(text, bytea), facts_of(text[], bigint[], integer[])
    TO carnet_worker;

-- A policy locks its table against everybody: one that is there is left as it is.
DO $$
DECLARE
    read_by_worker text;
BEGIN
    FOREACH read_by_worker IN ARRAY ARRAY['ledgers', 'facts', 'streams'] LOOP
        IF NOT EXISTS (SELECT FROM pg_policy
                        WHERE polrelid = read_by_worker::regclass AND polname = 'worker_reads') THEN
            EXECUTE format('CREATE POLICY worker_reads ON %I FOR SELECT TO carnet_worker USING (true)', read_by_worker);
        END IF;
    END LOOP;
END $$;

GRANT SELECT ON ledgers, facts, shapes, readable_facts, streams, claims, requests, people, people_search, texts, photos, messages,
    message_positions, webhooks, verifications, report_sums, api_keys, key_rosters TO carnet_auditor;
GRANT EXECUTE ON FUNCTION
    number_of(text), for_business(text), table_space(text[]), heads(), grown_heads(text), business_ids(), known_peppers(), current_place(), registered_servers(), message_totals(), all_webhooks(),
    require_business(text), facts_of(text[], bigint[], integer[]), search_people(text, text[], text[], text, integer),
    filled(text, bytea), load_all(question[]), moment_of(requests), people_of(text, text),
    load(text, bigint[], integer[], bigint[], text[], text[], boolean, text[], text[], uuid[], bigint[])
    TO carnet_auditor;
