"""What holds for every file of the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import ROOT, SRC, TESTS, calls, files, name, texts, tree

MODULES = files(SRC)
TEST_MODULES = files(TESTS)
LONGEST = 300
# Each spelled so that it doesn't find itself.
_LATER = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|NotImplemented[E]rror)\b")
_MACHINE = re.compile(r"(?<![\w.$)}<>*/-])/(?:home|Users|work|mnt|media)/\w|[A-Z]:\\\\?Users")
_REGISTRY = re.compile(r"py[p]i\.org|python[h]osted\.|registry\.npm[j]s|artifact[o]ry")
_EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore)")
_REASONED = re.compile(r"#\s*(?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[a-z, -]+\])\s+(?:#|--|—|–)\s*\w+")


def _matching(paths: list[Path], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name(path)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_a_source_file_holds_one_idea() -> None:
    """No file is longer than 300 lines."""
    sources = [*MODULES, *files(ROOT / "scripts"), *files(ROOT / "benchmarks")]
    assert [name(path) for path in sources if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST] == []


def test_there_is_no_drawer_for_everything() -> None:
    """No module is called by what it isn't about."""
    vague = {"utils", "util", "helpers", "common", "misc"}
    assert [name(path) for path in [*MODULES, *TEST_MODULES] if path.stem in vague] == []


def test_only_the_command_line_prints() -> None:
    """Stdout is the protocol's: a stray print would break a client."""
    elsewhere = [path for path in MODULES if not path.is_relative_to(SRC / "entrypoints" / "cli")]
    printing = {"print", "pprint", "sys.stdout.write"}
    assert [f"{name(path)}:{line}" for path in elsewhere for said, line in calls(path) if said in printing] == []


def test_a_module_says_what_it_is_for() -> None:
    """Every module begins with a docstring."""
    assert [name(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


def test_nothing_is_left_for_later() -> None:
    """No note to oneself, no stub."""
    assert _matching([*MODULES, *TEST_MODULES], _LATER) == []


def test_an_exception_to_a_rule_has_its_reason() -> None:
    """Every noqa and every ignore says which rule, and why."""
    paths = [path for path in [*MODULES, *TEST_MODULES] if path != Path(__file__)]
    assert set(_matching(paths, _EXCEPTION)) - set(_matching(paths, _REASONED)) == set()


def test_nothing_is_said_of_a_machine() -> None:
    """No path of somebody's machine stands in the project."""
    assert _matching(texts(), _MACHINE) == []


def test_nothing_is_said_of_a_registry() -> None:
    """No address of a package registry stands in the project; what is installed from where is the installer's."""
    assert _matching(texts(), _REGISTRY) == []


def test_tests_neither_patch_nor_skip() -> None:
    """A test runs, against the real thing or a fake that passes the port's contract."""
    assert [found for path in TEST_MODULES for found in _evasions(path)] == []


def _evasions(path: Path) -> Iterator[str]:
    skips = ("pytest.skip", "pytest.importorskip", "pytest.xfail", "pytest.mark.skip", "pytest.mark.xfail")
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(skips):
            yield f"{name(path)}:{node.lineno} {ast.unparse(node)}"
        if isinstance(node, ast.Import | ast.ImportFrom) and "unittest" in ast.unparse(node):
            yield f"{name(path)}:{node.lineno} {ast.unparse(node)}"


def test_a_test_says_what_it_shows() -> None:
    """Every test has a docstring of a sentence."""
    silent = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in TEST_MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        if not (ast.get_docstring(node) or "").rstrip().endswith((".", ":"))
    ]
    assert silent == []
