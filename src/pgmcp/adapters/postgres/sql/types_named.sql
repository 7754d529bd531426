-- Which names are types', and whose: [number of the name, id]. $1 names as SQL writes them; ids of arrays are their
-- elements'. Source: section 9.27.4 (to_regtype).
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    named.number,
    CASE WHEN t.typelem <> 0 AND t.typcategory = 'A' THEN t.typelem ELSE t.oid END::int8
))::text
FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS named(name, number)
JOIN pg_catalog.pg_type AS t ON t.oid = pg_catalog.to_regtype(named.name)
