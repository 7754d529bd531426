"""A bounded store of what is costly to find out: the least recently used goes first, nothing stays past its time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sized
from typing import Generic, TypeVar

from attrs import define, field

from pgmcp.ports.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@define
class Tally:
    """How often the stores of one kind had what was asked for.

    Args:
        hits, misses, stores: Since the start.
        kept: The stores that count here.
    """

    hits: int = 0
    misses: int = 0
    stores: int = 0
    kept: list[Sized] = field(factory=list)


class Kept(Generic[K, V]):
    """Values by key.

    Args:
        clock: Tells when a value is too old.
        most: How many values are held at the most.
        ttl_s: Seconds after which a value no longer counts; None for never.
        tally: Where to count; None where nobody asks.
    """

    def __init__(self, clock: Clock, *, most: int, ttl_s: float | None = None, tally: Tally | None = None) -> None:
        """Begin empty."""
        self._tally = tally if tally is not None else Tally()
        self._tally.kept.append(self)
        self._clock = clock
        self._most = most
        self._ttl_s = ttl_s
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._era = 0

    @property
    def era(self) -> int:
        """Another number after each `clear`: taken before a value is found out, handed to `put` with it."""
        return self._era

    def get(self, key: K) -> V | None:
        """The value of a key; None where there is none, or it is too old."""
        found = self._values.get(key)
        if found is None:
            self._tally.misses += 1
            return None
        since, value = found
        if self._ttl_s is not None and self._clock.monotonic() - since > self._ttl_s:
            self._tally.misses += 1
            del self._values[key]
            return None
        self._tally.hits += 1
        self._values.move_to_end(key)
        return value

    def recall(self, key: K) -> V | None:
        """As `get`, for whoever goes on to `get` where there is none: only then that is counted.

        It is no use that keeps a value from going first, so it takes half of the time; what is recalled often is put
        anew whenever its time is up.
        """
        found = self._values.get(key)
        if found is None or (self._ttl_s is not None and self._clock.monotonic() - found[0] > self._ttl_s):
            return None
        self._tally.hits += 1
        return found[1]

    def put(self, key: K, value: V, era: int | None = None) -> V:
        """Keep a value, and give it back.

        Args:
            key: Under which.
            value: The value.
            era: Where finding it out took time, the era that it began in: what is of an earlier one isn't kept, as
                nobody knows whether it was found out before or behind what `clear` was for. None for this one.
        """
        if era is not None and era != self._era:
            return value
        self._tally.stores += 1
        self._values[key] = (self._clock.monotonic(), value)
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def __len__(self) -> int:
        """How many values there are, old ones among them."""
        return len(self._values)

    def drop(self, key: K) -> None:
        """Forget one value."""
        self._values.pop(key, None)

    def clear(self) -> None:
        """Forget every value, and those that are being found out now."""
        self._era += 1
        self._values.clear()
