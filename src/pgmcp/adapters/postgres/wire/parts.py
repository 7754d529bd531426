"""A row as its values' parts, put together here: for a statement that gives one row at the most.

For one row PostgreSQL takes longer to get an expression ready than to carry it out, and the wire's expressions are
long. So of everyday types only the text is asked for, and what decides how it is written as JSON is done here, to the
same letter as `wire.rows.row` has it done there for many rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pgmcp.adapters.postgres.wire.arrays import EXACT, short_array
from pgmcp.adapters.postgres.wire.dialect import Dialect
from pgmcp.adapters.postgres.wire.rows import SEPARATOR, SEPARATOR_ESCAPED, SEPARATOR_SQL, value
from pgmcp.domain.values.documents import WRAPPER
from pgmcp.domain.values.text import holds_lists
from pgmcp.domain.values.types import Kind, Type
from pgmcp.domain.values.wire import exact_json

Finish = Callable[[str], str]
"""From the text of a value, which is not NULL, to its JSON."""

# PostgreSQL takes 100 arguments of a function; between two parts, and at both ends, is a constant.
_MOST_PARTS = 49
_EMPTY = '""'
_ALONE = f'{{"{WRAPPER}": '
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{},]')


def parts(types: Sequence[Type], dialect: Dialect, prefix: str = "q.c") -> str:
    r"""SQL of type text: the parts of the columns `q.c1`, `q.c2`…, with a separator between them.

    NULL is empty, or a pair of quotes where the type's values are quoted here. No part that is not NULL is empty, and
    none holds the separator. Never longer than the row's JSON.

    >>> print(parts([Type(name="int4"), Type(name="uuid")], Dialect("to_json")))
    pg_catalog.concat(q.c1, E'\x1e"', q.c2, '"')
    """
    columns = [(f"{prefix}{number}", type_) for number, type_ in enumerate(types, start=1)]
    groups = [columns[at : at + _MOST_PARTS] for at in range(0, len(columns), _MOST_PARTS)]
    joined = [_joined(group, dialect) for group in groups]
    return joined[0] if len(joined) == 1 else f"pg_catalog.concat({f', {SEPARATOR_SQL}, '.join(joined)})"


def _joined(columns: Sequence[tuple[str, Type]], dialect: Dialect) -> str:
    arguments: list[str] = []
    between = ""
    for sql, type_ in columns:
        quote = '"' if _is_quoted(type_) else ""
        if between or quote:
            arguments.append(_constant(between + quote))
        arguments.append(_part(sql, type_, dialect))
        between = quote + SEPARATOR
    if between != SEPARATOR:
        arguments.append(_constant(between.removesuffix(SEPARATOR)))
    return f"pg_catalog.concat({', '.join(arguments)})"


def _constant(text: str) -> str:
    return f"E'{text.replace(SEPARATOR, SEPARATOR_ESCAPED)}'" if SEPARATOR in text else f"'{text}'"


def assembler(types: Sequence[Type]) -> Callable[[str], str]:
    """What makes a row's JSON of the parts of columns of these types."""
    finishes = [
        (place, _FINISHES[type_.root.name])
        for place, type_ in enumerate(types)
        if _is_plain(type_) and type_.root.name in _FINISHES
    ]
    nulls = [_EMPTY if _is_quoted(type_) else "" for type_ in types]

    def assemble(joined: str) -> str:
        shown = joined.split(SEPARATOR)
        if "" in shown or _EMPTY in shown:
            return _with_nulls(shown)
        for place, finish in finishes:
            shown[place] = finish(shown[place])
        return f"[{','.join(shown)}]"

    def _with_nulls(shown: list[str]) -> str:
        absent = [part == null for part, null in zip(shown, nulls, strict=True)]
        for place, finish in finishes:
            if not absent[place]:
                shown[place] = finish(shown[place])
        return f"[{','.join(['null' if none else part for none, part in zip(absent, shown, strict=True)])}]"

    return assemble


def _is_plain(type_: Type) -> bool:
    root = type_.root
    return root.kind is Kind.BASE and root.builtin


def _is_quoted(type_: Type) -> bool:
    return _is_plain(type_) and type_.root.name in _QUOTED


def _part(sql: str, type_: Type, dialect: Dialect) -> str:
    root = type_.root
    if _is_plain(type_) and (root.name in _FINISHES or root.name in _AS_THEY_ARE or root.name in _QUOTED):
        return f"{sql}::pg_catalog.numeric" if root.name == "money" else sql
    if type_.kind is Kind.ARRAY and type_.element is not None:
        element = type_.element
        if element.root.tag in EXACT and not holds_lists(element):
            return short_array(sql, dialect)
    return value(sql, type_, dialect)


def _truth(text: str) -> str:
    return "true" if text == "t" else "false"


def _number(text: str) -> str:
    """A numeric; NaN and the infinities end in letters."""
    return exact_json(text) if text[-1].isdigit() else f'"{text}"'


def _float(text: str) -> str:
    return text if text[-1].isdigit() else f'"{text}"'


def _instant(text: str) -> str:
    """`T` and minutes in the offset, within the years 1 to 9999; other texts are ISO spelling already."""
    if text[4] != "-" or text[-1] == "C":
        return f'"{text}"'
    return f'"{text[:10]}T{text[11:]}{":00" if text[-3] in "+-" else ""}"'


def _jsonb(text: str) -> str:
    """The document; null, and an object whose only key is `$json`, inside another `$json`."""
    if text == "null" or (text.startswith(_ALONE) and _has_one_key(text)):
        return f'{{"{WRAPPER}":{text}}}'
    return text


def _has_one_key(text: str) -> bool:
    """Whether an object's text has no comma between keys."""
    depth = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{" | "[":
                depth += 1
            case "}" | "]":
                depth -= 1
            case "," if depth == 1:
                return False
    return True


# Types whose output function gives what is needed here: never an empty text, nor one that needs an escape.
_AS_THEY_ARE = frozenset({"int2", "int4"})
_QUOTED = frozenset({"uuid", "date", "time", "timetz"})
_FINISHES: Mapping[str, Finish] = {
    "bool": _truth,
    "int8": exact_json,
    "numeric": _number,
    "money": _number,
    "float4": _float,
    "float8": _float,
    "timestamp": _instant,
    "timestamptz": _instant,
    "jsonb": _jsonb,
}
