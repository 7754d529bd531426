"""SecurityService: the access modes."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.calls import CallContext, CallId, Principal
from pgmcp.domain.errors import SecurityError, codes
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.plans import (
    Bounds,
    Delete,
    DescribeTable,
    Effect,
    Explain,
    Insert,
    ListSchemas,
    ListTables,
    Page,
    RawQuery,
    Select,
    StatementKind,
    Update,
)
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.views import EVERYTHING_SEEN
from pgmcp.domain.settings import Access
from pgmcp.services.security import ADMITTED, SecurityService, effect_of
from tests.fixtures.relations import THINGS
from tests.fixtures.walked import cases

ANA = Principal("ana")
CALL = CallContext(id=CallId("a call"), tool="some_tool", principal=ANA, deadline=1.0)
BOUNDS = Bounds()
WRITING = "The server was started with access read; a write needs access write."


def raw(effect: Effect, *, read_only: bool = True) -> RawQuery:
    """A raw statement of an effect."""
    return RawQuery(text="…", kind=StatementKind.ROWS, effect=effect, read_only=read_only, bounds=BOUNDS)


SELECT = Select(relation=THINGS, columns=("id",), page=Page(limit=1), bounds=BOUNDS)
UPDATE = Update(relation=THINGS, assignments=(), filter=EVERYTHING, max_rows=1, bounds=BOUNDS)
DELETE = Delete(relation=THINGS, filter=EVERYTHING, max_rows=1, bounds=BOUNDS)


@pytest.mark.parametrize(
    "access, effects",
    [
        pytest.param(Access.READ, {Effect.READ, Effect.RUN}, id="read"),
        pytest.param(Access.WRITE, {Effect.READ, Effect.RUN, Effect.CREATE, Effect.UPDATE, Effect.DELETE}, id="write"),
        pytest.param(Access.ADMIN, set(Effect), id="admin"),
    ],
)
def test_what_an_access_mode_admits(access: Access, effects: set[Effect]) -> None:
    """Each includes the one before."""
    assert {effect for effect in Effect if SecurityService(access).admits(effect)} == effects
    assert ADMITTED[access] == effects


@pytest.mark.parametrize(
    "access, effect, error",
    [
        pytest.param(Access.READ, Effect.CREATE, ("write_refused", WRITING), id="create"),
        pytest.param(Access.READ, Effect.UPDATE, ("write_refused", WRITING), id="update"),
        pytest.param(Access.READ, Effect.DELETE, ("write_refused", WRITING), id="delete"),
        pytest.param(
            Access.READ,
            Effect.DEFINE,
            (
                "admin_refused",
                "The server was started with access read; definitions and procedures need access admin.",
            ),
            id="define in read mode",
        ),
        pytest.param(
            Access.WRITE,
            Effect.OPERATE,
            (
                "admin_refused",
                "The server was started with access write; definitions and procedures need access admin.",
            ),
            id="operate in write mode",
        ),
    ],
)
def test_a_tool_that_is_not_served(access: Access, effect: Effect, error: tuple[str, str]) -> None:
    """The refusal names the tool, the caller, and what it would take."""
    with pytest.raises(SecurityError) as caught:
        SecurityService(access).admit("some_tool", effect, ANA)
    code, hint = error
    assert caught.value.document() == {
        "type": "security_error",
        "code": code,
        "message": "some_tool is not served to 'ana'",
        "hint": hint,
        "retry": "never",
    }


def test_a_tool_that_is_served() -> None:
    """Nothing is said."""
    SecurityService(Access.READ).admit("some_tool", Effect.RUN, ANA)


@cases(
    "plan, effect",
    [
        pytest.param(SELECT, Effect.READ, id="select"),
        pytest.param(ListSchemas(), Effect.READ, id="schemas"),
        pytest.param(ListTables(), Effect.READ, id="tables"),
        pytest.param(DescribeTable(relation=THINGS), Effect.READ, id="describe"),
        pytest.param(Insert(relation=THINGS, bounds=BOUNDS), Effect.CREATE, id="insert"),
        pytest.param(UPDATE, Effect.UPDATE, id="update"),
        pytest.param(DELETE, Effect.DELETE, id="delete"),
        pytest.param(raw(Effect.READ), Effect.READ, id="a query"),
        pytest.param(raw(Effect.READ, read_only=False), Effect.UPDATE, id="a query that may call what writes"),
        pytest.param(raw(Effect.UPDATE, read_only=False), Effect.UPDATE, id="a statement that writes"),
        pytest.param(raw(Effect.UPDATE), Effect.UPDATE, id="one that may not"),
        pytest.param(raw(Effect.DEFINE, read_only=False), Effect.DEFINE, id="a definition"),
        pytest.param(Explain(query=raw(Effect.UPDATE)), Effect.READ, id="an explain runs nothing"),
        pytest.param(Explain(query=raw(Effect.UPDATE), analyze=True), Effect.UPDATE, id="unless it measures"),
        pytest.param(Explain(query=raw(Effect.READ), analyze=True), Effect.READ, id="what only reads"),
    ],
)
def test_effect_of_a_plan(plan: Any, effect: Effect) -> None:
    """What is to be authorised."""
    assert effect_of(plan) is effect


@pytest.mark.parametrize(
    "access, plan",
    [
        pytest.param(Access.READ, SELECT, id="a read"),
        pytest.param(Access.READ, raw(Effect.READ), id="a query"),
        pytest.param(Access.WRITE, UPDATE, id="a write"),
        pytest.param(Access.WRITE, raw(Effect.UPDATE, read_only=False), id="a raw write"),
        pytest.param(Access.ADMIN, raw(Effect.DEFINE, read_only=False), id="a definition"),
    ],
)
def test_a_plan_that_may_be_carried_out(access: Access, plan: Any) -> None:
    """As it is."""
    assert SecurityService(access).authorise(plan, CALL) is plan


@pytest.mark.parametrize(
    "access, plan, error",
    [
        pytest.param(Access.READ, DELETE, ("write_refused", "'ana' may not do this", WRITING), id="a write"),
        pytest.param(
            Access.READ,
            raw(Effect.READ, read_only=False),
            ("write_refused", "'ana' may not do this", WRITING),
            id="a query that may call what writes",
        ),
        pytest.param(
            Access.WRITE,
            raw(Effect.UPDATE),
            (
                "write_refused",
                "the statement changes something, and read_only is true",
                "Pass read_only=false if that is meant.",
            ),
            id="a raw write that was not meant",
        ),
        pytest.param(
            Access.ADMIN,
            raw(Effect.DEFINE),
            (
                "write_refused",
                "the statement changes something, and read_only is true",
                "Pass read_only=false if that is meant.",
            ),
            id="a definition that was not meant",
        ),
        pytest.param(
            Access.WRITE,
            raw(Effect.DEFINE, read_only=False),
            (
                "admin_refused",
                "'ana' may not do this",
                "The server was started with access write; definitions and procedures need access admin.",
            ),
            id="a definition",
        ),
    ],
)
def test_a_plan_that_may_not(access: Access, plan: Any, error: tuple[str, str, str]) -> None:
    """Refused, with what it would take."""
    with pytest.raises(SecurityError) as caught:
        SecurityService(access).authorise(plan, CALL)
    assert (caught.value.code.name, caught.value.message, caught.value.hint) == error


def test_a_plan_on_rows_is_held_to_the_callers_part() -> None:
    """Its filter, its limits and the actions that are allowed."""
    rule = {"match": "*", "allow": ["read"], "max_rows": 3, "rows": {"n": "$missing"}}
    security = SecurityService(Access.ADMIN, parse_policy({"tables": [rule]}))
    call = evolve(CALL, view=security.view(ANA))
    with pytest.raises(SecurityError) as raised:
        security.authorise(Select(relation=THINGS, columns=(), page=Page(limit=10), bounds=BOUNDS), call)
    assert raised.value.code is codes.ATTRIBUTE_MISSING
    limited = evolve(CALL, view=security.view(Principal("ana", attributes={"missing": 1})))
    plan = Select(relation=THINGS, columns=(), page=Page(limit=10), bounds=BOUNDS)
    held = security.authorise(plan, limited)
    assert (held.page.limit, held.bounds.max_rows) == (3, 3)


def test_views_are_kept_by_principal() -> None:
    """The same caller has the same view; without a policy or a ceiling it is everyone's."""
    security = SecurityService(Access.ADMIN, parse_policy({}))
    assert security.view(ANA) is security.view(Principal(ANA.name))
    assert SecurityService(Access.READ).view(ANA) is EVERYTHING_SEEN
    limited = SecurityService(Access.ADMIN).view(Principal("ana", access=Access.READ))
    assert limited.access is Access.READ


@pytest.mark.parametrize("server", list(Access))
@pytest.mark.parametrize("own", [None, *Access])
def test_a_principal_goes_no_further_than_either_says(server: Access, own: Access | None) -> None:
    """The server's mode and the caller's own ceiling both hold."""
    modes = list(Access)
    reach = server if own is None else modes[min(modes.index(server), modes.index(own))]
    service = SecurityService(server)
    admitted = {effect for effect in Effect if service.admits(effect, Principal("ana", access=own))}
    assert admitted == ADMITTED[reach]


def test_a_refusal_by_the_principals_own_ceiling() -> None:
    """The hint doesn't send the caller to whoever runs the server."""
    with pytest.raises(SecurityError) as caught:
        SecurityService(Access.ADMIN).admit("t", Effect.DELETE, Principal("ana", access=Access.READ))
    assert caught.value.code is codes.WRITE_REFUSED
    assert caught.value.hint == "You have access read here."
