"""What an operator is told: samples and counts as small documents.

Pure; times in milliseconds and shares of one, rounded to be read.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from pgmcp.domain.samples import Sample, Total
from pgmcp.domain.statistics import change, per_second, slope, summarise

MOST_BYTES = 4096
_SLOWEST = 10
_MS = 1000
_MINUTE = 60
Document = dict[str, Any]


@frozen(kw_only=True)
class Span:
    """A stretch of time whose samples are all there.

    Args:
        start, end: On the clock port's monotonic scale, in seconds.
        share: The share of calls that was drawn: a sample stands for 1/share calls.
    """

    start: float
    end: float
    share: float = 1.0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(self.end - self.start, 0.0)

    def rate(self, samples: int) -> float:
        """How many ran a second, where so many were drawn: over the very time that `covered_seconds` tells."""
        return round(per_second(samples, self.seconds) / self.share, 4) if self.share else 0.0


def execution_times(samples: Iterable[Sample]) -> list[Document]:
    """How long each operation took, those that took most time in all first."""
    found = []
    for (layer, operation), these in _by_operation(samples).items():
        figures = summarise(each.seconds for each in these)
        if figures is None:
            continue
        errors = sum(each.error is not None for each in these)
        line = {
            "operation": operation,
            "layer": layer,
            "count": figures.count,
            "min_ms": _ms(figures.minimum),
            "mean_ms": _ms(figures.mean),
            "median_ms": _ms(figures.median),
            "p90_ms": _ms(figures.p90),
            "p95_ms": _ms(figures.p95),
            "p99_ms": _ms(figures.p99),
            "max_ms": _ms(figures.maximum),
        }
        found.append((figures.mean * figures.count, line | ({"errors": errors} if errors else {})))
    return [line for _, line in sorted(found, key=lambda each: -each[0])]


def slowest(calls: Iterable[Sample], statements: Iterable[Sample], now: float) -> list[Document]:
    """The calls that took longest, each with the fingerprint of its slowest statement."""
    chosen = sorted(calls, key=lambda each: -each.seconds)[:_SLOWEST]
    wanted = {each.call for each in chosen}
    prints: dict[str, Sample] = {}
    for each in statements:
        if (
            each.call in wanted
            and each.detail
            and (each.call not in prints or each.seconds > prints[each.call].seconds)
        ):
            prints[each.call] = each
    return [
        _present(
            {
                "operation": each.operation,
                "ms": _ms(each.seconds),
                "call": each.call,
                "fingerprint": prints[each.call].detail if each.call in prints else None,
                "error": each.error,
                "ago_s": round(now - each.at, 1),
            }
        )
        for each in chosen
    ]


def errors(calls: Sequence[Sample], span: Span) -> Document:
    """What failed in a stretch of time: how much of all, with which codes, in which tools."""
    failed = [each for each in calls if each.error is not None]
    by_code: dict[str, list[Sample]] = defaultdict(list)
    for each in failed:
        by_code[each.error or ""].append(each)
    return {
        "calls": len(calls),
        "errors": len(failed),
        "error_rate": _share(len(failed), len(calls)),
        "by_code": [
            {
                "code": code,
                "count": len(these),
                "operations": dict(Counter(each.operation for each in these).most_common(5)),
                "last_call": these[-1].call,
                "last_ago_s": round(span.end - these[-1].at, 1),
            }
            for code, these in sorted(by_code.items(), key=lambda each: -len(each[1]))
        ],
    }


def counted(totals: Iterable[Total]) -> Document:
    """Exact counts of calls and their errors by code, whatever share was drawn."""
    calls = list(totals)
    codes: Counter[str] = Counter()
    for each in calls:
        codes.update(each.errors)
    return {"calls": sum(each.count for each in calls), "errors": dict(codes.most_common(20))}


def throughput(calls: Sequence[Sample], span: Span) -> Document:
    """How many calls ended a second, on the whole, at the most, and by tool."""
    by_tool = Counter(each.operation for each in calls)
    by_second = Counter(int(each.at) for each in calls)
    return {
        "operations_per_second": span.rate(len(calls)),
        "peak_in_one_second": round(max(by_second.values(), default=0) / span.share) if span.share else 0,
        "by_operation": [
            {"operation": tool, "count": count, "operations_per_second": span.rate(count)}
            for tool, count in by_tool.most_common()
        ],
    }


def trends(now: Sequence[Sample], before: Sequence[Sample], span: Span, earlier: Span) -> list[Document]:
    """Where each operation is heading: the slope within a stretch of time, and the change against the one before."""
    past = _by_operation(before)
    found = []
    for key, these in sorted(_by_operation(now).items(), key=lambda each: -len(each[1])):
        line: Document = {"operation": key[1]} | _figures(these, span)
        rise = slope([(each.at, each.seconds) for each in these])
        if rise is not None:
            line["slope_ms_per_minute"] = _ms(rise * _MINUTE)
        if earlier.seconds > 0 and (those := past.get(key)):
            then = _figures(those, earlier)
            line["before"] = then
            line["change"] = _present(
                {
                    name: None if (by := change(line[name], then[name])) is None else round(by, 4)
                    for name in ("mean_ms", "operations_per_second", "error_rate")
                }
            )
        found.append(line)
    return found


def fitted(document: Document, names: Sequence[str], most_bytes: int = MOST_BYTES) -> Document:
    """A document within its bytes: the last lines of its lists are left out, as many as it takes, and counted.

    Args:
        document: What shall be answered.
        names: The lists that may be cut, all by their least important lines at the end.
        most_bytes: Its JSON's bytes at the most.
    """
    before: int = document.get("left_out", 0)
    made = {key: value for key, value in document.items() if key != "left_out"}
    # Each line once, with the comma or the bracket that comes with it: what is left out is only subtracted.
    sizes = {name: [_size(line) + 1 for line in made[name]] for name in names if made.get(name)}
    lengths = {name: sum(of_lines) for name, of_lines in sizes.items()}
    rest, left_out = _size(made) - sum(lengths.values()), before
    while rest + sum(lengths.values()) + _counted_in(left_out) > most_bytes:
        longest = max(lengths, key=lengths.__getitem__, default=None)
        if longest is None:
            break
        lengths[longest] -= sizes[longest].pop()
        left_out += 1
        if not sizes[longest]:
            rest += 1  # an empty list has both its brackets
            del lengths[longest]
    for name, of_lines in sizes.items():
        made[name] = made[name][: len(of_lines)]
    return made | ({"left_out": left_out} if left_out else {})


def _figures(samples: Sequence[Sample], span: Span) -> Document:
    figures = summarise(each.seconds for each in samples)
    return {
        "mean_ms": _ms(figures.mean) if figures else 0.0,
        "operations_per_second": span.rate(len(samples)),
        "error_rate": _share(sum(each.error is not None for each in samples), len(samples)),
    }


def _by_operation(samples: Iterable[Sample]) -> Mapping[tuple[str, str], list[Sample]]:
    found: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for each in samples:
        found[each.layer, each.operation].append(each)
    return found


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _ms(seconds: float) -> float:
    return round(seconds * _MS, 3)


def _counted_in(left_out: int) -> int:
    return len(f',"left_out":{left_out}') if left_out else 0


def _size(document: Any) -> int:
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())


def _present(pairs: Mapping[str, Any]) -> Document:
    return {key: value for key, value in pairs.items() if value is not None}
