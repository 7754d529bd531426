"""Arguments become requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from attrs import frozen

from pgmcp.domain.arguments import argument
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.json import Number
from pgmcp.domain.requests import CreateBatchRequest, ExecuteQueryRequest, ReadRequest, RequestBase
from pgmcp.domain.responses import DataResponse
from pgmcp.handlers import decoding
from pgmcp.handlers.decoding import decode
from tests.fixtures.walked import cases


@frozen(kw_only=True)
class Coloured(RequestBase[DataResponse]):
    """A request with every kind of bound."""

    colour: str = argument("red", choices=("red", "green"))
    level: int | None = argument(None, minimum=1, maximum=3)
    share: float | None = None
    pause: float | None = argument(None, above=0)
    either: bool | str | None = None
    names: Sequence[str] = ()
    things: Mapping[str, Any] | None = None


def refusal(request: type[RequestBase[Any]], arguments: Any) -> dict[str, Any]:
    """The whole error of arguments that can't be."""
    with pytest.raises(ValidationError) as caught:
        decode(request, arguments)
    return caught.value.document()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param('{"table":"t","limit":5,"columns":["a"]}', id="text"),
        pytest.param(b'{"table":"t","limit":5,"columns":["a"]}', id="bytes"),
        pytest.param({"table": "t", "limit": 5, "columns": ["a"]}, id="a mapping"),
        pytest.param({"table": "t", "limit": Number("5"), "columns": ("a",)}, id="a mapping of other kinds"),
    ],
)
def test_decode(arguments: Any) -> None:
    """However they are written."""
    assert decode(ReadRequest, arguments) == ReadRequest(table="t", limit=5, columns=["a"])


def test_every_digit_is_kept() -> None:
    """Where a value is the caller's own."""
    text = '{"query":"q","params":[1.50,1e400,123456789012345678901234567890,{"a":-0}]}'
    assert decode(ExecuteQueryRequest, text).params == [
        Number("1.50"),
        Number("1e400"),
        Number("123456789012345678901234567890"),
        {"a": Number("-0")},
    ]


@cases(
    "arguments, name, value",
    [
        pytest.param({"level": 1}, "level", 1, id="the least"),
        pytest.param({"level": 3}, "level", 3, id="the most"),
        pytest.param({"level": None}, "level", None, id="null"),
        pytest.param({"either": True}, "either", True, id="one kind"),
        pytest.param({"either": "x"}, "either", "x", id="or the other"),
        pytest.param({"share": 0.5}, "share", 0.5, id="a fraction"),
        pytest.param({"colour": "green"}, "colour", "green", id="a choice"),
        pytest.param({}, "colour", "red", id="the default"),
        pytest.param({"names": ["a", "b"]}, "names", ["a", "b"], id="a list"),
        pytest.param({"things": {"a": 1}}, "things", {"a": 1}, id="an object"),
    ],
)
def test_a_value(arguments: dict[str, Any], name: str, value: Any) -> None:
    """As it is."""
    assert getattr(decode(Coloured, arguments), name) == value


@cases(
    "arguments, code, message, hint",
    [
        pytest.param(
            {"colour": "gren"},
            "unknown_choice",
            "argument 'colour' is none of those allowed",
            "Did you mean 'green'?",
            id="no choice",
        ),
        pytest.param(
            {"colour": "zzz"},
            "unknown_choice",
            "argument 'colour' is none of those allowed",
            "One of red, green.",
            id="no choice, like none",
        ),
        pytest.param(
            {"level": 0}, "out_of_range", "argument 'level' is too small", "The least is 1.", id="below the least"
        ),
        pytest.param(
            {"level": 4}, "out_of_range", "argument 'level' is too large", "The most is 3.", id="above the most"
        ),
        pytest.param({"pause": 0}, "out_of_range", "argument 'pause' is too small", "It is more than 0.", id="nothing"),
        pytest.param(
            {"share": "half"},
            "wrong_type",
            "argument 'share' is of the wrong kind",
            "Expected a number.",
            id="no number",
        ),
        pytest.param(
            {"either": 5},
            "wrong_type",
            "argument 'either' is of the wrong kind",
            "Expected true or false or a string.",
            id="neither kind",
        ),
        pytest.param(
            {"names": [None]},
            "wrong_type",
            "argument 'names' is of the wrong kind",
            "Expected a list, each member a string.",
            id="a null among names",
        ),
        pytest.param(
            {"things": []},
            "wrong_type",
            "argument 'things' is of the wrong kind",
            "Expected an object.",
            id="a list for an object",
        ),
    ],
)
def test_a_bad_value(arguments: dict[str, Any], code: str, message: str, hint: str) -> None:
    """Which argument, and what it takes."""
    (name,) = arguments
    assert refusal(Coloured, arguments) == {
        "type": "validation_error",
        "code": code,
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": name},
    }


def test_several_bounds_at_once() -> None:
    """All are listed, in the caller's order."""
    assert refusal(Coloured, {"level": 9, "share": 0.5, "colour": "x"})["details"] == {
        "path": "level",
        "errors": [
            {"path": "level", "code": "out_of_range", "message": "argument 'level' is too large"},
            {"path": "colour", "code": "unknown_choice", "message": "argument 'colour' is none of those allowed"},
        ],
    }


def test_an_unknown_name_like_none() -> None:
    """All that there are, are named."""
    assert refusal(Coloured, {"zzz": 1})["hint"] == (
        "It takes timeout_ms, colour, level, share, pause, either, names, things."
    )


async def _asynchronous() -> AsyncIterator[dict[str, Any]]:
    yield {}


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([{"a": 1}], id="a list"),
        pytest.param(({"a": 1},), id="a tuple"),
        pytest.param(iter([{"a": 1}]), id="an iterator"),
        pytest.param(_asynchronous(), id="an asynchronous one"),
    ],
)
def test_records_are_not_touched(records: Any) -> None:
    """They may be of any number."""
    assert decode(CreateBatchRequest, {"table": "t", "records": records}).records is records


@pytest.mark.parametrize(
    "records",
    [
        pytest.param("rows", id="a text"),
        pytest.param(b"rows", id="bytes"),
        pytest.param({"a": 1}, id="an object"),
        pytest.param(5, id="a number"),
        pytest.param(None, id="nothing"),
    ],
)
def test_what_is_no_list_of_records(records: Any) -> None:
    """Is told so."""
    error = refusal(CreateBatchRequest, {"table": "t", "records": records})
    assert (error["code"], error["details"], error["hint"].startswith("Expected a list of objects")) == (
        "wrong_type",
        {"path": "records"},
        True,
    )


@pytest.mark.parametrize(
    "request_, arguments",
    [
        pytest.param(ReadRequest(table="t"), {"table": "t"}, id="only what is required"),
        pytest.param(ReadRequest(table="t", limit=None, offset=0), {"table": "t"}, id="defaults that were said"),
        pytest.param(
            ReadRequest(table="t", limit=0, ascending=False),
            {"table": "t", "limit": 0, "ascending": False},
            id="others",
        ),
    ],
)
def test_given(request_: ReadRequest, arguments: dict[str, Any]) -> None:
    """What differs from the defaults."""
    assert decoding.given(request_) == arguments


def test_many_mistakes() -> None:
    """A hundred of them are told, in order, and how many there are."""
    with pytest.raises(ValidationError) as caught:
        decode(ReadRequest, {"table": "t", "limit": "x"} | {f"k{number:05}": 1 for number in range(2000)})
    told = caught.value.details["errors"]
    assert [each["path"] for each in told] == [f"k{number:05}" for number in range(100)]
    assert caught.value.details["errors_total"] == 2001
