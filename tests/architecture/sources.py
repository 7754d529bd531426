"""Where the project's files are, for the rules that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "pgmcp"
TESTS = ROOT / "tests"
# What tools leave behind, and what others wrote.
_FOREIGN = frozenset({"node_modules", "__pycache__", ".venv", "mutants"})
_TEXTS = frozenset({".py", ".md", ".sql", ".toml", ".txt", ".json", ".jsonl", ".js", ".sh", ""})


def files(*folders: Path, suffix: str = ".py") -> list[Path]:
    """The project's own files of a kind below some folders, in order."""
    found = (path for folder in folders for path in folder.rglob(f"*{suffix}"))
    return sorted(path for path in found if path.is_file() and not _FOREIGN & set(path.parts))


def texts() -> list[Path]:
    """Everything that is written in the project."""
    folders = [ROOT / each for each in ("src", "docs", "tests", "scripts", "requirements", "benchmarks", ".ci")]
    below = [path for path in files(*folders, suffix="") if path.suffix in _TEXTS]
    return [*below, *sorted(ROOT.glob("*.md")), ROOT / "pyproject.toml"]


def name(path: Path) -> str:
    """A file's name as a failure shows it."""
    return path.relative_to(ROOT).as_posix()


def params(paths: list[Path]) -> list[ParameterSet]:
    """Files as parameters of a test."""
    return [pytest.param(path, id=name(path)) for path in paths]


@cache
def tree(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Everything that a module calls, as it is written, with the line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno
