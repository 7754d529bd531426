"""Secrets and row markers that are planted everywhere turn up nowhere: log at its loudest, audit, metrics, errors."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import httpx

from pgmcp.domain.settings import Access
from pgmcp.entrypoints.mcp.identity.tokens import make_token
from tests.e2e.mcp_transport.web import MODERN, WebClient
from tests.fixtures.issuer import ISSUER, RESOURCE, Issuer
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.served import http_server

PASSWORD, MARKER = "planted-password-7f3a", "planted-row-marker-91bc"
_SCHEMA = f"""
CREATE TABLE people (id int PRIMARY KEY, name text UNIQUE, age int CHECK (age > 0));
INSERT INTO people VALUES (1, '{MARKER}', 30);
"""


async def test_nothing_that_is_planted_is_found(make_database: MakeDatabase, driver: str, tmp_path: Path) -> None:
    """Rows are for their callers' answers alone; passwords and tokens are for nobody."""
    dsn = (await make_database(_SCHEMA)).replace("postgresql://postgres@", f"postgresql://postgres:{PASSWORD}@")
    dsn = dsn if PASSWORD in dsn else f"{dsn}{'&' if '?' in dsn else '?'}password={PASSWORD}"
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
        "secret_key": "planted-secret-key-55d1",
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
    secrets = [PASSWORD, token.text, token.line, jwt, late, "planted-wrong-token-c0de", "planted-secret-key-55d1"]
    found = [(where, secret) for where, text in seen.items() for secret in secrets if secret in text]
    # A statement that doesn't parse is shown to who wrote it, with a caret.
    found += [(where, MARKER) for where in ("stdout", "stderr", "audit") if MARKER in seen[where]]
    assert found == []
