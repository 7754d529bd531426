"""A history that many threads write to."""

from __future__ import annotations

import threading

from tests.unit.adapters.metrics.test_history import history, sample

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
