"""Whatever the policy and the request: nothing hidden comes out by any byte, nothing changes that may not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import pgmcp
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.observers import LogObserver
from pgmcp.domain.settings import Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.monitoring import guarded_pages
from tests.fixtures.declared import sql_of
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.random_policies import CALLER, COLUMNS, NAMES, TEXTS, Part, policies, requests, rows_of, specs
from tests.fixtures.random_sql import AROUND, statements
from tests.unit.house import House, Recorder, by

CALLS = st.lists(requests, min_size=4, max_size=12)
# A statement mostly, and now and then another tool's call.
MIXED = st.integers(0, 4).flatmap(lambda number: statements if number else requests)
SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def settings_under(written: Mapping[str, Any]) -> Settings:
    """The settings of a server under a policy whose filters are texts."""
    rules = [rule | ({"rows": json.loads(rule["rows"])} if "rows" in rule else {}) for rule in written["tables"]]
    facts = {"policy": {**written, "tables": rules}, "access": "write", "principal": CALLER, "secret_key": "k"}
    return load({**facts, "call_timeout_s": 20.0}, {})


Ask = Callable[[str, Any], Awaitable[str]]
Contents = Callable[[], Awaitable[dict[str, list[Mapping[str, Any]]]]]
Beside = Callable[[], Awaitable[str]]


def forms(text: str) -> tuple[str, ...]:
    """What would give a value away: itself, and what the grammar makes of it."""
    octets = text.encode()
    return (text, text.upper(), text[::-1], hashlib.md5(octets).hexdigest(), octets.hex())  # noqa: S324 -- as SQL's md5


async def hold(ask: Ask, contents: Contents, beside: Beside, policy: Mapping[str, Any], calls: Any) -> None:
    """Make the calls; look at every answer, at all that was said beside it, and at all rows after each."""
    parts = {name: Part.of(name, policy) for name in NAMES}
    before = await contents()
    told = ""
    for name, arguments in calls:
        asked = json.dumps(arguments)
        # What the caller itself has written may come back to it, and what it could read may have been copied.
        told += asked
        told += " ".join(text for part in parts.values() for text in part.shown(before[part.name]))
        secrets = {text for part in parts.values() for text in part.secrets(before[part.name]) if text not in told}
        await beside()
        answer = await ask(name, arguments)
        said = answer + await beside()
        leaked = [form for text in secrets for form in forms(text) if form in said]
        leaked += [named for part in parts.values() for named in part.names() if named in answer and named not in told]
        about = parts.get(arguments.get("table", ""))
        leaked += [each for each in COLUMNS if about and about.hides(each) and each in answer and each not in asked]
        assert (name, arguments, leaked, answer if leaked else "") == (name, arguments, [], "")
        error = json.loads(answer).get("error", {})
        event(f"{name}: {error.get('code', 'went well')}")
        assert error.get("type") != "internal_error"
        after = await contents()
        faults = [fault for part in parts.values() for fault in part.faults(before[part.name], after[part.name])]
        assert (name, arguments, faults) == (name, arguments, [])
        before = after


@settings(SHARED, max_examples=60)
@given(policy=policies, calls=CALLS)
async def test_memory_keeps_to_a_policy(policy: Mapping[str, Any], calls: Any) -> None:
    """Random policies and calls over the memory database."""
    house = House(specs(), settings=settings_under(policy))

    async def contents() -> dict[str, list[Mapping[str, Any]]]:
        found = {name: await house.stored(name, *COLUMNS) for name in NAMES}
        return {
            name: [
                {"id": int(each[0]), "tenant": int(each[1])} | dict(zip(TEXTS, each[2:], strict=True)) for each in rows
            ]
            for name, rows in found.items()
        }

    async def ask(tool: str, arguments: Any) -> str:
        return await house.answer(tool, arguments, by(CALLER))

    async def beside() -> str:
        return _taken(house.recorder)

    await hold(ask, contents, beside, policy, calls)


def _taken(recorder: Recorder) -> str:
    """The events since it was asked for last."""
    said = repr(recorder.events)
    recorder.events.clear()
    return said


@pytest.mark.slow
@settings(SHARED, max_examples=4)
@given(policy=policies, calls=CALLS)
async def test_a_server_keeps_to_a_policy(
    make_database: MakeDatabase, driver: str, policy: Mapping[str, Any], calls: Any
) -> None:
    """A few of the same over PostgreSQL, by either driver."""
    await on_a_server(await make_database(sql_of(specs())), driver, policy, calls)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(SHARED, max_examples=12)
@given(policy=policies, calls=st.lists(MIXED, min_size=10, max_size=25))
async def test_statements_keep_to_a_policy(
    make_database: MakeDatabase,
    driver: str,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    policy: Mapping[str, Any],
    calls: Any,
) -> None:
    """Statements of a grammar, with calls of the other tools between them; the log, the audit and metrics as well."""
    dsn = await make_database(sql_of(specs()) + AROUND)
    await on_a_server(dsn, driver, policy, calls, audit=tmp_path / "audit", log=lambda: capfd.readouterr().err)


async def on_a_server(
    dsn: str,
    driver: str,
    policy: Mapping[str, Any],
    calls: Any,
    *,
    audit: Path | None = None,
    log: Callable[[], str] = str,
) -> None:
    """Make the calls over PostgreSQL, and look at what an operator sees as well."""
    recorder = Recorder()
    heard = FanOut([recorder, LogObserver("debug", "json")])
    made = evolve(
        settings_under(policy),
        dsn=Secret(dsn),
        driver=driver,
        pool_min=0,
        pool_max=2,
        audit_file=None if audit is None else str(audit),
    )
    database = build(made, observer=heard)
    metrics = guarded_pages(database)["/metrics"]
    async with (
        pgmcp.Client(database) as client,
        pgmcp.connect(dsn, driver=driver, pool_min=0, pool_max=1) as owner,
    ):
        tools = {tool.name: tool for tool in client.tools()}

        async def contents() -> dict[str, list[Mapping[str, Any]]]:
            return {name: list((await owner.call(pgmcp.ReadRequest(table=name))).rows) for name in NAMES}

        async def beside() -> str:
            return _taken(recorder) + log() + (await metrics("")).body.decode() + _read(audit)

        await hold(lambda tool, arguments: tools[tool].call(arguments), contents, beside, policy, calls)
    said = _read(audit)
    # Lines are written a little later than answers.
    parts = [Part.of(name, policy) for name in NAMES]
    asked = json.dumps(calls)
    secrets = [text for part in parts for text in part.secrets(rows_of(part.name)) if text not in asked]
    assert [text for text in secrets if text in said] == []


def _read(file: Path | None) -> str:
    return file.read_text() if file is not None and file.exists() else ""
