-- Whether the role may do anything with the relation `c`. A fragment of a condition. Source: section 9.27.1 (access
-- privilege inquiry): a table's rights count for nothing without USAGE on its schema.
(
    pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
    AND (
        pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
        OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
    )
)
