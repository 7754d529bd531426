"""Which literal a server's complaint is about: each is read alone, on the way of the error only.

PostgreSQL says that a value could not be read, but not which parameter it was. Source: appendix A (class 22, data
exceptions; 54000, what is beyond the limits of an array, a tsvector, a field of 1 GB).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import TypeVar

from pgmcp.adapters.postgres.binder import REGCONFIG, Suspect, cast
from pgmcp.adapters.postgres.errors import SYNTAX_ERROR, too_large
from pgmcp.adapters.postgres.naming import quote
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.plans import Batch, Insert, Update
from pgmcp.domain.values.modifiers import exceeds
from pgmcp.domain.values.types import Kind, Type
from pgmcp.ports.driver import Need, Parameter, Statement

T = TypeVar("T")

BEYOND_LIMITS = "54000"
_UNKNOWN_OBJECT = "42704"
# A relation, a function or a schema of that name, which a value of regclass, regproc or regnamespace may be.
_NAMES_NOTHING = frozenset({"42P01", "42883", "3F000"})
_BAD_NAME = "42602"
# A label of an ltree that is.
_NAME_TOO_LONG = "42622"
# A domain's own checks name no table.
_DOMAIN_CHECKS = frozenset({"23502", "23514"})
_NO_LANGUAGE = "There is no text search configuration of that name."
_LANGUAGES = "Such as simple or english; SELECT cfgname FROM pg_ts_config names them all."
_MOST_PROBES = 200
_PATIENCE_S = 2.0


def is_about_values(error: PgmcpError) -> bool:
    """Whether an error may be about a literal.

    Class 22, a limit of the type, the name of an object that is not there, a text with a grammar of its own, a
    domain's check.
    """
    if error.sqlstate in _DOMAIN_CHECKS:
        return "table" not in error.details
    by_name = error.sqlstate in {BEYOND_LIMITS, _UNKNOWN_OBJECT, _NAME_TOO_LONG, SYNTAX_ERROR, _BAD_NAME}
    return by_name or error.sqlstate in _NAMES_NOTHING or (error.sqlstate or "").startswith("22")


async def blame(error: PgmcpError, suspects: Sequence[Suspect], runner: Runner, call: CallContext) -> PgmcpError:
    """The same error with the place of the literal that is at fault, where one can be found.

    Args:
        error: What the server said of the whole statement.
        suspects: The caller's literals in it.
        runner: Runs the probes, outside any transaction: one that failed takes no statement.
        call: Whose deadline counts.

    Returns:
        The literal's own error with the path, or the error as it was.
    """
    return await _patiently(_guilty_literal(error, suspects, runner, call)) or error


async def _guilty_literal(
    error: PgmcpError, suspects: Sequence[Suspect], runner: Runner, call: CallContext
) -> PgmcpError | None:
    probes = [(suspect, literal) for suspect in suspects for literal in suspect.literals]
    for suspect, literal in probes[:_MOST_PROBES]:
        found = await _fault(suspect.probe(), literal.text, runner, call)
        if found is not None:
            found = _spoken(found, suspect)
            return type(found)(
                found.code,
                found.message,
                hint=found.hint,
                path=literal.at,
                sqlstate=found.sqlstate,
                details=error.details | {"path": literal.at},
            )
    return None


def _spoken(error: PgmcpError, suspect: Suspect) -> PgmcpError:
    """The same error, in words of ours where the server's say too little of what the literal is."""
    if suspect.type == REGCONFIG:
        error.code, error.message, error.hint = codes.UNDEFINED_OBJECT, _NO_LANGUAGE, _LANGUAGES
    return error


async def blame_record(error: PgmcpError, plan: Insert, batch: Batch, runner: Runner, call: CallContext) -> PgmcpError:
    """The same error with the place of the value that can't be read or is too large."""
    place = await _patiently(_guilty_value(plan, batch, runner, call))
    if place is not None:
        return error.with_details(**batch.place(*place))
    for index, name in enumerate(batch.columns):
        column = plan.relation.by_name[name]
        for number, row in enumerate(batch.rows):
            if exceeds(row[index], column.type_name):
                return too_large(error, column).with_details(**batch.place(name, number))
    return error


async def _guilty_value(plan: Insert, batch: Batch, runner: Runner, call: CallContext) -> tuple[str, int] | None:
    """The column and the row of the first value that can't be read."""
    for index, name in enumerate(batch.columns):
        values = [row[index] for row in batch.rows]
        probe = _list_probe(plan.relation.by_name[name].type)
        if await _fault(probe, values, runner, call) is None:
            continue
        low, high = 0, len(values)
        while high - low > 1:
            middle = (low + high) // 2
            if await _fault(probe, values[low:middle], runner, call) is None:
                low = middle
            else:
                high = middle
        return name, low
    return None


def blame_assignment(error: PgmcpError, plan: Update) -> PgmcpError:
    """The same error with the column of the value that is too large for it, if one is and no other is at fault."""
    for each in plan.assignments if error.path is None and is_about_values(error) else ():
        column = plan.relation.by_name[each.column]
        if each.value is not None and exceeds(each.value.text, column.type_name):
            return too_large(error, column).with_details(path=each.value.at)
    return error


def _list_probe(type_: Type) -> str:
    value = cast("u.v", type_)
    if type_.kind is Kind.DOMAIN:
        value = f"{value}::{quote(type_.schema)}.{quote(type_.name)}"
    return f"SELECT pg_catalog.count({value})::text FROM pg_catalog.unnest($1::text[]) AS u(v)"


async def _patiently(search: Awaitable[T]) -> T | None:
    """What a search finds; None when it can't go on, as for want of a free session: then the error goes out without."""
    with suppress(PgmcpError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            return await search
    return None


async def _fault(probe: str, value: Parameter, runner: Runner, call: CallContext) -> PgmcpError | None:
    """What the server says of a value alone; None when it takes it.

    Raises:
        PgmcpError: The probe itself could not be run.
    """
    try:
        await runner.run(Statement(probe, (value,)), call, need=Need.READ, kind="probe")
    except PgmcpError as error:
        if is_about_values(error):
            return error
        raise
    return None
