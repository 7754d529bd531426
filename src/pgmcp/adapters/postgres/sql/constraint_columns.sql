-- $1 a schema, $2 a table, $3 a constraint or unique index of it: one row of one JSON object with its columns in order,
-- and the schema and name of the table that a foreign key refers to.
SELECT json_build_object(
  'columns', json_agg(a.attname ORDER BY k.at),
  'refers_to', (
    SELECT json_build_array(n.nspname, t.relname)
    FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE t.oid = named.other
  )
)::text
FROM (
  SELECT c.conrelid AS relation, c.conkey AS columns, c.confrelid AS other
  FROM pg_catalog.pg_constraint c
  WHERE c.conname = $3::text AND c.conrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1::text, $2::text))
  UNION
  SELECT i.indrelid, i.indkey::int2[], 0::oid
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  WHERE x.relname = $3::text AND i.indrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1::text, $2::text))
) named
CROSS JOIN LATERAL unnest(named.columns) WITH ORDINALITY AS k (number, at)
JOIN pg_catalog.pg_attribute a ON a.attrelid = named.relation AND a.attnum = k.number
GROUP BY named.relation, named.columns, named.other
ORDER BY named.other DESC
LIMIT 1
