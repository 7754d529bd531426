"""One tree of errors: what is raised in Python and what is answered over the wire are the same thing."""

from pgmcp.domain.errors import codes
from pgmcp.domain.errors.codes import Code, Retry
from pgmcp.domain.errors.tree import (
    DatabaseError,
    InternalError,
    NotFoundError,
    PgmcpError,
    QueryError,
    SecurityError,
    TransactionError,
    ValidationError,
)

__all__ = [
    "Code",
    "DatabaseError",
    "InternalError",
    "NotFoundError",
    "PgmcpError",
    "QueryError",
    "Retry",
    "SecurityError",
    "TransactionError",
    "ValidationError",
    "codes",
]
