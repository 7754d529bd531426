-- One text: the names of functions that are written in the database, whose code can leave what it likes on a session.
SELECT pg_catalog.json_agg(DISTINCT p.proname)::text
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE l.lanname NOT IN ('internal', 'c')
  AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
