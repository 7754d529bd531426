"""Guard: what is found out once, how it is told, and when it is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.verdicts import KeptVerdicts
from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.errors import NotFoundError, PgmcpError, QueryError, SecurityError, codes
from pgmcp.domain.guard.resolution import Resolution, UsedFunction, UsedRelation, Volatility
from pgmcp.domain.plans import Bounds, Effect, Explain, ListSchemas, RawQuery, StatementKind
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Name
from pgmcp.ports.transactions import Transaction
from pgmcp.services.guarding import Guard
from tests.unit.house import NOON, House

RULES: dict[str, Any] = {
    "default": "deny",
    "tables": [{"match": "public.person", "allow": ["read"], "hide": ["pin"]}],
}
OPEN = CallContext(id=CallId("a call"), tool="execute_query", deadline=1.0)
RULED = evolve(OPEN, view=View(policy=parse_policy(RULES)))
TABLES = {"person": ("id", "pin"), "vault": ("token",)}


class FakeResolver:
    """Knows two tables by their names in the text, and counts how often it was asked."""

    def __init__(self, error: QueryError | None = None) -> None:
        self.asked: list[str] = []
        self.forgotten = 0
        self.meanwhile: Callable[[], None] | None = None
        self._error = error

    async def resolve(self, text: str, call: CallContext, within: Transaction | None = None) -> Resolution:
        self.asked.append(text)
        if self.meanwhile is not None:
            self.meanwhile()
        if self._error is not None:
            raise self._error
        words = text.replace(".", " ").split()
        relations = tuple(
            UsedRelation(
                oid=1,
                name=Name("public", name),
                kind="r",
                reads=True,
                columns=frozenset(column for column in columns if column in words or "*" in words),
            )
            for name, columns in TABLES.items()
            if name in words or ("people" in words and name == "vault")
        )
        functions = (
            (
                UsedFunction(
                    oid=2,
                    name=Name("pg_catalog", "set_config"),
                    volatility=Volatility.VOLATILE,
                    language="internal",
                    builtin=True,
                    position=text.index("set_config") + 1,
                ),
            )
            if "set_config" in text
            else ()
        )
        return Resolution(relations=relations, functions=functions)

    async def brought(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Resolution:
        if ("checked",) not in names:
            return Resolution()
        checks = UsedFunction(oid=3, name=Name("public", "checks"), volatility=Volatility.VOLATILE, language="plpgsql")
        return Resolution(functions=(checks,))

    async def named(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Collection[Name]:
        return ()

    def forget(self) -> None:
        self.forgotten += 1


def guard_of(resolver: FakeResolver | None) -> tuple[Guard, FixedClock]:
    """A guard and its clock."""
    clock = FixedClock(NOON)
    house = House()
    return Guard(resolver, KeptVerdicts(clock, most=2, ttl_s=10), house.transactions, house.schemas), clock


def query(text: str, kind: StatementKind = StatementKind.ROWS, effect: Effect = Effect.READ) -> RawQuery:
    """A raw read."""
    return RawQuery(text=text, kind=kind, effect=effect, bounds=Bounds())


async def refusal(guard: Guard, plan: RawQuery | Explain, call: CallContext = RULED) -> PgmcpError:
    """What the guard says to a statement that doesn't pass."""
    with pytest.raises(PgmcpError) as refused:
        await passes(guard, plan, call)
    return refused.value


async def passes(guard: Guard, plan: RawQuery | Explain, call: CallContext) -> None:
    """Have a statement judged as a call is."""
    verdict = await guard.judge(plan, call)
    if verdict is not None and not verdict.allowed:
        raise verdict.error()


async def test_a_statement_is_resolved_once() -> None:
    """For each caller's view, until the verdict is too old, another took its place, or a definition has changed."""
    resolver = FakeResolver()
    guard, clock = guard_of(resolver)
    for call in (RULED, RULED, OPEN, OPEN):
        await passes(guard, query("SELECT id FROM person"), call)
    assert len(resolver.asked) == 2
    clock.advance(11)
    await passes(guard, query("SELECT id FROM person"), RULED)
    assert len(resolver.asked) == 3
    guard.ran(query("SELECT 1"))
    guard.ran(query("CREATE TABLE t ()", StatementKind.UTILITY, Effect.DEFINE))
    await passes(guard, query("SELECT id FROM person"), RULED)
    assert (len(resolver.asked), resolver.forgotten) == (4, 1)
    for text in ("SELECT 1", "SELECT 2", "SELECT id FROM person"):
        await passes(guard, query(text), RULED)
    assert len(resolver.asked) == 7


