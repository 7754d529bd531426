"""Transactions that agents leave, lose, or try to take from each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import define, fields

import pgmcp
from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import NotFoundError, PgmcpError
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller
from pgmcp.handlers.registry import HANDLERS
from tests.fixtures.disturbing import COMMIT, Intervention, Moment, disturbing_proxy
from tests.fixtures.killing import Killer, killer
from tests.fixtures.postgres import MakeDatabase

ITEMS = "CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL); INSERT INTO item VALUES (1, 0)"
# A change, or its COMMIT, that takes all the time in the world, so that something can happen during it.
SLOW = f"""{ITEMS};
CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(25); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION take_time()
"""
LATE = SLOW.replace("CREATE TRIGGER slow BEFORE", "CREATE CONSTRAINT TRIGGER slow AFTER").replace(
    "FOR EACH ROW", "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
)
LOCKS = "SELECT count(*) = 0 FROM pg_locks WHERE relation = 'item'::regclass"


@define
class Agents:
    """Callers of one server, by their names."""

    database: Database

    async def call(self, tool: str, request: Any, by: str = "ana") -> Any:
        """What a tool answers."""
        return await self.database.call(tool, request, Caller(principal=Principal(by)))

    async def begin(self, by: str = "ana", **options: Any) -> str:
        """A transaction's handle."""
        began = await self.call("begin_transaction", pgmcp.BeginTransactionRequest(**options), by)
        handle: str = began.transaction_id
        return handle

    async def change(self, handle: str, by: str = "ana") -> Any:
        """Change the one row, inside a transaction."""
        request = pgmcp.UpdateRequest(table="item", filters={"id": 1}, data={"n": 7}, transaction_id=handle)
        return await self.call("update_records", request, by)

    async def commit(self, handle: str, by: str = "ana") -> Any:
        """End it."""
        return await self.call("commit_transaction", pgmcp.CommitTransactionRequest(transaction_id=handle), by)

    async def undo(self, handle: str, by: str = "ana") -> Any:
        """End it as if it had not been."""
        return await self.call("rollback_transaction", pgmcp.RollbackTransactionRequest(transaction_id=handle), by)

    async def refusal(self, work: Any) -> tuple[str, str, dict[str, Any]]:
        """Code, class of retry and details of an error that must come."""
        with pytest.raises(PgmcpError) as refused:
            await work
        assert refused.value.hint
        return refused.value.code.name, refused.value.retry, refused.value.details


@asynccontextmanager
async def agents(dsn: str, driver: str, **settings: Any) -> AsyncIterator[Agents]:
    """A server for several callers."""
    said = Settings(dsn=Secret(dsn), driver=driver, access=Access.WRITE, breaker_failures=1_000_000, **settings)
    database = build(said)
    try:
        yield Agents(database)
    finally:
        await database.aclose()


@pytest.mark.parametrize(
    "limits",
    [
        # Time enough for two calls and a look, on a busy machine too.
        pytest.param({"idle_timeout_s": 5}, id="idle"),
        pytest.param({"timeout_s": 5}, id="in all"),
    ],
)
async def test_an_abandoned_one_ends_at_its_limit(make_database: MakeDatabase, driver: str, limits: Any) -> None:
    """Its locks are gone, its work is undone, and whoever comes late with its handle hears so."""
    dsn = await make_database(ITEMS)
    async with killer(dsn) as watch, agents(dsn, driver) as some:
        # What a first call of its kind costs is over before the time runs.
        first = await some.begin()
        await some.change(first)
        await some.undo(first)
        handle = await some.begin(**limits)
        await some.change(handle)
        assert not await watch.ask(LOCKS)
        await watch.until(LOCKS)
        await watch.until_quiet()
        expected = ("transaction_ended", "never", {"outcome": "rolled_back", "reason": "expired"})
        assert await some.refusal(some.change(handle)) == expected
        assert await some.refusal(some.commit(handle)) == expected
        assert await watch.ask("SELECT n FROM item") == 0


REQUESTS: dict[str, Any] = {each.name: each.request for each in HANDLERS}
# Every tool that takes a handle, with what else it needs.
USES: dict[str, dict[str, Any]] = {
    "read_table": {"table": "item"},
    "create_record": {"table": "item", "data": {"id": 2, "n": 0}},
    "create_records": {"table": "item", "records": [{"id": 2, "n": 0}, {"id": 3, "n": 0}], "batch_size": 1},
    "update_records": {"table": "item", "filters": {"id": 1}, "data": {"n": 1}},
    "delete_records": {"table": "item", "filters": {"id": 1}},
    "execute_query": {"query": "SELECT n FROM item"},
    "explain_query": {"query": "SELECT n FROM item"},
    "get_transaction": {},
    "create_savepoint": {"name": "there"},
    "release_savepoint": {"name": "here"},
    "rollback_transaction": {"savepoint": "here"},
    "commit_transaction": {},
}


