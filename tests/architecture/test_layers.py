"""The layers of ARCHITECTURE.md hold."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from tests.architecture.sources import ROOT


def test_imports_point_one_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every contract of pyproject.toml is kept."""
    # import-linter puts the working directory on the path, as its own command line does.
    monkeypatch.chdir(ROOT)
    # Without its cache, which knows a file by its time stamp only.
    outcome = lint_imports(no_cache=True, no_logo=True)
    shown = capsys.readouterr().out
    assert (outcome, "BROKEN" in shown) == (0, False), shown
