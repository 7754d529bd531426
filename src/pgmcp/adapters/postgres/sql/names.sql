-- $1: a schema or NULL. Names of relations as a caller may write them, for hints: those that the role may use.
SELECT CASE
        WHEN pg_catalog.pg_table_is_visible(c.oid) OR $1::text IS NOT NULL THEN c.relname::text
        ELSE n.nspname || '.' || c.relname
    END, n.nspname::text, c.relname::text
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND CASE
      WHEN $1::text IS NOT NULL THEN n.nspname = $1::text::name
      ELSE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  END
  AND
-- include usable
ORDER BY NOT pg_catalog.pg_table_is_visible(c.oid), c.relispartition, n.nspname, c.relname
LIMIT 2000
