-- By what a transaction can be found afterwards: its id (NULL while it has written nothing), its process, and the last
-- checkpoint: recovery from a crash ends with one, and ids that had not reached the disk are then given out again.
SELECT pg_catalog.pg_current_xact_id_if_assigned()::text, pg_catalog.pg_backend_pid()::text,
    (SELECT checkpoint_lsn::text FROM pg_catalog.pg_control_checkpoint())
