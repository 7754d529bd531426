"""Deadlines of calls, kept by one timer for all: one for each call would cost a tenth of a short read's CPU."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from pgmcp.ports.clock import Clock


class Watched:
    """One call under watch; filled in by `watch`, as a function of its own for that would take as long as all else.

    Attributes:
        deadline: On the clock's monotonic scale.
        task: The task to cancel when it has passed.
        ran_out: Whether it has.
        cancels_before: How often the task had been cancelled before.
    """

    __slots__ = ("cancels_before", "deadline", "ran_out", "task")

    deadline: float
    task: asyncio.Task[Any]
    ran_out: bool
    cancels_before: int

    def is_cause(self) -> bool:
        """Whether the task's CancelledError is the deadline's alone and nobody's wish; asked once, at the error."""
        return self.ran_out and self.task.uncancel() <= self.cancels_before


class Deadlines:
    """Cancels tasks whose deadline has passed, which cancels their statements on the server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watched: set[Watched] = set()
        self._armed_for = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, deadline: float) -> Watched:
        """Watch the running task until `leave`. Only inside a task."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task to cancel")
        watched = Watched()
        watched.deadline, watched.task, watched.ran_out = deadline, task, False
        watched.cancels_before = task.cancelling()
        self._watched.add(watched)
        if deadline < self._armed_for:
            self._arm(deadline)
        return watched

    def leave(self, watched: Watched) -> None:
        """The call has ended, in time or not. The timer stays: it serves whichever call is next."""
        self._watched.discard(watched)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = deadline
        delay = max(0.0, deadline - self._clock.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        self._timer, self._armed_for = None, math.inf
        now = self._clock.monotonic()
        for watched in self._watched:
            if watched.deadline <= now and not watched.ran_out:
                watched.ran_out = True
                watched.task.cancel()
        following = min((watched.deadline for watched in self._watched if not watched.ran_out), default=None)
        if following is not None:
            self._arm(following)
