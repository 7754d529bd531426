"""create_record and create_records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from pgmcp.adapters.memory.declare import column, table
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.requests import CreateBatchRequest
from pgmcp.domain.results import Form
from pgmcp.domain.settings import Access, Settings
from tests.unit.house import House, by

NEW = {"id": 20, "customer_id": 2}


def keyed() -> House:
    """A table with two unique keys, and one without any."""
    return House(
        {
            "stock": table(
                columns={
                    "id": column("int4", nullable=False, identity="by default"),
                    "sku": column("text", nullable=False),
                    "pieces": column("int4", nullable=False, default=0),
                    "note": "text",
                },
                primary_key="id",
                unique=["sku"],
                rows=[{"id": 1, "sku": "a", "pieces": 5, "note": "old"}, {"id": 2, "sku": "b", "pieces": 7}],
            ),
            "log": table(columns={"line": "text"}),
        }
    )


async def test_one_row() -> None:
    """Acknowledged; columns left out take their default."""
    house = House()
    assert await house.answer("create_record", {"table": "orders", "data": NEW}) == '{"ok":true,"count":1}'
    assert (await house.stored("orders"))[-1] == ["20", "2", "new", "0.00", None]


@pytest.mark.parametrize(
    "returning, answer",
    [
        pytest.param(
            ["total", "id"], '{"columns":["total","id"],"types":["numeric","int4"],"rows":[[0.00,20]],"count":1}'
        ),
        pytest.param(
            True,
            '{"columns":["id","customer_id","status","total","doc"],'
            '"types":["int4","int4","order_status","numeric","jsonb"],"rows":[[20,2,"new",0.00,null]],"count":1}',
            id="true",
        ),
        pytest.param("id", '{"columns":["id"],"types":["int4"],"rows":[[20]],"count":1}', id="a name"),
        pytest.param(False, '{"ok":true,"count":1}', id="false"),
    ],
)
async def test_what_is_given_back(returning: Any, answer: str) -> None:
    """The columns that were asked for, as they are stored."""
    assert await House().answer("create_record", {"table": "orders", "data": NEW, "returning": returning}) == answer


async def test_every_digit_is_kept() -> None:
    """Numbers inside documents too."""
    doc = b'{"a":1e400,"b":123456789012345678901234567890,"c":1.50}'
    data = (
        b'{"table":"orders","returning":["total","doc"],"data":{"id":20,"customer_id":2,"total":1.50,"doc":%s}}' % doc
    )
    found = await House().answer("create_record", data)
    assert found.startswith('{"columns":["total","doc"],"types":["numeric","jsonb"],"rows":[[1.50,{"a":1000')
    assert '"b":123456789012345678901234567890,"c":1.50}' in found


async def test_a_row_of_defaults() -> None:
    """No data at all is a row too."""
    house = House()
    assert await house.answer("create_record", {"table": "lines", "data": {}, "returning": True}) == (
        '{"columns":["at","text"],"types":["int4","text"],"rows":[[null,null]],"count":1}'
    )


@pytest.mark.parametrize(
    "data, error",
    [
        pytest.param(
            {"id": 10, "customer_id": 1},
            {
                "code": "unique_violation",
                "message": "A row with the same unique key exists already (constraint orders_pkey of orders).",
                "hint": "Change the key, or say with on_conflict what shall happen.",
                "sqlstate": "23505",
                "details": {
                    "constraint": "orders_pkey",
                    "schema": "public",
                    "table": "orders",
                    "columns": ["id"],
                    "outcome": "rolled_back",
                },
            },
            id="unique",
        ),
        pytest.param(
            {"id": 20, "customer_id": 99},
            {
                "code": "foreign_key_violation",
                "message": "A foreign key is violated: a row would refer to one that is not there "
                "(constraint orders_customer_id_fkey of orders).",
                "hint": "Create the row that is referred to first, or remove those that refer to it first.",
                "sqlstate": "23503",
                "details": {
                    "constraint": "orders_customer_id_fkey",
                    "schema": "public",
                    "table": "orders",
                    "columns": ["customer_id"],
                    "outcome": "rolled_back",
                },
            },
            id="foreign key",
        ),
        pytest.param(
            {"id": 20},
            {
                "code": "not_null_violation",
                "message": "A column that must have a value has none (column customer_id of orders).",
                "hint": "Give the column a value.",
                "sqlstate": "23502",
                "details": {
                    "schema": "public",
                    "table": "orders",
                    "columns": ["customer_id"],
                    "outcome": "rolled_back",
                },
            },
            id="not null",
        ),
        pytest.param(
            {"id": 20, "customer_id": 1, "total": "-1.00"},
            {
                "code": "check_violation",
                "message": "A row breaks a check constraint (constraint orders_total_check of orders).",
                "hint": "`describe_table` shows the constraint's expression.",
                "sqlstate": "23514",
                "details": {
                    "constraint": "orders_total_check",
                    "schema": "public",
                    "table": "orders",
                    "columns": ["total"],
                    "outcome": "rolled_back",
                },
            },
            id="check",
        ),
    ],
)
@pytest.mark.parametrize("tool", [pytest.param("create_record", id="one"), pytest.param("create_records", id="many")])
async def test_a_constraint_is_broken(tool: str, data: dict[str, Any], error: dict[str, Any]) -> None:
    """Which constraint, which columns; no value, and nothing is changed."""
    house = House()
    before = await house.stored("orders")
    written = {"data": data} if tool == "create_record" else {"records": [NEW | {"id": 19}, data]}
    found = await house.refusal(tool, {"table": "orders", **written})
    assert found == {"type": "database_error", "retry": "fix_input"} | error
    assert await house.stored("orders") == before


@pytest.mark.parametrize(
    "arguments, error",
    [
        pytest.param(
            {"data": {"id": 1, "totl": 2}},
            {
                "code": "unknown_column",
                "message": "'orders' has no column 'totl'",
                "hint": "Did you mean 'total'?",
                "details": {"path": "data.totl"},
            },
            id="an unknown column",
        ),
        pytest.param(
            {"data": {"id": "one"}},
            {
                "code": "value_invalid",
                "message": "the value doesn't fit column 'id' of type int4",
                "hint": "Expected an integer from -2147483648 to 2147483647.",
                "details": {"path": "data.id"},
            },
            id="a value of another kind",
        ),
        pytest.param(
            {"data": {"status": "gone"}},
            {
                "code": "value_invalid",
                "message": "the value doesn't fit column 'status' of type order_status",
                "hint": "Expected one of 'new', 'paid', 'shipped'.",
                "details": {"path": "data.status"},
            },
            id="no label of the enum",
        ),
        pytest.param(
            {"data": NEW, "returning": ["idd"]},
            {
                "code": "unknown_column",
                "message": "'orders' has no column 'idd'",
                "hint": "Did you mean 'id'?",
                "details": {"path": "returning[0]"},
            },
            id="an unknown column to give back",
        ),
    ],
)
async def test_a_bad_record(arguments: dict[str, Any], error: dict[str, Any]) -> None:
    """Refused before anything runs."""
    house = House()
    assert (
        await house.refusal("create_record", {"table": "orders", **arguments})
        == {
            "type": "validation_error",
            "retry": "fix_input",
        }
        | error
    )
    assert [type(event).__name__ for event in house.recorder.events] == ["CallStarted", "CallEnded"]


@pytest.mark.parametrize(
    "tool, data",
    [
        pytest.param("create_record", {"data": {"id": 1}}, id="create_record"),
        pytest.param("create_records", {"records": [{"id": 1}]}, id="create_records"),
        pytest.param("update_records", {"data": {"id": 1}, "filters": {"id": 1}}, id="update_records"),
        pytest.param("delete_records", {"filters": {"id": 1}}, id="delete_records"),
    ],
)
async def test_a_view_that_takes_no_writes(tool: str, data: dict[str, Any]) -> None:
    """Every write says so, and where to write instead."""
    assert await House().refusal(tool, {"table": "paid_orders", **data}) == {
        "type": "validation_error",
        "code": "relation_read_only",
        "message": "the view 'paid_orders' can't be written to",
        "hint": "Write to the tables behind it.",
        "retry": "fix_input",
        "details": {"path": "table"},
    }


@pytest.mark.parametrize(
    "tool, data",
    [
        pytest.param("create_record", {"data": NEW}, id="create_record"),
        pytest.param("create_records", {"records": [NEW]}, id="create_records"),
        pytest.param("update_records", {"data": {"total": 1}, "filters": {"id": 10}}, id="update_records"),
        pytest.param("delete_records", {"filters": {"id": 10}}, id="delete_records"),
    ],
)
async def test_a_write_in_read_mode(tool: str, data: dict[str, Any]) -> None:
    """Refused whole, before the table is even looked for."""
    house = House(settings=Settings(access=Access.READ))
    before = await house.stored("orders")
    assert await house.refusal(tool, {"table": "nowhere", **data}, by("ana")) == {
        "type": "security_error",
        "code": "write_refused",
        "message": f"{tool} is not served to 'ana'",
        "hint": "The server was started with access read; a write needs access write.",
        "retry": "never",
    }
    assert await house.stored("orders") == before


async def test_many_rows() -> None:
    """Of different columns, in order, all or none; progress tells of each batch."""
    house = House()
    told: list[tuple[int, int | None]] = []

    async def progress(done: int, total: int | None) -> None:
        told.append((done, total))

    records = [{"at": at, "text": "x"} if at % 5 else {"at": at} for at in range(10, 20)]
    arguments = {"table": "lines", "records": records, "batch_size": 3}
    assert await house.answer("create_records", arguments, by("x", progress=progress)) == '{"ok":true,"count":10}'
    assert told == [(1, None), (4, None), (5, None), (6, None), (9, None), (10, None)]
    assert (await house.stored("lines"))[5:] == [[str(at), "x" if at % 5 else None] for at in range(10, 20)]


async def test_one_batch_is_one_statement() -> None:
    """Without a transaction around it, and with nothing to report on the way."""
    house = House()
    told: list[int] = []

    async def progress(done: int, total: int | None) -> None:
        told.append(done)

    await house.answer("create_records", {"table": "lines", "records": [{"at": 9}] * 3}, by("x", progress=progress))
    assert told == []


@pytest.mark.parametrize("records", [pytest.param([], id="a list"), pytest.param({}.keys(), id="an iterable")])
async def test_no_rows(records: Any) -> None:
    """There is nothing to do, which is a mistake."""
    with pytest.raises(PgmcpError) as caught:
        await House().dispatch("create_records", CreateBatchRequest(table="lines", records=records))
    assert caught.value.document() == {
        "type": "validation_error",
        "code": "data_empty",
        "message": "there is nothing to add",
        "hint": "Give a record.",
        "retry": "fix_input",
        "details": {"path": "records"},
    }


@pytest.mark.parametrize(
    "bad, error",
    [
        pytest.param(
            {"at": "x"},
            {
                "type": "validation_error",
                "code": "value_invalid",
                "message": "the value doesn't fit column 'at' of type int4",
                "hint": "Expected an integer from -2147483648 to 2147483647.",
                "details": {"path": "records[6].at", "outcome": "rolled_back"},
            },
            id="a bad value",
        ),
        pytest.param(
            ["at"],
            {
                "type": "validation_error",
                "code": "wrong_type",
                "message": "record 6 is not an object",
                "hint": 'A record looks like {"name":"Ana"}.',
                "details": {"path": "records[6]", "outcome": "rolled_back"},
            },
            id="no object",
        ),
    ],
)
async def test_a_bad_record_in_the_last_batch(bad: Any, error: dict[str, Any]) -> None:
    """Nothing of what went before stays."""
    house = House()
    before = await house.stored("lines")
    records = [*({"at": at} for at in range(6)), bad]
    found = await house.refusal("create_records", {"table": "lines", "records": records, "batch_size": 2})
    assert found == {"retry": "fix_input"} | error
    assert await house.stored("lines") == before


async def test_a_constraint_in_the_last_batch() -> None:
    """The same, when it is the database that refuses."""
    house = House()
    before = await house.stored("orders")
    records = [{"id": at, "customer_id": 1} for at in (20, 21, 22, 10)]
    error = await house.refusal("create_records", {"table": "orders", "records": records, "batch_size": 1})
    assert (error["code"], error["details"]["outcome"]) == ("unique_violation", "rolled_back")
    assert await house.stored("orders") == before


async def test_a_source_that_fails() -> None:
    """What a caller's own iterator raises rolls back too; it is no defect that is hidden, but none of ours either."""
    house = House()
    before = await house.stored("lines")

    def source() -> Iterator[dict[str, Any]]:
        yield from ({"at": at} for at in range(5))
        raise OSError("the disk is gone")

    with pytest.raises(PgmcpError) as caught:
        await house.dispatch("create_records", CreateBatchRequest(table="lines", records=source(), batch_size=2))
    assert isinstance(caught.value.__cause__, OSError)
    assert await house.stored("lines") == before


