"""How far a server, or a caller, may go."""

from __future__ import annotations

from enum import StrEnum


class Access(StrEnum):
    """How far the server lets anyone go: each mode includes the one before."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


_WIDENING = tuple(Access)


def lowest(*modes: Access | None) -> Access | None:
    """The mode that lets through the least; None where none is said.

    >>> lowest(Access.ADMIN, None, Access.READ)
    <Access.READ: 'read'>
    """
    return min((mode for mode in modes if mode is not None), key=_WIDENING.index, default=None)
