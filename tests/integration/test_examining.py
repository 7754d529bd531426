"""What a server says of itself, for `pgmcp check`."""

from pgmcp.adapters.postgres.examining import PostgresExaminer
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase


async def test_a_server_tells_what_it_is_and_what_the_role_may(make_database: MakeDatabase) -> None:
    """The facts that `pgmcp check` judges."""
    schema = "CREATE EXTENSION citext; CREATE TABLE t (id int); CREATE VIEW v AS SELECT 1 AS one"
    async with way_to(await make_database(schema)) as way:
        facts = await PostgresExaminer(way.runner).facts(a_call())
    assert (facts.role, facts.superuser, facts.bypasses_row_security, facts.creates_roles) == (
        "postgres",
        True,
        False,
        False,
    )
    assert (facts.tls, facts.local, facts.readable, facts.writable) == (None, True, 2, 2)
    assert facts.extensions == ("citext", "plpgsql")
    assert facts.version_num // 10000 == int(facts.version.partition(".")[0])
    assert 0 < facts.connections < facts.max_connections
