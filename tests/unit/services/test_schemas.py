"""SchemaService: what it asks the catalogue, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Named, Schema
from pgmcp.domain.errors import NotFoundError, QueryError, codes
from pgmcp.domain.plans import ListSchemas
from pgmcp.domain.relations import Name, Relation
from pgmcp.ports.repositories import SchemaRepository
from pgmcp.ports.transactions import Transaction
from pgmcp.services.schemas import SchemaService
from tests.fixtures.relations import THINGS
from tests.unit.house import House

CALL = House({}).call()
EVERY_SCHEMA = ListSchemas(include_system=True)
SCHEMAS = tuple(
    Schema(name=name, owner="ana", tables=1, on_path=name == "public", comment=None) for name in ("public", "sales")
)
NAMES: Mapping[str | None, Sequence[str]] = {None: ["orders", "sales.orders"], "sales": ["invoices"]}


def _service(catalogue: SchemaRepository) -> SchemaService:
    house = House({})
    return SchemaService(catalogue, house.retrying, house.views, house.leases)


class Catalogue:
    """A catalogue that keeps what it was asked, of which call, and knows one table at most."""

    def __init__(self, known: tuple[str, str | None] | None = None) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self._known = known

    async def find(
        self, name: str, schema: str | None, call: CallContext, within: Transaction | None = None
    ) -> Relation | None:
        """The one table that is known."""
        self.asked.append(("find", name, schema, call))
        return THINGS if (name, schema) == self._known else None

    def recalled(self, name: str, schema: str | None, call: CallContext) -> Relation | None:
        """The same, once it was asked for."""
        return THINGS if (name, schema) == self._known and ("find", name, schema, call) in self.asked else None

    async def renew(self, name: str, schema: str | None, call: CallContext) -> bool:
        """It has not changed."""
        return False

    async def names(self, schema: str | None, call: CallContext, within: Transaction | None = None) -> Sequence[Named]:
        """The names of a schema."""
        self.asked.append(("names", schema, call))
        return [Named(Name("any", name), name) for name in NAMES.get(schema, ())]

    async def schemas(
        self, plan: ListSchemas, call: CallContext, within: Transaction | None = None
    ) -> Sequence[Schema]:
        """Two schemas."""
        self.asked.append(("schemas", plan, call))
        return SCHEMAS

    async def time_zone(self, call: CallContext, within: Transaction | None = None) -> str:
        """A zone."""
        self.asked.append(("time_zone", call))
        return "Europe/Lisbon"

    select: Any = None
    describe: Any = None
    type_named: Any = None
    forget: Any = None


@pytest.mark.parametrize(
    "known, table, schema, asked",
    [
        pytest.param(("a", None), "a", None, [("find", "a", None, CALL)], id="a name"),
        pytest.param(("a", "s"), "a", "s", [("find", "a", "s", CALL)], id="in its schema"),
        pytest.param(("s.a", None), "s.a", None, [("find", "s.a", None, CALL)], id="a name that has a dot"),
        pytest.param(
            ("a", "s"), "s.a", None, [("find", "s.a", None, CALL), ("find", "a", "s", CALL)], id="schema and name"
        ),
        pytest.param(
            ("a.b", "s"),
            "s.a.b",
            None,
            [("find", "s.a.b", None, CALL), ("find", "a.b", "s", CALL)],
            id="the first dot parts them",
        ),
    ],
)
async def test_which_relation_is_meant(
    known: tuple[str, str | None], table: str, schema: str | None, asked: list[tuple[Any, ...]]
) -> None:
    """An exact name wins, then a schema before a dot; each question is the call's."""
    catalogue = Catalogue(known)
    service = _service(catalogue)
    assert await service.relation(table, schema, CALL) is THINGS
    assert catalogue.asked == asked
    assert await service.relation(table, schema, CALL) is THINGS
    # What is kept by the very name that was asked for isn't asked for again.
    assert catalogue.asked == (asked if known == (table, schema) else asked * 2)


