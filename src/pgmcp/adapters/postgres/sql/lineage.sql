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
called AS (
    SELECT DISTINCT found.hit[1]::oid AS oid
    FROM rules AS r
    CROSS JOIN LATERAL pg_catalog.regexp_matches(
        r.action, ':(?:funcid|opfuncid|aggfnoid|winfnoid|tsmhandler) (\d+)', 'g'
    ) AS found(hit)
),
tables AS (
    SELECT
        every.oid, every.how, n.nspname, c.relname, c.relkind,
        EXISTS (
            SELECT FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = c.oid AND t.tgname = 'pgmcp_tell_cache' AND t.tgenabled IN ('O', 'A')
        ) AS told,
        c.relkind = 'f'
            OR EXISTS (
                SELECT FROM pg_catalog.pg_trigger AS t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgname <> 'pgmcp_tell_cache'
            )
            OR EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = c.oid AND w.ev_type <> '1')
            OR EXISTS (
                SELECT FROM pg_catalog.pg_depend AS d
                JOIN pg_catalog.pg_proc AS p ON p.oid = d.refobjid AND p.provolatile = 'v'
                WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass
                  AND (
                    (d.classid = 'pg_catalog.pg_attrdef'::regclass
                        AND d.objid IN (SELECT f.oid FROM pg_catalog.pg_attrdef AS f WHERE f.adrelid = c.oid))
                    OR (d.classid = 'pg_catalog.pg_constraint'::regclass
                        AND d.objid IN (SELECT k.oid FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid))
                  )
            ) AS unknown,
        CASE
            WHEN n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') THEN 'system catalogue'
            WHEN c.relkind NOT IN ('r', 'p', 'v', 'm') THEN 'foreign table'
            WHEN c.relpersistence = 't' THEN 'temporary table'
            WHEN c.relrowsecurity THEN 'row security'
        END AS obstacle
    FROM (
        SELECT b.oid, 'behind' AS how FROM behind AS b
        UNION ALL
        SELECT a.oid, 'above' FROM above AS a WHERE a.oid NOT IN (SELECT b.oid FROM behind AS b)
        UNION ALL
        SELECT r.oid, 'reached' FROM reached AS r WHERE r.oid NOT IN (SELECT b.oid FROM behind AS b)
    ) AS every
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
