from __future__ import annotations

import pytest

from pgmcp.domain.catalogue import ForeignKey, Listed, Schema, TableDescription
from pgmcp.domain.plans import DescribeTable, ListSchemas, ListTables
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import INT4, INT8, JSONB, NUMERIC, TEXT, Attribute, Kind, Type
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.repositories import repositories, wire

SCHEMA = """
CREATE EXTENSION citext;
CREATE SCHEMA side;
COMMENT ON SCHEMA side IS 'beside';
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b mood[]);
CREATE TABLE customer (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(12) NOT NULL DEFAULT 'x',
    email citext UNIQUE,
    code text NOT NULL UNIQUE CHECK (code <> ''),
    price numeric(10,2)[],
    mood mood,
    rank positive,
    two pair,
    total int GENERATED ALWAYS AS (id * 2) STORED);
COMMENT ON TABLE customer IS 'who buys';
COMMENT ON COLUMN customer.name IS 'as written';
CREATE TABLE side.note (customer_id int REFERENCES customer ON DELETE CASCADE, doc jsonb);
CREATE INDEX note_doc ON side.note USING gin (doc);
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON side.note FOR EACH ROW EXECUTE FUNCTION touched();
CREATE TABLE event (id int8, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE animal (id int PRIMARY KEY);
CREATE TABLE dog () INHERITS (animal);
CREATE VIEW names AS SELECT id, name FROM customer;
CREATE MATERIALIZED VIEW frozen AS SELECT 1 AS one;
CREATE VIEW side.summed AS SELECT count(*) AS n FROM customer;
INSERT INTO customer (code, rank) VALUES ('a', 1), ('b', 2);
ANALYZE customer;
"""
MOOD = Type(name="mood", schema="public", kind=Kind.ENUM, labels=("sad", "ok"))


def whole(type_: Type) -> object:
    """A type with all that it is made of: types alone are compared by name."""
    return (
        *(type_.schema, type_.name, type_.kind, type_.labels, type_.extension),
        type_.element and whole(type_.element),
        type_.base and whole(type_.base),
        [(attribute.name, whole(attribute.type)) for attribute in type_.attributes],
    )


async def test_a_relation_has_its_columns_and_keys(make_database: MakeDatabase) -> None:
    """Everything that planning needs to know of a table comes with one statement, and is then kept."""
    async with repositories(await make_database(SCHEMA)) as base:
        found = await base.schemas.find("customer", None, wire())
        assert [kind for kind, _, _ in base.way.heard.statements()] == ["catalogue"]
        assert await base.schemas.find("customer", None, wire()) is found
        assert base.way.heard.statements() == []
        base.schemas.forget()
        assert await base.schemas.find("customer", None, wire()) is not found
    citext = Type(name="citext", schema="public", extension="citext")
    moods = Type(name="_mood", schema="public", kind=Kind.ARRAY, element=MOOD)
    pair = Type(
        name="pair", schema="public", kind=Kind.COMPOSITE, attributes=(Attribute("a", INT4), Attribute("b", moods))
    )
    positive = Type(name="positive", schema="public", kind=Kind.DOMAIN, base=INT4)
    prices = Type(name="_numeric", kind=Kind.ARRAY, element=NUMERIC)
    columns = (
        Column(name="id", type=INT4, nullable=False, identity="always"),
        Column(
            name="name",
            type=Type(name="varchar"),
            declared="varchar(12)",
            nullable=False,
            default="'x'::character varying",
            comment="as written",
        ),
        Column(name="email", type=citext),
        Column(name="code", type=TEXT, nullable=False),
        Column(name="price", type=prices, declared="numeric(10,2)[]"),
        Column(name="mood", type=MOOD),
        Column(name="rank", type=positive, nullable=False),
        Column(name="two", type=pair),
        Column(name="total", type=INT4, generated="(id * 2)"),
    )
    assert found == Relation(
        name=Name("public", "customer"),
        kind=RelationKind.TABLE,
        columns=columns,
        primary_key=("id",),
        unique=(("code",),),
        comment="who buys",
    )
    assert [whole(column.type) for column in found.columns] == [whole(column.type) for column in columns]


