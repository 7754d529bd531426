-- $1: names of roles. One text: what there is of all that a policy speaks of beside relations. Source: sections 9.27.1
-- (access privilege inquiry) and 53.25 (pg_settings); PostgreSQL 15 has no privilege SET of roles, members may take them.
WITH seen AS (
    SELECT c.oid, c.relnamespace
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
),
functions AS (
    SELECT DISTINCT n.nspname, p.proname
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
    ORDER BY n.nspname, p.proname
    LIMIT 20000
)
SELECT pg_catalog.json_build_object(
    'functions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(f.nspname, f.proname)) FROM functions AS f),
    'roles', (
        SELECT pg_catalog.json_object_agg(r.rolname, pg_catalog.json_build_object(
            'taken', CASE
                WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                    THEN pg_catalog.pg_has_role(r.oid, 'SET')
                ELSE pg_catalog.pg_has_role(r.oid, 'MEMBER')
            END,
            'superuser', r.rolsuper,
            'bypasses_row_security', r.rolbypassrls AND NOT r.rolsuper,
            'readable', (
                SELECT pg_catalog.count(*) FROM seen
                WHERE pg_catalog.has_schema_privilege(r.oid, seen.relnamespace, 'USAGE')
                  AND pg_catalog.has_any_column_privilege(r.oid, seen.oid, 'SELECT')
            ),
            'writable', (
                SELECT pg_catalog.count(*) FROM seen
                WHERE pg_catalog.has_schema_privilege(r.oid, seen.relnamespace, 'USAGE')
                  AND (
                      pg_catalog.has_any_column_privilege(r.oid, seen.oid, 'INSERT, UPDATE')
                      OR pg_catalog.has_table_privilege(r.oid, seen.oid, 'DELETE')
                  )
            )
        ))
        FROM pg_catalog.pg_roles AS r
        WHERE r.rolname = ANY ($1::text[])
    ),
    'settings', (
        SELECT pg_catalog.json_object_agg(s.name, CASE
            WHEN s.context = 'superuser' THEN pg_catalog.has_parameter_privilege(s.name, 'SET')
            ELSE s.context = 'user'
        END)
        FROM pg_catalog.pg_settings AS s
    )
)::text
