"""Frozen objects that are as others but for a few attributes."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")

# Past what freezes an object that nobody has seen yet.
_set = object.__setattr__


def altered(thing: T, **changes: Any) -> T:
    """As `attrs.evolve`, in a fifth of its time: for what every call makes anew.

    Nothing is converted and no name is looked at, so this is for frozen classes that convert nothing, keep nothing that
    follows from their attributes, and have no slots.

    Args:
        thing: What to begin with; it stays as it is.
        changes: Attributes by their names.

    >>> from pgmcp.domain.calls import CallContext, CallId
    >>> altered(CallContext(id=CallId("1"), tool="read_table", deadline=1.0), deadline=2.0).deadline
    2.0
    """
    made: T = object.__new__(type(thing))
    _set(made, "__dict__", thing.__dict__ | changes)
    return made