@pytest.mark.parametrize(
    "name, schema, expected",
    [
        pytest.param(
            "event", None, (RelationKind.PARTITIONED, True, True, True, False, ("id", "day")), id="partitioned"
        ),
        pytest.param("animal", None, (RelationKind.TABLE, True, True, True, True, ()), id="parent"),
        pytest.param("dog", None, (RelationKind.TABLE, True, True, True, False, ()), id="child"),
        pytest.param("names", None, (RelationKind.VIEW, True, True, True, False, ()), id="updatable view"),
        pytest.param("summed", "side", (RelationKind.VIEW, False, False, False, False, ()), id="view of a sum"),
        pytest.param(
            "frozen", None, (RelationKind.MATERIALIZED, True, False, False, False, ()), id="materialised view"
        ),
        pytest.param("pg_class", None, (RelationKind.TABLE, True, True, True, False, ("oid",)), id="system"),
    ],
)
async def test_what_a_relation_is(
    make_database: MakeDatabase, name: str, schema: str | None, expected: tuple[object, ...]
) -> None:
    """Its kind, whether its name is enough, what may be written to it, and the key that makes its rows' order total."""
    async with repositories(await make_database(SCHEMA)) as base:
        found = await base.relation(name, schema)
    seen = (found.kind, found.on_path, found.insertable, found.updatable, found.has_children, found.key)
    assert seen == expected


async def test_a_name_with_its_schema_is_kept_as_any_other(make_database: MakeDatabase) -> None:
    """Asked for once, told at once from then on; a schema or a table that has dots of its own is found as well."""
    more = 'CREATE SCHEMA "a.b"; CREATE TABLE "a.b".c (id int); CREATE TABLE side."c.d" (id int);'
    async with repositories(await make_database(SCHEMA + more)) as base:
        found = [await base.schemas.find(name, None, wire()) for name in ("side.note", "a.b.c", "side.c.d")]
        assert [each and each.display for each in found] == ["side.note", "a.b.c", "side.c.d"]
        assert base.way.heard.statements() != []
        assert await base.schemas.find("side.note", None, wire()) is found[0]
        assert base.schemas.recalled("side.note", None, wire()) is found[0]
        assert base.way.heard.statements() == []
        assert await base.schemas.find("side.nope", None, wire()) is None


async def test_an_exact_name_wins_over_one_with_its_schema(make_database: MakeDatabase) -> None:
    """Whichever was there first, once the catalogue is read anew."""
    async with repositories(await make_database(SCHEMA)) as base:
        assert (await base.relation("side.note")).name == Name("side", "note")
        await base.texts('CREATE TABLE "side.note" (id int)')
        base.schemas.forget()
        assert (await base.relation("side.note")).name == Name("public", "side.note")


@pytest.mark.parametrize(
    "name, schema",
    [
        pytest.param("nope", None, id="no such name"),
        pytest.param("note", None, id="off the path"),
        pytest.param("customer", "side", id="in another schema"),
        pytest.param("customer_pkey", None, id="an index"),
        pytest.param("x" * 100, None, id="too long"),
    ],
)
async def test_what_is_not_there(make_database: MakeDatabase, name: str, schema: str | None) -> None:
    """No relation is found, and nothing is kept of that."""
    async with repositories(await make_database(SCHEMA)) as base:
        assert await base.schemas.find(name, schema, wire()) is None


async def test_a_listing_goes_on_page_by_page(make_database: MakeDatabase) -> None:
    """Pages in the order of the search path and then of names give each relation once, without partitions."""
    async with repositories(await make_database(SCHEMA)) as base:
        first, more = await base.schemas.select(ListTables(limit=4), wire())
        rest, end = await base.schemas.select(ListTables(limit=10, after=first[-1].name), wire())
    assert [str(each.name) for each in (*first, *rest)] == [
        "public.animal",
        "public.customer",
        "public.dog",
        "public.event",
        "public.frozen",
        "public.names",
        "side.note",
        "side.summed",
    ]
    assert (more, end) == (True, False)
    size = first[1].bytes
    assert size is not None
    assert first[1] == Listed(
        name=Name("public", "customer"), on_path=True, kind="table", rows=2, bytes=size, comment="who buys"
    )