async def test_an_asynchronous_source() -> None:
    """Rows may come from anywhere, of any number."""

    async def source() -> AsyncIterator[dict[str, Any]]:
        for at in range(2500):
            yield {"at": at}

    house = House()
    found: Any = await house.dispatch("create_records", CreateBatchRequest(table="lines", records=source()))
    assert found.count == 2500


@pytest.mark.parametrize(
    "settings, truncated, kept",
    [
        pytest.param(Settings(access=Access.WRITE, max_rows=5), "rows", 5, id="by rows"),
        pytest.param(Settings(access=Access.WRITE, max_bytes=1024), "bytes", 4, id="by bytes"),
        pytest.param(Settings(access=Access.WRITE, max_rows=8), None, 8, id="just enough"),
    ],
)
@pytest.mark.parametrize("size", [pytest.param(3, id="in batches"), pytest.param(100, id="in one")])
async def test_what_is_given_back_is_capped(settings: Settings, truncated: str | None, kept: int, size: int) -> None:
    """All rows are written and counted; the answer holds as many as fit, and says so."""
    house = House(settings=settings)
    records = [{"at": at, "text": "x" * 200} for at in range(8)]
    arguments = {"table": "lines", "records": records, "batch_size": size, "returning": ["at", "text"]}
    found = await house.document("create_records", arguments)
    assert ([row[0] for row in found["rows"]], found["count"]) == ([str(at) for at in range(kept)], "8")
    hint = "All rows were written; only these are given back." if truncated else None
    assert (found.get("truncated"), found.get("hint")) == (truncated, hint)
    assert (await house.document("delete_records", {"table": "lines", "filters": {"at": {"gte": 0}}}))["count"] == "13"


