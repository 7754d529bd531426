"""Responses as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.responses import (
    AcknowledgementResponse,
    DataResponse,
    DescriptionResponse,
    PlanResponse,
    ResponseBase,
)
from pgmcp.domain.results import NativeRows, Truncation, WireRows
from pgmcp.entrypoints.rendering import render
from tests.fixtures.walked import cases


def rows(*texts: str, **more: Any) -> DataResponse:
    """Rows of one column."""
    facts: dict[str, Any] = {"columns": ("n",), "types": ("int4",), "data": WireRows.of(texts), "count": len(texts)}
    return DataResponse(**(facts | more))


@cases(
    "response, text",
    [
        pytest.param(
            rows("[1.50]", "[1e400]"),
            '{"columns":["n"],"types":["int4"],"rows":[[1.50],[1e400]],"count":2}',
            id="rows as they came",
        ),
        pytest.param(rows(), '{"columns":["n"],"types":["int4"],"rows":[],"count":0}', id="no rows"),
        pytest.param(
            rows(columns=(), types=()), '{"columns":[],"types":[],"rows":[],"count":0}', id="not even columns"
        ),
        pytest.param(
            rows("[1]", columns=('a"b\u2028é',)),
            '{"columns":["a\\"b\u2028é"],"types":["int4"],"rows":[[1]],"count":1}',
            id="odd names",
        ),
        pytest.param(
            rows("[1]", next_cursor="c", truncated=Truncation.BYTES, hint="Less.", dry_run=True),
            '{"columns":["n"],"types":["int4"],"rows":[[1]],"count":1,"next_cursor":"c","truncated":"bytes",'
            '"hint":"Less.","dry_run":true}',
            id="with all that can be said",
        ),
        pytest.param(AcknowledgementResponse(), '{"ok":true}', id="done"),
        pytest.param(AcknowledgementResponse(count=0), '{"ok":true,"count":0}', id="done, to nothing"),
        pytest.param(
            AcknowledgementResponse(count=3, extra={"dry_run": True}),
            '{"ok":true,"count":3,"dry_run":true}',
            id="done, with more",
        ),
        pytest.param(DescriptionResponse(document={"table": "é"}), '{"table":"é"}', id="a description"),
        pytest.param(
            PlanResponse(plan=("Result",), cost=0.01, rows=1), '{"plan":["Result"],"cost":0.01,"rows":1}', id="a plan"
        ),
        pytest.param(
            PlanResponse(plan=("Result",), cost=0.01, rows=1, extra={"execution_ms": 0.5}),
            '{"plan":["Result"],"cost":0.01,"rows":1,"execution_ms":0.5}',
            id="a plan that was measured",
        ),
        pytest.param(
            ValidationError(codes.WRONG_TYPE, "no", path="a").response,
            '{"error":{"type":"validation_error","code":"wrong_type","message":"no","retry":"fix_input",'
            '"details":{"path":"a"}}}',
            id="an error",
        ),
    ],
)
def test_render(response: ResponseBase, text: str) -> None:
    """Compact, in the interface's order, nothing that says nothing."""
    assert render(response) == text.encode()


def test_rows_are_not_read() -> None:
    """What the server wrote is put in as it is: whoever made it answers for it."""
    assert render(rows("not json")).endswith(b'"rows":[not json],"count":1}')


@pytest.mark.parametrize(
    "response, message",
    [
        pytest.param(rows(data=NativeRows(((1,),))), "native rows have no form on the wire", id="native rows"),
        pytest.param(ResponseBase(), "ResponseBase has no form on the wire", id="no kind of response"),
    ],
)
def test_what_can_t_be_rendered(response: ResponseBase, message: str) -> None:
    """A mistake of ours, said as one."""
    with pytest.raises(TypeError, match=f"^{message}$"):
        render(response)


def test_the_answer_is_json() -> None:
    """Whatever stands in it."""
    found = json.loads(render(rows("[1]", hint='"\n\\', columns=("\t",))))
    assert (found["hint"], found["columns"]) == ('"\n\\', ["\t"])
