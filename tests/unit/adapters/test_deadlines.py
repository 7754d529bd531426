from __future__ import annotations

import asyncio

import pytest

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.deadlines import Deadlines


async def under(deadlines: Deadlines, seconds: float, work: asyncio.Event) -> str:
    """Wait for the work with so much time: how it ended."""
    watched = deadlines.watch(asyncio.get_running_loop().time() + seconds)
    try:
        await work.wait()
        return "done"
    except asyncio.CancelledError:
        if watched.is_cause():
            return "out of time"
        raise
    finally:
        deadlines.leave(watched)


async def test_each_call_ends_at_its_own_deadline() -> None:
    """One timer serves several, whatever their order; what was in time is left alone."""
    deadlines, work = Deadlines(SystemClock()), asyncio.Event()
    tasks = [asyncio.create_task(under(deadlines, seconds, work)) for seconds in (0.03, 30.0, 0.01, 0.02)]
    await asyncio.wait({tasks[0], tasks[2], tasks[3]})
    work.set()
    assert await asyncio.gather(*tasks) == ["out of time", "done", "out of time", "out of time"]


async def test_a_task_that_ran_out_of_time_can_go_on() -> None:
    """The cancellation is taken back whole: the task is not cancelled again at its next step."""
    deadlines = Deadlines(SystemClock())

    async def twice() -> tuple[str, int]:
        first = await under(deadlines, 0.01, asyncio.Event())
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        return first, task.cancelling()

    assert await asyncio.create_task(twice()) == ("out of time", 0)


@pytest.mark.parametrize("when", [pytest.param("before", id="in time"), pytest.param("with", id="with the deadline")])
async def test_somebody_elses_cancellation_stays_one(when: str) -> None:
    """Even when the deadline passes in the same moment."""
    deadlines = Deadlines(SystemClock())
    task = asyncio.create_task(under(deadlines, 30.0 if when == "before" else 0.0, asyncio.Event()))
    await asyncio.sleep(0)
    if when == "with":
        # Both find the task waiting: neither has taken effect when the other comes.
        asyncio.get_running_loop().call_later(0.0, task.cancel)
    else:
        task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


def test_a_deadline_needs_a_task() -> None:
    """There would be nothing to cancel."""

    async def use() -> None:
        loop = asyncio.get_running_loop()
        caught: asyncio.Future[BaseException] = loop.create_future()

        def outside() -> None:
            try:
                Deadlines(SystemClock()).watch(1.0)
            except RuntimeError as error:
                caught.set_result(error)

        loop.call_soon(outside)
        assert str(await caught) == "a deadline needs a task to cancel"

    asyncio.run(use())
