"""Defaults as PostgreSQL shows them, and constants as columns keep them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgmcp.adapters.memory.declare import ABSENT, Expression
from pgmcp.adapters.memory.typenames import Declared
from pgmcp.adapters.memory.values.reading import read_text
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.values.text import Unfit, to_text
from pgmcp.domain.values.types import FLOATS, INTEGERS, Kind, Type

# https://www.postgresql.org/docs/18/datatype.html
_SQL_NAMES = {
    "bool": "boolean",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "varchar": "character varying",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
}


def expression_text(default: Any, type_: Type) -> str | None:
    """A default as `describe_table` shows it; None where there is none.

    >>> expression_text("new", Type(name="text"))
    "'new'::text"
    """
    if default is ABSENT or default is None:
        return None
    if isinstance(default, Expression):
        return default.text
    if callable(default):
        return f"{getattr(default, '__name__', 'function')}()"
    text = constant_text(default, type_)
    if type_.root.tag in INTEGERS | FLOATS | {"numeric"} and text[:1].isdigit():
        return text
    if type_.root.tag == "bool":
        return text
    quoted = text.replace("'", "''")
    return f"'{quoted}'::{_sql_name(type_)}"


def constant(default: Any, declared: Declared, assign: Callable[[Any], Any]) -> Any:
    """A constant default as its column keeps it.

    Raises:
        ValidationError: `value_invalid`.
    """
    return None if default is None else assign(read_text(constant_text(default, declared.type), declared.type))


def constant_text(default: Any, type_: Type) -> str:
    """A constant that is not None in PostgreSQL's text form.

    Raises:
        ValidationError: `value_invalid`.
    """
    try:
        return to_text(default, type_) or ""
    except Unfit as unfit:
        raise ValidationError(
            codes.VALUE_INVALID,
            f"a default doesn't fit the type {type_.display}",
            hint=f"Expected {unfit.expected}.",
        ) from None


def _sql_name(type_: Type) -> str:
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return f"{_sql_name(type_.element)}[]"
    return _SQL_NAMES.get(type_.name, type_.name) if type_.builtin else type_.display
