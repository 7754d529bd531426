"""PostgreSQL over the thin driver port: all SQL text, sessions, value forms and the translation of errors live here."""
