-- What the sessions have in common; the system's identifier is the same by whatever address the server is reached.
SELECT pg_catalog.json_build_object(
    'database', (SELECT s.system_identifier FROM pg_catalog.pg_control_system() AS s)::text || '/' || d.oid::text,
    'role', current_user,
    'search_path', pg_catalog.current_setting('search_path'),
    'time_zone', pg_catalog.current_setting('TimeZone')
)::text
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
