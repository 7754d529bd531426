-- $1: a schema or NULL, $2: a text to look for or NULL, $3: 'true' to include views, $4 and $5: schema and name to go on
-- behind or NULL, $6: rows at the most. Relations that the role may use, those on the search path first; a partition is
-- its parent's business unless it is looked for.
WITH path AS (
    SELECT p.name, p.place
    FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS p(name, place)
),
page AS (
    SELECT c.oid, c.relname, c.relkind, n.nspname, p.place, pg_catalog.pg_table_is_visible(c.oid) AS visible
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN path AS p ON p.name = n.nspname
    WHERE c.relkind IN ('r', 'p', 'f', CASE WHEN $3::text = 'true' THEN 'v' END, CASE WHEN $3::text = 'true' THEN 'm' END)
      AND CASE
          WHEN $1::text IS NOT NULL THEN n.nspname = $1::text::name
          ELSE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      END
      AND
-- include usable
      AND CASE
          WHEN $2::text IS NULL THEN NOT c.relispartition
          -- Names, and with them comments, are in the collation "C", in which ASCII alone has cases.
          ELSE pg_catalog.strpos(
                  pg_catalog.lower(c.relname::text COLLATE pg_catalog."default"), pg_catalog.lower($2::text)
              ) > 0
              OR pg_catalog.strpos(
                  pg_catalog.lower(pg_catalog.obj_description(c.oid, 'pg_class') COLLATE pg_catalog."default"),
                  pg_catalog.lower($2::text)
              ) > 0
      END
      AND (
          $5::text IS NULL
          OR (coalesce(p.place, 2147483647), n.nspname::text COLLATE "C", c.relname::text COLLATE "C")
              > (coalesce((SELECT q.place FROM path AS q WHERE q.name = $4::text::name), 2147483647), $4::text, $5::text)
      )
    ORDER BY coalesce(p.place, 2147483647), n.nspname::text COLLATE "C", c.relname::text COLLATE "C"
    LIMIT $6::text::int8
)
SELECT page.nspname::text, page.relname::text, page.visible::text, page.relkind::text, size.rows::text, size.bytes::text,
    pg_catalog.obj_description(page.oid, 'pg_class')
FROM page
CROSS JOIN LATERAL (
-- include size
) AS size
ORDER BY coalesce(page.place, 2147483647), page.nspname::text COLLATE "C", page.relname::text COLLATE "C"
