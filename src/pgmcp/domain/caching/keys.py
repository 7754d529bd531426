"""Keys of cached results: a keyed digest of everything that a result hangs on beside the tables' rows.

The digest is keyed (BLAKE2, RFC 7693), so that nobody who reads keys can try values against them.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any

from attrs import fields, has

from pgmcp.domain.caching.footprints import Surroundings
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import Type

_BYTES = 20


def digest(secret: bytes, plan: object, view: str, surroundings: Surroundings) -> bytes:
    """The key of a plan's result.

    Args:
        secret: At most 64 bytes that only our processes know.
        plan: What is read, with its values; whatever of it equals another's gives the same key.
        view: What the caller may see.
        surroundings: What the sessions have in common.
    """
    around = (surroundings.database, surroundings.role, surroundings.search_path, surroundings.time_zone)
    text = spelt((type(plan).__name__, view, around, plan))
    return blake2b(text.encode(errors="surrogatepass"), key=secret, digest_size=_BYTES).digest()


def spelt(value: Any) -> str:
    """A value as a text that no other value has; texts stand with their length, so that none can pose as a structure.

    >>> spelt(("a", 1, None)), spelt("(1:a1,)")
    ('(1:aint:1,N)', '7:(1:a1,)')
    """
    kind: Any = type(value)
    if kind is str:
        return f"{len(value)}:{value}"
    if value is None:
        return "N"
    if kind is tuple:
        return f"({''.join([spelt(item) for item in value])})"
    if kind is Type:
        return spelt((value.schema, value.name))
    if kind is Relation:
        return spelt((value.name.schema, value.name.name, value.fingerprint))
    names = _compared(kind)
    if names is not None:
        return f"{kind.__name__}({''.join([spelt(getattr(value, name)) for name in names])})"
    if isinstance(value, str):
        return f"{len(value)}:{value}"
    if isinstance(value, dict):
        return spelt(("dict", *[(spelt(key), spelt(value[key])) for key in sorted(value, key=repr)]))
    if isinstance(value, (list, tuple)):
        return spelt((kind.__name__, *value))
    return f"{kind.__name__}:{value!r},"


@cache
def _compared(kind: Any) -> tuple[str, ...] | None:
    """The names of what makes two objects of a class equal; None for what isn't one of our classes."""
    return tuple(each.name for each in fields(kind) if each.eq) if has(kind) else None
