"""Measurements as tables of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.measuring import Measured, Turn

_UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))


def table(title: str, measured: Sequence[Measured], *, with_database: bool) -> str:
    """A table whose ratios are to its first line.

    Args:
        title: What was measured.
        measured: The contenders.
        with_database: Whether PostgreSQL took part.
    """
    heads = ["wall, median", "best", "ratio", "CPU, median", "best", "ratio"]
    if with_database:
        heads.append("of it PostgreSQL")
    lines = [_line([title, *heads]), _line(["---"] + ["---:"] * len(heads))]
    first = measured[0]
    for each in measured:
        cells = [each.name]
        for of in (_wall, _cpu):
            cells += [seconds(each.middle(of)), seconds(each.best(of)), f"{each.against(first, of):.2f}"]
        if with_database:
            cells.append(seconds(each.middle(_database)))
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def seconds(value: float) -> str:
    """A time with three digits in a unit that fits.

    >>> seconds(0.0123456)
    '12.3 ms'
    """
    unit, size = next((each for each in _UNITS if value >= each[1]), _UNITS[-1])
    amount = value / size
    return f"{amount:.0f} {unit}" if amount >= 100 else f"{amount:.3g} {unit}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _wall(turn: Turn) -> float:
    return turn.wall


def _cpu(turn: Turn) -> float:
    return turn.all_cpu


def _database(turn: Turn) -> float:
    return turn.database
