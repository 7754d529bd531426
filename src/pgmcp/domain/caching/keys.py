"""Keys of cached results: a keyed digest of everything that a result hangs on beside the tables' rows.

The digest is keyed (BLAKE2, RFC 7693), so that nobody who reads keys can try values against them. What many reads have
in common goes into it once; a read adds what is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from attrs import fields, has

from pgmcp.domain.caching.steady import names_a_moment
from pgmcp.domain.filters.tree import Compare, Literal, Operand
from pgmcp.domain.plans import RawQuery, Select
from pgmcp.domain.relations import Order, Relation
from pgmcp.domain.values.types import Type

_BYTES = 20


class Prefix:
    """What the keys of several results have in common.

    Args:
        secret: At most 64 bytes that only our processes know.
        parts: Everything that those results hang on beside the plan's own values.
    """

    __slots__ = ("_begun",)

    def __init__(self, secret: bytes, *parts: object) -> None:
        self._begun = blake2b(spelt(parts).encode(errors="surrogatepass"), key=secret, digest_size=_BYTES)

    def key(self, own: str) -> bytes | None:
        """The key of one result.

        Args:
            own: What is this read's own, as `of_select` or `of_statement` spell it.

        Returns:
            The key; None where a value means another moment each time, such as PostgreSQL's own `today`.
        """
        if names_a_moment(own):
            return None
        digest = self._begun.copy()
        digest.update(own.encode(errors="surrogatepass"))
        return digest.digest()


def of_select(plan: Select) -> str:
    """What a read of a relation says beside the relation."""
    page, bounds = plan.page, plan.bounds
    return (
        f"{_items(plan.columns)}{spelt(plan.filter)}{_items(plan.order)}{plan.keyed:d}{page.limit},{page.offset},"
        f"{spelt(page.after)}{bounds.max_rows},{bounds.max_bytes}"
    )


def of_statement(plan: RawQuery) -> str:
    """What a raw statement's run says beside its text."""
    bounds = plan.bounds
    return f"{spelt(plan.params)}{bounds.max_rows},{bounds.max_bytes}"


def spelt(value: Any) -> str:
    """A value as a text that no other value has; texts stand with their length, so that none can pose as a structure.

    >>> spelt(("a", 1, None)), spelt("(1:a1,)")
    ('(1:a;int:1,N)', '7:(1:a1,);')
    """
    kind: Any = type(value)
    return _speller(kind)(value)


@cache
def _speller(kind: Any) -> Callable[[Any], str]:
    """How values of a class are spelt; there are as many as classes."""
    known = _KNOWN.get(kind)
    if known is not None:
        return known
    if issubclass(kind, Enum):
        return lambda value: f"{value.name}={value.value!r},"
    if issubclass(kind, str):
        return _text
    if has(kind):
        return _object(kind)
    if issubclass(kind, Mapping):
        return lambda value: spelt(tuple(sorted([spelt(pair) for pair in value.items()])))
    if issubclass(kind, (set, frozenset)):
        return lambda value: spelt(tuple(sorted([spelt(item) for item in value])))
    if issubclass(kind, (tuple, list)):
        return _items
    return lambda value: f"{kind.__name__}:{value!r},"


def _text(value: str) -> str:
    return f"{len(value)}:{value};"


def _items(value: Any) -> str:
    return f"({''.join([spelt(item) for item in value])})"


def _object(kind: Any) -> Callable[[Any], str]:
    """An object by what makes two of its class equal."""
    names = [each.name for each in fields(kind) if each.eq]
    if len(names) < 2:
        return lambda value: f"{kind.__name__}{_items([getattr(value, name) for name in names])}"
    parts = attrgetter(*names)
    return lambda value: f"{kind.__name__}{_items(parts(value))}"


# What nearly every plan is made of, spelt by hand: a hit of the cache is little else. A test holds that no part is
# left out.
def _type(value: Type) -> str:
    return f"{len(value.schema)}:{value.schema}.{len(value.name)}:{value.name};"


def _literal(value: Literal) -> str:
    return f"L{len(value.text)}:{value.text};{_type(value.type)}"


def _operand(value: Operand) -> str:
    path = spelt(value.path) if value.path else "-"
    return f"O{len(value.column)}:{value.column};{_type(value.type)}{path}{value.view.value};"


def _compare(value: Compare) -> str:
    literal = "N" if value.value is None else _literal(value.value)
    return f"C{_operand(value.operand)}{value.op.value};{literal}{value.fold:d}"


def _order(value: Order) -> str:
    return f"B{_operand(value.operand)}{value.descending:d}{value.nulls_first:d}"


_KNOWN: dict[Any, Callable[[Any], str]] = {
    type(None): lambda _: "N",
    str: _text,
    tuple: _items,
    Type: _type,
    Literal: _literal,
    Operand: _operand,
    Compare: _compare,
    Order: _order,
    Relation: lambda value: _text(f"{value.name}/{value.fingerprint}"),
}
