-- The room that tables take, each with its indexes. Rows of all businesses are counted; no row is shown.
CREATE FUNCTION table_space(names text[]) RETURNS TABLE (named text, counted bigint, bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('carnet.business', '*', true);
    FOREACH named IN ARRAY names LOOP
        EXECUTE format('SELECT count(*), pg_total_relation_size(%L) FROM %I', quote_ident(named), named)
           INTO counted, bytes;
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('carnet.business', '', true);
END $$;