@pytest.mark.parametrize(
    "table, schema, told, asked",
    [
        pytest.param(
            "ordrs",
            None,
            ("unknown_table", "there is no table or view 'ordrs'", "Did you mean 'orders'?", "table"),
            [("find", "ordrs", None, CALL), ("names", None, CALL)],
            id="a table",
        ),
        pytest.param(
            "invoice",
            "sales",
            (
                "unknown_table",
                "there is no table or view 'invoice' in schema 'sales'",
                "Did you mean 'invoices'?",
                "table",
            ),
            [("find", "invoice", "sales", CALL), ("schemas", EVERY_SCHEMA, CALL), ("names", "sales", CALL)],
            id="a table of a schema",
        ),
        pytest.param(
            "invoices",
            "sale",
            ("unknown_schema", "there is no schema 'sale'", "Did you mean 'sales'?", "schema"),
            [("find", "invoices", "sale", CALL), ("schemas", EVERY_SCHEMA, CALL)],
            id="a schema",
        ),
        pytest.param(
            "zzz",
            None,
            ("unknown_table", "there is no table or view 'zzz'", "list_tables shows what there is.", "table"),
            [("find", "zzz", None, CALL), ("names", None, CALL)],
            id="like none",
        ),
        pytest.param(
            "sales.invoice",
            None,
            ("unknown_table", "there is no table or view 'sales.invoice'", "Did you mean 'invoices'?", "table"),
            [("find", "sales.invoice", None, CALL), ("find", "invoice", "sales", CALL), ("names", "sales", CALL)],
            id="behind its schema",
        ),
        pytest.param(
            "sale.ordrs",
            None,
            ("unknown_table", "there is no table or view 'sale.ordrs'", "Did you mean 'orders'?", "table"),
            [
                ("find", "sale.ordrs", None, CALL),
                ("find", "ordrs", "sale", CALL),
                ("names", "sale", CALL),
                ("names", None, CALL),
            ],
            id="behind a schema that is not there",
        ),
    ],
)
async def test_a_relation_that_is_not_there(
    table: str, schema: str | None, told: tuple[str, ...], asked: list[tuple[Any, ...]]
) -> None:
    """The nearest names of the place that was meant are told."""
    catalogue = Catalogue()
    with pytest.raises(NotFoundError) as caught:
        await _service(catalogue).relation(table, schema, CALL)
    error = caught.value
    assert (error.code.name, error.message, error.hint, error.path) == told
    assert catalogue.asked == asked


@pytest.mark.parametrize(
    "name, schemas, hint",
    [
        pytest.param("ordrs", [None], "Did you mean 'orders'?", id="a name"),
        pytest.param("sales.invoice", ["sales"], "Did you mean 'invoices'?", id="its schema's names"),
        pytest.param("shop.sales.invoice", ["sales"], "Did you mean 'invoices'?", id="with its database"),
        pytest.param("sales.ordrs", ["sales", None], "Did you mean 'orders'?", id="of another schema"),
        pytest.param("zzz", [None], "as it was", id="like none"),
        pytest.param("(", [None], "as it was", id="no name at all"),
    ],
)
async def test_a_hint_for_a_statement(name: str, schemas: list[str | None], hint: str) -> None:
    """From the names of the schema that the statement has, else from those that need none."""
    catalogue = Catalogue()
    error = QueryError(codes.UNDEFINED_OBJECT, "no", sqlstate="42P01", position=15, hint="as it was")
    await _service(catalogue).point_out(error, f"select * from {name}", CALL)
    assert error.hint == hint
    assert catalogue.asked == [("names", schema, CALL) for schema in schemas]


async def test_what_is_only_asked() -> None:
    """The call goes with the question."""
    catalogue = Catalogue()
    service = _service(catalogue)
    plan = ListSchemas()
    assert await service.schemas(plan, CALL) == SCHEMAS
    assert await service.time_zone(CALL) == "Europe/Lisbon"
    assert catalogue.asked == [("schemas", plan, CALL), ("time_zone", CALL)]
