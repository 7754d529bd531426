"""Requests."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from attrs import asdict, fields

from pgmcp.domain import requests
from pgmcp.domain.arguments import Argument, argument, facts_of
from pgmcp.domain.requests import (
    CreateBatchRequest,
    CreateRequest,
    DeleteRequest,
    DescribeTableRequest,
    ExecuteQueryRequest,
    ExplainQueryRequest,
    ListSchemasRequest,
    ListTablesRequest,
    QueryRequest,
    ReadRequest,
    RequestBase,
    SchemaRequest,
    TableRequest,
    UpdateRequest,
)
from tests.fixtures.walked import cases


@cases(
    "request_, arguments",
    [
        pytest.param(ListSchemasRequest(), {"include_system": False}, id="list_schemas"),
        pytest.param(
            ListTablesRequest(),
            {"schema": None, "search": None, "include_views": True, "limit": 500, "cursor": None},
            id="list_tables",
        ),
        pytest.param(
            DescribeTableRequest(table="t"),
            {"table": "t", "schema": None, "columns": None, "cursor": None},
            id="describe_table",
        ),
        pytest.param(
            ReadRequest(table="t"),
            {
                "table": "t",
                "schema": None,
                "columns": None,
                "filters": None,
                "order_by": None,
                "ascending": True,
                "limit": None,
                "offset": 0,
                "cursor": None,
                "transaction_id": None,
            },
            id="read_table",
        ),
        pytest.param(
            CreateRequest(table="t", data={}),
            {
                "table": "t",
                "schema": None,
                "data": {},
                "returning": None,
                "idempotency_key": None,
                "transaction_id": None,
            },
            id="create_record",
        ),
        pytest.param(
            CreateBatchRequest(table="t", records=[]),
            {
                "table": "t",
                "schema": None,
                "records": [],
                "returning": None,
                "batch_size": 1000,
                "on_conflict": None,
                "idempotency_key": None,
                "transaction_id": None,
            },
            id="create_records",
        ),
        pytest.param(
            UpdateRequest(table="t", filters={}, data={}),
            {
                "table": "t",
                "schema": None,
                "filters": {},
                "data": {},
                "returning": None,
                "max_rows": None,
                "dry_run": False,
                "idempotency_key": None,
                "transaction_id": None,
            },
            id="update_records",
        ),
        pytest.param(
            DeleteRequest(table="t", filters={}),
            {
                "table": "t",
                "schema": None,
                "filters": {},
                "returning": None,
                "max_rows": None,
                "dry_run": False,
                "idempotency_key": None,
                "transaction_id": None,
            },
            id="delete_records",
        ),
        pytest.param(
            ExecuteQueryRequest(query="q"),
            {
                "query": "q",
                "params": (),
                "read_only": True,
                "max_rows": None,
                "idempotency_key": None,
                "transaction_id": None,
            },
            id="execute_query",
        ),
        pytest.param(
            ExplainQueryRequest(query="q"),
            {"query": "q", "params": (), "analyze": False, "transaction_id": None},
            id="explain_query",
        ),
    ],
)
def test_arguments_and_defaults(request_: RequestBase[Any], arguments: dict[str, Any]) -> None:
    """The interface's names and defaults, and on each the call's own deadline."""
    assert asdict(request_) == {"timeout_ms": None} | arguments


@pytest.mark.parametrize(
    "base, kinds",
    [
        pytest.param(
            TableRequest,
            {
                "ReadRequest",
                "CreateRequest",
                "CreateBatchRequest",
                "UpdateRequest",
                "DeleteRequest",
                "DescribeTableRequest",
            },
            id="on one relation",
        ),
        pytest.param(SchemaRequest, {"ListTablesRequest", "ListSchemasRequest"}, id="on the catalogue"),
        pytest.param(QueryRequest, {"ExecuteQueryRequest", "ExplainQueryRequest"}, id="with a statement"),
    ],
)
def test_the_design_s_tree(base: type, kinds: set[str]) -> None:
    """The classes stand under the roots that interface.md gives them."""
    classes = {name: value for name, value in vars(requests).items() if inspect.isclass(value) and value is not base}
    assert {name for name, value in classes.items() if issubclass(value, base)} == kinds
    assert issubclass(base, RequestBase)


@cases(
    "request_, name, facts",
    [
        pytest.param(ReadRequest, "limit", (0, None), id="a limit is not negative"),
        pytest.param(ReadRequest, "offset", (0, None), id="nor is an offset"),
        pytest.param(ListTablesRequest, "limit", (1, 1000), id="a listing's page"),
        pytest.param(CreateBatchRequest, "batch_size", (1, 10_000), id="a batch"),
        pytest.param(UpdateRequest, "max_rows", (1, None), id="an update's cap"),
        pytest.param(DeleteRequest, "max_rows", (1, None), id="a delete's cap"),
        pytest.param(ExecuteQueryRequest, "max_rows", (1, None), id="a query's cap"),
        pytest.param(ReadRequest, "timeout_ms", (1, 86_400_000), id="a deadline, at most a day"),
        pytest.param(ReadRequest, "table", (None, None), id="nothing said"),
    ],
)
def test_bounds(request_: type[RequestBase[Any]], name: str, facts: tuple[int | None, int | None]) -> None:
    """What the schema and the decoder hold a caller to."""
    found = facts_of(getattr(fields(request_), name))
    assert (found.minimum, found.maximum) == facts


def test_a_plain_field_says_nothing() -> None:
    """Whatever was declared without `argument` has no facts, not an error."""
    assert facts_of(fields(Argument).doc) == Argument()


def test_an_argument_keeps_what_is_said() -> None:
    """All of it, choices as a tuple."""
    made = argument(1, doc="d", minimum=0, maximum=2, above=-1, choices=["a"], schema={"type": "string"})
    facts = Argument(doc="d", minimum=0, maximum=2, above=-1, choices=("a",), schema={"type": "string"})
    assert made.metadata == {"pgmcp": facts}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(CreateRequest(table="t", data={"a": "hunter2"}), id="data"),
        pytest.param(UpdateRequest(table="t", filters={}, data={"a": "hunter2"}), id="new values"),
        pytest.param(ExecuteQueryRequest(query="SELECT 'hunter2'", params=["hunter2"]), id="a query"),
        pytest.param(ExplainQueryRequest(query="SELECT 'hunter2'", params=["hunter2"]), id="an explain"),
    ],
)
def test_values_stay_out_of_a_log(request_: RequestBase[Any]) -> None:
    """Printing a request shows no value that is written."""
    assert "hunter2" not in repr(request_)
