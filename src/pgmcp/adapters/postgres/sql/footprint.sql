-- $1: a process. One text: what it holds on relations that are not the system's, and the processes that wait for it.
SELECT pg_catalog.json_build_object(
    'locks', (
        SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', pg_catalog.json_build_array(held.schema, held.name), 'relation', held.relation, 'mode', held.mode
        ) ORDER BY held.relation, held.mode), '[]')
        FROM (
            SELECT DISTINCT space.nspname AS schema, class.relname AS name, class.oid::regclass::text AS relation,
                locks.mode
            FROM pg_catalog.pg_locks AS locks
            JOIN pg_catalog.pg_class AS class ON class.oid = locks.relation
            JOIN pg_catalog.pg_namespace AS space ON space.oid = class.relnamespace
            JOIN pg_catalog.pg_database AS base ON base.oid = locks.database
            WHERE locks.pid = $1::text::int4 AND locks.granted AND locks.locktype = 'relation'
                AND base.datname = pg_catalog.current_database()
                AND class.relkind IN ('r', 'p', 'v', 'm', 'f')
                AND space.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
            LIMIT 100
        ) AS held
    ),
    'blocking', (
        SELECT COALESCE(pg_catalog.json_agg(waiting.pid ORDER BY waiting.pid), '[]')
        FROM (
            SELECT DISTINCT locks.pid FROM pg_catalog.pg_locks AS locks
            WHERE NOT locks.granted AND $1::text::int4 = ANY (pg_catalog.pg_blocking_pids(locks.pid))
            LIMIT 100
        ) AS waiting
    )
)::text
