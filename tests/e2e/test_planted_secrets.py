"""Secrets and row markers that are planted turn up nowhere: log at its loudest, audit, metrics, errors.

The whole run is searched as well (`tests/fixtures/planted.py`); here the search itself is tried.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from pgmcp.domain.settings import Access
from pgmcp.entrypoints.mcp.identity.tokens import make_token
from tests.e2e.mcp_transport.web import MODERN, WebClient
from tests.fixtures.issuer import ISSUER, RESOURCE, Issuer
from tests.fixtures.planted import MARKER, PASSWORD, SECRET_KEY, Search, Watched, watched_process
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.served import http_server

_SCHEMA = f"""
CREATE TABLE people (id int PRIMARY KEY, name text UNIQUE, age int CHECK (age > 0));
INSERT INTO people VALUES (1, '{MARKER}', 30);
"""


async def test_nothing_that_is_planted_is_found(make_database: MakeDatabase, driver: str, tmp_path: Path) -> None:
    """Rows are for their callers' answers alone; passwords and tokens are for nobody."""
    dsn = await make_database(_SCHEMA)
    token, issuer = make_token("ana", Access.WRITE), Issuer()
    keys, audit = tmp_path / "jwks.json", tmp_path / "audit.jsonl"
    keys.write_text(issuer.key_set())
    jwt, late = issuer.token(), issuer.token(exp=int(time.time()) - 600)
    settings = {
        "log_level": "debug",
        "log_format": "json",
        "audit_file": audit,
        "http_tokens": token.line,
        "oauth_issuer": ISSUER,
        "oauth_jwks": keys,
        "oauth_resource": RESOURCE,
        "secret_key": SECRET_KEY,
    }
    errors: list[str] = []
    async with http_server(dsn, **settings) as server, httpx.AsyncClient(timeout=30) as http:
        client = WebClient(http, server.url, MODERN)
        for bearer in (token.text, jwt, late, "planted-wrong-token-c0de"):
            http.headers["authorization"] = f"Bearer {bearer}"
            for tool, arguments in (
                ("read_table", {"table": "people", "filters": {"name": MARKER}}),
                ("read_table", {"table": "people", "filters": {"age": MARKER}}),
                ("create_record", {"table": "people", "data": {"id": 2, "name": MARKER, "age": 1}}),
                ("create_record", {"table": "people", "data": {"id": 3, "name": f"{MARKER}!", "age": -1}}),
                ("execute_query", {"query": f"SELECT '{MARKER}'::int"}),
                ("execute_query", {"query": f"SELECT name::int FROM people WHERE name = '{MARKER}'"}),
                ("execute_query", {"query": f"SELECT '{MARKER}' FRM"}),
                ("no_such_tool", {"name": MARKER}),
            ):
                body = client.call_body(tool, json.dumps(arguments))
                answer = await http.post(server.url, content=body, headers=client.headers("tools/call", tool))
                if '\\"error\\"' in answer.text or answer.status_code != 200:
                    errors.append(answer.text)
        root = server.url.removesuffix("mcp")
        errors.extend([(await http.get(root + path)).text for path in ("healthz", "readyz", "metrics")])
        server.process.send_signal(signal.SIGTERM)
        out, err = await server.process.communicate()
    lines = audit.read_text()
    assert len(lines.splitlines()) >= 16
    seen = {"stdout": out.decode(), "stderr": err.decode(), "audit": lines, "errors": "\n".join(errors)}
    secrets = [PASSWORD, token.text, token.line, jwt, late, "planted-wrong-token-c0de", SECRET_KEY]
    found = [(where, secret) for where, text in seen.items() for secret in secrets if secret in text]
    # A statement that doesn't parse is shown to who wrote it, with a caret.
    found += [(where, MARKER) for where in ("stdout", "stderr", "audit") if MARKER in seen[where]]
    assert found == []


@pytest.mark.parametrize(
    "text, fd, answers, found",
    [
        pytest.param(PASSWORD, 2, True, ["a password in stderr"], id="a password in a log"),
        pytest.param(PASSWORD, 1, True, ["a password in stdout"], id="a password in an answer"),
        pytest.param(SECRET_KEY, 1, True, ["a secret key in stdout"], id="a key"),
        pytest.param(MARKER, 2, True, ["a row's value in stderr"], id="a row in a log"),
        pytest.param(MARKER, 1, False, ["a row's value in stdout"], id="a row where none is answered"),
        pytest.param(MARKER, 1, True, [], id="a row in an answer"),
        pytest.param(make_token("ana", Access.READ).text, 2, True, ["a token of our own in stderr"], id="a token"),
        pytest.param(make_token("ana", Access.READ).line, 2, True, [], id="a token's digest"),
        pytest.param(Issuer().token(), 1, True, ["a JWT in stdout"], id="a JWT"),
        pytest.param("nothing", 1, True, [], id="nothing"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 2, 7])
async def test_what_a_process_says_is_searched(
    text: str, fd: int, answers: bool, found: list[str], pieces: int
) -> None:
    """Whatever it is cut into on its way; what was found is not told again."""
    search = Search()
    watched = Watched(search, "it", answers, 2**16)
    said = f"and {text} end\n".encode()
    size = -(-len(said) // pieces)
    for start in range(0, len(said), size):
        watched.pipe_data_received(fd, said[start : start + size])
    watched.pipe_data_received(fd, b"and so on\n")
    assert search.take() == [f"{each} of it" for each in found]
    assert search.take() == []


async def test_a_test_that_puts_it_out_fails(tmp_path: Path) -> None:
    """By whatever it prints or logs, or by a process of its own; another one passes."""
    file = tmp_path / "test_it.py"
    file.write_text(
        f"""
import logging, os, sys
import pytest
from tests.fixtures.planted import watched_process

def test_prints():
    print({PASSWORD!r})

def test_logs():
    logging.getLogger("pgmcp").error({MARKER!r})

async def test_starts():
    process = await watched_process(sys.executable, "-c", "print({PASSWORD!r})", env=os.environ, limit=9999)
    await process.communicate()

@pytest.mark.shows_secrets
def test_says_so():
    print({PASSWORD!r})

def test_is_quiet():
    print("quiet")
"""
    )
    config = tmp_path / "pytest.ini"
    config.write_text("[pytest]\nasyncio_mode = auto\nmarkers = shows_secrets\n")
    words = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.fixtures.planted",
        "-p",
        "no:cacheprovider",
        "-c",
        str(config),
        str(file),
    )
    process = await watched_process(sys.executable, *words, env=os.environ, limit=2**20, search=Search())
    out, _ = await process.communicate()
    said = out.decode()
    assert sorted(set(re.findall(r"ERROR \S+::test_(\w+)", said))) == ["logs", "prints", "starts"]
    assert said.count("What is planted was put out: ") >= 3
    assert "5 passed, 3 errors" in said
