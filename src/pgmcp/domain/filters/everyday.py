"""The conditions that most filters are made of: a column by its plain name, compared with one value.

They come to the very tree that the table of operators gives them, without the way through it. Whatever is odd about a
condition, a mistake above all, is left to the table, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pgmcp.domain.filters.tree import Compare, Comparison, Literal
from pgmcp.domain.json import Number
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import FLOATS, INSTANTS, INTEGERS, TEXTS
from pgmcp.domain.values.unfit import Unfit

# Types with an order, whose values are no objects and no lists.
_TYPES = INTEGERS | FLOATS | TEXTS | INSTANTS | {"numeric", "bool", "uuid"}
_VALUES = frozenset({Number, str, bool, int, float, Decimal})
_OPERATORS: Mapping[str, Comparison] = {
    str(op): op for op in (Comparison.EQ, Comparison.NE, Comparison.GT, Comparison.GTE, Comparison.LT, Comparison.LTE)
}


def everyday(key: str, value: Any, relation: Relation, at: str) -> Compare | None:
    """An everyday condition; None for any other, and for one that something is wrong with.

    Args:
        key: The column, as the caller wrote it.
        value: What stands beside it.
        relation: Whose columns may be named.
        at: The place of the object that both stand in.
    """
    operand = relation.plain.get(key)
    # Names that are no plain words have places of another form, and may be paths.
    if operand is None or operand.type.tag not in _TYPES or not (key.isidentifier() and key.isascii()):
        return None
    op, place = Comparison.EQ, f"{at}.{key}"
    if type(value) is dict and len(value) == 1:
        [(name, value)] = value.items()
        asked = _OPERATORS.get(name)
        if asked is None:
            return None
        op, place = asked, f"{place}.{name}"
    if type(value) not in _VALUES:
        return None
    try:
        text = to_text(value, operand.type)
    except Unfit:
        return None
    return None if text is None else Compare(operand=operand, op=op, value=Literal(text, operand.type, place))
