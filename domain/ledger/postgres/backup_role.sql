-- The role for dumps, which only a superuser can make, as it passes row-level security. It reads what it dumps with our
-- commands too: `carnet verify`.

GRANT USAGE ON SCHEMA {schema} TO {backup};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {backup};
GRANT EXECUTE ON FUNCTION
    number_of(text), for_business(text), table_space(text[]), heads(), business_ids(), known_peppers(), current_place(), registered_servers(), message_totals(), all_webhooks(),
    filled(text, bytea), require_business(text), facts_of(text[], bigint[], integer[]),
    load_all(question[]), moment_of(requests), people_of(text, text),
    load(text, bigint[], integer[], bigint[], text[], text[], boolean, text[], text[], uuid[], bigint[])
    TO {backup};
