-- $1: a name, $2: a schema or NULL for the search path. One text: a relation with its columns and their types.
WITH RECURSIVE found AS (
    SELECT
        c.oid, c.relname, c.relkind, c.relhassubclass, n.nspname,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS reached
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relname = $1::text::name
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2::text::name END
    LIMIT 1
),
listed AS (
    SELECT a.*, t.typnotnull, t.typcollation
    FROM found
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = found.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
),
keys AS (
    SELECT i.indisprimary AS is_primary, pg_catalog.json_agg(a.attname ORDER BY k.place) AS names
    FROM found
    JOIN pg_catalog.pg_index AS i ON i.indrelid = found.oid
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
    LEFT JOIN listed AS a ON a.attnum = k.number
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
      AND k.place <= i.indnkeyatts
    GROUP BY i.indexrelid, i.indisprimary
    HAVING pg_catalog.bool_and(a.attnotnull)
    ORDER BY i.indexrelid
),
late AS ( -- what ON CONFLICT can't go by, whatever it is over
    SELECT pg_catalog.json_agg(a.attname ORDER BY k.place) AS names
    FROM found
    JOIN pg_catalog.pg_index AS i ON i.indrelid = found.oid
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
    LEFT JOIN listed AS a ON a.attnum = k.number
    WHERE NOT i.indimmediate AND k.place <= i.indnkeyatts
    GROUP BY i.indexrelid
    ORDER BY i.indexrelid
),
used(oid) AS ( -- the relation, and those that it is a view of
    SELECT found.oid FROM found
    UNION
    SELECT d.refobjid
    FROM used
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = used.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE d.refclassid = 'pg_class'::regclass
),
above(oid, distance) AS ( -- what it is a partition or a child of
    SELECT h.inhparent, 1 FROM found JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = found.oid
    UNION
    SELECT h.inhparent, above.distance + 1 FROM above JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = above.oid
),
seeds(oid) AS (
    SELECT listed.atttypid FROM listed
),
-- include type_facts
SELECT pg_catalog.json_build_object(
    'schema', found.nspname,
    'name', found.relname,
    'kind', found.relkind,
    'on_path', pg_catalog.pg_table_is_visible(found.oid),
    'has_children', found.relkind = 'r' AND EXISTS (
        SELECT FROM pg_catalog.pg_inherits AS h WHERE found.relhassubclass AND h.inhparent = found.oid
    ),
    -- What belongs to it (triggers, defaults, checks, policies, rules, indexes) and depends on a function; built-in ones
    -- are not recorded there.
    'runs_code', EXISTS (
        SELECT
        FROM used
        JOIN pg_catalog.pg_depend AS own ON own.refclassid = 'pg_class'::regclass AND own.refobjid = used.oid
        JOIN pg_catalog.pg_depend AS uses ON uses.classid = own.classid AND uses.objid = own.objid
        JOIN pg_catalog.pg_proc AS p ON p.oid = uses.refobjid
        JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
        WHERE own.deptype IN ('a', 'i') AND uses.refclassid = 'pg_proc'::regclass
          AND l.lanname NOT IN ('internal', 'c')
    ),
    'ancestors', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname) ORDER BY above.distance, c.oid)
        FROM above
        JOIN pg_catalog.pg_class AS c ON c.oid = above.oid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    ),
    'changes', pg_catalog.pg_relation_is_updatable(found.oid, true),
    'comment', pg_catalog.obj_description(found.oid, 'pg_class'),
    'granted', pg_catalog.concat_ws(',',
        CASE WHEN found.reached AND pg_catalog.has_any_column_privilege(found.oid, 'SELECT') THEN 'read' END,
        CASE WHEN found.reached AND pg_catalog.has_any_column_privilege(found.oid, 'INSERT') THEN 'create' END,
        CASE WHEN found.reached AND pg_catalog.has_any_column_privilege(found.oid, 'UPDATE') THEN 'update' END,
        CASE WHEN found.reached AND pg_catalog.has_table_privilege(found.oid, 'DELETE') THEN 'delete' END
    ),
    'primary_key', (SELECT k.names FROM keys AS k WHERE k.is_primary),
    'unique', (SELECT pg_catalog.json_agg(k.names) FROM keys AS k WHERE NOT k.is_primary),
    'late', (SELECT pg_catalog.json_agg(l.names) FROM late AS l),
    'columns', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname,
            'type', a.atttypid::int8,
            'spelt', CASE WHEN a.atttypmod >= 0 THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END,
            'readable', pg_catalog.has_column_privilege(found.oid, a.attnum, 'SELECT'),
            'fixed', pg_catalog.concat_ws(',',
                CASE WHEN NOT pg_catalog.has_column_privilege(found.oid, a.attnum, 'INSERT') THEN 'create' END,
                CASE WHEN NOT pg_catalog.has_column_privilege(found.oid, a.attnum, 'UPDATE') THEN 'update' END
            ),
            'nullable', NOT (a.attnotnull OR a.typnotnull),
            'default', CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
            'generated', CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
            'identity', a.attidentity,
            'comment', pg_catalog.col_description(a.attrelid, a.attnum),
            'collation', (
                SELECT l.collname FROM pg_catalog.pg_collation AS l
                WHERE l.oid = a.attcollation AND a.attcollation <> a.typcollation
            )
        ) ORDER BY a.attnum)
        FROM listed AS a
        LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    ),
    'types', (SELECT pg_catalog.json_agg(f.facts) FROM type_facts AS f)
)::text
FROM found
