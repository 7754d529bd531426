"""Records of the audit as lines: JSON in ASCII, so that no name can break a line or an encoding."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, TypeVar

from pgmcp.domain.audit_record import DoneRead, Ended, record_of, stamp
from pgmcp.domain.filters.tree import Compare
from pgmcp.domain.relations import Relation
from pgmcp.domain.touching import filtered

K = TypeVar("K")
V = TypeVar("V")

_KEPT = 1000
_TO_SECONDS = len("2026-01-01T00:00:00")
_MILLI, _MICRO = 1e3, 1e6
# What differs from one read to the next of the same kind, in the order of the document.
_DIFFERING = ("time", "call", "principal", "session", "duration_ms", "rows")
# Of small numbers the texts are there already: to write one takes as long as to find three.
_NUMBERED = 1000
_NUMBERS = tuple(str(number) for number in range(_NUMBERED))
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
        self._second, self._shown = -1, ""
        self._shorts = [_duration(micros) for micros in range(_SHORT)]

    def of(self, ended: Sequence[Ended]) -> bytes:
        """The lines of calls, each with its end."""
        made: list[str] = []
        add, known = made.extend, self._callers.get
        second, shown, shorts = self._second, self._shown, self._shorts
        # One loop without functions of ours in it: a line takes less time than half a dozen of their calls. Nor is any
        # text made that is not there yet: what there is of all lines is joined at once.
        for each in ended:
            if type(each) is not tuple:
                add((_fixed(record_of(each).document()), "\n"))
                continue
            at, call, principal, session, tool, plan, seconds, rows = each
            # A single condition, a single column to order by, as most reads have, are nothing to walk through.
            tree, order, relation = plan.filter, plan.order, plan.relation
            filtering = tree.operand.column if type(tree) is Compare else tuple(filtered(tree))
            ordering = order[0].operand.column if len(order) == 1 else tuple([key.operand.column for key in order])
            key = (principal, session, tool, id(relation), plan.columns, filtering, ordering)
            (start, to_call, to_duration, to_rows, rest), _ = known(key) or self._keep(key, each)
            millis, micros = int(at * _MILLI), int(seconds * _MICRO + 0.5)
            if millis // 1000 != second:
                second = millis // 1000
                shown = stamp(second)[:_TO_SECONDS]
            add(
                (
                    start,
                    shown,
                    _FRACTIONS[millis % 1000],
                    to_call,
                    quoted(call),
                    to_duration,
                    shorts[micros] if micros < _SHORT else _duration(micros),
                    to_rows,
                    _NUMBERS[rows] if rows < _NUMBERED else str(rows),
                    rest,
                )
            )
        self._second, self._shown = second, shown
        return "".join(made).encode("ascii")

    def _keep(self, key: tuple[Any, ...], read: DoneRead) -> Template:
        principal, session, *reach = key
        reached = tuple(reach)
        template = self._templates.get(reached)
        if template is None:
            template = _put(self._templates, reached, (_around(read), read[5].relation))
        (start, to_call, to_principal, to_session, to_duration, *rest), relation = template
        caller = f"{to_principal}{quoted(principal)}{'' if session is None else to_session + quoted(session)}"
        return _put(self._callers, key, ((start, to_call, caller + to_duration, *rest), relation))


def _put(kept: dict[K, V], key: K, made: V) -> V:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = made
    return made


def _around(read: DoneRead) -> tuple[str, ...]:
    """What stands before, between and behind all that differs, of a call that came in by a session."""
    texts = [""]
    for number, (name, value) in enumerate(record_of(read)._replace(session="").document().items()):
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


def _duration(micros: int) -> str:
    """Microseconds in milliseconds."""
    return f"{micros // 1000}{_FRACTIONS[micros % 1000]}"


def _fixed(value: object) -> str:
    """A value's JSON."""
    return json.dumps(value, separators=(",", ":"))
