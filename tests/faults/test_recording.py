"""A history that many threads write to."""

from __future__ import annotations

import threading

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded
from tests.unit.adapters.metrics.test_history import history, sample
from tests.unit.house import NOON

_THREADS, _EACH = 8, 100_000


def test_threads_lose_none() -> None:
    """8 threads × 100,000 samples: each is counted, and the newest are kept within the bound."""
    kept = history(10_000)
    start = threading.Barrier(_THREADS)

    def work(number: int) -> None:
        start.wait()
        one = sample(1, operation=f"tool{number % 2}", detail="orders")
        for _ in range(_EACH):
            kept.add(one)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    totals = kept.totals()
    assert sum(each.count for each in totals.operations) == _THREADS * _EACH
    assert sum(sum(each.buckets) for each in totals.operations) == _THREADS * _EACH
    assert sum(totals.relations.values()) == _THREADS * _EACH
    assert len(kept.samples("tool", 0, 9)) == 10_000


def test_events_of_threads_are_all_counted() -> None:
    """8 threads × 100,000 events on the way that calls take, while somebody reads: none is lost or counted twice."""
    clock = FixedClock(NOON)
    clock.advance(1)
    kept = history(10_000)
    fan = FanOut([MetricsRecorder(kept, clock)])
    kept.fed_by(fan.settle)
    start, going = threading.Barrier(_THREADS + 1), threading.Event()

    def work(number: int) -> None:
        event = CallEnded(
            CallId("c"), f"tool{number % 2}", "ana", 0.001, relation="orders", stations=(), noted=(), at=1
        )
        start.wait()
        for _ in range(_EACH):
            fan.observe(event)

    seen: list[int] = []

    def read() -> None:
        start.wait()
        while not going.is_set():
            seen.append(sum(each.count for each in kept.totals().operations))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(_THREADS)]
    reader = threading.Thread(target=read)
    for thread in (*threads, reader):
        thread.start()
    for thread in threads:
        thread.join()
    going.set()
    reader.join()
    totals = kept.totals()
    assert sum(each.count for each in totals.operations) == _THREADS * _EACH
    assert sum(sum(each.buckets) for each in totals.operations) == _THREADS * _EACH
    assert sum(totals.relations.values()) == _THREADS * _EACH
    assert seen == sorted(seen)
    assert len(kept.samples("tool", 0, 9)) == 10_000