async def test_a_verdict_of_before_a_change_is_not_kept() -> None:
    """Definitions changed while it was found: it holds for this call alone, which nobody can say began later."""
    resolver = FakeResolver()
    guard, _ = guard_of(resolver)
    resolver.meanwhile = guard.forget
    await passes(guard, query("SELECT id FROM person"), RULED)
    resolver.meanwhile = None
    await passes(guard, query("SELECT id FROM person"), RULED)
    await passes(guard, query("SELECT id FROM person"), RULED)
    assert len(resolver.asked) == 2


async def test_a_refusal_is_kept_too() -> None:
    """It is a verdict as any other."""
    resolver = FakeResolver()
    guard, _ = guard_of(resolver)
    assert [(await refusal(guard, query("SELECT pin FROM person"))).code for _ in range(2)] == [
        codes.UNKNOWN_COLUMN
    ] * 2
    assert len(resolver.asked) == 1


@pytest.mark.parametrize(
    "text, message, position",
    [
        pytest.param(
            "SELECT * FROM public.vault",
            "there is no table or type 'public.vault' that you may use",
            15,
            id="a table",
        ),
        pytest.param("SELECT p . pin FROM person", "there is no column 'p.pin' that you may use", 8, id="a column"),
        pytest.param(
            "SELECT * FROM person", "the statement reaches something that you may not use", None, id="by a star"
        ),
        pytest.param(
            "SELECT * FROM people", "the statement reaches something that you may not use", None, id="by a view"
        ),
        pytest.param(
            "SELECT set_config",
            "set_config() is not called here: it changes the session, which other calls use after this one",
            8,
            id="a function",
        ),
    ],
)
async def test_a_refusal_names_what_the_caller_wrote(text: str, message: str, position: int | None) -> None:
    """And nothing that it didn't write: what is reached on the way has no name."""
    error = await refusal(guard_of(FakeResolver())[0], query(text))
    assert (error.message, error.position, error.path) == (message, position, "query")


@pytest.mark.parametrize(
    "sqlstate, text, position",
    [
        pytest.param("42P01", "SELECT * FROM public.vault", 15, id="a table"),
        pytest.param("42703", "SELECT p . pin FROM person", 8, id="a column"),
    ],
)
async def test_what_is_hidden_and_what_is_not_there_are_told_alike(sqlstate: str, text: str, position: int) -> None:
    """Byte for byte, so that asking for names finds none."""
    unknown = QueryError(
        codes.UNDEFINED_OBJECT,
        'Relation "x" does not exist.',
        hint='Perhaps "vault".',
        sqlstate=sqlstate,
        position=position,
    )
    hidden = await refusal(guard_of(FakeResolver())[0], query(text))
    missing = await refusal(guard_of(FakeResolver(unknown))[0], query(text))
    assert isinstance(missing, NotFoundError)
    assert missing.document() == hidden.document()


@pytest.mark.parametrize(
    "call, expected",
    [
        pytest.param(RULED, ("PostgreSQL refuses the statement as it is written.", None), id="policy"),
        pytest.param(OPEN, ('Column "person.pin" must appear.', 'Try "pin".'), id="no policy"),
    ],
)
async def test_the_servers_words_name_nothing_hidden(call: CallContext, expected: tuple[str, str | None]) -> None:
    """An error may speak of what a star stands for; under a policy only of what the statement names itself."""
    error = QueryError(
        codes.STATEMENT_INVALID, 'Column "person.pin" must appear.', hint='Try "pin".', sqlstate="42803", position=8
    )
    found = await refusal(guard_of(FakeResolver(error))[0], query("SELECT * FROM person GROUP BY id"), call)
    assert (found.message, found.hint) == expected


async def test_an_explain_is_judged_by_what_it_explains() -> None:
    """Both as a tool's argument and as a statement, where the place is one in the whole text."""
    resolver = FakeResolver()
    guard, _ = guard_of(resolver)
    written = await refusal(guard, query("EXPLAIN (COSTS off) SELECT * FROM vault", StatementKind.UTILITY))
    asked = await refusal(guard, Explain(query=query("SELECT * FROM vault")))
    assert (written.position, asked.position) == (35, 15)
    assert resolver.asked == ["SELECT * FROM vault"]
    await passes(guard, query("explain analyze verbose SELECT id FROM person", StatementKind.UTILITY), RULED)


