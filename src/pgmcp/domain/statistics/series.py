"""What measurements over time come to: where they are heading, how they changed, how many there are a second."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """How much the measurement grows a second: the slope of the line of least squares.

    Args:
        points: Moments in seconds with the measurement then, in any order.

    Returns:
        Units a second; None where fewer than two moments differ, so that there is no line.

    >>> slope([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)])
    2.0
    """
    if len(points) < 2:
        return None
    middle = fsum(at for at, _ in points) / len(points)
    level = fsum(value for _, value in points) / len(points)
    # From their middles: moments of a running clock are large and lie close together, and squares would drown them.
    spread = fsum((at - middle) ** 2 for at, _ in points)
    if spread == 0:
        return None
    return fsum((at - middle) * (value - level) for at, value in points) / spread


def change(now: float, before: float) -> float | None:
    """How much more it is than before, as a share of before: 0.5 for half as much again; None from nothing.

    >>> change(3.0, 2.0)
    0.5
    """
    return None if before == 0 else (now - before) / before


def per_second(count: float, seconds: float) -> float:
    """How many a second; 0 in no time.

    >>> per_second(30, 60.0)
    0.5
    """
    return count / seconds if seconds > 0 else 0.0
