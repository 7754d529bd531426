"""How many bytes a row's JSON can have at the most, for rows of which that is plain to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pgmcp.domain.values.types import INSTANTS, TEXTS, Kind, Type

# The longest spelling of a type's values with its quotes, and the sign behind it.
_FIXED = {
    "bool": 6,
    "int2": 7,
    "int4": 12,
    "int8": 23,
    "float4": 28,
    "float8": 28,
    "uuid": 39,
    "time": 24,
} | dict.fromkeys(INSTANTS, 56)
_CHARACTER = 6  # bytes of a character that is escaped


def weigher(types: Sequence[Type]) -> Callable[[Sequence[Any]], int] | None:
    """What weighs rows of these types; None where a column's JSON has to be written to be weighed."""
    roots = [type_.root for type_ in types]
    texts = [place for place, root in enumerate(roots) if root.tag in TEXTS or root.kind is Kind.ENUM]
    numbers = [place for place, root in enumerate(roots) if root.tag == "numeric"]
    others = [root.tag for place, root in enumerate(roots) if place not in texts and place not in numbers]
    if any(tag not in _FIXED for tag in others):
        return None
    # Brackets, what parts the row from the next, and for each column quotes and a sign, or the null in its place.
    fixed = 3 + sum(_FIXED[tag] for tag in others) + 5 * (len(texts) + len(numbers))

    def weigh(row: Sequence[Any]) -> int:
        total = fixed
        for place in texts:
            value = row[place]
            if value is not None:
                total += _CHARACTER * len(value)
        for place in numbers:
            value = row[place]
            if value is not None:
                total += len(format(value, "f"))
        return total

    return weigh
