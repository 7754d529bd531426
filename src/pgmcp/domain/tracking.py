"""Execution times: which calls are timed, and the decorator that times the functions they pass through."""

from __future__ import annotations

import functools
import inspect
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from attrs import evolve

from pgmcp.domain.samples import Layer, Noted, Place

P = ParamSpec("P")
T = TypeVar("T")

_AWAITABLE = re.compile(r"(?:[\w.]+\.)?(?:Awaitable|Coroutine)\[")


class Tracker(Protocol):
    """Takes the times of what ran."""

    @property
    def now(self) -> Callable[[], float]:
        """Tells seconds on a scale that never goes back."""
        ...

    @property
    def note(self) -> Callable[[Noted], None]:
        """Takes what has just ended: its place, and when it began and ended by `now`."""
        ...


Find = Callable[[tuple[Any, ...], dict[str, Any]], Tracker | None]
"""The tracker of a function's call, from its arguments; None where this one is not to be timed."""


def track_execution_time(operation: str, *, layer: Layer) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Time a function of a call, sync or async, where the call was drawn to be timed.

    The decorated function takes a `CallContext`; its tracker is where the time goes. A call that was not drawn pays
    for one look at that.

    Args:
        operation: What the function is called in the metrics.
        layer: Where it runs.
    """

    def decorated(function: Callable[P, T]) -> Callable[P, T]:
        at = _position_of_call(function)
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, T]", _tracked_coroutines(function, at, Place(layer, operation)))
        run = _runner(function, operation, layer)

        # The look for the tracker is written out: a function for it would take as long as all else that is done here
        # for a call that is not timed. So is the call without names, as nearly all are: it saves a dictionary.
        @functools.wraps(function)
        def tracked(*args: P.args, **kwargs: P.kwargs) -> T:
            call: Any = args[at] if len(args) > at else kwargs["call"]
            tracker = call.tracker
            if tracker is not None:
                return run(tracker, args, kwargs)
            return function(*args, **kwargs) if kwargs else function(*args)  # type: ignore[call-arg] # as above

        return _of_the_same_kind(tracked, function)

    return decorated


def _tracked_coroutines(function: Callable[P, Awaitable[T]], at: int, place: Place) -> Callable[P, Awaitable[T]]:
    """A coroutine function that takes its call `at` an argument, as `track_execution_time` has it.

    Its coroutine is made first: there is none between where nothing is timed, and nothing to hand on where it is.
    """

    @functools.wraps(function)
    def tracked(*args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        call: Any = args[at] if len(args) > at else kwargs["call"]
        tracker = call.tracker
        coroutine = function(*args, **kwargs) if kwargs else function(*args)  # type: ignore[call-arg] # as above
        return coroutine if tracker is None else _timed(coroutine, place, tracker)

    return _of_the_same_kind(tracked, function)


async def _timed(coroutine: Awaitable[T], place: Place, tracker: Tracker) -> T:
    """Await a coroutine, and tell of it."""
    # What is looked up and called in one step is looked for in the class first, which takes as long again.
    now, note = tracker.now, tracker.note
    started = now()
    try:
        result = await coroutine
    except BaseException as error:
        note((evolve(place, error=said(error)), started, now()))
        raise
    note((place, started, now()))
    return result


def sampled(tracker: Tracker, share: float) -> Find:
    """A tracker for a share of the calls of a function that belongs to no call of a tool.

    Args:
        tracker: Where the times go.
        share: From 0, for none, to 1, for all.
    """

    def find(_: tuple[Any, ...], __: dict[str, Any]) -> Tracker | None:
        # A draw decides nothing but which times are kept: no secret hangs on it.
        return tracker if share >= 1 or random.random() < share else None  # noqa: S311 -- see above

    return find


def timed(function: Callable[P, T], operation: str, layer: Layer, find: Find) -> Callable[P, T]:
    """A function that tells a tracker how long it takes, whatever it ends with.

    Args:
        function: A function or a coroutine function.
        operation: What it is called in the metrics.
        layer: Where it runs.
        find: Gives the tracker of each call.
    """
    run = _runner(function, operation, layer)

    @functools.wraps(function)
    def tracked(*args: P.args, **kwargs: P.kwargs) -> T:
        tracker = find(args, kwargs)
        return function(*args, **kwargs) if tracker is None else run(tracker, args, kwargs)

    return _of_the_same_kind(tracked, function)


def _runner(function: Callable[P, T], operation: str, layer: Layer) -> Callable[[Tracker, Any, Any], T]:
    """Runs a function and tells a tracker of it."""
    if _gives_awaitable(function):
        # A coroutine function is one that gives an awaitable of what it gives in the end.
        awaitable = cast("Callable[..., Awaitable[Any]]", function)
        return cast("Callable[[Tracker, Any, Any], T]", _async_runner(awaitable, operation, layer))
    place = Place(layer, operation)

    def run(tracker: Tracker, args: Any, kwargs: Any) -> T:
        now = tracker.now
        started = now()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            tracker.note((Place(layer, operation, said(error)), started, now()))
            raise
        tracker.note((place, started, now()))
        return result

    return run


def _async_runner(
    function: Callable[..., Awaitable[T]], operation: str, layer: Layer
) -> Callable[[Tracker, Any, Any], Awaitable[T]]:
    place = Place(layer, operation)

    async def run(tracker: Tracker, args: Any, kwargs: Any) -> T:
        now = tracker.now
        started = now()
        try:
            result = await (function(*args, **kwargs) if kwargs else function(*args))
        except BaseException as error:
            tracker.note((Place(layer, operation, said(error)), started, now()))
            raise
        tracker.note((place, started, now()))
        return result

    return run


def _gives_awaitable(function: Callable[..., Any]) -> bool:
    """Whether a function's work is done only once what it gives has been awaited: by a coroutine or by its word."""
    told = str(function.__annotations__.get("return", ""))
    return inspect.iscoroutinefunction(function) or _AWAITABLE.match(told) is not None


def _of_the_same_kind(tracked: Callable[P, T], function: Callable[P, T]) -> Callable[P, T]:
    """A function that gives coroutines but is none itself: a call that is not timed has none more to pass through."""
    if inspect.iscoroutinefunction(function) and hasattr(inspect, "markcoroutinefunction"):
        inspect.markcoroutinefunction(tracked)
    return tracked


def said(error: BaseException) -> str:
    """How metrics name an error: its code, or the class of what has none. Never its text, which may hold values."""
    code = getattr(error, "code", None)
    name = getattr(code, "name", None)
    return name if isinstance(name, str) else type(error).__name__


def _position_of_call(function: Callable[..., Any]) -> int:
    """Where a function takes its call.

    Raises:
        TypeError: It takes no argument `call`.
    """
    names = list(inspect.signature(function).parameters)
    if "call" not in names:
        raise TypeError(f"{function.__qualname__} takes no call, so it has no tracker")
    return names.index("call")
