"""What comes together as columns: each step is one for all of it, where it is alike, as it mostly is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from pgmcp.domain.samples import Parts, Place, Stations, stayed

Passages = tuple[Place, Sequence[float], Sequence[float]]
"""A place that calls passed: when each began there, and when each ended."""


def grouped(times: Sequence[float], *names: Sequence[Any]) -> Iterable[tuple[tuple[Any, ...], Sequence[float]]]:
    """How long what is called alike took, by what it is called; `names` has a column for each part of that."""
    first = tuple(column[0] for column in names)
    # As where one tool is called again and again: comparing is an instruction or two for each.
    if all(column.count(name) == len(times) for column, name in zip(names, first, strict=True)):
        return ((first, times),)
    groups: defaultdict[tuple[Any, ...], list[float]] = defaultdict(list)
    for name, seconds in zip(zip(*names, strict=True), times, strict=True):
        groups[name].append(seconds)
    return groups.items()


def passages(stations: Sequence[Stations], parts: Sequence[Parts]) -> Iterator[Passages]:
    """Stations and other parts of calls, by their place."""
    borders = _flat(stations)
    places, times = borders[0::2], borders[1::2]
    period = len(stations[0]) // 2
    if _recur(places, period):
        columns = [times[at::period] for at in range(period)]
        for place, begins, ends in zip(places, columns, columns[1:], strict=False):
            if place is not None:
                yield place, begins, ends
        yield from _by_place(_flat(parts), len(parts[0]) // 3)
    else:
        stays = chain.from_iterable(chain.from_iterable(map(stayed, stations)))
        yield from _by_place([*_flat(parts), *stays], 0)


def _by_place(parts: list[Any], period: int) -> Iterable[Passages]:
    """Parts by their place; `period` is how many a call may have."""
    places, began, ended = parts[0::3], parts[1::3], parts[2::3]
    if _recur(places, period):
        return [(place, began[at::period], ended[at::period]) for at, place in enumerate(places[:period])]
    groups: defaultdict[Place, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for place, begin, end in zip(places, began, ended, strict=True):
        begins, ends = groups[place]
        begins.append(begin)
        ends.append(end)
    return [(place, *columns) for place, columns in groups.items()]


def _recur(places: list[Any], period: int) -> bool:
    """Whether all calls went the same way: the places of one come again and again."""
    return period > 0 and places == places[:period] * (len(places) // period)


def _flat(noted: Sequence[Sequence[Any]]) -> list[Any]:
    flat: list[Any] = []
    for each in noted:
        flat += each
    return flat
