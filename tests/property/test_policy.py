"""Whatever the policy and the request: nothing hidden comes out by any byte, nothing changes that may not."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import pgmcp
from pgmcp.domain.events import Event
from pgmcp.domain.settings import Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.configuration import load
from tests.fixtures.declared import sql_of
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.random_policies import CALLER, COLUMNS, NAMES, TEXTS, Part, policies, requests, specs
from tests.unit.house import House, Recorder, by

CALLS = st.lists(requests, min_size=4, max_size=12)
SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def settings_under(written: Mapping[str, Any]) -> Settings:
    """The settings of a server under a policy whose filters are texts."""
    rules = [rule | ({"rows": json.loads(rule["rows"])} if "rows" in rule else {}) for rule in written["tables"]]
    facts = {"policy": {**written, "tables": rules}, "access": "write", "principal": CALLER, "secret_key": "k"}
    return load({**facts, "call_timeout_s": 20.0}, {})


Ask = Callable[[str, Any], Awaitable[str]]
Contents = Callable[[], Awaitable[dict[str, list[Mapping[str, Any]]]]]


async def hold(ask: Ask, contents: Contents, events: list[Event], policy: Mapping[str, Any], calls: Any) -> None:
    """Make the calls, and look at every answer, every event and all rows after each."""
    parts = {name: Part.of(name, policy) for name in NAMES}
    before = await contents()
    told = ""
    for name, arguments in calls:
        asked = json.dumps(arguments)
        # What the caller itself has written may come back to it.
        told += asked
        secrets = {text for part in parts.values() for text in part.secrets(before[part.name]) if text not in told}
        events.clear()
        answer = await ask(name, arguments)
        said = answer + repr(events)
        leaked = [text for text in secrets if text in said]
        leaked += [named for part in parts.values() for named in part.names() if named in answer and named not in told]
        about = parts.get(arguments.get("table", ""))
        leaked += [each for each in COLUMNS if about and about.hides(each) and each in answer and each not in asked]
        assert (name, arguments, leaked, answer if leaked else "") == (name, arguments, [], "")
        error = json.loads(answer).get("error", {})
        event(error.get("code", f"{name} went well"))
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

    await hold(ask, contents, house.recorder.events, policy, calls)


@pytest.mark.slow
@settings(SHARED, max_examples=4)
@given(policy=policies, calls=CALLS)
async def test_a_server_keeps_to_a_policy(
    make_database: MakeDatabase, driver: str, policy: Mapping[str, Any], calls: Any
) -> None:
    """A few of the same over PostgreSQL, by either driver."""
    dsn = await make_database(sql_of(specs()))
    recorder = Recorder()
    made = evolve(settings_under(policy), dsn=Secret(dsn), driver=driver, pool_min=0, pool_max=2)
    async with (
        pgmcp.Client(build(made, observer=recorder)) as client,
        pgmcp.connect(dsn, driver=driver, pool_min=0, pool_max=1) as owner,
    ):
        tools = {tool.name: tool for tool in client.tools()}

        async def contents() -> dict[str, list[Mapping[str, Any]]]:
            return {name: list((await owner.call(pgmcp.ReadRequest(table=name))).rows) for name in NAMES}

        await hold(lambda tool, arguments: tools[tool].call(arguments), contents, recorder.events, policy, calls)
