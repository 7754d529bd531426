"""One call of the demo's round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

HELD = "$transaction"
"""Stands in arguments for the handle of the transaction that was begun last."""


@frozen(kw_only=True)
class Step:
    """One call of the round.

    Args:
        says: What it shows.
        tool: The tool that is called.
        arguments: With what.
        fails: Whether the answer shall be an error.
        cached: Whether the answer shall come from the cache.
        pause_s: How long to wait before it, in seconds.
    """

    says: str
    tool: str
    arguments: Mapping[str, Any] = field(factory=dict)
    fails: bool = False
    cached: bool = False
    pause_s: float = 0.0
