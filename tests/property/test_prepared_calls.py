"""Calls that come again, beside a server that keeps none: whoever calls and whatever changes, nobody can tell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pgmcp.adapters.memory.declare import column, table
from pgmcp.adapters.postgres.kept import Kept
from pgmcp.adapters.verdicts import KeptVerdicts
from pgmcp.domain.calls import CallContext, CallId, Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.events import CallEnded, Event
from pgmcp.domain.guard.resolution import Resolution, UsedRelation
from pgmcp.domain.relations import Name, Relation
from pgmcp.domain.requests import ExecuteQueryRequest, ReadRequest
from pgmcp.domain.settings import Access
from pgmcp.entrypoints.bootstrap import build_memory
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.rendering import render
from pgmcp.handlers.dispatch import Caller
from pgmcp.ports.transactions import Transaction
from pgmcp.services.guarding import Guard
from tests.unit.house import House

POLICY: dict[str, Any] = {
    "default": "deny",
    "tables": [
        {"match": "public.item", "for": ["bo"], "allow": ["read"], "hide": ["note"], "max_rows": 2},
        {"match": "public.item", "for": ["cy"], "allow": ["read"], "rows": {"owner": "$principal"}},
        {"match": "public.item", "for": ["ana"], "allow": ["read", "update"]},
        {"match": "public.other", "for": ["ana", "cy"], "allow": ["read"], "mask": {"note": "full"}},
    ],
}
STATEMENTS: dict[str, Any] = {
    "select id from item where id = $1": lambda params: [{"id": int(params[0])}],
    "select note from item": [{"note": "n"}],
    "select id from other": [{"id": 1}, {"id": 2}],
}
CALLERS = st.sampled_from(
    [Principal("ana"), Principal("bo"), Principal("cy"), Principal("ana", access=Access.READ), Principal("zoe")]
)
READS = st.fixed_dictionaries(
    {"table": st.sampled_from(["item", "item", "item", "other", "public.item", "gone"])},
    optional={
        "columns": st.sampled_from([["id"], ["note"], ["id", "owner"]]),
        "filters": st.sampled_from([{"id": 1}, {"id": {"gt": 1}}, {"note": "b"}, {"id": "1"}, {"seen": {"gte": {}}}]),
        "order_by": st.sampled_from(["-id", "note"]),
        "limit": st.sampled_from([1, 2, 0]),
        "timeout_ms": st.just(60_000),  # which no machine is so busy as to need
    },
)
QUERIES = st.fixed_dictionaries(
    {"query": st.sampled_from([*STATEMENTS, "update item set note = 'x'", "select"])},
    optional={"params": st.sampled_from([[1], ["1"], [2]]), "max_rows": st.just(1)},
)
CALLS = st.tuples(
    st.just("call"),
    CALLERS,
    st.one_of(st.tuples(st.just("read_table"), READS), st.tuples(st.just("execute_query"), QUERIES)),
    st.sampled_from(["text", "mapping", "request"]),
)
WRITES = st.tuples(st.just("write"), st.integers(1, 3), st.sampled_from(["a", "b"]))
STEPS = st.lists(
    st.one_of(
        CALLS,
        WRITES,
        st.tuples(st.just("define"), st.booleans(), st.booleans(), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from([1.0, 6.0, 11.0, 31.0])),
    ),
    max_size=12,
    # Half of the calls are made twice and more: those are what this is about.
).flatmap(lambda steps: st.lists(st.sampled_from(steps), min_size=5, max_size=40) if steps else st.just([]))


def tables() -> dict[str, Any]:
    """Two tables with the same columns."""
    columns: dict[str, Any] = {
        "id": column("int4", nullable=False),
        "owner": "text",
        "note": "text",
        "seen": "timestamptz",
    }
    rows = [{"id": at, "owner": owner, "note": "abc"[at]} for at, owner in enumerate(["ana", "cy", "cy"])]
    return {name: table(columns=columns, primary_key="id", rows=rows) for name in ("item", "other")}


class Definitions:
    """A catalogue that is kept for a while, and the facts behind statements: others change both.

    Attributes:
        narrow: Whether tables have lost a column.
        elsewhere: Whether statements read another table than they name.
    """

    def __init__(self) -> None:
        self.narrow = False
        self.elsewhere = False
        self._inner: Any = None
        self._kept: Any = None

    def over(self, house: House) -> None:
        """Begin with what a house's database has."""
        self._inner = house.memory.catalogue
        self._kept = Kept[Any, Relation](house.clock, most=9, ttl_s=30)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(
        self, name: str, schema: str | None, call: CallContext, within: Transaction | None = None
    ) -> Relation | None:
        """As it is now, unless it is kept."""
        kept = self.recalled(name, schema, call)
        found: Relation | None = self._inner.recalled(name, schema, call)
        if kept is not None or found is None:
            return kept
        columns = tuple(each for each in found.columns if not (self.narrow and each.name == "note"))
        made: Relation = self._kept.put((name, schema), evolve(found, columns=columns))
        return made

    def recalled(self, name: str, schema: str | None, call: CallContext) -> Relation | None:
        """As it was kept."""
        kept: Relation | None = self._kept.get((name, schema))
        return kept

    def forget(self) -> None:
        """Keep nothing."""
        self._kept.clear()

    async def resolve(self, text: str, call: CallContext, within: Transaction | None = None) -> Resolution:
        """What a statement reads, by its words."""
        words = text.split()
        name = "other" if "other" in words or self.elsewhere else "item"
        used = frozenset(words) & {"id", "note"}
        read = UsedRelation(oid=1, name=Name("public", name), kind="r", reads=True, columns=used)
        return Resolution(relations=(read,))

    async def brought(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Resolution:
        """No types of anyone's own."""
        return Resolution()

    async def named(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Collection[Name]:
        """No relation that is hidden."""
        return ()


class Server:
    """A house whose definitions others can change, and that keeps so many calls."""

    def __init__(self, prepared_calls: int) -> None:
        said = {"access": "write", "policy": POLICY, "audit_file": "stderr", "prepared_calls": prepared_calls}
        self.definitions = Definitions()
        catalogue: Any = self.definitions
        self.house = House(tables(), statements=STATEMENTS, settings=load(said, {}), catalogue=catalogue)
        house = self.house
        self.definitions.over(house)
        verdicts = KeptVerdicts(house.clock, ttl_s=10)
        self.guard = Guard(self.definitions, verdicts, house.transactions, house.schemas)
        house.dispatcher = type(house.dispatcher)(
            house.security,
            house.schemas,
            house.recorder,
            house.clock,
            house.settings,
            house.audit,
            house.fair_use,
            self.guard,
            house.receipts,
        )

    async def take(self, step: tuple[Any, ...]) -> Any:
        """One step; what its caller is answered."""
        match step:
            case ("call", principal, (tool, said), form):
                return await self._answer(tool, said, form, principal)
            case ("write", number, note):
                said = {"table": "item", "filters": {"id": number}, "data": {"note": note}}
                return await self._answer("update_records", said, "text", Principal("ana"))
            case ("define", narrow, elsewhere, told):
                self.definitions.narrow, self.definitions.elsewhere = narrow, elsewhere
                if told:
                    self.house.schemas.forget()
                    self.guard.forget()
            case ("wait", seconds):
                self.house.clock.advance(seconds)
        return None

    async def _answer(self, tool: str, said: Mapping[str, Any], form: str, principal: Principal) -> Any:
        caller = Caller(principal=principal, id=CallId("a call"))
        arguments: Any = said
        if form == "text":
            arguments = json.dumps(said).encode()
        elif form == "request":
            arguments = ReadRequest(**said) if tool == "read_table" else ExecuteQueryRequest(**said)
        try:
            answer = json.loads(render(await self.house.dispatch(tool, arguments, caller)))
        except PgmcpError as error:
            return error.document()
        # Sealed with another nonce each time.
        return answer | {"next_cursor": "next_cursor" in answer}

    def told(self) -> list[Any]:
        """What was told of the calls: events without times, records as the audit's lines have them."""
        records = [record.document() for record in self.house.records.records]
        return [*map(_without_parts, self.house.recorder.events), *records]


def _without_parts(event: Event) -> Event:
    """An event, but for the times of a call's parts: a station that isn't passed has none."""
    return event._replace(stations=None, noted=None) if isinstance(event, CallEnded) else event


async def _walk(server: Server, steps: list[tuple[Any, ...]]) -> list[Any]:
    return [*[await server.take(step) for step in steps], *server.told()]


@given(STEPS, st.sampled_from([1, 3, 1000]))
def test_nobody_can_tell(steps: list[tuple[Any, ...]], most: int) -> None:
    """Not by an answer, an error, an event or a line of the audit."""
    assert asyncio.run(_walk(Server(most), steps)) == asyncio.run(_walk(Server(0), steps))


@given(STEPS)
def test_nobody_can_tell_before_a_cache(steps: list[tuple[Any, ...]]) -> None:
    """What is served from the cache is the same, to the same callers."""

    async def walk(prepared_calls: int) -> list[Any]:
        said = {"access": "write", "policy": POLICY, "cache": "memory", "prepared_calls": prepared_calls}
        database = build_memory(tables(), STATEMENTS, load(said, {}))
        answers = []
        for step in steps:
            if step[0] == "call":
                _, principal, (tool, arguments), _ = step
            elif step[0] == "write":
                principal, tool = Principal("ana"), "update_records"
                arguments = {"table": "item", "filters": {"id": step[1]}, "data": {"note": step[2]}}
            else:
                continue
            try:
                answer = await database.call(tool, arguments, Caller(principal=principal))
            except PgmcpError as error:
                answers.append(error.document())
            else:
                answers.append(json.loads(render(answer)) | {"next_cursor": None, "as_of": None})
        await database.aclose()
        return answers

    assert asyncio.run(walk(1000)) == asyncio.run(walk(0))


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_verdict_does_not_outlive_its_time(elsewhere: bool) -> None:
    """A definition that nobody tells of is heeded once the verdict is too old, by a statement that comes again too."""
    server = Server(1000)
    ask = ("call", Principal("bo"), ("execute_query", {"query": "select id from other"}), "text")
    server.definitions.elsewhere = True
    refused = await server.take(ask)
    assert refused["code"] == "unknown_table", refused
    allowed = ("call", Principal("ana"), ("execute_query", {"query": "select note from item"}), "text")
    server.definitions.elsewhere = False
    server.guard.forget()
    first = await server.take(allowed)
    server.definitions.elsewhere = elsewhere
    kept, last = [[await server.take(step) for step in (("wait", wait), allowed)][1] for wait in (9.0, 2.0)]
    assert first == kept
    assert ("rows" in first, "rows" in last) == (True, not elsewhere)
