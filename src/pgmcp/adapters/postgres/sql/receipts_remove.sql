-- Takes the receipts out again.
DROP TABLE IF EXISTS pgmcp.receipts
