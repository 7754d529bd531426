"""What OpenTelemetry hears of a database that is served as the settings say."""

from __future__ import annotations

from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import pgmcp
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.telemetry import attributes, measured


async def test_the_pool_and_what_went_through_it(
    make_database: MakeDatabase, driver: str, exported: InMemorySpanExporter, read: InMemoryMetricReader
) -> None:
    """One session was opened; it was had and given back as often as a statement needed it; spans say what it read."""
    dsn = await make_database("CREATE TABLE orders (id int PRIMARY KEY)")
    async with pgmcp.connect(dsn, driver=driver, opentelemetry=True) as db:
        for _ in range(3):
            await db.call(pgmcp.ReadRequest(table="orders"))
    statements = [span for span in exported.get_finished_spans() if "db.operation.name" in attributes(span)]
    namespace = {attributes(span)["db.namespace"] for span in statements}
    assert len(namespace) == 1
    about = [attributes(span).get("db.collection.name") for span in statements if span.name == "select"]
    assert about == ["orders"] * 3
    (database,) = namespace
    counts = {
        name.removeprefix("db.client.connection."): sum(point.count for point in points if _of(point, database))
        for name, (_, points) in measured(read).items()
        if name.endswith("_time")
    }
    assert counts["create_time"] == 1
    assert counts["wait_time"] == counts["use_time"] == len(statements)


def _of(point: object, database: str) -> bool:
    """Whether a point is about the pool of a database."""
    pool = getattr(point, "attributes", {}).get("db.client.connection.pool.name", "")
    return bool(pool.split("/")[0] == database)
