"""A backend of aiocache that is bounded: aiocache's own in memory grows for ever and starts a timer for each entry."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from attrs import frozen

from pgmcp.ports.clock import Clock

# How many of the oldest are looked at, at each new entry, for being past their time.
_SWEPT = 2


@frozen
class Slot:
    """What stands under a key: a value, what it weighs, and until when it counts (None for ever)."""

    value: Any
    bytes: int
    until: float | None


class BoundedMemoryCache(BaseCache):  # type: ignore[misc]  # aiocache has no types
    """Keeps values within bounds of bytes and of number; the least recently used goes first.

    Args:
        clock: Tells when a value is too old; looked at when it is asked for, so that no entry needs a timer.
        max_bytes: What all values may weigh together.
        max_entries: How many there may be.
        weigh: A value's weight in bytes.
        dropped: Told of each key and value that goes, for whatever reason.
    """

    NAME = "pgmcp-memory"

    def __init__(
        self,
        *,
        clock: Clock,
        max_bytes: int,
        max_entries: int,
        weigh: Callable[[Any], int],
        dropped: Callable[[str, Any], None],
    ) -> None:
        # No timeout of aiocache's: nothing here waits.
        super().__init__(serializer=NullSerializer(), timeout=None)
        self._clock = clock
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._weigh = weigh
        self._dropped = dropped
        self._slots: OrderedDict[str, Slot] = OrderedDict()
        self.bytes = 0
        self.evictions = 0

    def __len__(self) -> int:
        """How many values there are, old ones among them."""
        return len(self._slots)

    async def _get(self, key: str, encoding: str | None = None, _conn: object = None) -> Any:
        return self.at_once(key)

    def at_once(self, key: str) -> Any:
        """As `get`, without aiocache's plug-ins, time limit and coroutines, which cost more than all the rest here."""
        slot = self._slots.get(key)
        if slot is None:
            return None
        if slot.until is not None and slot.until <= self._clock.monotonic():
            self.drop(key)
            return None
        self._slots.move_to_end(key)
        return slot.value

    _gets = _get

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: object = None
    ) -> bool:
        if _cas_token is not None and (key not in self._slots or self._slots[key].value != _cas_token):
            return False
        self.drop(key)
        weight = self._weigh(value)
        if weight > self._max_bytes:
            return False
        now = self._clock.monotonic()
        self._slots[key] = Slot(value, weight, None if ttl is None else now + ttl)
        self.bytes += weight
        self._sweep(now)
        while self.bytes > self._max_bytes or len(self._slots) > self._max_entries:
            self.evictions += 1
            self.drop(next(iter(self._slots)))
        return True

    async def _multi_get(self, keys: list[str], encoding: str | None = None, _conn: object = None) -> list[Any]:
        return [await self._get(key) for key in keys]

    async def _multi_set(self, pairs: list[tuple[str, Any]], ttl: float | None = None, _conn: object = None) -> bool:
        return all([await self._set(key, value, ttl) for key, value in pairs])

    async def _add(self, key: str, value: Any, ttl: float | None = None, _conn: object = None) -> bool:
        if await self._get(key) is not None:
            message = "there is a value under that key"
            raise ValueError(message)
        return await self._set(key, value, ttl)

    async def _exists(self, key: str, _conn: object = None) -> bool:
        return await self._get(key) is not None

    async def _increment(self, key: str, delta: int, _conn: object = None) -> int:
        value = (await self._get(key) or 0) + delta
        await self._set(key, value)
        return int(value)

    async def _expire(self, key: str, ttl: float, _conn: object = None) -> bool:
        value = await self._get(key)
        return value is not None and await self._set(key, value, ttl or None)

    async def _delete(self, key: str, _conn: object = None) -> int:
        return int(self.drop(key))

    async def _clear(self, namespace: str | None = None, _conn: object = None) -> bool:
        for key in [each for each in self._slots if each.startswith(namespace or "")]:
            self.drop(key)
        return True

    async def _redlock_release(self, key: str, value: Any) -> int:
        found = self._slots.get(key)
        return int(found is not None and found.value == value and self.drop(key))

    async def _raw(self, command: str, *args: Any, _conn: object = None, **kwargs: Any) -> Any:
        return getattr(self._slots, command)(*args, **kwargs)

    def drop(self, key: str) -> bool:
        """Take a value away; whether it was there."""
        slot = self._slots.pop(key, None)
        if slot is None:
            return False
        self.bytes -= slot.bytes
        self._dropped(key, slot.value)
        return True

    def _sweep(self, now: float) -> None:
        """Drop the oldest that are past their time, so that what nobody asks for again goes too."""
        for _ in range(_SWEPT):
            key, slot = next(iter(self._slots.items()))
            if slot.until is None or slot.until > now or len(self._slots) == 1:
                return
            self.drop(key)
