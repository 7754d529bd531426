-- What the server says of itself and of the role that we are, for `pgmcp check`.
SELECT json_build_object(
    'version', current_setting('server_version'),
    'version_num', current_setting('server_version_num')::int,
    'database', current_database(),
    'role', current_user,
    'superuser', (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user),
    'tls', coalesce((SELECT s.ssl FROM pg_catalog.pg_stat_ssl s WHERE s.pid = pg_catalog.pg_backend_pid()), false),
    'read_only', current_setting('transaction_read_only') = 'on',
    'standby', pg_catalog.pg_is_in_recovery(),
    'max_connections', current_setting('max_connections')::int,
    'time_zone', current_setting('TimeZone'),
    'search_path', pg_catalog.current_schemas(false),
    'extensions', (SELECT coalesce(json_object_agg(e.extname, e.extversion ORDER BY e.extname), '{}') FROM pg_catalog.pg_extension e)
)::text
