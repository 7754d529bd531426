-- $1: a type's name as regtype reads it. One text: its oid; no row where there is none.
SELECT found.oid::oid::text FROM pg_catalog.to_regtype($1::text) AS found(oid) WHERE found.oid IS NOT NULL
