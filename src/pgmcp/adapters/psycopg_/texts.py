"""Texts to libpq's bytes and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg.pq.abc import PGresult

from pgmcp.adapters.psycopg_.faults import UNWRITABLE
from pgmcp.ports.driver import Description, DriverError, Fault, Parameter, Rows


def encoded(text: str) -> bytes:
    """A text as libpq takes it.

    Raises:
        DriverError: `22021`: half of a surrogate pair, or NUL, at which libpq would cut it off without a word.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise DriverError(Fault(sqlstate=UNWRITABLE, message="a text can't be encoded")) from None
    if b"\0" in data:
        raise DriverError(Fault(sqlstate=UNWRITABLE, message="a text holds NUL"))
    return data


def encoded_parameters(parameters: Sequence[Parameter]) -> list[bytes | None]:
    """The parameters of a statement; raises as `encoded` does."""
    return [None if each is None else encoded(each if isinstance(each, str) else _array(each)) for each in parameters]


def rows_of(result: PGresult) -> Rows:
    """The rows of a result, every column as text."""
    columns = range(result.nfields)
    rows = [tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)]
    return Rows(rows, result.command_tuples or 0)


def description_of(result: PGresult) -> Description:
    """What the server says of a prepared statement."""
    return Description(
        parameters=tuple(result.param_type(number) for number in range(result.nparams)),
        columns=tuple(
            ((result.fname(number) or b"").decode(), result.ftype(number)) for number in range(result.nfields)
        ),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _array(elements: Sequence[str | None]) -> str:
    r"""A text array's literal. https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO

    >>> _array(["a", None, 'say "hi"'])
    '{"a",NULL,"say \\\\"hi\\\\""}'
    """
    return "{" + ",".join(_elements(elements)) + "}"


def _elements(elements: Sequence[str | None]) -> Iterator[str]:
    for element in elements:
        if element is None:
            yield "NULL"
        else:
            yield '"' + element.replace("\\", "\\\\").replace('"', '\\"') + '"'
