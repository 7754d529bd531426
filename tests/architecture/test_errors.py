"""Error codes: one name each, used, tested and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pgmcp.domain.errors import codes
from pgmcp.domain.errors.codes import Code
from tests.architecture.sources import ROOT, SRC, TESTS, files

CONSTANTS = {name: value for name, value in vars(codes).items() if isinstance(value, Code)}
EACH = [pytest.param(name, code, id=code.name) for name, code in CONSTANTS.items()]
SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in files(SRC) if path != SRC / "domain" / "errors" / "codes.py"
)
TESTED = "\n".join(path.read_text(encoding="utf-8") for path in files(TESTS) if path != Path(__file__))
REFERENCE = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")


def test_codes_are_unique() -> None:
    """No two constants share a name: a code means one thing."""
    assert sorted(code.name for code in CONSTANTS.values()) == sorted(codes.catalogue())


@pytest.mark.parametrize("name, code", EACH)
def test_a_code_is_well_formed(name: str, code: Code) -> None:
    """A code is snake_case, named as its constant, and says what it means in a sentence."""
    assert code.name == name.lower()
    assert re.fullmatch(r"[a-z]+(?:_[a-z]+)*", code.name)
    assert code.retry in {"never", "fix_input", "later"}
    assert re.fullmatch(r"[A-Z].+\.", code.summary)


@pytest.mark.parametrize("name, code", EACH)
def test_a_code_is_used(name: str, code: Code) -> None:
    """Something in the source raises it."""
    assert re.search(rf"\bcodes\.{name}\b", SOURCE)


@pytest.mark.parametrize("name, code", EACH)
def test_a_code_is_tested(name: str, code: Code) -> None:
    """Some test expects it."""
    assert re.search(rf"\bcodes\.{name}\b|\b{code.name}\b", TESTED)


@pytest.mark.parametrize("name, code", EACH)
def test_a_code_is_documented(name: str, code: Code) -> None:
    """The reference has its line, as the source says it."""
    assert f"| `{code.name}` | `{code.retry}` | {code.summary} |" in REFERENCE
