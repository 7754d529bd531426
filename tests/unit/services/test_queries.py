"""QueryService: plans of reading."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import QueryError, ValidationError, codes
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import EVERYTHING, Literal, Operand
from pgmcp.domain.plans import Bounds, Effect, Explain, Page, RawQuery, Select, StatementKind
from pgmcp.domain.relations import Order, Relation
from pgmcp.domain.requests import ExecuteQueryRequest, ReadRequest
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.domain.values.types import INT4, TEXT
from pgmcp.ports.transactions import Transaction
from pgmcp.services.cursors import Place
from tests.fixtures.relations import THINGS
from tests.unit.house import NOON, House

BOUNDS = Bounds(max_rows=50, max_bytes=2048)
SETTINGS = Settings(max_rows=50, max_bytes=2048, read_default_limit=7)


class Zoned:
    """A catalogue whose sessions have a time zone; everything else is the memory database's."""

    def __init__(self, zone: str) -> None:
        self._inner: Any = House().memory.catalogue
        self._zone = zone
        self.asked: list[CallContext] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def time_zone(self, call: CallContext, within: Transaction | None = None) -> str:
        """The zone."""
        self.asked.append(call)
        return self._zone


def house(zone: str = "UTC") -> House:
    """A house with small bounds."""
    return House(settings=SETTINGS, catalogue=Zoned(zone))


async def planned(request: ReadRequest, relation: Relation = THINGS) -> Select:
    """What a read will do."""
    at = house()
    return await at.queries.select_plan(request, relation, at.call())


async def test_the_least_read() -> None:
    """Every column, no filter, the key's order, the default's length."""
    assert await planned(ReadRequest(table="things")) == Select(
        relation=THINGS,
        columns=tuple(THINGS.by_name),
        filter=EVERYTHING,
        order=(Order(operand=Operand(column="id", type=INT4)),),
        keyed=True,
        page=Page(limit=7),
        bounds=BOUNDS,
    )


@pytest.mark.parametrize(
    "limit, found",
    [
        pytest.param(None, 7, id="the default"),
        pytest.param(0, 0, id="none"),
        pytest.param(49, 49, id="as asked"),
        pytest.param(51, 50, id="never above the cap"),
    ],
)
async def test_the_limit(limit: int | None, found: int) -> None:
    """Within the caps."""
    assert (await planned(ReadRequest(table="things", limit=limit, offset=3))).page == Page(limit=found, offset=3)


async def test_an_offset_is_one_that_postgresql_takes() -> None:
    """Behind as many rows as that there is none, so a greater one means the same."""
    assert (await planned(ReadRequest(table="things", offset=10**20))).page.offset == 2**63 - 1


async def test_the_default_is_never_above_the_cap() -> None:
    """Whatever the settings say."""
    at = House(settings=Settings(max_rows=5, read_default_limit=100))
    assert (await at.queries.select_plan(ReadRequest(table="things"), THINGS, at.call())).page == Page(limit=5)


async def test_behind_a_cursor() -> None:
    """The key's values as literals of their types, NULL as None."""
    at, order_by = house(), ["-name"]
    request = ReadRequest(table="things", order_by=order_by)
    for name in ("x", None):
        cursor = at.cursors.make(Place(key=(name, "5"), moment=NOON), request, at.call())
        plan = await at.queries.select_plan(evolve(request, cursor=cursor), THINGS, at.call())
        after = (None if name is None else Literal("x", TEXT, "cursor"), Literal("5", INT4, "cursor"))
        assert plan.page == Page(limit=7, after=after)


async def test_a_cursor_of_a_key_that_changed() -> None:
    """It leads nowhere any more."""
    at, request = house(), ReadRequest(table="things")
    cursor = at.cursors.make(Place(key=("5",)), request, at.call())
    wider = evolve(THINGS, primary_key=("id", "n"))
    with pytest.raises(ValidationError) as caught:
        await at.queries.select_plan(evolve(request, cursor=cursor), wider, at.call())
    assert caught.value.code is codes.CURSOR_INVALID


@pytest.mark.parametrize(
    "result, keyed, given",
    [
        pytest.param(Result(more=True, last_key=("5",)), True, True, id="more follow"),
        pytest.param(Result(more=False, last_key=("5",)), True, False, id="nothing follows"),
        pytest.param(Result(more=True, last_key=None), True, False, id="no row was there"),
        pytest.param(Result(more=True, last_key=("5",)), False, False, id="the order is not total"),
    ],
)
async def test_when_there_is_a_cursor(result: Result, keyed: bool, given: bool) -> None:
    """Only where it leads on."""
    at, request = house(), ReadRequest(table="things")
    plan = evolve(await planned(request), keyed=keyed)
    cursor = at.queries.next_cursor(request, plan, result, at.call())
    assert (cursor is not None) is given
    if cursor is not None:
        assert at.cursors.open(cursor, request, at.call()) == Place(key=("5",), moment=NOON)


