"""What the coherence run counts: counters in tables, who may see which, and how answers are judged."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from benchmarks.serving import Caller
from pgmcp.domain.settings import Access

COUNTERS = 16
OUTSIDE = 17
# Each write ends what is kept of one table; with several there is something left to hit.
TABLES = 4
SCHEMA = """
DROP TABLE IF EXISTS counter_{0};
CREATE TABLE counter_{0} (id int PRIMARY KEY, n bigint NOT NULL, side text NOT NULL, code text NOT NULL);
INSERT INTO counter_{0}
    SELECT g, 0, CASE WHEN g % 2 = 1 THEN 'odd' ELSE 'even' END, 'code of ' || g FROM generate_series(1, 17) AS g
    WHERE CASE WHEN g = {2} THEN {1} ELSE g / 2 % {1} END = {0}
"""
POLICY = """
[policy]
default = "deny"
[[policy.tables]]
match = "public.counter_*"
for = ["chief"]
allow = ["read", "update"]
[[policy.tables]]
match = "public.counter_*"
for = ["odd"]
allow = ["read"]
mask = { code = "full" }
rows = { side = { eq = "$side" } }
[[policy.tables]]
match = "public.counter_*"
for = ["even"]
allow = ["read"]
hide = ["code"]
rows = { side = { eq = "$side" } }
[[policy.principals]]
match = "odd"
attributes = { side = "odd" }
[[policy.principals]]
match = "even"
attributes = { side = "even" }
"""
CHIEF = Caller.named("chief", Access.WRITE)
ODD = Caller.named("odd", Access.READ)
EVEN = Caller.named("even", Access.READ)
CALLERS = (CHIEF, ODD, EVEN)


@define
class Seen:
    """What came of it."""

    reads: int = 0
    hits: int = 0
    writes: int = 0
    failed: int = 0
    killed: int = 0
    wrong: list[str] = field(factory=list)
    foreign: list[str] = field(factory=list)
    delays_s: list[float] = field(factory=list)
    shown_s: list[float] = field(factory=list)
    acknowledged: dict[int, int] = field(factory=lambda: dict.fromkeys(range(1, COUNTERS + 1), 0))

    def told(self) -> dict[str, Any]:
        """The figures."""
        return {
            "reads": self.reads, "hits": self.hits, "writes": self.writes, "failed": self.failed, "kills": self.killed,
            "wrong": len(self.wrong), "foreign": len(self.foreign), "outside": len(self.delays_s),
            "outside_stale_until_ms": _told(self.delays_s), "outside_shown_from_ms": _told(self.shown_s),
        }  # fmt: skip

    def judge(self, caller: Caller, answer: dict[str, Any], number: int, before: int) -> None:
        """Hold an answer against what was acknowledged before it was asked for, and what its caller may see."""
        rows = [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
        self.reads += 1
        self.hits += bool(answer.get("cached"))
        for row in rows:
            if row["id"] == number and row["n"] < before:
                self.wrong.append(f"counter {number}: {row['n']} after {before} was acknowledged")
            if not _may_see(caller, row):
                self.foreign.append(f"{caller.name} sees a row or a value of {row['id']}")
        is_its_own = caller is CHIEF or (number % 2 == 1) == (caller is ODD)
        if is_its_own and not any(row["id"] == number for row in rows):
            self.foreign.append(f"{caller.name} doesn't see {number}")


def _may_see(caller: Caller, row: dict[str, Any]) -> bool:
    code = row.get("code")
    if caller is CHIEF:
        return code is None or code == f"code of {row['id']}"
    side = "odd" if row["id"] % 2 else "even"
    return side == caller.name and (code is None or (caller is ODD and "code of" not in code))


def table_of(number: int) -> str:
    """The table of a counter; each has some that are odd and some that are even, the outside one its own."""
    return f"counter_{TABLES if number == OUTSIDE else number // 2 % TABLES}"


def _told(delays_s: list[float]) -> dict[str, float]:
    """Percentiles, in milliseconds."""
    ordered = sorted(delays_s)
    parts = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    return {name: round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1000, 1) for name, part in parts}
