"""What the memory database can't do exactly as PostgreSQL does, it refuses by name."""

from __future__ import annotations

from pgmcp.domain.errors import QueryError, codes


def refuse(what: str, path: str | None = None) -> QueryError:
    """The error for something that only a PostgreSQL can do.

    Args:
        what: What was asked for, in words that hold no value: `full-text search`.
        path: Where in the request it stands.
    """
    return QueryError(
        codes.FEATURE_NOT_SUPPORTED,
        f"the memory database does not support {what}",
        hint="Use a PostgreSQL for this: the memory database answers exactly as PostgreSQL would, or not at all.",
        path=path,
        sqlstate="0A000",
    )
