-- $1: oids. One text: the facts of those types and of all that they are made of.
WITH RECURSIVE seeds(oid) AS (
    SELECT s.oid FROM pg_catalog.unnest($1::text[]::oid[]) AS s(oid)
),
-- include type_facts
SELECT coalesce(pg_catalog.json_agg(f.facts), '[]')::text FROM type_facts AS f
