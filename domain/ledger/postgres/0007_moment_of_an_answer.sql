-- The recorded moment goes into the members `…_at` of an answer that begin with the mark (domain/values.py). Before,
-- `append` and `append_all` replaced the mark in every text, also where a caller had written it.
DO $$
DECLARE
    before text := 'replace(c.body, ''{recorded_at}'', ';
    named regprocedure;
BEGIN
    FOR named IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = current_schema()::regnamespace AND proname IN ('append', 'append_all')
           AND strpos(prosrc, before) > 0
    LOOP
        EXECUTE replace(pg_get_functiondef(named), before,
                        'replace(c.body, ''_at":"{recorded_at}'', ''_at":"'' || ');
    END LOOP;
END $$;
