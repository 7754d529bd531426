-- $1: a transaction's id; $2: the process that had it; $3: the last checkpoint at that time. One text: how it ended.
-- While it is open its session is ended, if that still is the one: its client is gone and can't commit it any more.
-- An id that no checkpoint since has seen did not survive a crash: the transaction is undone, the id may be another's.
SELECT CASE
        WHEN control.checkpoint_lsn::text <> $3::text AND $1::text::xid8 >= (
            pg_catalog.split_part(control.next_xid, ':', 1)::numeric * 4294967296
            + pg_catalog.split_part(control.next_xid, ':', 2)::numeric)::text::xid8 THEN 'aborted'
        ELSE pg_catalog.pg_xact_status($1::text::xid8)
    END,
    (SELECT pg_catalog.bool_or(pg_catalog.pg_terminate_backend(activity.pid))::text
        FROM pg_catalog.pg_stat_activity AS activity
        WHERE activity.pid = $2::text::int4 AND activity.backend_xid = $1::text::xid8::xid)
FROM pg_catalog.pg_control_checkpoint() AS control
