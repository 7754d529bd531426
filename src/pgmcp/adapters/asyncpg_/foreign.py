"""Statements whose columns are not ours to cast (SHOW, EXPLAIN, CALL, DDL): their results as text all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import asyncpg
from asyncpg.types import Type

from pgmcp.adapters.asyncpg_.faults import NOT_SUPPORTED
from pgmcp.adapters.asyncpg_.kept import affected
from pgmcp.ports.driver import Description, DriverError, Fault, Rows, Statement

# `text` and `varchar`: asyncpg gives them as they are.
_TEXTS = frozenset({25, 1043})
_SPECIAL = frozenset('{}",\\')


async def fetch_as_text(
    connection: asyncpg.Connection, statement: Statement, running: Callable[[], None]
) -> tuple[Description, Rows]:
    """Run a statement and take every column in the text form that PostgreSQL itself writes.

    Scalars come through a text codec that is registered on the session for their type, arrays of scalars through that
    of their elements.

    Args:
        connection: Where to run it.
        statement: What to run.
        running: Told when what is asked before it is over, and it is run itself.

    Raises:
        DriverError: `0A000`, before anything is run, for a column or parameter of another kind (composite, range).
    """
    # An empty name: such statements come once, and the server drops them by itself.
    prepared = await connection.prepare(statement.text, name="")
    columns = prepared.get_attributes()
    parameters = prepared.get_parameters()
    used = (*parameters, *(column.type for column in columns))
    types = {type_.oid: type_ for type_ in used if type_.oid not in _TEXTS}
    try:
        if types:
            for type_ in types.values():
                await _take_as_text(connection, type_)
            prepared = await connection.prepare(statement.text, name="")
        running()
        records = await prepared.fetch(*statement.parameters)
    finally:
        # asyncpg can't prepare a statement with a row of values that have such codecs.
        for type_ in types.values():
            await _take_as_ever(connection, type_)
    description = Description(
        parameters=tuple(parameter.oid for parameter in parameters),
        columns=tuple((column.name, column.type.oid) for column in columns),
    )
    rows = [[_text(value) for value in record] for record in records]
    return description, Rows(rows=rows, affected=affected(prepared.get_statusmsg()))


async def _take_as_text(connection: asyncpg.Connection, type_: Type) -> None:
    if type_.kind not in {"scalar", "array"}:
        raise DriverError(Fault(sqlstate=NOT_SUPPORTED, message=f"a column of kind {type_.kind}"))
    await connection.set_type_codec(
        type_.name.removesuffix("[]"), schema=type_.schema, encoder=str, decoder=str, format="text"
    )


async def _take_as_ever(connection: asyncpg.Connection, type_: Type) -> None:
    if type_.kind in {"scalar", "array"} and not connection.is_closed():
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.reset_type_codec(type_.name.removesuffix("[]"), schema=type_.schema)


def _text(value: str | Sequence[object] | None) -> str | None:
    """What the codecs gave, as PostgreSQL writes it."""
    return value if value is None or isinstance(value, str) else "".join(_array(value))


def _array(elements: Sequence[object]) -> Iterator[str]:
    """An array's text form. https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO"""
    yield "{"
    for index, element in enumerate(elements):
        if index:
            yield ","
        if element is None:
            yield "NULL"
        elif isinstance(element, str):
            yield _element(element)
        elif isinstance(element, Sequence):
            yield from _array(element)
    yield "}"


def _element(text: str) -> str:
    bare = text and text.upper() != "NULL" and not _SPECIAL.intersection(text) and not any(map(str.isspace, text))
    return text if bare else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
