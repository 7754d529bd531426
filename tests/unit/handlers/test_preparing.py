"""Calls that come again: which are taken from where they are kept, and what ends that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.calls import CallContext, CallId, Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.events import CallEnded
from pgmcp.domain.plans import Select
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.relations import Relation
from pgmcp.domain.requests import ReadRequest
from pgmcp.domain.settings import Access, Settings
from pgmcp.handlers.dispatch import Caller
from pgmcp.ports.transactions import Transaction
from tests.unit.house import House

READ: dict[str, Any] = {"table": "orders", "columns": ["id"], "filters": {"id": {"in": [10, 11]}}}
POLICY = parse_policy(
    {
        "default": "allow",
        "tables": [
            {"match": "public.orders", "for": ["cy"], "allow": ["read"], "rows": {"status": "paid"}},
            {"match": "public.lines", "allow": ["read"], "rows": {"at": {"lt": 3}}},
        ],
        "principals": [{"match": "bo", "access": "read"}],
    }
)


class Catalogue:
    """A catalogue whose definitions can change under whoever keeps what it said."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._defined: dict[str, Relation] = {}
        self.asked = 0
        self.gone = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(
        self, name: str, schema: str | None, call: CallContext, within: Transaction | None = None
    ) -> Relation | None:
        """Ask."""
        self.asked += 1
        return self.recalled(name, schema, call)

    def recalled(self, name: str, schema: str | None, call: CallContext) -> Relation | None:
        """Not asking."""
        found: Relation | None = self._inner.recalled(name, schema, call)
        return None if found is None or self.gone else self._defined.get(name, found)

    def define(self, relation: Relation) -> None:
        """From now on it is this."""
        self._defined[relation.name.name] = relation


class Rows:
    """A repository that notes the plans that come to it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.plans: list[Select] = []
        self.calls: list[CallContext] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def select(self, plan: Select, call: CallContext, within: Any = None) -> Any:
        """Note it, then read."""
        self.plans.append(plan)
        self.calls.append(call)
        return await self._inner.select(plan, call, within)


def a_house(settings: Settings | None = None) -> tuple[House, Catalogue, Rows]:
    """A house whose plans are seen."""
    inner = House(settings=settings or Settings(access=Access.WRITE, policy=POLICY))
    catalogue, rows = Catalogue(inner.memory.catalogue), Rows(inner.memory.tables)
    house = House(settings=inner.settings, catalogue=catalogue, rows=rows, work=inner.memory.work)
    return house, catalogue, rows


def by(name: str) -> Caller:
    """A caller."""
    return Caller(principal=Principal(name), id=CallId("a call"))


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(lambda: dict(READ), id="a mapping"),
        pytest.param(lambda: ReadRequest(**READ), id="a request"),
        pytest.param(lambda: b'{"table":"orders","columns":["id"],"filters":{"id":{"in":[10,11]}}}', id="a text"),
    ],
)
async def test_the_same_call_is_prepared_once(arguments: Callable[[], Any]) -> None:
    """Its plan is the very same, nobody is asked, and two of the stations are not passed."""
    house, catalogue, rows = a_house()
    answers = [await house.dispatch("read_table", arguments(), by("ana")) for _ in range(2)]
    assert answers[0] == answers[1]
    assert rows.plans[0] is rows.plans[1]
    assert catalogue.asked == 1
    ended = [event for event in house.recorder.events if isinstance(event, CallEnded)]
    stations = [[place.operation for place, *_ in each.parts if place.layer == "station"] for each in ended]
    assert stations == [["plan", "authorise", "execute"], ["execute"]]


async def test_none_is_kept_where_none_is_wanted() -> None:
    """By the setting: it is planned each time."""
    house, _, rows = a_house(Settings(prepared_calls=0))
    for _ in range(2):
        await house.dispatch("read_table", READ)
    assert rows.plans[0] == rows.plans[1]
    assert rows.plans[0] is not rows.plans[1]


async def test_another_definition_is_another_plan() -> None:
    """At once, though nobody is told of it."""
    house, catalogue, rows = a_house()
    said = {"table": "orders", "filters": {"id": 10}}
    await house.dispatch("read_table", said)
    relation = rows.plans[0].relation
    catalogue.define(evolve(relation, columns=relation.columns[:2]))
    await house.dispatch("read_table", said)
    await house.dispatch("read_table", said)
    assert [len(plan.columns) for plan in rows.plans] == [5, 2, 2]
    assert rows.plans[1] is rows.plans[2]


async def test_a_table_that_is_gone_is_gone() -> None:
    """However often it was read."""
    house, catalogue, _ = a_house()
    await house.dispatch("read_table", READ)
    catalogue.gone = True
    assert (await house.refusal("read_table", READ))["code"] == "unknown_table"


async def test_callers_of_other_views_have_other_plans() -> None:
    """What one may see is nobody else's."""
    house, _, rows = a_house()
    counts = [(await house.document("read_table", READ, by(name)))["count"] for name in ("ana", "cy", "ana", "cy")]
    assert counts == ["2", "1", "2", "1"]
    ana, cy, again, too = rows.plans
    assert ana is again
    assert cy is too
    assert ana != cy


