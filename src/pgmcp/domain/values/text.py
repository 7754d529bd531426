"""Any value, from JSON or from Python, in PostgreSQL's text form for a type.

What can be told to be wrong is refused here with what would be right; what only PostgreSQL can tell is passed on. Each
family of types has a module beside this one; arrays, composites and domains are taken apart here.

A list inside an array's list is a further dimension, unless the elements may be lists themselves (`holds_lists`): there
every member is one element, and an array of several dimensions is given as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgmcp.domain.values.documents import document_text
from pgmcp.domain.values.literals import Texts, write_array, write_composite
from pgmcp.domain.values.numbers import NUMBER_WRITERS
from pgmcp.domain.values.plain import PLAIN_WRITERS, is_text, other_text
from pgmcp.domain.values.shapes import SHAPE_WRITERS, is_pair
from pgmcp.domain.values.times import TIME_WRITERS
from pgmcp.domain.values.types import DOCUMENTS, Kind, Type
from pgmcp.domain.values.unfit import Unfit

__all__ = ["Unfit", "delimiter", "holds_lists", "to_text"]

_WRITERS = {**NUMBER_WRITERS, **PLAIN_WRITERS, **SHAPE_WRITERS, **TIME_WRITERS}
_RANGE = re.compile(r"\s*(?:empty|[\[(].*,.*[\])])\s*", re.DOTALL | re.IGNORECASE)
_MULTIRANGE = re.compile(r"\s*\{.*\}\s*", re.DOTALL)
_MOST_DIMENSIONS = 6
_MOST_LABELS = 20


def to_text(value: Any, type_: Type) -> str | None:
    """A value in the text form that PostgreSQL's input function of a type reads.

    Args:
        value: A JSON value with `Number` for numbers, or a Python value (see `pgmcp.domain.values.native`).
        type_: The type that it is for.

    Returns:
        The text; None for SQL NULL.

    Raises:
        Unfit: PostgreSQL would refuse it; `expected` says what it takes, `path` where inside the value.

    >>> from pgmcp.domain.values.types import INT4, JSONB, array_of
    >>> to_text([1, None, 3], array_of(INT4)), to_text({"$json": None}, JSONB)
    ('{1,NULL,3}', 'null')
    """
    if value is None:
        return None
    text = _text(value, type_.root)
    if "\0" in text or not (text.isascii() or _is_whole(text)):
        raise Unfit("text without U+0000 and without halves of surrogate pairs")
    return text


def holds_lists(element: Type) -> bool:
    """Whether an array's elements may be lists themselves, so that a list inside its list is no dimension."""
    root = element.root
    return root.tag in DOCUMENTS or root.kind is Kind.ARRAY


def delimiter(element: Type) -> str:
    """What stands between elements of an array's text: `;` for boxes, whose own text has commas."""
    root = element.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return delimiter(root.element)
    return ";" if root.tag == "box" else ","


def _text(value: Any, root: Type) -> str:
    """The text of a value that is not NULL, for a type that is no domain."""
    if root.kind is Kind.BASE and (known := _WRITERS.get(root.tag)):
        return known(value)
    match root.kind:
        case Kind.ARRAY if root.element is not None:
            return _array(value, root.element)
        case Kind.COMPOSITE:
            return _composite(value, root)
        case Kind.ENUM:
            return _label(value, root)
        case Kind.RANGE:
            return _matching(value, _RANGE, "a range such as [1,5) or empty")
        case Kind.MULTIRANGE:
            return _matching(value, _MULTIRANGE, "a multirange such as {[1,3),[5,8)}")
        case _:
            tag = root.tag
    if tag in DOCUMENTS:
        return document_text(value, binary=tag == "jsonb")
    return other_text(value, f"PostgreSQL's text form of {root.display}, as a string")


def _array(value: Any, element: Type) -> str:
    """A list, or an array's own text."""
    if is_text(value):
        if not value.lstrip().startswith(("{", "[")):
            raise Unfit("a list, or an array's text such as {1,2}")
        return str(value)
    if not isinstance(value, list | tuple):
        raise Unfit("a list")
    texts, _ = _dimension(value, element, 1)
    return write_array(texts, delimiter(element))


def _dimension(value: list[Any] | tuple[Any, ...], element: Type, depth: int) -> tuple[Texts, tuple[int, ...]]:
    """One dimension's texts, and the lengths of it and of those inside."""
    if depth > _MOST_DIMENSIONS:
        raise Unfit(f"at most {_MOST_DIMENSIONS} levels of lists")
    texts: Texts = []
    shapes: set[tuple[int, ...]] = set()
    for place, item in enumerate(value):
        try:
            if _is_dimension(item, element):
                inner, shape = _dimension(item, element, depth + 1)
                texts.append(inner)
            else:
                texts.append(to_text(item, element))
                shape = ()
        except Unfit as error:
            raise error.under(place) from error
        shapes.add(shape)
    if len(shapes) > 1 or (shapes and 0 in next(iter(shapes))):
        raise Unfit("lists of one length at each level, none of them empty")
    return texts, (len(texts), *next(iter(shapes), ()))


def _is_dimension(item: Any, element: Type) -> bool:
    """Whether a member of a list is a further dimension, and no element."""
    if not isinstance(item, list | tuple) or holds_lists(element):
        return False
    return not (element.root.tag == "point" and is_pair(item))


def _composite(value: Any, root: Type) -> str:
    """An object by attribute names, one left out being NULL, or a composite's own text."""
    names = [attribute.name for attribute in root.attributes]
    if is_text(value):
        if not value.strip().startswith("("):
            raise Unfit(f"an object with {_listed(names)}, or a composite's text such as (1,x)")
        return str(value)
    if not isinstance(value, Mapping) or not value.keys() <= set(names):
        raise Unfit(f"an object with {_listed(names)}")
    fields: list[str | None] = []
    for attribute in root.attributes:
        try:
            fields.append(to_text(value.get(attribute.name), attribute.type))
        except Unfit as error:
            raise error.under(attribute.name) from error
    return write_composite(fields)


def _label(value: Any, root: Type) -> str:
    """One of an enum's labels."""
    if not is_text(value) or (root.labels and value not in root.labels):
        raise Unfit(f"one of {_listed(root.labels)}" if root.labels else f"a label of {root.display}")
    return str(value)


def _matching(value: Any, pattern: re.Pattern[str], expected: str) -> str:
    """A text of a form that can be told without knowing what is in it."""
    if not is_text(value) or not pattern.fullmatch(value):
        raise Unfit(expected)
    return str(value)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    """Names in quotes, at most twenty of them."""
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_LABELS])
    return f"{shown} and {len(names) - _MOST_LABELS} more" if len(names) > _MOST_LABELS else shown


def _is_whole(text: str) -> bool:
    """Whether every code point of a text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
