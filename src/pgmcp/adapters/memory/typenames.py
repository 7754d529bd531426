"""Types by the names that declarations use: `int4`, `varchar(12)`, `numeric(10,2)[]`, `timestamp with time zone`.

Source: PostgreSQL documentation, chapter 8 (Data Types).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

from pgmcp.adapters.memory.refusals import refuse
from pgmcp.domain.errors import PgmcpError, ValidationError, codes
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.types import Kind, Type, array_of

_SPELLING = re.compile(
    r"\s*(?P<name>[^()\[\]]+)\s*(?:\((?P<mod>[\d\s,-]+)\)\s*)?(?P<rest>[^()\[\]]*?)\s*(?P<dims>(?:\[\d*\])*)\s*"
)
_BASE = (
    "bool int2 int4 int8 numeric float4 float8 text varchar bpchar name bytea date time timestamp timestamptz interval "
    "uuid json jsonb inet cidr"
).split()
_RANGES = {
    "int4range": "int4",
    "int8range": "int8",
    "numrange": "numeric",
    "daterange": "date",
    "tsrange": "timestamp",
    "tstzrange": "timestamptz",
}
BUILTIN: Mapping[str, Type] = {name: Type(name=name) for name in _BASE} | {
    name: Type(name=name, kind=Kind.RANGE, element=Type(name=subtype)) for name, subtype in _RANGES.items()
}
"""The types of the memory database that PostgreSQL brings, by name."""
_ALIASES = {
    "boolean": "bool",
    "smallint": "int2",
    "integer": "int4",
    "int": "int4",
    "bigint": "int8",
    "decimal": "numeric",
    "real": "float4",
    "double precision": "float8",
    "character varying": "varchar",
    "character": "bpchar",
    "char": "bpchar",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
}
_MODIFIED = frozenset({"varchar", "bpchar", "numeric", "timestamp", "timestamptz", "time"})
_ELSEWHERE = frozenset(
    "money timetz bit varbit macaddr macaddr8 point line lseg box path polygon circle tsvector tsquery xml oid "
    "regclass pg_lsn citext hstore ltree vector int4multirange int8multirange nummultirange datemultirange "
    "tsmultirange tstzmultirange".split()
) | {"time with time zone", "bit varying"}


@frozen(kw_only=True)
class Declared:
    """A type as a declaration names it.

    Args:
        type: The type.
        spelled: Its name with the modifier, as answers show it; empty where that is the type's own display.
        modifier: The modifier's numbers: a length, a precision, a precision and a scale.
    """

    type: Type
    spelled: str = ""
    modifier: tuple[int, ...] = ()


def read_type(spelling: str | Type, known: Mapping[str, Type]) -> Declared:
    """The type that a declaration means.

    Args:
        spelling: A name, with a modifier and brackets as PostgreSQL writes them, or a type itself.
        known: Types of the database's own by name, such as its enums.

    Raises:
        QueryError: `feature_not_supported`, for types of PostgreSQL that the memory database doesn't have.
        ValidationError: `undefined_object`, for a name that is none.

    >>> read_type("decimal(10, 2)", {}).spelled
    'numeric(10,2)'
    """
    if isinstance(spelling, Type):
        return Declared(type=spelling)
    found = _SPELLING.fullmatch(spelling)
    words = " ".join(f"{found['name']} {found['rest']}".split()) if found else spelling
    name = _ALIASES.get(words.lower(), words.lower())
    base = known.get(words) or BUILTIN.get(name)
    if found is None or base is None:
        raise _unknown(words, known)
    modifier = tuple(int(number) for number in (found["mod"] or "").split(",") if number.strip())
    if modifier and name not in _MODIFIED:
        raise refuse(f"a modifier on the type {name}")
    if name == "bpchar" and not modifier and words.lower() != "bpchar":
        modifier = (1,)
    spelled = f"{base.display}({','.join(map(str, modifier))})" if modifier else ""
    type_ = base
    if found["dims"]:
        type_ = array_of(base)
        spelled = f"{spelled}[]" if spelled else ""
    return Declared(type=type_, spelled=spelled, modifier=modifier)


def builtin(name: str) -> Type | None:
    """The built-in type of a name or an alias; None where the memory database has none."""
    return BUILTIN.get(_ALIASES.get(name.lower(), name.lower()))


def _unknown(words: str, known: Mapping[str, Type]) -> PgmcpError:
    if words.lower() in _ELSEWHERE:
        return refuse(f"the type {words.lower()}")
    return ValidationError(
        codes.UNDEFINED_OBJECT,
        f"there is no type '{words}'",
        hint=did_you_mean(words, [*known, *BUILTIN, *_ALIASES], otherwise="An enum is declared with pgmcp.enum."),
    )
