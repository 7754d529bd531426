"""The exceptions: one class for each `type` of interface.md, each the carrier of what the wire answers.

PgmcpError
├── ValidationError     validation_error    the request is wrong; nothing was run
├── SecurityError       security_error      the caller may not do this
├── QueryError          query_error         the statement is wrong: syntax, unknown name, bad cast
├── DatabaseError       database_error      constraint, resource, connection
├── TransactionError    transaction_error   a lease, or the outcome of a transaction
├── NotFoundError       not_found           a relation or another thing that is not there
└── InternalError       internal_error      a defect of pgmcp
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pgmcp.domain.errors import responses
from pgmcp.domain.errors.codes import Code, Retry
from pgmcp.domain.responses.base import ErrorResponse


class PgmcpError(Exception):
    """The root of every error that pgmcp raises.

    Args:
        code: What went wrong, one of `pgmcp.domain.errors.codes`.
        message: One sentence for a person; holds no row value, parameter or credential.
        hint: What to do about it, so that an agent can correct itself at once.
        path: Where in the request the mistake is, such as `filters.or[1].total.gt`.
        sqlstate: PostgreSQL's five characters, where the server spoke.
        position: Character of the statement, starting at 1.
        details: Further facts by name, JSON values only.
        retry: Whether calling again can help, where that is more than the code says.
    """

    type: ClassVar[str]
    answer: ClassVar[Callable[..., ErrorResponse]] = ErrorResponse
    rule: str = ""
    """The rule that decided, where one did; for the audit, never for the caller."""
    refers_to: tuple[str, str] | None = None
    """Schema and name of the table that a violated foreign key refers to, where known; never for the caller."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        hint: str | None = None,
        path: str | None = None,
        sqlstate: str | None = None,
        position: int | None = None,
        details: Mapping[str, Any] | None = None,
        retry: Retry | None = None,
    ) -> None:
        """Keep what the answer is made of."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.sqlstate = sqlstate
        self.position = position
        self._retry = retry
        self.details: dict[str, Any] = dict(details or {})
        if path is not None:
            self.details = {"path": path} | self.details

    @property
    def path(self) -> str | None:
        """Where in the request the mistake is; None when it isn't in the request."""
        return self.details.get("path")

    @property
    def retry(self) -> Retry:
        """Whether calling again can help: `never`, `fix_input` or `later`."""
        return self._retry or self.code.retry

    def with_details(self, **facts: Any) -> Self:
        """Add facts to `details` and return the same error, for `raise error.with_details(…)`."""
        self.details |= facts
        return self

    @property
    def response(self) -> ErrorResponse:
        """The answer that this error is over the wire."""
        return self.answer(error=self.document())

    def document(self) -> dict[str, Any]:
        """The value of `error` in an answer; keys without a value are left out."""
        pairs = {
            "type": self.type,
            "code": self.code.name,
            "message": self.message,
            "hint": self.hint,
            "retry": self.retry,
            "sqlstate": self.sqlstate,
            "position": self.position,
            "details": self.details or None,
        }
        return {key: value for key, value in pairs.items() if value is not None}


class ValidationError(PgmcpError):
    """The request is wrong; nothing was run."""

    type = "validation_error"
    answer = responses.ValidationErrorResponse


class SecurityError(PgmcpError):
    """The caller may not do this."""

    type = "security_error"
    answer = responses.SecurityErrorResponse


class QueryError(PgmcpError):
    """The statement is wrong: syntax, an unknown name, a bad cast."""

    type = "query_error"
    answer = responses.QueryErrorResponse


class DatabaseError(PgmcpError):
    """PostgreSQL refused or could not: a constraint, a resource, the connection."""

    type = "database_error"
    answer = responses.DatabaseErrorResponse


class TransactionError(PgmcpError):
    """A transaction's lease has ended, failed or is not known."""

    type = "transaction_error"
    answer = responses.TransactionErrorResponse


class NotFoundError(PgmcpError):
    """A relation, a column or another thing that is named but not there."""

    type = "not_found"
    answer = responses.NotFoundErrorResponse


class InternalError(PgmcpError):
    """A defect of pgmcp itself; the message says nothing of the data."""

    type = "internal_error"
    answer = responses.InternalErrorResponse
