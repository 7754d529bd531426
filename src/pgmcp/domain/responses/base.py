"""The roots of all answers."""

from __future__ import annotations

from typing import Any

from attrs import frozen


@frozen(kw_only=True)
class ResponseBase:
    """What a call ends with."""


@frozen(kw_only=True)
class SuccessResponse(ResponseBase):
    """What a call that went well ends with."""


@frozen(kw_only=True)
class ErrorResponse(ResponseBase):
    """What a call that failed ends with.

    Args:
        error: The value of `error` in interface.md: type, code, message, hint, retry, sqlstate, position, details.
    """

    error: dict[str, Any]
