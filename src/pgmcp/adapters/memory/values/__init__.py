"""Values as PostgreSQL compares, orders and rounds them, on Python's own types."""
