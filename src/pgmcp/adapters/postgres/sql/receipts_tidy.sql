-- $1: seconds. Lets go of receipts that are older, some at a time; those that somebody reads now are left for later.
DELETE FROM pgmcp.receipts WHERE (principal, key) IN (
    SELECT old.principal, old.key FROM pgmcp.receipts AS old
    WHERE old.made_at < pg_catalog.now() - pg_catalog.make_interval(secs => $1::text::float8)
    ORDER BY old.made_at LIMIT 1000 FOR UPDATE SKIP LOCKED
)
