"""The JSON of a value that is neither made of others nor a document.

Each function takes SQL of a value (something cheap that may stand several times, such as a column) and gives SQL of
type text or json, which is NULL where the value is. Source: PostgreSQL documentation, sections 9.9 (Date/Time
Functions) and 9.16.1.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

# A number that every client reads without loss has at most 15 significant digits.
_SAFE = 999_999_999_999_999


def quoted(sql: str) -> str:
    """A text as a JSON string."""
    return f"pg_catalog.to_json({sql})"


def text_form(sql: str) -> str:
    """Any value in PostgreSQL's own text form, by its type's output function; a cast may say something else."""
    return f"CASE WHEN {sql} IS DISTINCT FROM NULL THEN pg_catalog.to_json(pg_catalog.concat({sql})) END"


def _output(sql: str) -> str:
    """A value whose cast to text is its output function and whose text needs no escape."""
    return f"'\"' || {sql}::text || '\"'"


def _plain(sql: str) -> str:
    """A value whose text is JSON already."""
    return f"{sql}::text"


def _float(sql: str) -> str:
    """What `to_json` writes, NaN and infinities as strings, without its look-up of the type for everyday numbers."""
    finite = f"{sql} > '-Infinity' AND {sql} < 'Infinity'"
    return f"CASE WHEN {finite} THEN {sql}::text ELSE pg_catalog.to_json({sql})::text END"


def _int8(sql: str) -> str:
    return f"CASE WHEN {sql} BETWEEN -{_SAFE} AND {_SAFE} THEN {sql}::text ELSE {_output(sql)} END"


def _numeric(sql: str) -> str:
    """Digits as stored; the first branch decides for everyday numbers without counting digits."""
    digits = f"pg_catalog.length(pg_catalog.ltrim(pg_catalog.translate({sql}::text, '-.', ''), '0'))"
    finite = f"{sql} > '-Infinity'::numeric AND {sql} < 'Infinity'::numeric"
    return (
        f"CASE WHEN {sql} BETWEEN -99999999999 AND 99999999999 AND pg_catalog.scale({sql}) <= 4 THEN {sql}::text "
        f"WHEN {finite} AND {digits} <= 15 THEN {sql}::text ELSE {_output(sql)} END"
    )


def _money(sql: str) -> str:
    return _numeric(f"{sql}::numeric")


def _date(sql: str) -> str:
    """`to_json` writes every date as PostgreSQL's ISO style does."""
    return f"pg_catalog.to_json({sql})"


def _instant(sql: str, type_: str, zone: str) -> str:
    """`T` within the years 1 to 9999; else PostgreSQL's ISO spelling, with a blank and the shortest offset."""
    low, high = f"'0001-01-02 00:00:00{zone}'::{type_}", f"'9999-12-30 00:00:00{zone}'::{type_}"
    # The offset decides which year it is: near the ends what was written has to say it.
    everyday = f"pg_catalog.left(pg_catalog.to_json({sql})::text, 12) ~ '^\"[0-9]{{4}}-..-..T'"
    common = f"pg_catalog.to_json({sql})::text !~ 'BC\"$'"
    spelt = (
        f"pg_catalog.regexp_replace(pg_catalog.replace(pg_catalog.to_json({sql})::text, 'T', ' '), "
        "'([+-][0-9]{2}):00( BC)?\"$', '\\1\\2\"')"
    )
    return (
        f"CASE WHEN {sql} BETWEEN {low} AND {high} OR ({everyday} AND {common}) "
        f"THEN pg_catalog.to_json({sql}) ELSE {spelt}::json END"
    )


def _timestamp(sql: str) -> str:
    return _instant(sql, "timestamp", "")


def _timestamptz(sql: str) -> str:
    return _instant(sql, "timestamptz", "+00")


def _interval(sql: str) -> str:
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


def _bytea(sql: str) -> str:
    """Hex whatever `bytea_output` says."""
    return f"E'\"\\\\\\\\x' || pg_catalog.encode({sql}, 'hex') || '\"'"


SCALARS: MappingProxyType[str, Callable[[str], str]] = MappingProxyType(
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
    }
)
"""What is not here is given in PostgreSQL's own text form."""
