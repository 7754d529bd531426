"""Calls that came before, with what each came to, so that the same call again isn't decoded and planned again."""

from __future__ import annotations

import marshal
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from weakref import ref

from attrs import field, frozen

from pgmcp.domain.guard.verdicts import Verdict
from pgmcp.domain.plans import Plan
from pgmcp.domain.policy.views import View
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.responses import DataResponse, ResponseBase
from pgmcp.domain.results import Result, WireRows

# Bytes of arguments that are remembered: long ones seldom come twice.
_LONGEST = 2048
# Without references in it, so that equal values give equal bytes.
# https://docs.python.org/3/library/marshal.html#marshal.version
_VERSION = 2

Place = tuple[str, type, bytes, View]
"""Where a call is kept: its tool, its arguments and how they came, and the view of whoever made it."""


class LastAnswer:
    """What a call was answered by a result that is kept, for as long as that is kept."""

    __slots__ = ("_response", "_result")

    def __init__(self) -> None:
        """Begin with none."""
        self._result: ref[Result] | None = None
        self._response: ResponseBase | None = None

    def by(self, result: object) -> ResponseBase | None:
        """The answer by that very result; None where it was another one."""
        kept = self._result
        return self._response if kept is not None and kept() is result else None

    def note(self, result: object, response: ResponseBase) -> None:
        """Take note of an answer, where the same result can come again: rows for the wire, out of the cache.

        Not of one with a cursor, which is sealed for its caller and tells its moment.
        """
        if type(result) is not Result or result.as_of is None or type(result.rows) is not WireRows:
            return
        if type(response) is DataResponse and response.next_cursor is None:
            self._response = response
            self._result = ref(result, self._forget)

    def _forget(self, gone: ref[Result]) -> None:
        if self._result is gone:
            self._result = self._response = None


# Without slots it is made faster, and one is for each call.
@frozen(kw_only=True, eq=False, slots=False)
class PreparedCall:
    """What a call came to before it was carried out.

    Args:
        request: What was asked.
        plan: What that comes to.
        authorised: The same, as its caller may carry it out.
        verdict: The guard's, for a statement of the caller's own.
        leaves_something: Whether it is a write, so that doing it once is something else than doing it twice.
        answer: Its last answer.
    """

    request: RequestBase[Any]
    plan: Plan
    authorised: Plan
    verdict: Verdict | None
    leaves_something: bool
    answer: LastAnswer = field(factory=LastAnswer)


class PreparedCalls:
    """Keeps calls that were prepared; the least recently used goes first.

    Nothing here has to be told that something has changed: whoever takes a call from here looks whether what it was
    prepared on is still the same.
    """

    def __init__(self, *, most: int) -> None:
        """Keep that many at the most, each of at most 2 KiB of arguments; none with 0."""
        self._most = most
        self._kept: OrderedDict[Place, PreparedCall] = OrderedDict()

    def place(self, tool: str, arguments: Mapping[str, Any] | bytes, view: View) -> Place | None:
        """Where a call is kept; None for one that isn't.

        `marshal` tells every value of JSON from every other, and refuses all but those very types, so that no two
        mappings that could be decoded otherwise have the same place.
        """
        if not self._most:
            return None
        if type(arguments) is bytes:
            text = arguments
        else:
            said: Any = arguments  # not only what `marshal` takes: the rest it refuses
            try:
                text = marshal.dumps(said, _VERSION)
            except ValueError:
                return None
        return (tool, type(arguments), text, view) if len(text) <= _LONGEST else None

    def get(self, place: Place) -> PreparedCall | None:
        """The call that is kept there."""
        found = self._kept.get(place)
        if found is not None:
            self._kept.move_to_end(place)
        return found

    def put(self, place: Place, prepared: PreparedCall) -> None:
        """Keep a call."""
        self._kept[place] = prepared
        self._kept.move_to_end(place)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


def arguments_at(place: Place) -> Mapping[str, Any] | bytes:
    """The arguments of the call that belongs there: a copy, which nobody else can change."""
    _, kind, text, _ = place
    if kind is bytes:
        return text
    made: Mapping[str, Any] = marshal.loads(text)  # noqa: S302 -- written by `place`, here and now
    return made