async def test_a_principal_of_the_same_name_with_less_access_has_another_view() -> None:
    """As the holder of another token has."""
    house, _, rows = a_house()
    for access in (None, Access.READ):
        await house.dispatch("read_table", READ, Caller(principal=Principal("ana", access=access)))
    assert rows.plans[0] is not rows.plans[1]


async def test_a_mapping_that_changes_is_another_call() -> None:
    """And the first one is still what it was."""
    house, _, _ = a_house()
    said: dict[str, Any] = {"table": "orders", "columns": ["id"], "filters": {"id": {"in": [10]}}}
    first = await house.answer("read_table", said)
    said["filters"]["id"]["in"].append(11)
    second = await house.answer("read_table", said)
    said["filters"]["id"]["in"].pop()
    assert first != second
    assert await house.answer("read_table", said) == first


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"table": "customers", "filters": {"since": {"lt": {"relative": "now"}}}}, id="a relative time"),
        pytest.param({"table": "public.orders"}, id="a name that may come to be"),
    ],
)
async def test_some_are_planned_each_time(arguments: dict[str, Any]) -> None:
    """What follows from more than its values."""
    house, _, rows = a_house()
    for _ in range(2):
        await house.dispatch("read_table", arguments)
    assert rows.plans[0] is not rows.plans[1]


async def test_a_page_behind_a_cursor_is_planned_each_time() -> None:
    """A cursor opens for its principal alone."""
    house, _, rows = a_house(Settings())
    said = {"table": "orders", "columns": ["id"], "limit": 1}
    cursor = (await house.document("read_table", said))["next_cursor"]
    for _ in range(2):
        await house.dispatch("read_table", said | {"cursor": cursor}, by("local"))
    assert rows.plans[1] is not rows.plans[2]
    assert (await house.refusal("read_table", said | {"cursor": cursor}, by("bo")))["code"] == "cursor_invalid"


async def test_reads_in_a_transaction_are_planned_each_time() -> None:
    """It may have definitions of its own."""
    house, _, rows = a_house(Settings(access=Access.WRITE))
    begun = await house.document("begin_transaction", {})
    for _ in range(2):
        await house.dispatch("read_table", READ | {"transaction_id": begun["transaction_id"]})
    assert rows.plans[0] is not rows.plans[1]


async def test_what_is_refused_is_refused_again() -> None:
    """Nothing is kept of it."""
    house, _, rows = a_house()
    said = {"table": "orders", "filters": {"nothing": 1}}
    first, second = [await house.refusal("read_table", said) for _ in range(2)]
    assert first == second
    assert not rows.plans


async def test_the_limits_of_a_call_are_its_own() -> None:
    """Its deadline, its form and whom it tells of progress."""
    house, _, rows = a_house()
    await house.dispatch("read_table", READ, by("ana"))
    house.clock.advance(100)
    await house.dispatch("read_table", READ, evolve(by("ana"), id=CallId("another")))
    assert [(call.id, call.deadline) for call in rows.calls] == [("a call", 30.0), ("another", 130.0)]


async def test_shares_are_counted_all_the_same() -> None:
    """A call that was prepared before is a call."""
    house = House(settings=Settings(rate_per_minute=2))
    for _ in range(2):
        await house.dispatch("read_table", READ)
    with pytest.raises(PgmcpError) as refused:
        await house.dispatch("read_table", READ)
    assert refused.value.code.name == "rate_limited"
