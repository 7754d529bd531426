-- The estimated rows and the bytes of `page(oid, relkind)`, of a partitioned table those of its leaves; NULL for what has none.
-- A fragment: a LATERAL subquery of one row.
    SELECT
        CASE
            WHEN page.relkind IN ('r', 'm', 'f') THEN (
                SELECT nullif(c.reltuples, -1)::int8 FROM pg_catalog.pg_class AS c WHERE c.oid = page.oid
            )
            WHEN page.relkind = 'p' THEN (
                SELECT pg_catalog.sum(nullif(c.reltuples, -1))::int8
                FROM pg_catalog.pg_partition_tree(page.oid) AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
                WHERE t.isleaf
            )
        END AS rows,
        CASE
            WHEN page.relkind IN ('r', 'm') THEN pg_catalog.pg_total_relation_size(page.oid)
            WHEN page.relkind = 'p' THEN (
                SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(t.relid))::int8
                FROM pg_catalog.pg_partition_tree(page.oid) AS t WHERE t.isleaf
            )
        END AS bytes
