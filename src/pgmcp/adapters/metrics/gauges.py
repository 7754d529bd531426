"""Gauges: what the process uses, and all gauges of one database together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from pgmcp.ports.resources import Gauge, Reading

if TYPE_CHECKING:
    import psutil


class ProcessGauge:
    """Processor time, memory and open files of this process; implements `Gauge`."""

    name = "process"

    @cached_property
    def _process(self) -> psutil.Process:
        # Imported when somebody asks: start-up doesn't pay for it.
        import psutil

        process = psutil.Process(os.getpid())
        process.cpu_percent()  # the first reading is what the next one is measured from
        return process

    def read(self) -> Reading:
        process = self._process
        with process.oneshot():
            times = process.cpu_times()
            reading: dict[str, float | str] = {
                "cpu_percent": process.cpu_percent(),
                "cpu_seconds": round(times.user + times.system, 3),
                "rss_bytes": process.memory_info().rss,
                "threads": process.num_threads(),
                "started_at": process.create_time(),
            }
        # Windows counts handles of every kind instead, which says little of files.
        if hasattr(process, "num_fds"):
            reading["open_files"] = process.num_fds()
        return reading


@frozen
class StateGauge:
    """What a part says of itself; implements `Gauge`."""

    name: str
    state: Callable[[], Reading]

    def read(self) -> Reading:
        return self.state()


class GaugedResources:
    """All gauges of one database; implements `Resources`.

    Args:
        gauges: Each part's.
    """

    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = tuple(gauges)

    def read(self) -> Mapping[str, Reading]:
        return {gauge.name: gauge.read() for gauge in self._gauges}
