-- $1: schema, $2: name. One text: what `describe_table` tells beyond the columns.
WITH page AS (
    SELECT c.oid, c.relkind, c.relispartition
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::text::name AND c.relname = $2::text::name
),
shown AS NOT MATERIALIZED ( -- what the role may do nothing with is not told of
    SELECT c.oid, CASE
            WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname::text
            ELSE n.nspname || '.' || c.relname
        END AS name, pg_catalog.json_build_array(n.nspname, c.relname) AS whole
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE
-- include usable
),
-- A partitioned table's key has a copy for each partition on either side; only the one that was declared is told.
foreign_keys AS (
    SELECT k.conrelid, k.confrelid, k.conname, pg_catalog.json_build_object(
        'columns', h.names, 'table', s.name, 'other', s.whole, 'to', t.names, 'on_delete', k.confdeltype, 'on_update', k.confupdtype
    ) AS facts, false AS outside
    FROM page
    JOIN pg_catalog.pg_constraint AS k ON k.contype = 'f' AND k.conrelid = page.oid
    JOIN shown AS s ON s.oid = k.confrelid
    CROSS JOIN LATERAL (
        SELECT pg_catalog.json_agg(a.attname ORDER BY u.place) AS names
        FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number
    ) AS h
    CROSS JOIN LATERAL (
        SELECT pg_catalog.json_agg(a.attname ORDER BY u.place) AS names
        FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number
    ) AS t
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint AS p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid
    )
    UNION ALL
    SELECT k.conrelid, k.confrelid, k.conname, pg_catalog.json_build_object(
        'columns', t.names, 'table', s.name, 'other', s.whole, 'to', h.names, 'on_delete', k.confdeltype, 'on_update', k.confupdtype
    ), true
    FROM page
    JOIN pg_catalog.pg_constraint AS k ON k.contype = 'f' AND k.confrelid = page.oid AND k.conparentid = 0
    JOIN shown AS s ON s.oid = k.conrelid
    CROSS JOIN LATERAL (
        SELECT pg_catalog.json_agg(a.attname ORDER BY u.place) AS names
        FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number
    ) AS h
    CROSS JOIN LATERAL (
        SELECT pg_catalog.json_agg(a.attname ORDER BY u.place) AS names
        FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number
    ) AS t
),
indexes AS (
    SELECT i.indexrelid, i.indisunique, i.indisprimary, c.relname AS name, (
            SELECT pg_catalog.json_agg(a.attname ORDER BY u.place)
            FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS u(number, place)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = u.number
            WHERE u.place <= i.indnkeyatts AND i.indpred IS NULL AND i.indexprs IS NULL
        ) AS names,
        pg_catalog.substring(pg_catalog.pg_get_indexdef(i.indexrelid), ' USING (.*)$') AS definition,
        EXISTS (
            SELECT FROM pg_catalog.pg_constraint AS k
            WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u')
        ) AS declared
    FROM page
    JOIN pg_catalog.pg_index AS i ON i.indrelid = page.oid
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
)
SELECT pg_catalog.json_build_object(
    'foreign_keys', (
        SELECT pg_catalog.json_agg(f.facts ORDER BY f.conname) FROM foreign_keys AS f WHERE NOT f.outside
    ),
    'referenced_by', (
        SELECT pg_catalog.json_agg(f.facts ORDER BY f.conname) FROM foreign_keys AS f WHERE f.outside
    ),
    'unique', (
        SELECT pg_catalog.json_agg(i.names ORDER BY i.name)
        FROM indexes AS i WHERE i.indisunique AND NOT i.indisprimary AND i.names IS NOT NULL
    ),
    'checks', (
        SELECT pg_catalog.json_agg(pg_catalog.pg_get_expr(k.conbin, k.conrelid) ORDER BY k.conname)
        FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = page.oid AND k.contype = 'c'
    ),
    'indexes', (
        SELECT pg_catalog.json_agg(
            i.name || CASE WHEN i.indisunique THEN ' UNIQUE' ELSE '' END || ' USING ' || i.definition ORDER BY i.name
        )
        FROM indexes AS i WHERE NOT i.declared
    ),
    'triggers', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(t.tgname, t.tgtype, t.tgenabled = 'D') ORDER BY t.tgname)
        FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = page.oid AND NOT t.tgisinternal
    ),
    'partition_of', (
        SELECT pg_catalog.json_build_array(s.name, s.whole)
        FROM pg_catalog.pg_inherits AS h JOIN shown AS s ON s.oid = h.inhparent
        WHERE page.relispartition AND h.inhrelid = page.oid
    ),
    'partitions', (
        SELECT pg_catalog.json_agg(s.name ORDER BY s.name)
        FROM pg_catalog.pg_inherits AS h JOIN shown AS s ON s.oid = h.inhrelid
        WHERE page.relkind = 'p' AND h.inhparent = page.oid
    ),
    'partition_names', (
        SELECT pg_catalog.json_agg(s.whole ORDER BY s.name)
        FROM pg_catalog.pg_inherits AS h JOIN shown AS s ON s.oid = h.inhrelid
        WHERE page.relkind = 'p' AND h.inhparent = page.oid
    ),
    'row_security', page.relkind IN ('r', 'p') AND pg_catalog.row_security_active(page.oid),
    'rows', size.rows,
    'bytes', size.bytes
)::text
FROM page
CROSS JOIN LATERAL (
-- include size
) AS size
