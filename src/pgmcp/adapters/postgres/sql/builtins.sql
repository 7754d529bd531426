-- PostgreSQL's own functions, which stay as they are: [id, schema, name, volatility].
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.oid::int8, n.nspname, p.proname, p.provolatile))::text
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE p.oid < 16384
