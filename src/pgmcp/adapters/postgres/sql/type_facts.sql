-- The types of `seeds(oid)` and all that they are made of, as rows of `type_facts(facts)`.
-- A fragment of a WITH RECURSIVE list. Source: pg_type, pg_range, pg_attribute, pg_enum, pg_depend.
needed(oid) AS (
    SELECT s.oid FROM seeds AS s
    UNION
    SELECT d.oid
    FROM needed AS n
    JOIN pg_catalog.pg_type AS t ON t.oid = n.oid
    CROSS JOIN LATERAL (
        SELECT t.typelem WHERE t.typelem <> 0 AND t.typlen = -1
        UNION ALL
        SELECT t.typbasetype WHERE t.typtype = 'd'
        UNION ALL
        SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid
        UNION ALL
        SELECT r.rngtypid FROM pg_catalog.pg_range AS r WHERE r.rngmultitypid = t.oid
        UNION ALL
        SELECT a.atttypid
        FROM pg_catalog.pg_attribute AS a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS d(oid)
),
type_facts(facts) AS (
    SELECT pg_catalog.json_build_object(
        'oid', t.oid::int8,
        'name', t.typname,
        'schema', n.nspname,
        'kind', CASE WHEN e.oid IS NOT NULL THEN 'a' ELSE t.typtype END,
        'element', coalesce(e.oid, r.rngsubtype, m.rngtypid)::int8,
        'base', nullif(t.typbasetype, 0)::int8,
        'labels', (
            SELECT pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder)
            FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid
        ),
        'attributes', (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.atttypid::int8) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ),
        'extension', (
            SELECT x.extname
            FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS x ON x.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
              AND d.refclassid = 'pg_catalog.pg_extension'::regclass
        )
    )
    FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    -- A true array is what its element names as its array: int2vector has elements too, but is none.
    LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND e.typarray = t.oid
    LEFT JOIN pg_catalog.pg_range AS r ON r.rngtypid = t.oid
    LEFT JOIN pg_catalog.pg_range AS m ON m.rngmultitypid = t.oid
    WHERE t.oid IN (SELECT needed.oid FROM needed)
)
