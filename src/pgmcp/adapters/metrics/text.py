"""Families as text: Prometheus' own format and OpenMetrics'.

The client library's encoders take ten times as long, which a scrape of many tools and tables takes from the calls.
https://prometheus.io/docs/instrumenting/exposition_formats/,
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite, isnan

from pgmcp.adapters.metrics.families import Family


def plain(families: Iterable[Family]) -> bytes:
    """In Prometheus' text format: a counter is called by the name of its figure, an info is a gauge."""
    return _written(_plain_head, families).encode("utf-8", "replace")


def open_metrics(families: Iterable[Family]) -> bytes:
    """In OpenMetrics' format."""
    return (_written(_open_head, families) + "# EOF\n").encode("utf-8", "replace")


def _written(head: Callable[[Family], str], families: Iterable[Family]) -> str:
    pairs = _Pairs()
    text: list[str] = []
    for family in families:
        text.append(head(family))
        name = family.name
        for suffix, labels, value in family.figures:
            if labels:
                text.append(f"{name}{suffix}{{{','.join([pairs[pair] for pair in labels])}}} {_number(value)}\n")
            else:
                text.append(f"{name}{suffix} {_number(value)}\n")
    return "".join(text)


class _Pairs(dict[tuple[str, str], str]):
    """Labels as they are written; they come again and again."""

    def __missing__(self, pair: tuple[str, str]) -> str:
        text = self[pair] = f'{pair[0]}="{_escaped(pair[1])}"'
        return text


def _plain_head(family: Family) -> str:
    if family.kind == "counter":
        return _head(f"{family.name}_total", family.says, "counter")
    if family.kind == "info":
        return _head(f"{family.name}_info", family.says, "gauge")
    return _head(family.name, family.says, family.kind)


def _open_head(family: Family) -> str:
    return _head(family.name, family.says, family.kind)


def _head(name: str, says: str, kind: str) -> str:
    return f"# HELP {name} {_escaped(says)}\n# TYPE {name} {kind}\n"


def _number(value: float) -> str:
    if isfinite(value):
        return repr(value)
    return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
