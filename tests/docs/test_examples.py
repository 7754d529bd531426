"""The examples of README and docs: runnable Python runs, all of it compiles, JSON parses, links lead somewhere."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(?P<info>[^\n]+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@frozen
class Block:
    """A code block of a page."""

    page: str
    line: int
    info: str
    code: str

    @property
    def padded(self) -> str:
        """The code on its lines of the page, so that a failure names them."""
        return "\n" * self.line + self.code


def blocks() -> Iterator[Block]:
    """All code blocks that say what they are."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(str(page.relative_to(ROOT)), line, found["info"], found["code"])


def of(language: str) -> list[Any]:
    """The blocks of a language, as parameters."""
    return [
        pytest.param(block, id=f"{block.page}:{block.line}") for block in blocks() if block.info.split()[0] == language
    ]


def runnable_pages() -> list[Any]:
    """The runnable blocks of each page that has some, as parameters."""
    pages: dict[str, list[Block]] = {}
    for block in blocks():
        if block.info == "python runnable":
            pages.setdefault(block.page, []).append(block)
    return [pytest.param(found, id=page) for page, found in pages.items()]


@pytest.mark.parametrize("page", runnable_pages())
def test_runnable_examples_run(page: list[Block]) -> None:
    """The blocks of a page run one after the other, then the tests that they define."""
    names: dict[str, Any] = {"__name__": "example"}
    for block in page:
        exec(compile(block.padded, ROOT / block.page, "exec"), names)  # noqa: S102 -- our own docs
    for name, defined in list(names.items()):
        if name.startswith("test_") and inspect.iscoroutinefunction(defined):
            asyncio.run(defined())


@pytest.mark.parametrize("block", of("python"))
def test_python_examples_compile(block: Block) -> None:
    """An example that needs a server is correct Python at least, and names only what pgmcp has."""
    import pgmcp

    compile(block.padded, ROOT / block.page, "exec")
    named = set(re.findall(r"\bpgmcp\.(\w+)", block.code))
    assert {name for name in named if not hasattr(pgmcp, name)} == set()


@pytest.mark.parametrize("block", of("json"))
def test_json_examples_parse(block: Block) -> None:
    """What a reader would copy is JSON."""
    assert isinstance(json.loads(block.code), dict)


@pytest.mark.parametrize("block", [each for each in of("json") if "filter=" in each.values[0].info])
async def test_filter_examples_hold_on_the_sample_shop(block: Block) -> None:
    """A filter that is shown is one that the named table takes."""
    import pgmcp

    table = block.info.partition("filter=")[2]
    async with pgmcp.connect("memory://") as db:
        answer = await db.call(pgmcp.ReadRequest(table=table, filters=json.loads(block.code), limit=1))
    assert "id" in answer.columns


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_links_lead_to_files(page: Path) -> None:
    """No link of a page to another file of the project is broken."""
    targets = [found["target"].partition("#")[0] for found in LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []
