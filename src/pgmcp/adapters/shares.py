"""Shares that one process keeps."""

from __future__ import annotations

from collections import OrderedDict

from attrs import define, field

from pgmcp.domain.fair_use import Bucket, Limits

# A running call is looked after again so soon.
_RUNNING_S = 1.0


@define(eq=False)
class _Used:
    """What one principal has used."""

    running: int = 0
    buckets: dict[str, Bucket] = field(factory=dict)


class ProcessShares:
    """Implements `Shares`.

    Args:
        most: Principals that are kept. Beyond them the one who called longest ago is forgotten, unless it has calls
            running.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._used: OrderedDict[str, _Used] = OrderedDict()

    def wait_s(self, principal: str, tool: str, limits: Limits, now: float) -> tuple[str, float] | None:
        used = self._used.get(principal)
        if used is None:
            return None
        if limits.running and used.running >= limits.running:
            return "running", _RUNNING_S
        waits = ((name, bucket.wait_s(1, now=now)) for name, bucket in used.buckets.items() if _counts(name, tool))
        longest = max(waits, key=lambda wait: wait[1], default=("", 0.0))
        name = "tool" if longest[0].startswith("tool ") else longest[0]
        return (name, longest[1]) if longest[1] > 0 else None

    def enter(self, principal: str, tool: str, limits: Limits, now: float) -> None:
        used = self._of(principal)
        used.running += 1
        self._take(used, "calls", limits.calls, 1, now)
        self._take(used, f"tool {tool}", limits.tools.get(tool, 0), 1, now)

    def leave(self, principal: str, limits: Limits, now: float, *, rows: int, size: int) -> None:
        used = self._of(principal)
        used.running = max(0, used.running - 1)
        self._take(used, "rows", limits.rows, rows, now)
        self._take(used, "bytes", limits.bytes, size, now)

    def _of(self, principal: str) -> _Used:
        used = self._used.get(principal)
        if used is None:
            used = self._used[principal] = _Used()
            self._forget()
        self._used.move_to_end(principal)
        return used

    def _forget(self) -> None:
        """Keep the number of principals bounded; those whose calls run are never more than can run at once."""
        for name in list(self._used)[: len(self._used) - self._most]:
            if not self._used[name].running:
                del self._used[name]

    def _take(self, used: _Used, name: str, per_minute: int, amount: int, now: float) -> None:
        if per_minute:
            bucket = used.buckets.get(name) or Bucket.full(per_minute, at=now)
            used.buckets[name] = bucket.taken(amount, now=now)


def _counts(bucket: str, tool: str) -> bool:
    """Whether a bucket says anything of calls of that tool."""
    return not bucket.startswith("tool ") or bucket == f"tool {tool}"
