"""One operator of a filter as it was written: what the readers of the operators turn into a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from pgmcp.domain.errors import Code, ValidationError, codes
from pgmcp.domain.filters.keys import Target
from pgmcp.domain.filters.relative import Moment


@frozen(kw_only=True)
class Condition:
    """An operator and its value, on its target.

    Args:
        target: The column or path.
        operator: The operator's name.
        value: What stands beside it: JSON values or Python's own.
        at: The value's place in the request.
        moment: The time that relative times are taken from.
        example: A right form of the operator, for hints.
        fold: Whether case is ignored.
        beside: All that was written for the column, for operators that need a second value.
        base: The place of the column's object.
    """

    target: Target
    operator: str
    value: Any = field(repr=False)
    at: str
    moment: Moment
    example: str = ""
    fold: bool = False
    beside: Mapping[str, Any] = field(factory=dict, repr=False)
    base: str = ""

    def invalid(
        self,
        expected: str,
        *,
        at: str | None = None,
        hint: str | None = None,
        code: Code = codes.FILTER_VALUE_INVALID,
    ) -> ValidationError:
        """The error for a value that isn't what its operator takes.

        Args:
            expected: What would be right.
            at: The place, when it isn't the operator's own.
            hint: How to say it; an example of the operator when left out.
            code: What kind of mistake it is.
        """
        return ValidationError(
            code,
            f"'{self.operator}' on {self.target.type_name} takes {expected}",
            hint=hint or f"For example {self.example}.",
            path=at or self.at,
        )