async def test_native_rows_of_several_batches() -> None:
    """A program gets all of them as values, within the cap."""
    house = House(settings=Settings(access=Access.WRITE, max_rows=5))
    request = CreateBatchRequest(table="lines", records=[{"at": at} for at in range(7)], batch_size=2, returning=["at"])
    found: Any = await house.dispatch("create_records", request, by("x", form=Form.NATIVE))
    assert (found.rows, found.count, found.truncated) == ([{"at": at} for at in range(5)], 7, "rows")


@pytest.mark.parametrize(
    "on_conflict, stored",
    [
        pytest.param("ignore", [["1", "a", "5", "old"], ["2", "b", "7", None], ["3", "c", "1", None]], id="ignore"),
        pytest.param(
            {"columns": ["sku"], "action": "ignore"},
            [["1", "a", "5", "old"], ["2", "b", "7", None], ["3", "c", "1", None]],
            id="ignore on a key",
        ),
        pytest.param(
            {"columns": ["sku"], "update": ["pieces"]},
            [["1", "a", "9", "old"], ["2", "b", "7", None], ["3", "c", "1", None]],
            id="update named columns",
        ),
        pytest.param(
            {"columns": ["sku"], "action": "update"},
            [["1", "a", "9", "new"], ["2", "b", "7", None], ["3", "c", "1", None]],
            id="update all that were given but the key",
        ),
    ],
)
async def test_on_conflict(on_conflict: Any, stored: list[list[Any]]) -> None:
    """What happens to a row whose key exists; the others are added."""
    house = keyed()
    records = [{"sku": "a", "pieces": 9, "note": "new"}, {"sku": "c", "pieces": 1, "id": 3}]
    arguments = {"table": "stock", "records": records, "on_conflict": on_conflict}
    count = "1" if "update" not in str(on_conflict) else "2"
    assert await house.answer("create_records", arguments) == f'{{"ok":true,"count":{count}}}'
    assert await house.stored("stock") == stored


