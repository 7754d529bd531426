"""Masks as SQL: the same texts as `pgmcp.domain.policy.masks` makes, worked out where the values are.

The key of a hash is bound, never written into a statement's text; SQL of a select list holds two words in its place.
Source: RFC 2104 (HMAC), PostgreSQL documentation, section 9.5 (`sha256`).
"""

from __future__ import annotations

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.naming import type_name
from pgmcp.domain.policy.masks import HASH_LENGTH, HIDDEN, SHORTEST_SHOWN_IN_PART, Mask
from pgmcp.domain.values.types import TEXT, Type

_BLOCK = 64
_INNER, _OUTER = "\0inner\0", "\0outer\0"
# Patterns and positions mean the same whatever a column's collation is.
_PLAIN = 'COLLATE pg_catalog."C"'


def masked(sql: str, type_: Type, mask: Mask) -> str:
    """SQL of what a mask shows of a column.

    Args:
        sql: The column.
        type_: Its type.
        mask: The mask.
    """
    text = f"(({sql})::pg_catalog.text {_PLAIN})"
    match mask:
        case Mask.NULL:
            return f"NULL::{type_name(type_)}"
        case Mask.FULL:
            shown = f"'{HIDDEN}'"
        case Mask.LAST4:
            long = f"pg_catalog.length({text}) >= {SHORTEST_SHOWN_IN_PART}"
            shown = f"'{HIDDEN}' || CASE WHEN {long} THEN pg_catalog.right({text}, 4) ELSE '' END"
        case Mask.EMAIL:
            domain = f"pg_catalog.substring({text}, '[^@]+$')"
            first = f"CASE WHEN {text} ~ '^..+@[^@]+$' THEN pg_catalog.left({text}, 1) ELSE '' END"
            shown = f"CASE WHEN {text} ~ '^.+@[^@]+$' THEN {first} || '{HIDDEN}@' || {domain} ELSE '{HIDDEN}' END"
        case _:
            inner = f"pg_catalog.sha256({_INNER} || pg_catalog.convert_to({text}, 'UTF8'))"
            shown = f"pg_catalog.left(pg_catalog.encode(pg_catalog.sha256({_OUTER} || {inner}), 'hex'), {HASH_LENGTH})"
    return f"CASE WHEN {sql} IS DISTINCT FROM NULL THEN {shown} END"


def shown_type(type_: Type, mask: Mask | None) -> Type:
    """The type of what is shown."""
    return type_ if mask in {None, Mask.NULL} else TEXT


def with_key(sql: str, binder: Binder) -> str:
    """SQL with the key of hashes bound, where there is one in it."""
    if _INNER not in sql:
        return sql
    block = binder.mask_key.ljust(_BLOCK, b"\0")
    for word, pad in ((_INNER, 0x36), (_OUTER, 0x5C)):
        padded = bytes(byte ^ pad for byte in block)
        sql = sql.replace(word, f"pg_catalog.decode({binder.text(padded.hex())}, 'hex')")
    return sql
