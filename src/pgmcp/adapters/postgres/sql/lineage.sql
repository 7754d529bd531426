-- $1: a schema, $2: a name, $3: stable functions that are steady, $4: types that no time can be in. What stands behind a relation, and what a write to it
-- reaches. A view's rule is the analysed query, so that its tables and functions can be read off it, built-ins too.
WITH RECURSIVE target AS (
    SELECT c.oid
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::text::name AND c.relname = $2::text::name
),
-- Through views, down to partitions and children.
behind(oid) AS (
    SELECT t.oid FROM target AS t
    UNION
    SELECT next.oid
    FROM behind AS b
    CROSS JOIN LATERAL (
        SELECT found.hit[1]::oid AS oid
        FROM pg_catalog.pg_rewrite AS w
        JOIN pg_catalog.pg_class AS v ON v.oid = w.ev_class AND v.relkind = 'v'
        CROSS JOIN LATERAL pg_catalog.regexp_matches(w.ev_action::text, ':relid (\d+)', 'g') AS found(hit)
        WHERE w.ev_class = b.oid AND w.ev_type = '1'
        UNION ALL
        SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = b.oid
    ) AS next
),
-- What stands above a table: a write that names it goes down.
above(oid) AS (
    SELECT h.inhparent FROM behind AS b JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = b.oid
    UNION
    SELECT h.inhparent FROM above AS a JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = a.oid
),
-- What foreign keys change when rows of these change.
reached(oid) AS (
    SELECT b.oid FROM behind AS b
    UNION
    SELECT next.oid
    FROM reached AS r
    CROSS JOIN LATERAL (
        SELECT k.conrelid AS oid
        FROM pg_catalog.pg_constraint AS k
        WHERE k.contype = 'f' AND k.confrelid = r.oid
          AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
        UNION ALL
        SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = r.oid
    ) AS next
),
rules AS (
    SELECT w.ev_action::text AS action
    FROM behind AS b
    JOIN pg_catalog.pg_class AS c ON c.oid = b.oid AND c.relkind = 'v'
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = b.oid AND w.ev_type = '1'
),
-- User types that the views' rules speak of, and those inside them.
rule_types(oid) AS (
    SELECT DISTINCT found.hit[1]::oid
    FROM rules AS r
    CROSS JOIN LATERAL pg_catalog.regexp_matches(r.action, ':\w*type(?:id)? (\d+)', 'g') AS found(hit)
    WHERE found.hit[1]::oid >= 16384
    UNION
    SELECT part.oid
    FROM rule_types AS r
    JOIN pg_catalog.pg_type AS t ON t.oid = r.oid
    CROSS JOIN LATERAL (
        SELECT t.typbasetype
        UNION ALL SELECT t.typelem
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
            WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS part(oid)
    WHERE part.oid >= 16384
),
-- What checks, defaults and domains call, by the object that does.
calls(classid, objid, function) AS (
    SELECT d.classid, d.objid, coalesce(o.oprcode::oid, d.refobjid)
    FROM pg_catalog.pg_depend AS d
    LEFT JOIN pg_catalog.pg_operator AS o
        ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND o.oid = d.refobjid
    WHERE d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
      AND d.classid IN (
        'pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_type'::regclass
      )
),
named AS (
    SELECT DISTINCT found.hit[1]::oid AS oid
    FROM rules AS r
    CROSS JOIN LATERAL pg_catalog.regexp_matches(
        r.action, ':(?:funcid|opfuncid|aggfnoid|winfnoid|tsmhandler) (\d+)', 'g'
    ) AS found(hit)
),
called AS (
    SELECT named.oid FROM named
    UNION
    -- A user's aggregate promises nothing itself: its parts do the work.
    SELECT part.oid
    FROM named
    JOIN pg_catalog.pg_aggregate AS a ON a.aggfnoid = named.oid AND named.oid >= 16384
    CROSS JOIN LATERAL (VALUES (a.aggtransfn::oid), (a.aggfinalfn::oid), (a.aggmtransfn::oid), (a.aggmfinalfn::oid))
        AS part(oid)
    WHERE part.oid <> 0
    UNION
    -- A cast to a domain runs its checks; what makes JSON of a value, its type's cast to json.
    SELECT c.function
    FROM rule_types AS r
    JOIN pg_catalog.pg_constraint AS k ON k.contypid = r.oid
    JOIN calls AS c ON c.classid = 'pg_catalog.pg_constraint'::regclass AND c.objid = k.oid
    UNION
    SELECT c.castfunc
    FROM rule_types AS r
    JOIN pg_catalog.pg_cast AS c ON c.castsource = r.oid
    WHERE c.castfunc <> 0 AND c.casttarget IN ('pg_catalog.json'::regtype, 'pg_catalog.jsonb'::regtype)
),
every(oid, how) AS (
    SELECT b.oid, 'behind' FROM behind AS b
    UNION ALL
    SELECT a.oid, 'above' FROM above AS a WHERE a.oid NOT IN (SELECT b.oid FROM behind AS b)
    UNION ALL
    SELECT r.oid, 'reached' FROM reached AS r WHERE r.oid NOT IN (SELECT b.oid FROM behind AS b)
),
-- The types of each one's columns, and those inside them.
column_types(relid, oid) AS (
    SELECT e.oid, a.atttypid
    FROM every AS e
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = e.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE a.atttypid >= 16384
    UNION
    SELECT c.relid, part.oid
    FROM column_types AS c
    JOIN pg_catalog.pg_type AS t ON t.oid = c.oid
    CROSS JOIN LATERAL (
        SELECT t.typbasetype
        UNION ALL SELECT t.typelem
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
            WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS part(oid)
    WHERE part.oid >= 16384
),
-- Those whose defaults and checks, or whose columns' domains, call what may write.
writing(oid) AS (
    SELECT owner.oid
    FROM (
        SELECT f.adrelid, 'pg_catalog.pg_attrdef'::regclass, f.oid
        FROM pg_catalog.pg_attrdef AS f WHERE f.adrelid IN (SELECT e.oid FROM every AS e)
        UNION ALL
        SELECT k.conrelid, 'pg_catalog.pg_constraint'::regclass, k.oid
        FROM pg_catalog.pg_constraint AS k WHERE k.conrelid IN (SELECT e.oid FROM every AS e)
        UNION ALL
        SELECT t.relid, 'pg_catalog.pg_type'::regclass, t.oid FROM column_types AS t
        UNION ALL
        SELECT t.relid, 'pg_catalog.pg_constraint'::regclass, k.oid
        FROM column_types AS t JOIN pg_catalog.pg_constraint AS k ON k.contypid = t.oid
    ) AS owner(oid, classid, objid)
    JOIN calls AS c ON c.classid = owner.classid AND c.objid = owner.objid
    JOIN pg_catalog.pg_proc AS p ON p.oid = c.function AND p.provolatile = 'v'
),
tables AS (
    SELECT
        every.oid, every.how, n.nspname, c.relname, c.relkind,
        EXISTS (
            SELECT FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = c.oid AND t.tgname = 'pgmcp_tell_cache' AND t.tgenabled IN ('O', 'A')
        )
            -- What logical replication applies fires no statement triggers.
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel AS s WHERE s.srrelid = c.oid) AS told,
        c.relkind = 'f'
            OR EXISTS (
                SELECT FROM pg_catalog.pg_trigger AS t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgname <> 'pgmcp_tell_cache'
            )
            OR EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = c.oid AND w.ev_type <> '1')
            OR c.oid IN (SELECT w.oid FROM writing AS w)
            -- A write to a view evaluates its conditions.
            OR (c.relkind = 'v' AND EXISTS (
                SELECT FROM called AS f
                JOIN pg_catalog.pg_proc AS p ON p.oid = f.oid AND p.provolatile = 'v' AND p.oid >= 16384
            )) AS unknown,
        CASE
            WHEN n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') THEN 'system catalogue'
            WHEN c.relkind NOT IN ('r', 'p', 'v', 'm') THEN 'foreign table'
            WHEN c.relpersistence = 't' THEN 'temporary table'
            WHEN c.relrowsecurity THEN 'row security'
        END AS obstacle
    FROM every
    JOIN pg_catalog.pg_class AS c ON c.oid = every.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT pg_catalog.json_build_object(
    'tables', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'schema', t.nspname, 'name', t.relname, 'view', t.relkind = 'v', 'how', t.how, 'told', t.told,
            'unknown', t.unknown, 'obstacle', CASE WHEN t.how = 'behind' THEN t.obstacle END
        ))
        FROM tables AS t
    ),
    'unsteady', EXISTS (
        SELECT FROM called AS f
        LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = f.oid
        LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
        WHERE p.oid IS NULL OR NOT (
            p.provolatile = 'i'
            OR (p.provolatile = 's' AND n.nspname = 'pg_catalog' AND p.proname = ANY ($3::text[]))
        )
    ) OR EXISTS (
        -- The session's and the statement's values, where a row is stored, and what reads texts of rows as any type;
        -- texts that may be read as times when the view is.
        SELECT FROM rules AS r
        WHERE r.action ~ '\{(?:SQLVALUEFUNCTION|NEXTVALUEEXPR|TABLESAMPLECLAUSE|CURRENTOFEXPR|TABLEFUNC|JSONEXPR) '
           OR r.action ~ ':varattno -[1-5] '
           OR (r.action ~ '\{COERCEVIAIO ' AND EXISTS (
                SELECT FROM pg_catalog.regexp_matches(r.action, ':resulttype (\d+)', 'g') AS made(hit)
                WHERE made.hit[1] <> ALL ($4::text[])
           ))
    )
)::text
WHERE EXISTS (SELECT FROM target)
