"""Records of the audit as lines: JSON in ASCII, so that no name can break a line or an encoding."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from itertools import groupby
from json.encoder import encode_basestring_ascii as quoted
from math import floor
from typing import Any, TypeVar

from pgmcp.domain.audit_record import DoneRead, Ended, Recordable, record_of, stamp
from pgmcp.domain.calls import CallId
from pgmcp.domain.filters.tree import Compare
from pgmcp.domain.plans import Select
from pgmcp.domain.relations import Relation
from pgmcp.domain.touching import filtered

K = TypeVar("K")
V = TypeVar("V")

_KEPT = 1000
_TO_SECONDS = len("2026-01-01T00:00:00")
_MILLI, _MICRO = 1e3, 1e6
_SECOND = 1000  # in milliseconds
# What differs from one read to the next of the same kind, in the order of the document.
_DIFFERING = ("time", "call", "principal", "session", "duration_ms", "rows")
# What every line begins with, as a document does.
_OPENING = '{"time":"'
# Of small numbers the texts are there already: to write one takes as long as to find three.
_FRACTIONS = tuple(f".{number:03d}" for number in range(1000))
# Microseconds that most reads take less than, in a database near by.
_SHORT = 2000

Template = tuple[tuple[str, ...], Relation]
"""What stands around that which differs, and the relation whose identity is part of its key."""


class Lines:
    """Makes lines; those of reads that went well from what was kept of one before, as most are."""

    def __init__(self) -> None:
        # By what reads reach, and by whose they are beside that: for a new caller nothing but names is written anew.
        self._templates: dict[Hashable, Template] = {}
        self._callers: dict[Hashable, Template] = {}
        # The second that the last line was of, in milliseconds, and what it is shown as.
        self._base, self._shown = -_SECOND, ""
        self._shorts = [_duration(micros) for micros in range(_SHORT)]

    def of(self, ended: Sequence[Ended]) -> bytes:
        """The lines of calls, each with its end."""
        made: list[str] = []
        for kind, alike in groupby(ended, type):
            some: list[Any] = [*alike]
            made += self._of_reads(some) if kind is tuple else map(_line, some)
        return "".join(made).encode("ascii")

    def _of_reads(self, reads: Sequence[DoneRead]) -> list[str]:
        """The lines of reads that went well."""
        made: list[str] = []
        known: tuple[Any, ...] | None = None
        to_call = to_duration = to_rows = rest = end = ""
        base, shown, counted, shorts = self._base, self._shown, -1, self._shorts
        # One loop without functions of ours in it: a line takes less time than half a dozen of their calls. What stands
        # in most lines like the one before is compared with that, by its identity, and not looked for.
        for (at, _, principal, session, tool, plan, seconds, rows), call in zip(reads, _calls(reads), strict=True):
            # A single condition, a single column to order by, as most reads have, are nothing to walk through.
            tree, order = plan.filter, plan.order
            filtering = tree.operand.column if type(tree) is Compare else tuple(filtered(tree))
            ordering = order[0].operand.column if len(order) == 1 else tuple([key.operand.column for key in order])
            key = (principal, session, tool, plan.relation, plan.columns, filtering, ordering)
            if key != known:
                to_call, to_duration, to_rows, rest = self._template(key, plan)
                known, counted = key, -1
            if rows != counted:
                counted, end = rows, f"{to_rows}{rows}{rest}"
            milli, micros = floor(at * _MILLI) - base, floor(seconds * _MICRO + 0.5)
            if not 0 <= milli < _SECOND:
                base += milli // _SECOND * _SECOND
                milli %= _SECOND
                shown = _OPENING + stamp(base // _SECOND)[:_TO_SECONDS]
            duration = shorts[micros] if micros < _SHORT else _duration(micros)
            made.append(f"{shown}{_FRACTIONS[milli]}{to_call}{call}{to_duration}{duration}{end}")
        self._base, self._shown = base, shown
        return made

    def _template(self, key: tuple[Any, ...], plan: Select) -> tuple[str, ...]:
        """What stands around that which differs, in the lines of reads that have a key."""
        principal, session, tool, relation, *columns = key
        reach = (tool, id(relation), *columns)
        found = self._callers.get((principal, session, reach))
        if found is None:
            template = self._templates.get(reach) or _put(self._templates, reach, (_around(tool, plan), relation))
            (_, to_call, to_principal, to_session, to_duration, *rest), _ = template
            caller = f'"{to_principal}{quoted(principal)}{"" if session is None else to_session + quoted(session)}'
            around = (f'{to_call}"', caller + to_duration, *rest)
            found = _put(self._callers, (principal, session, reach), (around, relation))
        return found[0]


def _put(kept: dict[K, V], key: K, made: V) -> V:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = made
    return made


def _calls(reads: Sequence[DoneRead]) -> Sequence[str]:
    """The reads' ids, as they stand between quotation marks."""
    calls = [read[1] for read in reads]
    # As ids of ours are, which nothing in has to be written otherwise.
    if "".join(calls).encode("ascii", "replace").isalnum():
        return calls
    return [quoted(call)[1:-1] for call in calls]


def _around(tool: str | None, plan: Select) -> tuple[str, ...]:
    """What stands before, between and behind all that differs, of a call that came in by a session."""
    texts = [""]
    read: DoneRead = (0.0, CallId(""), "", "", tool, plan, 0.0, 0)
    for number, (name, value) in enumerate(record_of(read).document().items()):
        texts[-1] += f"{',' if number else '{'}{_fixed(name)}:"
        if name not in _DIFFERING:
            texts[-1] += _fixed(value)
            continue
        # Of a time only what is before its end differs.
        before, behind = ('"', '+00:00"') if name == "time" else ("", "")
        texts[-1] += before
        texts.append(behind)
    texts[-1] += "}\n"
    return tuple(texts)


def _line(ended: Recordable) -> str:
    """The line of anything else."""
    return _fixed(ended.record().document()) + "\n"


def _duration(micros: int) -> str:
    """Microseconds in milliseconds."""
    return f"{micros // 1000}{_FRACTIONS[micros % 1000]}"


def _fixed(value: object) -> str:
    """A value's JSON."""
    return json.dumps(value, separators=(",", ":"))
