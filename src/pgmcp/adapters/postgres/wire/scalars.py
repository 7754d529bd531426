"""The JSON of a value that is neither made of others nor a document.

Each function takes SQL of a value (something cheap that may stand several times, such as a column) and gives SQL of
type text or json, which is NULL where the value is. Source: PostgreSQL documentation, sections 9.9 (Date/Time
Functions) and 9.16.1.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from pgmcp.adapters.postgres.wire.dialect import ANY, Dialect

# Each step of an expression costs a fraction of a microsecond before the first row (PostgreSQL looks its function up,
# even in a branch that is never taken), so rare values are told apart by one regular expression, not by many functions.

# A number that every client reads without loss has at most 15 significant digits.
_SAFE = 999_999_999_999_999
# The text of a number with more of them, or of none: NaN and the infinities. Without a group that captures, which would
# make PostgreSQL look twice at 131,072 digits.
_UNSAFE = r"^-?[0.]*(?:[1-9](?:[.]?[0-9]){15,}|[A-Z].*)$"
# What `to_json` writes of a year past 9999 or before Christ, with its day, its time, its offset without the `:00` that
# the ISO style leaves out, and its era.
_REMOTE = (
    r'^"([0-9]{5,}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?=.*BC"$))T([0-9:.]+)'
    r'([+-][0-9]{2}(?::(?!00[" ])[0-9]{2}(?::[0-9]{2})?)?)?(?::00)?( BC)?"$'
)


def quoted(sql: str, dialect: Dialect) -> str:
    """A text as a JSON string."""
    return dialect.scalar(sql)


def text_form(sql: str, dialect: Dialect) -> str:
    """Any value in PostgreSQL's own text form, by its type's output function; a cast may say something else."""
    return f"CASE WHEN {sql} IS DISTINCT FROM NULL THEN {dialect.scalar(f'pg_catalog.concat({sql})')} END"


def _output(sql: str, _: Dialect) -> str:
    """For values whose cast to text is their output function and whose text needs no escape."""
    return f"'\"' || ({sql})::text || '\"'"


def _plain(sql: str, _: Dialect) -> str:
    """For values whose text is JSON already."""
    return f"({sql})::text"


def _float(sql: str, dialect: Dialect) -> str:
    """NaN and infinities are strings; where `to_json` is slow, everyday numbers go without it."""
    if dialect is not ANY:
        return dialect.scalar(sql)
    finite = f"{sql} > '-Infinity' AND {sql} < 'Infinity'"
    return f"CASE WHEN {finite} THEN {sql}::text ELSE {dialect.scalar(sql)}::text END"


def _int8(sql: str, _: Dialect) -> str:
    safe = f"{sql} BETWEEN -{_SAFE} AND {_SAFE}"
    return f"CASE WHEN {safe} THEN {sql}::text WHEN {sql} IS NOT NULL THEN pg_catalog.concat('\"', {sql}, '\"') END"


def _numeric(sql: str, _: Dialect) -> str:
    """Digits as stored; the first branch decides for everyday numbers without looking at digits."""
    return (
        f"CASE WHEN {sql} BETWEEN -99999999999 AND 99999999999 AND pg_catalog.scale({sql}) <= 4 THEN {sql}::text "
        f"ELSE pg_catalog.regexp_replace({sql}::text, '{_UNSAFE}', '\"\\&\"') END"
    )


def _money(sql: str, dialect: Dialect) -> str:
    return _numeric(f"{sql}::numeric", dialect)


def _date(sql: str, dialect: Dialect) -> str:
    """`to_json` writes every date as PostgreSQL's ISO style does."""
    return dialect.scalar(sql)


def _instant(sql: str, type_: str, zone: str, dialect: Dialect) -> str:
    """`T` within the years 1 to 9999; else PostgreSQL's ISO spelling, with a blank and the shortest offset."""
    low, high = f"'0001-01-02 00:00:00{zone}'::{type_}", f"'9999-12-30 00:00:00{zone}'::{type_}"
    made = dialect.scalar(sql)
    # The offset decides which year it is: near the ends what was written has to say it.
    spelt = f"pg_catalog.regexp_replace({made}::text, '{_REMOTE}', '\"\\1 \\2\\3\\4\"')::json"
    return f"CASE WHEN {sql} BETWEEN {low} AND {high} THEN {made} ELSE {spelt} END"


def _timestamp(sql: str, dialect: Dialect) -> str:
    return _instant(sql, "timestamp", "", dialect)


def _timestamptz(sql: str, dialect: Dialect) -> str:
    return _instant(sql, "timestamptz", "+00", dialect)


def _interval(sql: str, _: Dialect) -> str:
    """An ISO 8601 duration; each field has its own sign, as months, days and time have in PostgreSQL."""

    def part(unit: str, letter: str) -> str:
        value = f"extract({unit} FROM {sql})"
        shown = f"pg_catalog.trim_scale({value})::text" if unit == "second" else f"{value}::text"
        return f"CASE WHEN {value} <> 0 THEN {shown} || '{letter}' ELSE '' END"

    days = " || ".join(part(unit, letter) for unit, letter in (("year", "Y"), ("month", "M"), ("day", "D")))
    time = " || ".join(part(unit, letter) for unit, letter in (("hour", "H"), ("minute", "M"), ("second", "S")))
    clock = f"coalesce('T' || nullif({time}, ''), '')"
    return (
        f"CASE WHEN {sql} IS NULL THEN NULL WHEN NOT pg_catalog.isfinite({sql}) "
        f"THEN CASE WHEN {sql} > '0'::interval THEN '\"infinity\"' ELSE '\"-infinity\"' END "
        f"ELSE '\"P' || coalesce(nullif({days} || {clock}, ''), 'T0S') || '\"' END"
    )


def _bytea(sql: str, _: Dialect) -> str:
    """Hex whatever `bytea_output` says."""
    return f"E'\"\\\\\\\\x' || pg_catalog.encode({sql}, 'hex') || '\"'"


def _xml(sql: str, dialect: Dialect) -> str:
    """Its cast to text is the value as it is kept; its output function leaves out most of an XML declaration."""
    return dialect.scalar(f"({sql})::pg_catalog.text")


SCALARS: MappingProxyType[str, Callable[[str, Dialect], str]] = MappingProxyType(
    {
        "bool": _plain,
        "int2": _plain,
        "int4": _plain,
        "int8": _int8,
        "numeric": _numeric,
        "money": _money,
        "float4": _float,
        "float8": _float,
        "text": quoted,
        "varchar": quoted,
        "bpchar": quoted,
        "name": quoted,
        "uuid": _output,
        "date": _date,
        "time": _output,
        "timetz": _output,
        "timestamp": _timestamp,
        "timestamptz": _timestamptz,
        "interval": _interval,
        "bytea": _bytea,
        "xml": _xml,
    }
)
"""What is not here is given in PostgreSQL's own text form."""
