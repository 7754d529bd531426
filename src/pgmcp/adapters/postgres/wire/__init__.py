"""The wire form: SQL expressions that give a value's JSON text, made recursively from its type.

Exactly interface.md's "Values", and free of any setting: `to_json` writes dates by ISO 8601 whatever `DateStyle`
says, intervals are put together from their fields. Functions stand with their schema, as a function of a user's own
could otherwise come first.
"""

from pgmcp.adapters.postgres.wire.rows import row

__all__ = ["row"]