async def test_a_key_that_is_the_same_in_another_spelling() -> None:
    """PostgreSQL alone can tell, and the caller at least where to look."""
    house = House({"t": table(columns={"k": column("numeric", nullable=False), "n": "int4"}, primary_key="k")})
    records = [{"k": "1", "n": 1}, {"k": "1.0", "n": 2}]
    found = await house.refusal("create_records", {"table": "t", "records": records, "on_conflict": "update"})
    assert (found["code"], found["sqlstate"], found["details"]) == (
        "statement_invalid",
        "21000",
        {"path": "records", "outcome": "rolled_back"},
    )


async def test_on_conflict_with_nothing_but_the_key() -> None:
    """There is nothing to update, so the row stays."""
    house = keyed()
    arguments = {"table": "stock", "records": [{"sku": "a"}], "on_conflict": {"columns": ["sku"], "action": "update"}}
    assert await house.answer("create_records", arguments) == '{"ok":true,"count":0}'
    assert (await house.stored("stock"))[0] == ["1", "a", "5", "old"]


async def test_on_conflict_by_primary_key() -> None:
    """Which is meant where no columns are named."""
    house = keyed()
    arguments = {"table": "stock", "records": [{"id": 1, "sku": "z"}], "on_conflict": "update", "returning": True}
    assert (await house.document("create_records", arguments))["rows"] == [["1", "z", "5", "old"]]


