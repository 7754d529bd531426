-- $1: principal; $2: key; $3: digest. Takes the key, once whoever else has taken it has ended; no row where it is kept.
-- With it comes what the transaction can be found by, as in proof.sql, which spares the question before COMMIT.
INSERT INTO pgmcp.receipts (principal, key, digest) VALUES ($1::text, $2::text, $3::text)
ON CONFLICT (principal, key) DO NOTHING
RETURNING pg_catalog.pg_current_xact_id()::text, pg_catalog.pg_backend_pid()::text,
    (SELECT checkpoint_lsn::text FROM pg_catalog.pg_control_checkpoint())
