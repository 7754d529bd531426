-- Takes out every trigger that tells of writes, and the functions.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtname = 'pgmcp_tell_definitions') THEN
        DROP EVENT TRIGGER pgmcp_tell_definitions;
    END IF;
END $$;
DROP FUNCTION IF EXISTS pgmcp.watch(regclass);
DROP FUNCTION IF EXISTS pgmcp.tell_definitions();
DROP FUNCTION IF EXISTS pgmcp.tell_cache() CASCADE
