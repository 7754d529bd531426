"""Filter trees as Python closures: true, false or None for unknown, as PostgreSQL's operators give them."""
