-- What the server says of itself and of the role that asks: one row of one JSON object, as text.
WITH seen AS (
  SELECT c.oid, c.relkind, c.relispartition, EXISTS (
    SELECT FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid = c.oid AND t.tgname = 'pgmcp_tell_cache' AND t.tgenabled IN ('O', 'A')
  ) AS watched
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
), kept AS (
  SELECT seen.oid, seen.watched FROM seen
  WHERE seen.relkind IN ('r', 'p') AND NOT seen.relispartition AND has_table_privilege(seen.oid, 'SELECT')
    AND seen.oid::regclass::text NOT LIKE 'pgmcp.%'
)
SELECT json_build_object(
  'version', current_setting('server_version'),
  'version_num', current_setting('server_version_num')::int,
  'tls', (SELECT s.version FROM pg_catalog.pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl),
  'cipher', (SELECT s.cipher FROM pg_catalog.pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl),
  'client_certificate', (SELECT s.client_dn FROM pg_catalog.pg_stat_ssl s WHERE s.pid = pg_backend_pid()) IS NOT NULL,
  'local', coalesce(inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = '::1', true),
  'role', current_user,
  'superuser', r.rolsuper,
  'bypasses_row_security', r.rolbypassrls AND NOT r.rolsuper,
  'creates_roles', r.rolcreaterole AND NOT r.rolsuper,
  'readable', (SELECT count(*) FROM seen WHERE has_table_privilege(seen.oid, 'SELECT')),
  'writable', (SELECT count(*) FROM seen WHERE has_table_privilege(seen.oid, 'INSERT, UPDATE, DELETE')),
  'connections', (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend'),
  'max_connections', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
  'extensions', (SELECT coalesce(json_agg(e.extname ORDER BY e.extname), '[]') FROM pg_catalog.pg_extension e),
  'quiet_log', current_setting('log_min_messages') IN ('fatal', 'panic')
    OR has_parameter_privilege('log_min_messages', 'SET'),
  'tables', (SELECT count(*) FROM kept),
  'watched', (SELECT count(*) FROM kept WHERE kept.watched),
  'unwatched', (
    SELECT coalesce(json_agg(named.name), '[]')
    FROM (SELECT oid::regclass::text AS name FROM kept WHERE NOT watched ORDER BY 1 LIMIT 4) AS named
  ),
  'tells_definitions', EXISTS (
    SELECT FROM pg_catalog.pg_event_trigger e WHERE e.evtname = 'pgmcp_tell_definitions' AND e.evtenabled IN ('O', 'A')
  ),
  'pgaudit', current_setting('pgaudit.log', true),
  'lost_schemas', (
    SELECT coalesce(json_agg(named.name ORDER BY named.place), '[]')
    FROM (
      SELECT coalesce(replace(part.said[1], '""', '"'), lower(part.said[2])) AS name, part.place
      FROM regexp_matches(current_setting('search_path'), '"((?:[^"]|"")+)"|([^",\s]+)', 'g')
        WITH ORDINALITY AS part(said, place)
    ) AS named
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = named.name
    WHERE named.name NOT IN ('$user', 'pg_temp') AND (n.oid IS NULL OR NOT has_schema_privilege(n.oid, 'USAGE'))
  )
)::text
FROM pg_catalog.pg_roles r
WHERE r.rolname = current_user
