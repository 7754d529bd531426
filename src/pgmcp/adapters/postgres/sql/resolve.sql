-- Who the ids of a query tree are: relations, functions, operators and types, with whatever types bring along.
-- $1 relations, $2 functions, $3 operators, $4 types that are not PostgreSQL's own. Source: chapter 53 (System Catalogs).
WITH RECURSIVE
type_ids(root, oid) AS (
    SELECT wanted, wanted FROM unnest($4::text[]::oid[]) AS wanted
    UNION
    SELECT type_ids.root, part.oid
    FROM type_ids
    JOIN pg_catalog.pg_type AS t ON t.oid = type_ids.oid
    CROSS JOIN LATERAL (
        SELECT t.typbasetype
        UNION ALL SELECT t.typelem
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
            WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid OR r.rngmultitypid = t.oid
    ) AS part(oid)
    WHERE part.oid >= 16384
),
type_calls(root, oid) AS (
    -- A cast to a domain runs what its checks call, be it deep inside a row or an array.
    SELECT type_ids.root, coalesce(o.oprcode::oid, d.refobjid)
    FROM type_ids
    JOIN pg_catalog.pg_constraint AS c ON c.contypid = type_ids.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = c.oid
        AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
    LEFT JOIN pg_catalog.pg_operator AS o
        ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND o.oid = d.refobjid
    UNION
    -- Reading and writing a base type's text is a call, too.
    SELECT type_ids.root, io.oid
    FROM type_ids
    JOIN pg_catalog.pg_type AS t ON t.oid = type_ids.oid AND t.typtype = 'b'
    CROSS JOIN LATERAL (VALUES (t.typinput::oid), (t.typoutput::oid)) AS io(oid)
    WHERE io.oid >= 16384
),
json_calls(root, oid) AS (
    -- What makes JSON of a value calls the cast of its type to json, be it deep inside a row or an array.
    SELECT type_ids.root, c.castfunc
    FROM type_ids JOIN pg_catalog.pg_cast AS c ON c.castsource = type_ids.oid
    WHERE c.castfunc >= 16384 AND c.casttarget IN ('pg_catalog.json'::regtype, 'pg_catalog.jsonb'::regtype)
),
operator_calls(operator, oid) AS (
    SELECT o.oid, o.oprcode::oid FROM pg_catalog.pg_operator AS o WHERE o.oid = ANY ($3::text[]::oid[])
),
named(oid) AS (
    SELECT unnest($2::text[]::oid[])
    UNION SELECT oid FROM operator_calls
    UNION SELECT oid FROM type_calls
    UNION SELECT oid FROM json_calls
),
-- An aggregate promises nothing itself: its parts do the work.
parts(aggregate, oid) AS (
    SELECT named.oid, part.oid
    FROM named
    JOIN pg_catalog.pg_aggregate AS a ON a.aggfnoid = named.oid
    CROSS JOIN LATERAL (
        VALUES (a.aggtransfn::oid), (a.aggfinalfn::oid), (a.aggcombinefn::oid), (a.aggserialfn::oid),
            (a.aggdeserialfn::oid), (a.aggmtransfn::oid), (a.aggminvtransfn::oid), (a.aggmfinalfn::oid)
    ) AS part(oid)
    WHERE part.oid <> 0
),
function_ids(oid) AS (SELECT oid FROM named UNION SELECT oid FROM parts WHERE parts.oid >= 16384),
type_relations(root, oid) AS (
    SELECT type_ids.root, t.typrelid
    FROM type_ids JOIN pg_catalog.pg_type AS t ON t.oid = type_ids.oid
    WHERE t.typrelid <> 0
),
relation_ids(oid) AS (SELECT unnest($1::text[]::oid[]) UNION SELECT oid FROM type_relations),
up(start, oid, depth) AS (
    SELECT i.inhrelid, i.inhparent, 1
    FROM pg_catalog.pg_inherits AS i
    WHERE i.inhrelid IN (SELECT oid FROM relation_ids)
    UNION ALL
    SELECT up.start, i.inhparent, up.depth + 1
    FROM up JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = up.oid
),
down(start, oid) AS (
    SELECT i.inhparent, i.inhrelid
    FROM pg_catalog.pg_inherits AS i
    WHERE i.inhparent IN (SELECT oid FROM relation_ids)
    UNION
    SELECT down.start, i.inhrelid
    FROM down JOIN pg_catalog.pg_inherits AS i ON i.inhparent = down.oid
),
-- What a materialised view was filled from, through views: its rows are theirs, of some time ago.
filled(start, oid, number) AS (
    SELECT r.ev_class, d.refobjid, d.refobjsubid
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> c.oid
    WHERE c.oid IN (SELECT oid FROM relation_ids) AND c.relkind = 'm'
    UNION
    SELECT filled.start, d.refobjid, d.refobjsubid
    FROM filled
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = filled.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> filled.oid
),
keys(oid, other) AS (
    SELECT f.conrelid, f.confrelid FROM pg_catalog.pg_constraint AS f
    WHERE f.contype = 'f' AND f.conrelid IN (SELECT oid FROM relation_ids UNION SELECT oid FROM down)
    UNION
    SELECT f.confrelid, f.conrelid FROM pg_catalog.pg_constraint AS f
    WHERE f.contype = 'f' AND f.confrelid IN (SELECT oid FROM relation_ids UNION SELECT oid FROM down)
),
name_of(oid, name) AS (
    SELECT c.oid, pg_catalog.json_build_array(n.nspname, c.relname)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid IN (
        SELECT oid FROM relation_ids UNION SELECT oid FROM up UNION SELECT oid FROM down UNION SELECT oid FROM filled
        UNION SELECT other FROM keys
    )
)
SELECT pg_catalog.json_build_object(
    'relations', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', c.oid::int8,
            'name', name_of.name,
            'kind', c.relkind,
            'columns', (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname))
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            ),
            'ancestors', (
                SELECT pg_catalog.json_agg(n.name ORDER BY up.depth)
                FROM up JOIN name_of AS n ON n.oid = up.oid WHERE up.start = c.oid
            ),
            'sources', (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.name, s.columns))
                FROM (
                    SELECT f.oid, pg_catalog.json_agg(a.attname) FILTER (WHERE a.attname IS NOT NULL) AS columns
                    FROM filled AS f
                    LEFT JOIN pg_catalog.pg_attribute AS a
                        ON a.attrelid = f.oid AND a.attnum = f.number AND a.attnum > 0
                    WHERE f.start = c.oid
                    GROUP BY f.oid
                ) AS s
                JOIN name_of AS n ON n.oid = s.oid
            ),
            'indexes', (
                SELECT pg_catalog.json_agg(x.relname)
                FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
                WHERE i.indrelid = c.oid OR i.indrelid IN (SELECT down.oid FROM down WHERE down.start = c.oid)
            ),
            'computed', (
                SELECT pg_catalog.json_agg(pg_catalog.pg_get_expr(d.adbin, d.adrelid))
                FROM pg_catalog.pg_attribute AS a
                JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                WHERE a.attgenerated = 'v' AND NOT a.attisdropped
                    AND (a.attrelid = c.oid OR a.attrelid IN (SELECT down.oid FROM down WHERE down.start = c.oid))
            ),
            'keys', (
                SELECT pg_catalog.json_agg(n.name)
                FROM keys JOIN name_of AS n ON n.oid = keys.other
                WHERE keys.oid = c.oid OR keys.oid IN (SELECT down.oid FROM down WHERE down.start = c.oid)
            ),
            'descendants', (
                SELECT pg_catalog.json_agg(n.name) FROM down JOIN name_of AS n ON n.oid = down.oid
                WHERE down.start = c.oid
            )
        ))
        FROM relation_ids AS r
        JOIN pg_catalog.pg_class AS c ON c.oid = r.oid
        JOIN name_of ON name_of.oid = r.oid
    ),
    'functions', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', p.oid::int8,
            'name', pg_catalog.json_build_array(n.nspname, p.proname),
            'volatility', p.provolatile,
            'language', l.lanname,
            'security_definer', p.prosecdef,
            -- What came into being with a range type makes its values, and is PostgreSQL's own code.
            'made', EXISTS (
                SELECT FROM pg_catalog.pg_depend AS d
                WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i'
                    AND d.refclassid = 'pg_catalog.pg_type'::regclass
            ),
            'parts', (SELECT pg_catalog.json_agg(parts.oid::int8) FROM parts WHERE parts.aggregate = p.oid),
            'extension', (
                SELECT x.extname
                FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS x ON x.oid = d.refobjid
                WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
                    AND d.refclassid = 'pg_catalog.pg_extension'::regclass
            )
        ))
        FROM function_ids AS f
        JOIN pg_catalog.pg_proc AS p ON p.oid = f.oid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    ),
    'operators', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(operator::int8, oid::int8)) FROM operator_calls),
    'types', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', wanted::int8,
            'functions', (SELECT pg_catalog.json_agg(oid::int8) FROM type_calls WHERE root = wanted),
            'json', (SELECT pg_catalog.json_agg(oid::int8) FROM json_calls WHERE root = wanted),
            'relations', (SELECT pg_catalog.json_agg(oid::int8) FROM type_relations WHERE root = wanted),
            'name', pg_catalog.json_build_array(n.nspname, coalesce(e.typname, t.typname)),
            'single', coalesce(e.oid, t.oid)::int8
        ))
        FROM unnest($4::text[]::oid[]) AS wanted
        JOIN pg_catalog.pg_type AS t ON t.oid = wanted
        JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
        LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND e.typarray = t.oid
    )
)::text
