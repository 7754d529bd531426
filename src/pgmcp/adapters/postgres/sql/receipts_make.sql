-- The place of receipts. Nobody but its owner, who is whoever pgmcp connects as, may read it.
CREATE SCHEMA IF NOT EXISTS pgmcp;
REVOKE ALL ON SCHEMA pgmcp FROM PUBLIC;
CREATE TABLE IF NOT EXISTS pgmcp.receipts (
    principal text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    answer text,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, key)
);
CREATE INDEX IF NOT EXISTS receipts_made_at_idx ON pgmcp.receipts (made_at);
REVOKE ALL ON TABLE pgmcp.receipts FROM PUBLIC;
COMMENT ON TABLE pgmcp.receipts IS 'Answers of writes that had an idempotency key; kept by pgmcp'
