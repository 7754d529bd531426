"""A result as bytes: compact, sealed, and bound to its key, so that garbage or another key's entry is never served.

A head in JSON, then the rows' texts as they are; AES-GCM (NIST SP 800-38D) around both, as rows may be confidential.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pgmcp.domain.results import SEPARATOR, Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.types import Attribute, Kind, Type

_NONCE = 12
# Of the form; another one's entries are garbage to this one.
_VERSION = 2


class SealedCodec:
    """Turns results into bytes and back.

    Args:
        key: 32 bytes, the same in every process that shares the cache.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encode(self, result: Result, bound_to: bytes) -> bytes:
        """The bytes of a result in wire form."""
        rows = SEPARATOR.join(result.rows.texts) if isinstance(result.rows, WireRows) else ""
        head = orjson.dumps(
            [
                _VERSION,
                result.as_of.isoformat() if result.as_of else None,
                result.count,
                result.more,
                result.truncated,
                result.last_key,
                [[column.name, _type_down(column.type)] for column in result.columns],
            ]
        )
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, b"\n".join((head, rows.encode())), bound_to)

    def decode(self, sealed: bytes, bound_to: bytes) -> Result | None:
        """The result; None for what isn't one, or is another key's."""
        try:
            text = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
            head, _, body = text.partition(b"\n")
            version, as_of, count, more, truncated, last_key, columns = orjson.loads(head)
        except (InvalidTag, ValueError):
            return None
        if version != _VERSION:
            return None
        return Result(
            columns=tuple(ResultColumn(name, _type_up(orjson.dumps(type_))) for name, type_ in columns),
            rows=WireRows((body.decode(),) if body else ()),
            count=count,
            more=more,
            truncated=Truncation(truncated) if truncated else None,
            last_key=None if last_key is None else tuple(last_key),
            as_of=datetime.fromisoformat(as_of) if as_of else None,
        )


def _type_down(type_: Type) -> list[Any]:
    """A type as JSON: only its name where it is a plain built-in, as most are."""
    if type_.builtin and type_.kind is Kind.BASE:
        return [type_.name]
    inner = [None if each is None else _type_down(each) for each in (type_.element, type_.base)]
    attributes = [[each.name, _type_down(each.type)] for each in type_.attributes]
    return [type_.name, type_.schema, type_.kind, *inner, type_.labels, attributes, type_.extension]


@lru_cache(maxsize=1024)
def _type_up(text: bytes) -> Type:
    return _type_of(orjson.loads(text))


def _type_of(facts: Sequence[Any]) -> Type:
    if len(facts) == 1:
        return Type(name=facts[0])
    name, schema, kind, element, base, labels, attributes, extension = facts
    return Type(
        name=name,
        schema=schema,
        kind=Kind(kind),
        element=None if element is None else _type_of(element),
        base=None if base is None else _type_of(base),
        labels=tuple(labels),
        attributes=tuple(Attribute(each, _type_of(inner)) for each, inner in attributes),
        extension=extension,
    )
