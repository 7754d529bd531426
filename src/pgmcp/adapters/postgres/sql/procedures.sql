-- A mark of the procedures of some names as they are now, where none of them can commit a part of its work; NULL where
-- one may. What is SECURITY DEFINER or has a SET of its own can't, nor can SQL; what PL/pgSQL runs dynamically can't
-- either. ($1: the names)
-- https://www.postgresql.org/docs/18/sql-createprocedure.html#SQL-CREATEPROCEDURE-NOTES
-- https://www.postgresql.org/docs/18/plpgsql-transactions.html
SELECT CASE WHEN pg_catalog.bool_and(
    l.lanname = 'sql'
    OR p.prosecdef
    OR p.proconfig IS NOT NULL
    OR (l.lanname = 'plpgsql' AND p.prosrc !~* '\m(commit|call)\M|\mdo\M(?!\s+(nothing|update)\M)')
) IS NOT FALSE THEN
    coalesce(pg_catalog.string_agg(p.oid::text || '.' || p.xmin::text, ' ' ORDER BY p.oid), '')
END
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE p.prokind = 'p' AND p.proname = ANY ($1::text[])
