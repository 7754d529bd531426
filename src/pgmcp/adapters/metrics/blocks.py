"""What came together is kept together, in columns: nothing is made of it until somebody looks, which is seldom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from struct import pack
from typing import Protocol

from attrs import frozen

from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import Layer, Place, Sample

_NO_CALL = CallId("")
_SIZE = 8  # of a number

Packed = bytes
"""Numbers, of 8 bytes each."""


class Block(Protocol):
    """Some of one layer's newest."""

    @property
    def count(self) -> int:
        """How many; at least one."""
        ...

    @property
    def latest(self) -> float:
        """The latest end among them, or one soon after."""
        ...

    def samples(self) -> Sequence[Sample]:
        """They, in the order that they came."""
        ...


@frozen
class Ran:
    """Calls, or statements: the fields of their samples, each field for itself.

    Numbers lie packed, and nothing else is held but texts: the garbage collector has nothing to walk through, and no
    number of ten thousand has to be looked for somewhere in the memory when it goes.
    """

    layer: Layer
    at: Packed
    operations: Sequence[str]
    seconds: Packed
    errors: Sequence[str | None]
    calls: Sequence[CallId]
    details: Sequence[str | None]
    latest: float

    @property
    def count(self) -> int:
        """How many."""
        return len(self.operations)

    def samples(self) -> Sequence[Sample]:
        """They."""
        fields = (self.operations, _unpacked(self.seconds), self.errors, self.calls, self.details)
        return list(map(Sample, _unpacked(self.at), repeat(self.layer), *fields))


@frozen
class Passed:
    """Parts of calls that passed one place."""

    place: Place
    began: Packed
    ended: Packed
    latest: float

    @property
    def count(self) -> int:
        """How many."""
        return len(self.ended) // _SIZE

    def samples(self) -> Sequence[Sample]:
        """They."""
        place = self.place
        return [
            Sample(ended, place.layer, place.operation, ended - began, place.error, _NO_CALL)
            for began, ended in zip(_unpacked(self.began), _unpacked(self.ended), strict=True)
        ]


def packed(numbers: Sequence[float]) -> Packed:
    """Numbers, of 8 bytes each."""
    return pack(f"{len(numbers)}d", *numbers)


def _unpacked(numbers: Packed) -> Sequence[float]:
    return memoryview(numbers).cast("d").tolist()
