"""One at a time, first come first served, and nothing lost when one of those who wait goes away."""

from __future__ import annotations

import asyncio
import random

from pgmcp.adapters.turnstile import Turnstile


async def through(turnstile: Turnstile, name: str, told: list[str], leave: asyncio.Event) -> None:
    """Go through, tell of it, and stay until told to leave."""
    async with turnstile:
        told.append(name)
        await leave.wait()


async def settled() -> None:
    """Let every task come as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_it_is_free_or_taken() -> None:
    """Without any loop: nobody waits."""
    turnstile = Turnstile()
    assert (turnstile.take_at_once(), turnstile.taken, turnstile.take_at_once()) == (True, True, False)
    turnstile.give_back()
    assert (turnstile.taken, turnstile.take_at_once()) == (False, True)


async def test_they_go_in_the_order_in_which_they_came() -> None:
    """Whoever comes while it is handed over comes behind those who waited."""
    turnstile, told, leave = Turnstile(), list[str](), asyncio.Event()
    turnstile.take_at_once()
    tasks = [asyncio.create_task(through(turnstile, name, told, leave)) for name in "abc"]
    await settled()
    turnstile.give_back()
    assert turnstile.taken
    assert not turnstile.take_at_once()
    leave.set()
    await asyncio.gather(*tasks)
    assert (told, turnstile.taken) == (["a", "b", "c"], False)


async def test_one_that_waits_no_longer_is_passed_over() -> None:
    """The others don't wait for it."""
    turnstile, told, leave = Turnstile(), list[str](), asyncio.Event()
    turnstile.take_at_once()
    tasks = [asyncio.create_task(through(turnstile, name, told, leave)) for name in "abc"]
    await settled()
    tasks[0].cancel()
    await asyncio.wait({tasks[0]})
    leave.set()
    turnstile.give_back()
    await asyncio.gather(*tasks[1:])
    assert (told, tasks[0].cancelled(), turnstile.taken) == (["b", "c"], True, False)


async def test_one_that_is_cancelled_as_its_turn_comes_gives_it_on() -> None:
    """In the same moment: the turn was its own already."""
    turnstile, told, leave = Turnstile(), list[str](), asyncio.Event()
    turnstile.take_at_once()
    tasks = [asyncio.create_task(through(turnstile, name, told, leave)) for name in "ab"]
    await settled()
    turnstile.give_back()
    tasks[0].cancel()
    leave.set()
    await asyncio.wait(tasks)
    assert (told, tasks[0].cancelled(), turnstile.taken) == (["b"], True, False)


async def test_all_that_wait_may_go_away() -> None:
    """Cancelled before the turn is given back, and in the same step of the loop's."""
    turnstile, told, leave = Turnstile(), list[str](), asyncio.Event()
    turnstile.take_at_once()
    tasks = [asyncio.create_task(through(turnstile, name, told, leave)) for name in "ab"]
    await settled()
    for task in tasks:
        task.cancel()
    turnstile.give_back()
    await asyncio.wait(tasks)
    assert (told, [task.cancelled() for task in tasks], turnstile.taken) == ([], [True, True], False)


async def test_whatever_happens_in_one_moment_each_goes_through_or_is_cancelled() -> None:
    """Coming, going away and handing over in any order and in any step of the loop's: never two, and none for ever."""
    for seed in range(200):
        await crowd(seed)


async def crowd(seed: int) -> None:
    """Some who come and go as luck has it; the last of them goes through."""
    turnstile, luck, inside = Turnstile(), random.Random(seed), 0

    async def visit() -> None:
        nonlocal inside
        async with turnstile:
            inside += 1
            try:
                assert inside == 1
                for _ in range(luck.randrange(3)):
                    await asyncio.sleep(0)
            finally:
                inside -= 1

    tasks: list[asyncio.Task[None]] = []
    for _ in range(20):
        tasks += [asyncio.create_task(visit()) for _ in range(luck.randrange(3))]
        for task in luck.sample(tasks, len(tasks) // 4):
            task.cancel()
        if luck.random() < 0.7:
            await asyncio.sleep(0)
    tasks.append(asyncio.create_task(visit()))
    async with asyncio.timeout(10):
        await asyncio.wait(tasks)
    assert not tasks[-1].cancelled()
    assert [task.exception() for task in tasks if not task.cancelled()] == [None] * sum(
        not t.cancelled() for t in tasks
    )
    assert (inside, turnstile.taken) == (0, False)
