"""What several end-to-end tests share: one served database of odd tables, reached over either transport."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fixtures.databases import fresh_database
from tests.fixtures.postgres import TestServer
from tests.fixtures.served import Wire, http_wire, stdio_wire

SCHEMA = """
CREATE EXTENSION btree_gist;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE team (id int PRIMARY KEY, name varchar(5) UNIQUE, score numeric(4,2));
CREATE TABLE member (
  team int NOT NULL REFERENCES team, seat int, born date CONSTRAINT born_late CHECK (born > '1900-01-01'),
  shirt positive, PRIMARY KEY (team, seat)
);
CREATE TABLE booking (id int PRIMARY KEY, room int, during int4range, EXCLUDE USING gist (room WITH =, during WITH &&));
CREATE TABLE docs (id int PRIMARY KEY, n numeric, i int8, t text, j json, b jsonb);
CREATE VIEW tall AS SELECT count(*) AS members FROM member;
INSERT INTO team VALUES (1, 'azure'), (2, 'blue');
INSERT INTO member VALUES (1, 1);
INSERT INTO booking VALUES (1, 1, '[1,5)');
"""


@pytest_asyncio.fixture(loop_scope="session", scope="session", params=["stdio", "http"])
async def wire(postgres: TestServer, driver: str, request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    """A way to a server that may write; tests leave its rows as they were, or use keys of their own."""
    connect = stdio_wire if request.param == "stdio" else http_wire
    async with fresh_database(postgres, SCHEMA) as dsn, connect(dsn) as found:
        yield found
