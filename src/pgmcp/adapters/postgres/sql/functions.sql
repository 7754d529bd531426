-- One text: the functions that are written in the database, whose code can leave what it likes on a session: their names,
-- and whether a query may call one without naming it: by a view, a policy, an operator, a cast or a domain.
WITH written AS (
    SELECT p.oid, p.proname
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    WHERE (l.lanname NOT IN ('internal', 'c') OR p.prokind = 'a')
      AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
)
SELECT pg_catalog.json_build_object(
    'names', (SELECT pg_catalog.json_agg(DISTINCT w.proname) FROM written AS w),
    'reached', EXISTS (
        SELECT
        FROM written AS w
        JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = w.oid
        LEFT JOIN pg_catalog.pg_constraint AS c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
        WHERE d.classid IN (
            'pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass
        ) OR c.contypid <> 0
    )
)::text
