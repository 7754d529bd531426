"""The types of `server_values.jsonl`, as the catalogue of the server that printed its values describes them."""

from __future__ import annotations

from pgmcp.domain.values.types import Attribute, Kind, Type, array_of

_RANGES = {"int4range": "int4", "numrange": "numeric", "tsrange": "timestamp", "tstzrange": "timestamptz"}
_MULTIRANGES = ("int4multirange", "nummultirange")
_EXTENSIONS = {"hstore": "hstore", "citext": "citext", "ltree": "ltree"} | dict.fromkeys(
    ("vector", "halfvec", "sparsevec"), "vector"
)
_SPELLINGS = {"char": "bpchar", '"char"': "char"}


def _base(name: str) -> Type:
    return Type(name=name)


def _domain(name: str, base: Type) -> Type:
    return Type(name=name, schema="hv", kind=Kind.DOMAIN, base=base)


MOOD = Type(
    name="mood",
    schema="hv",
    kind=Kind.ENUM,
    labels=("sad", "ok", "Über glad", "with space", "quo'te", 'dq"x', "comma,here", ""),
)
PAIR = Type(
    name="pair",
    schema="hv",
    kind=Kind.COMPOSITE,
    attributes=(Attribute("a", _base("int4")), Attribute("b", _base("text"))),
)
INT4RANGE = Type(name="int4range", kind=Kind.RANGE, element=_base("int4"))
_D_INT = _domain("d_int", _base("int4"))
WIDE = Type(
    name="wide",
    schema="hv",
    kind=Kind.COMPOSITE,
    attributes=(
        Attribute("big", _base("int8")),
        Attribute("num", _base("numeric")),
        Attribute("f", _base("float8")),
        Attribute("Odd Name", _base("text")),
        Attribute("ok", _base("bool")),
        Attribute("js", _base("jsonb")),
        Attribute("ts", _base("timestamptz")),
        Attribute("raw", _base("bytea")),
        Attribute("arr", array_of(_base("int4"))),
        Attribute("r", INT4RANGE),
    ),
)
NEST = Type(
    name="nest",
    schema="hv",
    kind=Kind.COMPOSITE,
    attributes=(
        Attribute("id", _base("int4")),
        Attribute("p", PAIR),
        Attribute("ps", array_of(PAIR)),
        Attribute("m", MOOD),
        Attribute("d", _domain("d_num", _base("numeric"))),
    ),
)
_OWN = {
    "hv.mood": MOOD,
    "hv.pair": PAIR,
    "hv.wide": WIDE,
    "hv.nest": NEST,
    "hv.d_int": _D_INT,
    "hv.d_two": _domain("d_two", _D_INT),
    "hv.d_big": _domain("d_big", _base("int8")),
    "hv.d_num": _domain("d_num", _base("numeric")),
    "hv.d_text": _domain("d_text", _base("text")),
    "hv.d_json": _domain("d_json", _base("jsonb")),
    "hv.d_ints": _domain("d_ints", array_of(_base("int4"))),
    "hv.d_ts": _domain("d_ts", _base("timestamptz")),
    "hv.d_pair": _domain("d_pair", PAIR),
    "hv.frange": Type(name="frange", schema="hv", kind=Kind.RANGE, element=_base("float8")),
    "hv.trange": Type(name="trange", schema="hv", kind=Kind.RANGE, element=_base("text")),
}


def type_of(spelling: str) -> Type:
    """The type that a column was declared with, modifiers left out."""
    if spelling.endswith("[]"):
        return array_of(type_of(spelling.removesuffix("[]")))
    if spelling in _OWN:
        return _OWN[spelling]
    name = spelling.partition("(")[0].partition(" ")[0]
    name = _SPELLINGS.get(name, name)
    if name in _RANGES:
        return Type(name=name, kind=Kind.RANGE, element=_base(_RANGES[name]))
    if name in _MULTIRANGES:
        return Type(name=name, kind=Kind.MULTIRANGE)
    if name in _EXTENSIONS:
        return Type(name=name, schema="public", extension=_EXTENSIONS[name])
    return _base(name)
