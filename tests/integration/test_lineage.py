"""What stands behind relations of a real PostgreSQL, and what writes to them reach."""

from __future__ import annotations

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.lineage import PostgresLineage
from pgmcp.domain.relations import Name
from tests.fixtures.cached import session, watch
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
CREATE TABLE a (id int PRIMARY KEY, at timestamptz, doc text);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON UPDATE SET NULL);
CREATE TABLE d (id int PRIMARY KEY, b int REFERENCES b);
CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE VIEW plain AS SELECT a.id, lower(doc) AS doc FROM a JOIN b ON b.a = a.id;
CREATE VIEW nested AS SELECT plain.id FROM plain JOIN p ON p.id = plain.id;
CREATE VIEW recent AS SELECT id FROM a WHERE at > now();
CREATE VIEW mine AS SELECT id, current_user AS me FROM a;
CREATE VIEW chance AS SELECT id FROM a WHERE random() > 0.5;
CREATE VIEW setting AS SELECT id FROM a WHERE doc = current_setting('app.x');
CREATE VIEW sampled AS SELECT id FROM a TABLESAMPLE system (50);
CREATE VIEW typed AS SELECT id, doc::timestamptz AS at FROM a;
CREATE VIEW typed_many AS SELECT id, doc::timestamptz[] AS at FROM a;
CREATE VIEW typed_range AS SELECT id, doc::tstzrange AS at FROM a;
CREATE VIEW numbered AS SELECT id, doc::int AS n, id::text AS t FROM a;
CREATE VIEW placed AS SELECT id, ctid AS place FROM a;
CREATE VIEW filled AS SELECT a.id, r.at FROM a, jsonb_to_record(doc::jsonb) AS r(at date);
CREATE VIEW shown AS SELECT id, to_char(at, 'YYYY') AS y, json_build_object('d', doc) AS j FROM a;
CREATE VIEW catalogue AS SELECT relname FROM pg_class;
CREATE FUNCTION looks(int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM c';
CREATE FUNCTION fixed(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1';
CREATE VIEW looking AS SELECT id, looks(id) AS n FROM a;
CREATE VIEW fixing AS SELECT id, fixed(id) AS n FROM a;
CREATE MATERIALIZED VIEW stored AS SELECT id FROM a;
CREATE TABLE secured (id int); ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE TABLE triggered (id int);
CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER trip AFTER INSERT ON triggered FOR EACH STATEMENT EXECUTE FUNCTION trip();
CREATE TABLE above_triggered (id int PRIMARY KEY);
ALTER TABLE triggered ADD COLUMN up int REFERENCES above_triggered ON DELETE CASCADE;
CREATE TABLE ruled (id int); CREATE RULE r AS ON INSERT TO ruled DO ALSO INSERT INTO a VALUES (new.id);
CREATE FUNCTION writes() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1';
CREATE TABLE defaulted (id int DEFAULT writes(), n int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION adds(int, int) RETURNS int STABLE LANGUAGE sql AS 'SELECT $1 + $2 + (SELECT count(*)::int FROM c)';
CREATE FUNCTION adds_only(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + $2';
CREATE AGGREGATE looked(int) (SFUNC = adds, STYPE = int);
CREATE AGGREGATE added(int) (SFUNC = adds_only, STYPE = int);
CREATE VIEW aggregated AS SELECT looked(id) AS n FROM a;
CREATE VIEW windowed AS SELECT looked(id) OVER (ORDER BY id) AS n FROM aggregated JOIN a ON true;
CREATE VIEW summed AS SELECT added(id) AS n, json_agg(id) AS j FROM a;
CREATE TYPE pair AS (n int);
CREATE TYPE pairs AS (p pair);
CREATE FUNCTION pair_json(pair) RETURNS json STABLE LANGUAGE sql AS 'SELECT to_json(count(*)) FROM c';
CREATE CAST (pair AS json) WITH FUNCTION pair_json(pair);
CREATE VIEW documented AS SELECT to_json(ROW(ROW(id)::pair)::pairs) AS j FROM a;
CREATE FUNCTION holds(int) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM c)';
CREATE DOMAIN held AS int CHECK (holds(VALUE));
CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE VIEW holding AS SELECT id::held AS n FROM a;
CREATE VIEW smaller AS SELECT id::small AS n FROM a;
CREATE DOMAIN filled_in AS int DEFAULT writes();
CREATE DOMAIN looked_at AS int CHECK (VALUE = writes());
CREATE FUNCTION marks(int, int) RETURNS boolean VOLATILE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = marks);
CREATE TYPE within AS (n looked_at);
CREATE TABLE in_domain (n filled_in);
CREATE TABLE checked (n looked_at);
CREATE TABLE deep (n within[]);
CREATE TABLE by_operator (n int CHECK (n ### 1));
CREATE TABLE smalls (n small);
CREATE VIEW marked AS SELECT id FROM a WHERE id ### 1;
"""


READS = {
    "a": ("a", None),  # table
    "p": ("p p1 p2", None),  # partitioned
    "p1": ("p p1", None),  # partition
    "plain": ("a b", None),  # view
    "nested": ("a b p p1 p2", None),  # view-of-views
    "recent": ("a", "unsteady"),  # now
    "mine": ("a", "unsteady"),  # current-user
    "chance": ("a", "unsteady"),  # random
    "setting": ("a", "unsteady"),  # setting
    "sampled": ("a", "unsteady"),  # tablesample
    "typed": ("a", "unsteady"),  # text-read-as-a-time
    "typed_many": ("a", "unsteady"),  # texts-read-as-times
    "typed_range": ("a", "unsteady"),  # text-read-as-a-range-of-times
    "numbered": ("a", None),  # text-read-as-a-number
    "placed": ("a", "unsteady"),  # where-a-row-is-stored
    "filled": ("a", "unsteady"),  # a-document-read-as-a-row
    "shown": ("a", None),  # steady-functions
    "catalogue": ("pg_class", "system catalogue"),  # catalogue
    "looking": ("a", "unsteady"),  # stable-function-of-a-user
    "fixing": ("a", None),  # immutable-function-of-a-user
    "aggregated": ("a", "unsteady"),  # aggregate-of-a-stable-function
    "windowed": ("a", "unsteady"),  # the-same-over-a-window
    "summed": ("a", None),  # aggregates-of-immutable-functions
    "documented": ("a", "unsteady"),  # a-type's-own-json-deep-inside
    "holding": ("a", "unsteady"),  # check-of-a-domain
    "smaller": ("a", None),  # check-that-hangs-on-its-value
    "stored": ("stored", None),  # materialised-view
    "secured": ("secured", "row security"),  # row-security
}
WRITES = {
    "a": ("a", "a b c"),  # cascades
    "b": ("b", "b c"),  # set-null
    "d": ("d", "d"),  # nobody
    "p": ("p p1 p2", "p p1 p2"),  # partitioned
    "triggered": (None, None),  # trigger
    "above_triggered": ("above_triggered", None),  # trigger-behind-a-cascade
    "ruled": (None, None),  # rule
    "defaulted": (None, None),  # default-of-a-volatile-function
    "in_domain": (None, None),  # default-of-a-domain
    "checked": (None, None),  # check-of-a-domain
    "deep": (None, None),  # the-same-deep-inside
    "by_operator": (None, None),  # operator-of-a-volatile-function
    "smalls": ("smalls", "smalls"),  # domain-that-hangs-on-its-value
    "marked": (None, None),  # condition-of-a-view
}


async def test_what_a_read_hangs_on(make_database: MakeDatabase) -> None:
    """The tables through views, up and down inheritance, and why a result can't be kept."""
    seen = {}
    async with way_to(await make_database(SCHEMA)) as way:
        lineage = PostgresLineage(runner=way.runner, clock=SystemClock())
        for name in READS:
            found = await lineage.of(Name("public", name), a_call())
            assert found is not None
            seen[name] = (" ".join(sorted(each.name for each in found.sources)), found.obstacle)
    assert seen == READS


async def test_what_a_write_touches(make_database: MakeDatabase) -> None:
    """The tables that foreign keys reach; anything, where who knows what runs."""
    seen = {}
    async with way_to(await make_database(SCHEMA)) as way:
        lineage = PostgresLineage(runner=way.runner, clock=SystemClock())
        for name in WRITES:
            found = await lineage.of(Name("public", name), a_call())
            assert found is not None
            seen[name] = tuple(
                " ".join(sorted(each.name for each in write.tables)) if write.known else None
                for write in (found.inserted, found.changed)
            )
    assert seen == WRITES


async def test_surroundings_and_what_is_not_there(make_database: MakeDatabase) -> None:
    """A database is known by more than its address; an unknown relation stands on nothing."""
    one, other = await make_database(SCHEMA), await make_database(SCHEMA)
    found = []
    for dsn in (one, one, other):
        async with way_to(dsn) as way:
            lineage = PostgresLineage(runner=way.runner, clock=SystemClock())
            found.append(await lineage.surroundings(a_call()))
            assert await lineage.of(Name("public", "nothing"), a_call()) is None
    assert found[0] == found[1]
    assert found[0].database != found[2].database


async def test_what_logical_replication_fills_tells_nothing(make_database: MakeDatabase) -> None:
    """It fires no statement triggers, so a subscriber's table isn't watched, whatever triggers it has."""
    dsn = await make_database("CREATE TABLE a (id int PRIMARY KEY)")
    await watch(dsn, "a")
    async with way_to(dsn) as way, session(dsn) as it:
        lineage = PostgresLineage(runner=way.runner, clock=SystemClock())
        before = await lineage.of(Name("public", "a"), a_call())
        await it.execute("CREATE SUBSCRIPTION nowhere CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)")
        await it.execute(
            "INSERT INTO pg_subscription_rel SELECT s.oid, 'a'::regclass, 'r', NULL FROM pg_subscription AS s"
        )
        lineage.forget()
        after = await lineage.of(Name("public", "a"), a_call())
        await it.execute("ALTER SUBSCRIPTION nowhere SET (slot_name = NONE)")
        await it.execute("DROP SUBSCRIPTION nowhere")
    assert before is not None
    assert after is not None
    assert (before.watched, after.watched) == (True, False)
