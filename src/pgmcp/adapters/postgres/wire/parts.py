"""A row as its values' parts, put together here: for a statement that gives one row at the most.

For one row PostgreSQL takes longer to get an expression ready than to carry it out, and the wire's expressions are
long. So of everyday types only the text is asked for, and what decides how it is written as JSON is done here, to the
same letter as `wire.rows.row` has it done there for many rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pgmcp.adapters.postgres.wire.arrays import EXACT, short_array
from pgmcp.adapters.postgres.wire.checked import checked
from pgmcp.adapters.postgres.wire.dialect import Dialect
from pgmcp.adapters.postgres.wire.rows import SEPARATOR_ESCAPED, value
from pgmcp.domain.results import SEPARATOR
from pgmcp.domain.values.documents import WRAPPER
from pgmcp.domain.values.text import holds_lists
from pgmcp.domain.values.types import Kind, Type
from pgmcp.domain.values.wire import MOST_DIGITS, exact_json

Finish = Callable[[str], str]
"""From the text of a value, which is not NULL, to its JSON."""

# PostgreSQL takes 100 arguments of a function, the format being one.
_MOST_PARTS = 99
_EMPTY = '""'
_ALONE = f'{{"{WRAPPER}": '
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{},]')


def parts(types: Sequence[Type], dialect: Dialect, prefix: str = "q.c") -> str:
    r"""SQL of type text: the parts of the columns `q.c1`, `q.c2`…, with a separator between them.

    NULL is empty, or a pair of quotes where the type's values are quoted here. No part that is not NULL is empty, and
    none holds the separator. Never longer than the row's JSON.

    >>> print(parts([Type(name="pg_lsn")], Dialect("to_json")))
    pg_catalog.format(E'%s', CASE WHEN q.c1 IS DISTINCT FROM NULL THEN to_json(pg_catalog.concat(q.c1)) END)
    """
    columns = [
        ('"%s"' if _is_quoted(type_) else "%s", checked(_part(sql, type_, dialect), sql, type_))
        for sql, type_ in ((f"{prefix}{number}", type_) for number, type_ in enumerate(types, start=1))
    ]
    groups = [columns[at : at + _MOST_PARTS] for at in range(0, len(columns), _MOST_PARTS)]
    joined = [_joined(group) for group in groups]
    return joined[0] if len(joined) == 1 else _joined([("%s", group) for group in joined])


def _joined(columns: Sequence[tuple[str, str]]) -> str:
    # `concat` would look up the type of every separator too.
    places, values = zip(*columns, strict=True)
    return f"pg_catalog.format(E'{SEPARATOR_ESCAPED.join(places)}', {', '.join(values)})"


def assembler(types: Sequence[Type]) -> Callable[[str], str]:
    """What makes a row's JSON of the parts of columns of these types."""
    plain = {place: type_.root.name for place, type_ in enumerate(types) if _is_plain(type_)}
    numbers = [(place, *_NUMBERS[name]) for place, name in plain.items() if name in _NUMBERS]
    finishes = [(place, _FINISHES[name]) for place, name in plain.items() if name in _FINISHES]
    nulls = [_EMPTY if _is_quoted(type_) else "" for type_ in types]

    def assemble(joined: str) -> str:
        shown = joined.split(SEPARATOR)
        if "" in shown or _EMPTY in shown:
            return _with_nulls(shown)
        for place, most, finish in numbers:
            text = shown[place]
            # To see that an everyday number is JSON as it is takes less than a call.
            if len(text) > most or text[-1] > "9":
                shown[place] = finish(text)
        for place, finish in finishes:
            shown[place] = finish(shown[place])
        return f"[{','.join(shown)}]"

    def _with_nulls(shown: list[str]) -> str:
        absent = [part == null for part, null in zip(shown, nulls, strict=True)]
        for place, finish in (*((place, finish) for place, _, finish in numbers), *finishes):
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
    if _is_plain(type_) and root.name in _BARE:
        return f"{sql}::pg_catalog.numeric" if root.name == "money" else sql
    if type_.kind is Kind.ARRAY and type_.element is not None:
        element = type_.element
        if element.root.tag in EXACT and not holds_lists(element):
            return short_array(sql, dialect)
    return value(sql, type_, dialect)


def _exact(text: str) -> str:
    """An exact number of many digits; NaN and the infinities end in letters."""
    return f'"{text}"' if text[-1] > "9" else exact_json(text)


def _float(text: str) -> str:
    return f'"{text}"' if text[-1] > "9" else text


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
_ANY_LENGTH = 2**30
# With the longest text that is JSON as it is if it ends in a digit.
_NUMBERS: Mapping[str, tuple[int, Finish]] = {
    "int8": (MOST_DIGITS, _exact),
    "numeric": (MOST_DIGITS, _exact),
    "money": (MOST_DIGITS, _exact),
    "float4": (_ANY_LENGTH, _float),
    "float8": (_ANY_LENGTH, _float),
}
_FINISHES: Mapping[str, Finish] = {
    "bool": {"t": "true", "f": "false"}.__getitem__,
    "timestamp": _instant,
    "timestamptz": _instant,
    "jsonb": _jsonb,
}
_BARE = _AS_THEY_ARE | _QUOTED | _NUMBERS.keys() | _FINISHES.keys()
