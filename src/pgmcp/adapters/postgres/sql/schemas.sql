-- $1: 'true' to include the system's own. One row a schema, those on the search path first; what the
-- role may use in it is counted.
SELECT n.nspname::text, pg_catalog.pg_get_userbyid(n.nspowner)::text, (
        SELECT pg_catalog.count(*)
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
          AND
-- include usable
    )::text,
    (p.place IS NOT NULL)::text, pg_catalog.obj_description(n.oid, 'pg_namespace')
FROM pg_catalog.pg_namespace AS n
LEFT JOIN pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS p(name, place) ON p.name = n.nspname
WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND ($1::text = 'true' OR (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'))
ORDER BY p.place, n.nspname
