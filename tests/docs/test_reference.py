"""The pages that are made of the declarations are current, and the declarations say enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgmcp.entrypoints.reference import current, regions, replace_region, tools_reference
from pgmcp.handlers.registry import HANDLERS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", [pytest.param(page, id=page) for page in regions()])
def test_a_page_is_current(page: str) -> None:
    """What `scripts/docs` would write is what stands there."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert current(text, regions()[page]) == text


@pytest.mark.parametrize("tool", [pytest.param(tool, id=tool.name) for tool in HANDLERS])
def test_every_argument_has_a_meaning(tool: type) -> None:
    """No row of a tool's table of arguments lacks its last cell."""
    rows = [line for line in tools_reference([tool]).splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []


def test_a_region_is_replaced_between_its_marks() -> None:
    """The text around a region stays as it is, whatever stood in it."""
    page = "before\n<!-- tools -->\nold\n<!-- /tools -->\nafter\n"
    assert replace_region(page, "tools", "new") == "before\n<!-- tools -->\nnew\n<!-- /tools -->\nafter\n"


def test_a_page_without_the_region_is_an_error() -> None:
    """A mark that was deleted by accident comes to light."""
    with pytest.raises(ValueError, match="no region 'tools'"):
        replace_region("before <!-- tools --> after", "tools", "new")
