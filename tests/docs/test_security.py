"""SECURITY.md names tests for each promise, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROMISES = [
    line.strip("|").split(" | ") for line in TEXT.splitlines() if line.startswith("| ") and "| --- |" not in line
][1:]
_PATH = re.compile(r"`((?:tests|scripts|docs|domain|services|adapters)/[\w./-]+)`|\]\(([\w./-]+)\)")


def test_every_place_it_names_is_there() -> None:
    """Files of the tests and of the code, and pages."""
    named = [found[1] or found[2] for found in _PATH.finditer(TEXT)]
    assert len(named) > 20
    assert [path for path in named if not ((ROOT / path).exists() or (ROOT / "src/pgmcp" / path).exists())] == []


@pytest.mark.parametrize("promise, how, tested", [pytest.param(*cells, id=cells[0].strip()[:60]) for cells in PROMISES])
def test_every_promise_is_tested(promise: str, how: str, tested: str) -> None:
    """By a file of tests, a script that is run, or the row above."""
    assert how.strip(), promise
    assert _PATH.search(tested) or "the same" in tested
