"""One class of response for each class of error."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.responses.base import ErrorResponse


@frozen(kw_only=True)
class ValidationErrorResponse(ErrorResponse):
    """The request is wrong; nothing was run."""


@frozen(kw_only=True)
class SecurityErrorResponse(ErrorResponse):
    """The caller may not do this."""


@frozen(kw_only=True)
class QueryErrorResponse(ErrorResponse):
    """The statement is wrong."""


@frozen(kw_only=True)
class DatabaseErrorResponse(ErrorResponse):
    """PostgreSQL refused or could not."""


@frozen(kw_only=True)
class TransactionErrorResponse(ErrorResponse):
    """A transaction's lease has ended, failed or is not known."""


@frozen(kw_only=True)
class NotFoundErrorResponse(ErrorResponse):
    """Something that is named but not there."""


@frozen(kw_only=True)
class InternalErrorResponse(ErrorResponse):
    """A defect of pgmcp itself."""
