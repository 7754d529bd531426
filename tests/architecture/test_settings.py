"""Every setting says what it is, everywhere."""

from __future__ import annotations

import pytest

from pgmcp.domain.settings import Secret, Settings, described
from tests.architecture.sources import ROOT

REFERENCE = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in described()])
def test_a_setting_is_documented(name: str) -> None:
    """The reference has a line for it, with what it means."""
    rows = [line for line in REFERENCE.splitlines() if line.startswith(f"| `{name}` |")]
    assert [row.endswith(f"| {described()[name][1].doc} |") for row in rows] == [True]


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in described()])
def test_a_setting_has_a_default(name: str) -> None:
    """Nothing has to be set; a default that is bounded lies inside its bounds."""
    facts = described()[name][1]
    default = getattr(Settings(), name)
    assert facts.doc.endswith(".")
    assert facts.minimum is None or facts.minimum <= default
    assert facts.maximum is None or default <= facts.maximum
    chosen = default if isinstance(default, tuple) else (default,)
    assert not facts.choices or set(chosen) <= set(facts.choices)


def test_what_is_secret_hides_itself() -> None:
    """Neither text of settings shows a password or a key."""
    settings = Settings(dsn=Secret("postgresql://u:hunter2@h/d"), secret_key=Secret("hunter2"))
    assert "hunter2" not in repr(settings) + str(settings)