@pytest.mark.parametrize(
    "plan, names",
    [
        pytest.param(ListTables(schema="side"), ["side.note", "side.summed"], id="schema"),
        pytest.param(ListTables(schema="side", include_views=False), ["side.note"], id="no views"),
        pytest.param(ListTables(search="BUYS"), ["public.customer"], id="comment"),
        pytest.param(ListTables(search="event_"), ["public.event_2024"], id="partition by name"),
        pytest.param(ListTables(search="%"), [], id="no pattern"),
        pytest.param(ListTables(schema="nope"), [], id="no such schema"),
    ],
)
async def test_listings(make_database: MakeDatabase, plan: ListTables, names: list[str]) -> None:
    """A listing keeps to its schema, its kinds and what is looked for."""
    async with repositories(await make_database(SCHEMA)) as base:
        found, _ = await base.schemas.select(plan, wire())
    assert [str(each.name) for each in found] == names


async def test_schemas_names_types_and_zone(make_database: MakeDatabase) -> None:
    """The smaller questions have their answers."""
    async with repositories(await make_database(SCHEMA)) as base:
        schemas = await base.schemas.schemas(ListSchemas(), wire())
        system = await base.schemas.schemas(ListSchemas(include_system=True), wire())
        everywhere = await base.schemas.names(None, wire())
        beside = await base.schemas.names("side", wire())
        type_ = await base.schemas.type_named("integer[]", wire())
        unknown = [await base.schemas.type_named(name, wire()) for name in ("nope", "not a type", "x.y.z")]
        zone = await base.schemas.time_zone(wire())
    assert schemas[1] == Schema(name="side", owner="postgres", tables=2, on_path=False, comment="beside")
    assert [each.name for each in schemas] == ["public", "side"]
    assert {"pg_catalog", "information_schema"} <= {each.name for each in system}
    assert [each.display for each in everywhere] == [
        *("animal", "customer", "dog", "event", "frozen", "names", "event_2024", "side.note", "side.summed"),
    ]
    assert [each.display for each in beside] == ["note", "summed"]
    assert type_ is not None
    assert whole(type_) == whole(Type(name="_int4", kind=Kind.ARRAY, element=INT4))
    assert unknown == [None, None, None]
    assert zone != ""


async def test_descriptions(make_database: MakeDatabase) -> None:
    """A relation's keys both ways, constraints, indexes, triggers, partitions and size."""
    async with repositories(await make_database(SCHEMA)) as base:
        described = {
            name: await base.schemas.describe(DescribeTable(relation=await base.relation(name, schema)), wire())
            for name, schema in (("customer", None), ("note", "side"), ("event", None), ("event_2024", None))
        }
    customer, note = described["customer"], described["note"]
    assert customer == TableDescription(
        relation=customer.relation,
        referenced_by=(ForeignKey(columns=("id",), table="side.note", to=("customer_id",), on_delete="cascade"),),
        unique=(("code",), ("email",)),
        checks=("(code <> ''::text)",),
        rows=2,
        bytes=customer.bytes,
    )
    assert note == TableDescription(
        relation=note.relation,
        foreign_keys=(ForeignKey(columns=("customer_id",), table="customer", to=("id",), on_delete="cascade"),),
        indexes=("note_doc USING gin (doc)",),
        triggers=("touch before insert or update",),
        bytes=note.bytes,
    )
    assert [column.type for column in note.relation.columns] == [INT4, JSONB]
    assert (described["event"].partitions, described["event_2024"].partition_of) == (
        ("event_2024",),
        "event",
    )
    assert described["event_2024"].parent == Name("public", "event")
    assert described["event"].relation.by_name["id"].type == INT8


async def test_types_are_read_once(make_database: MakeDatabase) -> None:
    """A type's facts cost one statement, then none; an oid that is gone is an unknown type."""
    async with repositories(await make_database(SCHEMA)) as base:
        first = await base.types.by_oids([23, 1007, 4_000_000_000], wire())
        second = await base.types.by_oids([23, 1007], wire())
        assert [kind for kind, _, _ in base.way.heard.statements()] == ["catalogue"]
    assert {oid: type_.name for oid, type_ in first.items()} == {23: "int4", 1007: "_int4", 4_000_000_000: "unknown"}
    assert second[1007] is first[1007]
