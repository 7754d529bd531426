"""Long work of ours is done beside the event loop, which goes on serving others meanwhile."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

LONG_TEXT = 65_536
"""Characters or bytes of JSON that are read in a millisecond or two."""

# What JSON has that holds others, and Python. As a tuple: a union would be made anew for each value.
_HOLDERS = (dict, list, tuple)
# So many values are dealt with in a few milliseconds.
_MANY = 1000


def holds_many(given: object) -> bool:
    """Whether a value as JSON has it, or Python, holds more values than are dealt with at once.

    >>> holds_many({"id": [1, 2]}), holds_many({"id": list(range(5000))})
    (False, True)
    """
    left = [given]
    seen = 0
    while left:
        each = left.pop()
        seen += len(each)  # type: ignore[arg-type] # only containers are put there
        if seen > _MANY:
            return True
        members = each.values() if isinstance(each, Mapping) else each
        left += [member for member in members if isinstance(member, _HOLDERS)]  # type: ignore[attr-defined] # as above
    return False


async def aside(given: object, work: Callable[[], T]) -> T:
    """What `work` gives: at once for what is short, from a thread for what holds many values.

    Args:
        given: A list, a tuple or a mapping, which `work` looks through.
        work: Pure: what it does depends on nothing that others change, and if nobody waits for it any more it ends
            all the same.

    Raises:
        Exception: What `work` raises.
    """
    return await asyncio.to_thread(work) if holds_many(given) else work()


async def text_aside(text: bytes, work: Callable[[bytes], T]) -> T:
    """What `work` gives of a text: at once for a short one, from a thread for a long one.

    Raises:
        Exception: What `work` raises.
    """
    return work(text) if len(text) <= LONG_TEXT else await asyncio.to_thread(work, text)


@contextmanager
def uncollected() -> Iterator[None]:
    """A time in which many values are made and none of them is garbage.

    Python's collector would look through all of them again and again, and gives nobody else a turn while it does: of
    reading four megabytes of JSON it is up to four fifths.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