async def test_the_moment_of_the_first_page_is_kept() -> None:
    """Through all pages."""
    at, request = house(), ReadRequest(table="things")
    plan = await planned(request)
    first = at.queries.next_cursor(request, plan, Result(more=True, last_key=("1",)), at.call())
    at.clock.advance(3600)
    again = evolve(request, cursor=first)
    second = at.queries.next_cursor(again, plan, Result(more=True, last_key=("2",)), at.call())
    assert second is not None
    assert at.cursors.open(second, request, at.call()) == Place(key=("2",), moment=NOON)


RELATIVE = {"seen": {"gte": {"relative": "today"}}}
EARLIER = datetime(2024, 1, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone, filters, place, moment, asked",
    [
        pytest.param("Europe/Lisbon", {"n": 1}, None, NOON, 0, id="nobody speaks of time"),
        pytest.param(
            "Asia/Tokyo", RELATIVE, None, NOON.astimezone(ZoneInfo("Asia/Tokyo")), 1, id="in the session's zone"
        ),
        pytest.param("Nowhere/Land", RELATIVE, None, NOON, 1, id="a zone that Python doesn't know"),
        pytest.param("/etc/passwd", RELATIVE, None, NOON, 1, id="no zone at all"),
        pytest.param(
            "Asia/Tokyo",
            RELATIVE,
            Place(key=(), moment=EARLIER),
            EARLIER.astimezone(ZoneInfo("Asia/Tokyo")),
            1,
            id="the first page's",
        ),
        pytest.param("UTC", RELATIVE, Place(key=()), NOON, 1, id="a place without one"),
    ],
)
async def test_the_moment(zone: str, filters: Any, place: Place | None, moment: datetime, asked: int) -> None:
    """By the clock and the session, asked for only where it matters."""
    catalogue = Zoned(zone)
    at = House(catalogue=catalogue)
    found = await at.queries.moment(filters, at.call(), place)
    assert found == Moment(moment)
    assert (found.now.utcoffset(), catalogue.asked) == (moment.utcoffset(), [at.call()] * asked)


async def test_a_relative_time_in_a_read() -> None:
    """The session's zone is asked for once, within the call."""
    catalogue = Zoned("UTC")
    at = House(settings=SETTINGS, catalogue=catalogue)
    plan = await at.queries.select_plan(ReadRequest(table="things", filters=RELATIVE), THINGS, at.call())
    assert plan.filter == parse(RELATIVE, THINGS, Moment(NOON))
    assert catalogue.asked == [at.call()]


@pytest.mark.parametrize(
    "max_rows, most",
    [pytest.param(None, 50, id="the setting"), pytest.param(9, 9, id="as asked"), pytest.param(99, 50, id="at most")],
)
async def test_a_raw_statement(max_rows: int | None, most: int) -> None:
    """What its text says and what its caller allows."""
    request = ExecuteQueryRequest(query=" select $1 ; ", params=[1, None], read_only=False, max_rows=max_rows)
    assert await house().queries.raw_plan(request) == RawQuery(
        text="select $1",
        kind=StatementKind.ROWS,
        effect=Effect.READ,
        params=(1, None),
        read_only=False,
        bounds=Bounds(max_rows=most, max_bytes=2048),
    )


@pytest.mark.parametrize("analyze", [pytest.param(False, id="estimated"), pytest.param(True, id="measured")])
async def test_an_explain(analyze: bool) -> None:
    """Of a statement as it would be run."""
    found = await house().queries.explain_plan("delete from t where id = $1", [1], analyze=analyze)
    assert found == Explain(
        query=RawQuery(
            text="delete from t where id = $1",
            kind=StatementKind.CHANGE,
            effect=Effect.UPDATE,
            params=(1,),
            relations=frozenset({("t",)}),
            bounds=BOUNDS,
        ),
        analyze=analyze,
    )


class Failing:
    """A repository of queries whose server doesn't know a name."""

    def __init__(self, error: QueryError) -> None:
        self._error = error

    async def select(self, plan: RawQuery, call: CallContext, within: Any = None) -> Result:
        """Say so."""
        raise self._error

    async def explain(self, plan: Explain, call: CallContext, within: Any = None) -> Any:
        """Say so."""
        raise self._error

    def forget(self) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize(
    "query, sqlstate, position, hint",
    [
        pytest.param("select * from ordrs", "42P01", 15, "Did you mean 'orders' or 'paid_orders'?", id="a table"),
        pytest.param(
            "select * from public.ordrs", "42P01", 15, "Did you mean 'orders' or 'paid_orders'?", id="with its schema"
        ),
        pytest.param(
            "select * from sales.ordrs", "42P01", 15, "Did you mean 'orders' or 'paid_orders'?", id="of another schema"
        ),
        pytest.param("select * from zzz", "42P01", 15, "as it was", id="like none"),
        pytest.param("select * from ordrs", "42P01", None, "as it was", id="nobody knows where"),
        pytest.param("select * from ordrs", "42703", 15, "as it was", id="another mistake"),
    ],
)
async def test_an_unknown_table_in_a_statement(query: str, sqlstate: str, position: int | None, hint: str) -> None:
    """The nearest names are told, whether it is to be run or explained."""
    for tool in ("execute_query", "explain_query"):
        error = QueryError(codes.UNDEFINED_OBJECT, "no", sqlstate=sqlstate, position=position, hint="as it was")
        assert (await House(queries=Failing(error)).refusal(tool, {"query": query}))["hint"] == hint
