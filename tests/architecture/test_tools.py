"""Every tool is one file, declared wholly, and documented."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import pgmcp
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import RequestBase
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.handlers.decoding import decode, given
from pgmcp.handlers.registry import HANDLERS
from tests.architecture.sources import ROOT, SRC

Tool = type[HandlerBase[Any, Any, Any, Any]]
EACH = [pytest.param(tool, id=tool.name) for tool in HANDLERS]
PARTS = {
    "__init__",
    "answers",
    "base",
    "decoding",
    "dispatch",
    "outdated",
    "preparing",
    "registry",
    "transacting",
    "writing",
}


def test_every_file_of_a_tool_is_served() -> None:
    """A file in handlers is a part of the machinery or a tool of the registry."""
    modules = {path.stem for path in (SRC / "handlers").glob("*.py")}
    assert modules - PARTS == {tool.name for tool in HANDLERS}


@pytest.mark.parametrize("tool", EACH)
def test_a_tool_is_a_file_and_a_class_of_its_name(tool: Tool) -> None:
    """`x_y` is handled by `XYHandler` in `handlers/x_y.py`."""
    assert Path(inspect.getfile(tool)) == SRC / "handlers" / f"{tool.name}.py"
    assert tool.__name__ == "".join(word.capitalize() for word in tool.name.split("_")) + "Handler"


@pytest.mark.parametrize("tool", EACH)
def test_a_tool_is_declared_wholly(tool: Tool) -> None:
    """Group, effect, request and summary are what callers are told."""
    assert isinstance(tool.group, Group)
    assert isinstance(tool.effect, Effect)
    assert tool.summary.endswith(".")
    assert not (tool.effect is Effect.READ and tool.destructive)


@pytest.mark.parametrize("tool", EACH)
def test_a_request_lives_in_domain_and_is_public(tool: Tool) -> None:
    """The request's class is the domain's, one for each tool, and exported."""
    assert tool.request.__module__.startswith("pgmcp.domain.requests.")
    assert getattr(pgmcp, tool.request.__name__) is tool.request
    assert [each.name for each in HANDLERS if each.request is tool.request] == [tool.name]


@pytest.mark.parametrize("tool", EACH)
def test_an_example_is_a_request(tool: Tool) -> None:
    """The example decodes, from a mapping and from text, and nothing in it is a default that could be left out."""
    request: RequestBase[Any] = decode(tool.request, tool.example)
    assert given(request) == dict(tool.example)
    assert isinstance(decode(tool.request, json.dumps(tool.example)), tool.request)


@pytest.mark.parametrize("tool", EACH)
def test_a_tool_is_documented(tool: Tool) -> None:
    """The README's table and the reference both have it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    reference = (ROOT / "docs" / "reference" / "tools.md").read_text(encoding="utf-8")
    assert f"| `{tool.name}` | {tool.group} |" in readme
    assert f"\n## {tool.name}\n\n{tool.summary}\n" in reference
