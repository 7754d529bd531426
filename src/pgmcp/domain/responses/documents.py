"""Answers that are an object of their own kind, or a mere acknowledgement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from pgmcp.domain.responses.base import SuccessResponse


@frozen(kw_only=True, slots=False)
class AcknowledgementResponse(SuccessResponse):
    """It was done.

    Args:
        count: Rows changed; None where none could be.
        extra: What the tool adds.
        transaction_id: The transaction that it was done in; None outside one.
    """

    count: int | None = None
    extra: Mapping[str, Any] = field(factory=dict, hash=False)
    transaction_id: str | None = None


@frozen(kw_only=True)
class DescriptionResponse(SuccessResponse):
    """A thing described; JSON values only, empty parts left out."""

    document: Mapping[str, Any] = field(hash=False)


@frozen(kw_only=True, slots=False)
class PlanResponse(SuccessResponse):
    """How PostgreSQL would run, or ran, a statement.

    Args:
        plan: The tree as lines of text, children indented.
        cost: The planner's total cost.
        rows: The planner's estimate of rows.
        extra: With `analyze`: times, actual rows and buffers.
        transaction_id: The transaction that it was asked in; None outside one.
    """

    plan: tuple[str, ...]
    cost: float
    rows: int
    extra: Mapping[str, Any] = field(factory=dict, hash=False)
    transaction_id: str | None = None
