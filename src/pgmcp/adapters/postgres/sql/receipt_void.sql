-- $1: principal; $2: key. Keeps a void receipt where there is none, once whoever is at a write of that key has ended.
INSERT INTO pgmcp.receipts (principal, key, digest) SELECT $1::text, $2::text, ''
WHERE (SELECT pg_catalog.pg_advisory_xact_lock(7039815, pg_catalog.hashtext($1::text || '/' || $2::text))::text) = ''
ON CONFLICT (principal, key) DO NOTHING