@pytest.mark.parametrize("text", ["SHOW search_path", "CALL something()", "CREATE VIEW v AS SELECT * FROM vault"])
async def test_what_is_no_query_doesnt_pass_a_policy(text: str) -> None:
    """Nobody can tell what it would show; without a policy the access mode decides."""
    guard, _ = guard_of(FakeResolver())
    error = await refusal(guard, query(text, StatementKind.UTILITY))
    assert isinstance(error, SecurityError)
    await passes(guard, query(text, StatementKind.UTILITY), OPEN)


async def test_without_a_resolver_nothing_passes_a_policy() -> None:
    """Names alone are a step down, and no ground to keep rules on."""
    guard, _ = guard_of(None)
    await passes(guard, query("SELECT 1"), OPEN)
    assert (await refusal(guard, query("SELECT 1"))).code is codes.STATEMENT_UNRESOLVED
    guard.forget()


@pytest.mark.parametrize("call", [OPEN, RULED])
async def test_what_parsing_would_run_is_judged_before_parsing(call: CallContext) -> None:
    """A literal of a type is read, and its checks run, while the statement is prepared."""
    resolver = FakeResolver()
    guard, _ = guard_of(resolver)
    plan = evolve(query("SELECT '{1}'::checked[]"), types=frozenset({("checked",)}))
    error = await refusal(guard, plan, call)
    assert (error.code, resolver.asked) == (codes.STATEMENT_NOT_ALLOWED, [])
    await passes(guard, evolve(plan, text="SELECT 1", types=frozenset({("int4",)})), call)
    assert resolver.asked == ["SELECT 1"]


async def test_a_verdict_tells_what_is_touched() -> None:
    """Tables with their columns and the rules about them, of what is allowed and what is not; kept as it is."""
    guard, _ = guard_of(FakeResolver())
    for _ in range(2):
        allowed = await guard.judge(query("SELECT id FROM person"), RULED)
        refused = await guard.judge(query("SELECT id , pin , token FROM person , vault"), RULED)
        assert allowed is not None
        assert refused is not None
        assert (allowed.tables, allowed.rules) == ({"public.person": ("id",)}, ("policy.tables[0]",))
        assert refused.tables == {"public.person": ("id", "pin"), "public.vault": ("token",)}
        assert refused.rules == ("policy.tables[0]", "policy.default")
        assert refused.error().rule == "policy.tables[0]"
    free = await guard.judge(query("SELECT id FROM person"), OPEN)
    assert free is not None
    assert (free.tables, free.rules) == ({"public.person": ("id",)}, ())


async def test_a_verdict_is_recalled_until_it_is_too_old() -> None:
    """The very same, for callers of the same view; nothing is asked for it."""
    resolver = FakeResolver()
    guard, clock = guard_of(resolver)
    plan = query("SELECT id FROM person")
    assert guard.recalled(plan, RULED) is None
    verdict = await guard.judge(plan, RULED)
    assert guard.recalled(plan, RULED) is verdict
    assert guard.recalled(plan, OPEN) is None
    assert guard.recalled(evolve(plan, read_only=False), RULED) is None
    clock.advance(10.5)
    assert guard.recalled(plan, RULED) is None
    assert resolver.asked == ["SELECT id FROM person"]


async def test_where_nobody_tells_that_is_recalled() -> None:
    """As it is judged."""
    guard, _ = guard_of(None)
    plan = query("SELECT id FROM person")
    assert [guard.recalled(plan, call) is await guard.judge(plan, call) for call in (OPEN, RULED)] == [True, True]


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Explain(query=query("SELECT 1")), id="an explain"),
        pytest.param(query("EXPLAIN SELECT 1", StatementKind.UTILITY), id="a statement inside another"),
        pytest.param(ListSchemas(), id="what needs none"),
    ],
)
async def test_of_some_nothing_is_recalled(plan: RawQuery | Explain | ListSchemas) -> None:
    """They are judged each time."""
    guard, _ = guard_of(FakeResolver())
    await guard.judge(plan, OPEN)
    assert guard.recalled(plan, OPEN) is None


async def test_other_plans_are_not_its_own() -> None:
    """They are planned over what the caller may know."""
    assert await guard_of(None)[0].judge(ListSchemas(), RULED) is None