def test_every_tool_that_takes_a_handle_is_known() -> None:
    """By the tests below; views are read by `read_table`, and functions are called by `execute_query`."""
    assert USES.keys() == {
        name for name, request in REQUESTS.items() if "transaction_id" in {each.name for each in fields(request)}
    }


@pytest.mark.parametrize(
    "tool, more",
    [
        pytest.param(tool, more, id=" ".join([tool, *more]))
        for tool in USES
        for more in ({}, {"idempotency_key": "k1"}, {"dry_run": True}, {"read_only": False})
        if more.keys() <= {each.name for each in fields(REQUESTS[tool])}
    ],
)
async def test_a_handle_is_its_owners_alone(
    make_database: MakeDatabase, driver: str, tool: str, more: dict[str, Any]
) -> None:
    """To anybody else there is no such transaction, just as if it were forged, and trying does it no harm."""
    request = REQUESTS[tool]
    async with agents(await make_database(ITEMS), driver) as some:
        handle = await some.begin()
        await some.change(handle)
        await some.call("create_savepoint", pgmcp.CreateSavepointRequest(transaction_id=handle, name="here"))
        heard = []
        for handle_, by in ((handle, "bo"), ("forged", "bo"), ("forged", "ana")):
            with pytest.raises(NotFoundError) as refused:
                await some.call(tool, request(transaction_id=handle_, **USES[tool], **more), by)
            heard.append(refused.value.document())
        assert heard == [heard[0]] * 3
        assert (heard[0]["code"], heard[0]["retry"]) == ("transaction_unknown", "never")
        about = await some.call("get_transaction", pgmcp.GetTransactionRequest(transaction_id=handle))
        assert (about.state, about.savepoints) == ("idle", ["here"])
        assert _said(await some.commit(handle)) == "committed"


async def test_a_handle_is_its_processes_alone(make_database: MakeDatabase, driver: str) -> None:
    """The transaction is on that one's connection; to a replica its handle is like any other that was never given."""
    dsn = await make_database(ITEMS)
    async with agents(dsn, driver) as some, agents(dsn, driver) as others:
        handle = await some.begin()
        code, retry, _ = await others.refusal(others.change(handle))
        assert (code, retry) == ("transaction_unknown", "never")
        await some.change(handle)
        assert _said(await some.commit(handle)) == "committed"


@pytest.mark.parametrize("how", ["cancelled", "deadline"])
async def test_a_call_that_is_stopped_leaves_its_transaction_settled(
    make_database: MakeDatabase, driver: str, how: str
) -> None:
    """Nothing runs any more, its state says what is possible, and back at a savepoint it goes on."""
    dsn = await make_database(ITEMS)
    async with killer(dsn) as watch, agents(dsn, driver) as some:
        handle = await some.begin()
        await some.change(handle)
        await some.call("create_savepoint", pgmcp.CreateSavepointRequest(transaction_id=handle, name="here"))
        sleep = pgmcp.ExecuteQueryRequest(
            query="SELECT pg_sleep(30)", transaction_id=handle, timeout_ms=3000 if how == "deadline" else None
        )
        task = asyncio.create_task(some.call("execute_query", sleep))
        if how == "cancelled":
            await watch.until_sleeping()
            task.cancel()
        await asyncio.wait({task})
        assert task.cancelled() is (how == "cancelled")
        assert how == "cancelled" or isinstance(task.exception(), PgmcpError)
        assert await watch.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 0
        about = await some.call("get_transaction", pgmcp.GetTransactionRequest(transaction_id=handle))
        assert (about.state, about.sqlstate, about.savepoints) == ("failed", "57014", ["here"])
        back = pgmcp.RollbackTransactionRequest(transaction_id=handle, savepoint="here")
        await some.call("rollback_transaction", back)
        assert _said(await some.commit(handle)) == "committed"
        assert await watch.ask("SELECT n FROM item") == 7


async def test_so_many_that_have_ended_are_remembered(make_database: MakeDatabase, driver: str) -> None:
    """The latest; an older handle says no more than a forged one."""
    async with agents(await make_database(ITEMS), driver, leases_remembered=2) as some:
        handles = []
        for _ in range(3):
            handles.append(await some.begin())
            await some.commit(handles[-1])
        codes = [(await some.refusal(some.commit(handle)))[0] for handle in handles]
        assert codes == ["transaction_unknown", "transaction_ended", "transaction_ended"]


async def test_one_too_many_is_told_when_to_come_back(make_database: MakeDatabase, driver: str) -> None:
    """By principal, and in all; there is room again when one has ended."""
    async with agents(await make_database(ITEMS), driver, leases_per_principal=2, leases_max=3) as some:
        first, _ = [await some.begin() for _ in range(2)]
        await some.begin("bo")
        for by in ("ana", "cy"):
            code, retry, details = await some.refusal(some.begin(by))
            assert (code, retry) == ("transactions_exhausted", "later")
            assert 0 < details["retry_after_ms"] <= 60_000
        await some.commit(first)
        await some.begin("cy")


@pytest.mark.parametrize(
    "moment, outcome, stays",
    [
        pytest.param(Moment.BEFORE, "rolled_back", 0, id="before"),
        pytest.param(Moment.DURING, "rolled_back", 0, id="during"),
        pytest.param(Moment.UNANSWERED, "committed", 7, id="unanswered"),
        pytest.param(Moment.AFTER, "committed", 7, id="after"),
    ],
)
async def test_a_backend_that_is_killed_around_commit(
    make_database: MakeDatabase, driver: str, moment: Moment, outcome: str, stays: int
) -> None:
    """The answer is a fact whenever PostgreSQL can be asked, and asking again gives the same one."""
    during = moment is Moment.DURING
    dsn = await make_database(LATE if during else ITEMS)
    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy, agents(proxy.dsn, driver) as some:
        handle = await some.begin()
        await some.change(handle)
        act = watch.kill_sleeping if during else watch.kill
        proxy.intervention = Intervention(sent=COMMIT, moment=moment, act=act)
        said = await _end(some, handle)
        assert (said, await watch.ask("SELECT n FROM item")) == (outcome, stays)
        _, _, details = await some.refusal(some.commit(handle))
        assert details["outcome"] == outcome


async def test_it_is_unknown_only_where_the_server_can_not_be_asked(make_database: MakeDatabase, driver: str) -> None:
    """The line is cut under COMMIT, and no other one can be opened: then nothing else is said."""
    dsn = await make_database(ITEMS)

    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy, agents(proxy.dsn, driver) as some:

        async def close() -> None:
            proxy.closed = True
            proxy.cut()

        handle = await some.begin()
        await some.change(handle)
        proxy.intervention = Intervention(sent=COMMIT, moment=Moment.UNANSWERED, act=close)
        assert await _end(some, handle) == "unknown"
        assert await watch.ask("SELECT n FROM item") == 7


@pytest.mark.parametrize("step", ["begin", "change", "idle"])
async def test_a_backend_that_is_killed_in_the_middle(make_database: MakeDatabase, driver: str, step: str) -> None:
    """Nothing is tried again inside a transaction: the handle says that it is gone, and how it ended."""
    dsn = await make_database(ITEMS)
    async with killer(dsn) as watch, agents(dsn, driver) as some:
        handle = await some.begin()
        if step != "begin":
            await some.change(handle)
        await _killed(watch)
        _, _, details = await some.refusal(some.change(handle) if step != "idle" else some.commit(handle))
        assert details["outcome"] == "rolled_back"
        lost = ("transaction_ended", "never", {"outcome": "rolled_back", "reason": "connection_lost"})
        assert await some.refusal(some.change(handle)) == lost
        assert await watch.ask("SELECT n FROM item") == 0
        # The next one is none the worse for it.
        other = await some.begin()
        await some.change(other)
        assert _said(await some.commit(other)) == "committed"


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_backend_that_is_killed_around_a_statement(
    make_database: MakeDatabase, driver: str, moment: Moment
) -> None:
    """Whether its answer was heard or not, everything in the transaction is undone, and its handle says so."""
    during = moment is Moment.DURING
    dsn = await make_database(SLOW if during else ITEMS)
    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy, agents(proxy.dsn, driver) as some:
        handle = await some.begin()
        act = watch.kill_sleeping if during else watch.kill
        # The value is in the message that runs the statement, and in no earlier one.
        proxy.intervention = Intervention(sent=b"70707", moment=moment, act=act)
        change = pgmcp.UpdateRequest(table="item", filters={"id": 1}, data={"n": 70707}, transaction_id=handle)
        heard = "answered" if moment is Moment.AFTER else "transaction_ended"
        try:
            await some.call("update_records", change)
            said = "answered"
        except PgmcpError as error:
            said = error.code.name
        assert (said, proxy.intervened) == (heard, True)
        lost = ("rolled_back", "connection_lost")
        _, _, details = await some.refusal(some.commit(handle))
        assert details["outcome"] == lost[0]
        _, _, details = await some.refusal(some.commit(handle))
        assert (details["outcome"], details["reason"]) == lost
        assert await watch.ask("SELECT n FROM item") == 0


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.UNANSWERED])
async def test_a_backend_that_is_killed_around_begin(make_database: MakeDatabase, driver: str, moment: Moment) -> None:
    """Nothing was done in it, so another one is begun, and its caller never hears of it."""
    dsn = await make_database(ITEMS)
    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy, agents(proxy.dsn, driver) as some:
        await some.commit(await some.begin())
        proxy.intervention = Intervention(sent=b"BEGIN", moment=moment, act=watch.kill)
        handle = await some.begin()
        await some.change(handle)
        assert (_said(await some.commit(handle)), proxy.intervened) == ("committed", True)
        assert await watch.ask("SELECT n FROM item") == 7


async def _killed(watch: Killer) -> None:
    await watch.kill()
    await watch.until_quiet()


async def _end(some: Agents, handle: str) -> str:
    try:
        answer = await some.commit(handle)
    except PgmcpError as error:
        return str(error.details["outcome"])
    return _said(answer)


def _said(answer: Any) -> str:
    found: str = answer.extra["outcome"]
    return found
