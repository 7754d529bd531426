-- What tells listeners of writes and of changed definitions; transactional, so told at commit and not before.
CREATE SCHEMA IF NOT EXISTS pgmcp;
CREATE OR REPLACE FUNCTION pgmcp.tell_cache() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('pgmcp_cache', 't:' || TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION pgmcp.tell_definitions() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    IF TG_TAG LIKE 'DROP%' OR EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands() AS c WHERE c.schema_name IS DISTINCT FROM 'pg_temp'
    ) THEN
        PERFORM pg_notify('pgmcp_cache', 'ddl');
    END IF;
END $$;
CREATE OR REPLACE FUNCTION pgmcp.watch(watched regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    part regclass;
BEGIN
    -- Statement triggers fire on the table that a statement names, so partitions and children need their own.
    FOR part IN
        WITH RECURSIVE parts(oid) AS (
            SELECT watched::oid
            UNION
            SELECT CASE WHEN h.inhparent = p.oid THEN h.inhrelid ELSE h.inhparent END
            FROM parts AS p
            JOIN pg_inherits AS h ON p.oid IN (h.inhparent, h.inhrelid)
        )
        SELECT p.oid FROM parts AS p
    LOOP
        IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = part AND t.tgname = 'pgmcp_tell_cache') THEN
            EXECUTE format(
                'CREATE TRIGGER pgmcp_tell_cache AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
                'FOR EACH STATEMENT EXECUTE FUNCTION pgmcp.tell_cache()', part
            );
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER pgmcp_tell_cache', part);
        END IF;
    END LOOP;
END $$;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtname = 'pgmcp_tell_definitions') THEN
        CREATE EVENT TRIGGER pgmcp_tell_definitions ON ddl_command_end EXECUTE FUNCTION pgmcp.tell_definitions();
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    -- For superusers alone: without it changed definitions are noticed by a look at the catalogue, some seconds later.
    NULL;
END $$
