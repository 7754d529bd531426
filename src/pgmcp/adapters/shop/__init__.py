"""A sample shop: the same rows in PostgreSQL and in the memory database, for the demo, the docs and the tests."""
