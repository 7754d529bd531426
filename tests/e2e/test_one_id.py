"""One id goes from an MCP request through the audit, the log and the spans; the spans of a call are one tree."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from attrs import frozen

from tests.e2e.mcp_transport.web import MODERN, WebClient, messages
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.served import answer_of, http_server, stdio_server

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_META = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
_SCHEMA = "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'one')"
_CHANGE = {"table": "item", "data": {"name": "two"}, "filters": {"id": 1}}
# Python runs this before anything else, as it would what an operator set up: spans go to a file, one a line.
_SETUP = """
import os
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

provider = TracerProvider()
exporter = ConsoleSpanExporter(out=open(os.environ["SPANS"], "a"), formatter=lambda span: span.to_json(None) + "\\n")
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
"""


class Ask(Protocol):
    """Calls a tool in a trace, and gives the message that answers."""

    async def __call__(self, tool: str, arguments: dict[str, Any]) -> Any:
        """Ask."""
        ...


@frozen
class Served:
    """A server that was asked, and what it leaves on stderr once it has ended."""

    ask: Ask
    log: list[dict[str, Any]]


@asynccontextmanager
async def over_stdio(dsn: str, **settings: Any) -> AsyncIterator[Served]:
    """A server on pipes."""
    log: list[dict[str, Any]] = []
    async with stdio_server(dsn, **settings) as server:
        await server.handshake()

        async def ask(tool: str, arguments: dict[str, Any]) -> Any:
            params = {"name": tool, "arguments": arguments, "_meta": _META}
            frame = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
            return await server.ask(json.dumps(frame).encode())

        yield Served(ask, log)
        _, err = await server.process.communicate(b"")  # which closes its stdin
        log += _lines(err.decode())


@asynccontextmanager
async def over_http(dsn: str, **settings: Any) -> AsyncIterator[Served]:
    """A server that listens."""
    log: list[dict[str, Any]] = []
    async with http_server(dsn, **settings) as server, httpx.AsyncClient(timeout=30) as http:
        client = WebClient(http, server.url, MODERN)

        async def ask(tool: str, arguments: dict[str, Any]) -> Any:
            body = client.call_body(tool, json.dumps(arguments), meta=_META)
            (message,) = messages(await http.post(server.url, content=body, headers=client.headers("tools/call", tool)))
            return message

        yield Served(ask, log)
        server.process.send_signal(signal.SIGTERM)
        _, err = await server.process.communicate()
        log += _lines(err.decode())


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("over", [pytest.param(over_stdio, id="stdio"), pytest.param(over_http, id="http")])
async def test_one_id(
    make_database: MakeDatabase, driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: Any
) -> None:
    """Whoever finds a call anywhere finds it everywhere."""
    (tmp_path / "sitecustomize.py").write_text(_SETUP)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SPANS", str(tmp_path / "spans"))
    audit = tmp_path / "audit.jsonl"
    settings = {"opentelemetry": True, "log_level": "debug", "log_format": "json", "audit_file": audit}
    async with over(await make_database(_SCHEMA), driver=driver, **settings) as served:
        assert answer_of(await served.ask("update_records", _CHANGE)).document == {"ok": True, "count": 1}
        failed = answer_of(await served.ask("read_table", {"table": "itme"}))
        assert failed.error["code"] == "unknown_table"
    spans = _lines((tmp_path / "spans").read_text())
    records = _lines(audit.read_text())
    changed, missed = list(dict.fromkeys(record["call"] for record in records))
    assert [(record["call"], record["phase"]) for record in records] == [
        (changed, "intent"),
        (changed, "call"),
        (missed, "call"),
    ]
    for call, tool, left in (
        (changed, "update_records", {"CallStarted", "StatementRan", "CallEnded"}),
        (missed, "read_table", {"CallStarted", "CallEnded"}),
    ):
        assert {line["event"] for line in served.log if line.get("call") == call} >= left
        (span,) = (each for each in spans if each["attributes"].get("pgmcp.call.id") == call)
        assert (span["name"], span["context"]["trace_id"]) == (f"tools/call {tool}", f"0x{TRACE}")
        tree = _below(span["context"]["span_id"], spans)
        names = {each["name"] for each in tree}
        assert names >= (
            {"plan", "authorise", "execute", "TableRepository.update", "update"} if tool != "read_table" else {"plan"}
        )
    # Nothing of the two calls stands outside of the caller's trace, and nothing in it has lost what it belongs to.
    ours = [each for each in spans if each["context"]["trace_id"] == f"0x{TRACE}"]
    known = {each["context"]["span_id"] for each in ours} | {f"0x{PARENT}"}
    assert {each["parent_id"] for each in ours} <= known
    assert len(_below(f"0x{PARENT}", ours)) == len(ours)


def _below(top: str, spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All spans under one, however deep."""
    found: list[dict[str, Any]] = []
    waiting = [top]
    while waiting:
        above = waiting.pop()
        children = [each for each in spans if each["parent_id"] == above]
        found += children
        waiting += [each["context"]["span_id"] for each in children]
    return found
