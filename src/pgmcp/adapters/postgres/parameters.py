"""Parameters of the caller's own statements, as the server reads them."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.plans import RawQuery
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import Type
from pgmcp.domain.values.unfit import Unfit


def parameter_texts(plan: RawQuery, types: Sequence[Type]) -> tuple[str | None, ...]:
    """The caller's parameters in PostgreSQL's text form.

    Raises:
        ValidationError: `parameter_count` or `parameter_invalid`.
    """
    if len(plan.params) != len(types):
        raise ValidationError(
            codes.PARAMETER_COUNT,
            f"The statement takes {len(types)} parameter{'' if len(types) == 1 else 's'}, not {len(plan.params)}.",
            hint="Give one value for each of $1, $2… in params." if types else "Leave params out.",
            path="params",
        )
    return tuple(
        _value(value, type_, index) for index, (value, type_) in enumerate(zip(plan.params, types, strict=True))
    )


def _value(value: object, type_: Type, index: int) -> str | None:
    try:
        return to_text(value, type_)
    except Unfit as unfit:
        raise ValidationError(
            codes.PARAMETER_INVALID,
            f"Parameter ${index + 1} takes {unfit.expected}.",
            hint=f"The statement uses it as {type_.display}; ${index + 1}::type in the statement says otherwise.",
            path=f"params[{index}]",
        ) from None
