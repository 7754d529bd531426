"""Keys of cached results: a keyed digest of everything that a result hangs on beside the tables' rows.

The digest is keyed (BLAKE2, RFC 7693), so that nobody who reads keys can try values against them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from attrs import fields, has

from pgmcp.domain.caching.footprints import Surroundings
from pgmcp.domain.caching.steady import names_a_moment
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import Type

_BYTES = 20


def digest(secret: bytes, plan: object, view: str, surroundings: Surroundings) -> bytes | None:
    """The key of a plan's result.

    Args:
        secret: At most 64 bytes that only our processes know.
        plan: What is read, with its values; whatever of it equals another's gives the same key.
        view: What the caller may see.
        surroundings: What the sessions have in common.

    Returns:
        The key; None where a value means another moment each time, such as PostgreSQL's own `today`.
    """
    text = spelt(plan)
    if names_a_moment(text):
        return None
    around = spelt((view, surroundings))
    return blake2b((text + around).encode(errors="surrogatepass"), key=secret, digest_size=_BYTES).digest()


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
    if kind is type(None):
        return lambda _: "N"
    if kind is Type:
        return lambda value: _text(f"{value.schema}.{value.name}")
    if kind is Relation:
        return lambda value: _text(f"{value.name}/{value.fingerprint}")
    if issubclass(kind, Enum):
        return lambda value: f"{value.name},"
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
