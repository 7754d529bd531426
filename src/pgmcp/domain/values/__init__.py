"""Values: PostgreSQL's types, and the three forms of a value (PostgreSQL's text, JSON on the wire, native Python)."""
