-- $1: principal; $2: key; $3: digest. Takes the key, once whoever else has taken it has ended; no row where it is kept.
-- A write that keeps its receipt by its own statement adds it last: the lock is what it holds from its beginning.
-- A void receipt (`receipt_void.sql`) is as good as none.
-- With it comes what the transaction can be found by, as in proof.sql, which spares the question before COMMIT.
INSERT INTO pgmcp.receipts (principal, key, digest) SELECT $1::text, $2::text, $3::text
WHERE (SELECT pg_catalog.pg_advisory_xact_lock(7039815, pg_catalog.hashtext($1::text || '/' || $2::text))::text) = ''
ON CONFLICT (principal, key) DO UPDATE SET digest = excluded.digest, made_at = excluded.made_at
    WHERE receipts.digest = ''
RETURNING pg_catalog.pg_current_xact_id()::text, pg_catalog.pg_backend_pid()::text,
    (SELECT checkpoint_lsn::text FROM pg_catalog.pg_control_checkpoint())
