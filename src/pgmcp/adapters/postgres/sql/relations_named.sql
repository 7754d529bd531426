-- Which relations have these names, of whatever kind: [schema, name] of each. $1 schemas, empty where none is said;
-- $2 names. Nothing is looked up that the role may not use, which would be an error of its own.
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname))::text
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS named(schema, name)
JOIN pg_catalog.pg_class AS c ON c.relname = named.name
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = named.schema OR (named.schema = '' AND pg_catalog.pg_table_is_visible(c.oid))
