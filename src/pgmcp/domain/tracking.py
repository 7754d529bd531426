"""Execution times: which calls are timed, and the decorator that times the functions they pass through."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from pgmcp.domain.calls import CallContext
from pgmcp.domain.samples import Layer

P = ParamSpec("P")
T = TypeVar("T")


class Tracker(Protocol):
    """Takes the times of what ran."""

    def now(self) -> float:
        """Seconds on a scale that never goes back."""
        ...

    def ran(self, layer: Layer, operation: str, started: float, error: str | None) -> None:
        """Take note of something that has just ended.

        Args:
            layer: Where it ran.
            operation: What ran.
            started: When, by `now`.
            error: What it ended with; None when it went well.
        """
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
        return timed(function, operation, layer, _of_call(function))

    return decorated


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
    if inspect.iscoroutinefunction(function):
        # A coroutine function is one that gives an awaitable of what it gives in the end.
        return cast("Callable[P, T]", _timed_async(function, operation, layer, find))

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        tracker = find(args, kwargs)
        if tracker is None:
            return function(*args, **kwargs)
        started = tracker.now()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            tracker.ran(layer, operation, started, said(error))
            raise
        tracker.ran(layer, operation, started, None)
        return result

    return run


def _timed_async(
    function: Callable[..., Awaitable[T]], operation: str, layer: Layer, find: Find
) -> Callable[..., Awaitable[T]]:
    async def watched(tracker: Tracker, args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        started = tracker.now()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            tracker.ran(layer, operation, started, said(error))
            raise
        tracker.ran(layer, operation, started, None)
        return result

    # No coroutine itself: a call that is not timed has none more to pass through.
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Awaitable[T]:
        tracker = find(args, kwargs)
        return function(*args, **kwargs) if tracker is None else watched(tracker, args, kwargs)

    return inspect.markcoroutinefunction(run) if hasattr(inspect, "markcoroutinefunction") else run


def said(error: BaseException) -> str:
    """How metrics name an error: its code, or the class of what has none. Never its text, which may hold values."""
    code = getattr(error, "code", None)
    name = getattr(code, "name", None)
    return name if isinstance(name, str) else type(error).__name__


def _of_call(function: Callable[..., Any]) -> Find:
    """Finds the tracker of the call that a function is given.

    Raises:
        TypeError: The function takes no argument `call`.
    """
    names = list(inspect.signature(function).parameters)
    if "call" not in names:
        raise TypeError(f"{function.__qualname__} takes no call, so it has no tracker")
    place = names.index("call")

    def find(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tracker | None:
        call: CallContext = args[place] if len(args) > place else kwargs["call"]
        return call.tracker

    return find