async def test_on_conflict_is_an_error_unless_said_otherwise() -> None:
    """Nothing is overwritten by accident."""
    house = keyed()
    for on_conflict in (None, "error"):
        arguments = {"table": "stock", "records": [{"sku": "a"}], "on_conflict": on_conflict}
        assert (await house.refusal("create_records", arguments))["details"]["constraint"] == "stock_sku_key"


@pytest.mark.parametrize(
    "on_conflict, error",
    [
        pytest.param("merge", ("unknown_choice", "on_conflict"), id="another word"),
        pytest.param({"columns": ["skuu"]}, ("unknown_column", "on_conflict.columns[0]"), id="an unknown column"),
        pytest.param({"on": ["sku"]}, ("unknown_argument", "on_conflict.on"), id="an unknown key"),
        pytest.param(5, ("wrong_type", "on_conflict"), id="no word and no object"),
    ],
)
async def test_a_conflict_that_can_t_be(on_conflict: Any, error: tuple[str, str]) -> None:
    """Told before anything runs."""
    found = await keyed().refusal("create_records", {"table": "stock", "records": [{}], "on_conflict": on_conflict})
    assert (found["code"], found["details"]["path"]) == error


async def test_a_key_that_is_no_key() -> None:
    """The columns that are no unique key are refused by name, with those that are."""
    arguments = {"table": "stock", "records": [{"sku": "a"}], "on_conflict": {"columns": ["note"], "action": "ignore"}}
    error = await keyed().refusal("create_records", arguments)
    assert error == {
        "type": "validation_error",
        "code": "unknown_constraint",
        "message": "no unique key of 'stock' is over (note)",
        "hint": "`describe_table` shows its unique keys, such as (id) or (sku).",
        "retry": "fix_input",
        "details": {"path": "on_conflict.columns", "outcome": "rolled_back"},
    }
