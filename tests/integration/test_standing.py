"""A principal's role and settings, and what PostgreSQL's own grants let through, on a server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import pgmcp
from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.postgres import MakeDatabase

SQL = """
CREATE TABLE notes (id int PRIMARY KEY, tenant int DEFAULT current_setting('app.tenant')::int, text text, ssn text);
INSERT INTO notes VALUES (1, 7, 'mine', 'x'), (2, 8, 'theirs', 'y');
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (tenant = current_setting('app.tenant')::int);
CREATE TABLE vault (id int PRIMARY KEY);
CREATE TABLE parted (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE parted_secret PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE INDEX notes_ssn_idx ON notes (ssn);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the ssn is %', NEW.ssn; END $$;
CREATE TABLE told (id int PRIMARY KEY, ssn text DEFAULT 'marker');
CREATE TRIGGER tell BEFORE INSERT ON told FOR EACH ROW EXECUTE FUNCTION tell();
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgmcp_support') THEN CREATE ROLE pgmcp_support LOGIN; END IF;
END $$;
GRANT SELECT (id, tenant, text), INSERT (id, text), UPDATE (text) ON notes TO pgmcp_support;
CREATE TABLE notebook (id int PRIMARY KEY, note int REFERENCES notes); GRANT ALL ON notebook TO pgmcp_support;
CREATE TABLE vault_log (id int PRIMARY KEY REFERENCES vault, notebook int REFERENCES notebook);
ALTER TABLE notebook ADD vault int REFERENCES vault;
CREATE TABLE inbox (id int, body text); GRANT INSERT ON inbox TO pgmcp_support;
CREATE TABLE closed (id int) PARTITION BY RANGE (id); GRANT SELECT ON closed TO pgmcp_support;
CREATE TABLE closed_1 PARTITION OF closed FOR VALUES FROM (0) TO (10);
CREATE TABLE closed_2 PARTITION OF closed FOR VALUES FROM (10) TO (20); GRANT SELECT ON closed_2 TO pgmcp_support;
CREATE SCHEMA locked; CREATE TABLE locked.granted (id int); GRANT ALL ON locked.granted TO pgmcp_support;
CREATE SCHEMA ajar; GRANT USAGE ON SCHEMA ajar TO pgmcp_support;
CREATE TABLE ajar.one (id int); GRANT SELECT ON ajar.one TO pgmcp_support; CREATE TABLE ajar.two (id int);
"""
POLICY: Mapping[str, Any] = {
    "default": "allow",
    "principals": [
        {
            "match": "ana",
            "role": "pgmcp_support",
            "settings": {"app.tenant": "$tenant"},
            "attributes": {"tenant": 7},
        }
    ],
}


@pytest.fixture
async def dsn(make_database: MakeDatabase) -> str:
    """A database with a role that may do little."""
    return await make_database(SQL)


def connect(dsn: str, driver: str, policy: Mapping[str, Any] = POLICY, **settings: Any) -> pgmcp.Client:
    """A client under the policy."""
    return pgmcp.connect(dsn, driver=driver, principal="ana", policy=policy, **settings)


async def code_of(client: pgmcp.Client, request: Any) -> str:
    """The code of the error that a request ends with."""
    with pytest.raises(PgmcpError) as raised:
        await client.call(request)
    return raised.value.code.name


async def test_statements_run_as_the_role_with_its_settings(dsn: str, driver: str) -> None:
    """The database's own row security works unchanged, for reads, writes and transactions."""
    async with connect(dsn, driver) as client:
        read = await client.call(pgmcp.ReadRequest(table="notes"))
        assert list(read.rows) == [{"id": 1, "tenant": 7, "text": "mine"}]
        await client.call(pgmcp.UpdateRequest(table="notes", filters={"id": {"gte": 0}}, data={"text": "new"}))
        async with client.transaction() as held:
            await held.call(pgmcp.CreateRequest(table="notes", data={"id": 3, "text": "added"}))
        kept = await client.call(pgmcp.ReadRequest(table="notes", columns=["id", "text"], timeout_ms=5000))
        assert [tuple(row.values()) for row in kept.rows] == [(1, "new"), (3, "added")]
    async with pgmcp.connect(dsn, driver=driver) as owner:
        theirs = await owner.call(pgmcp.ReadRequest(table="notes", columns=["text"], filters={"id": 2}))
        assert list(theirs.rows) == [{"text": "theirs"}]


async def test_the_role_ends_with_the_statement(dsn: str, driver: str) -> None:
    """The next caller of the same session is not the role."""
    async with connect(dsn, driver, pool_max=1) as client:
        assert await code_of(client, pgmcp.ReadRequest(table="vault")) == "permission_denied"
        database = client._database  # noqa: SLF001 -- the same pool, for another principal
        other = await database.call("read_table", {"table": "vault"}, Caller(principal=Principal("other")))
        assert isinstance(other, pgmcp.DataResponse)
        assert other.count == 0
        assert await code_of(client, pgmcp.ReadRequest(table="vault")) == "permission_denied"


async def test_what_the_role_may_not_do_is_not_offered(dsn: str, driver: str) -> None:
    """Columns without a grant are not there; actions without one are refused before anything is sent."""
    async with connect(dsn, driver) as client:
        described = await client.call(pgmcp.DescribeTableRequest(table="notes"))
        assert [each["name"] for each in described.document["columns"]] == ["id", "tenant", "text"]
        assert "ssn" not in json.dumps(described.document)
        listed = await client.call(pgmcp.ListTablesRequest())
        assert [row["name"] for row in listed.rows] == ["closed", "inbox", "notebook", "notes", "ajar.one"]
        assert await code_of(client, pgmcp.DeleteRequest(table="notes", filters={"id": 1})) == "permission_denied"
        assert await code_of(client, pgmcp.ReadRequest(table="notes", columns=["ssn"])) == "unknown_column"
        assert await code_of(client, pgmcp.ReadRequest(table="vault")) == "permission_denied"


async def test_what_the_role_may_do_is_shown(dsn: str, driver: str) -> None:
    """Of a table where that isn't everything, and of columns that have less than their table."""
    async with connect(dsn, driver) as client:
        seen = {
            name: (await client.call(pgmcp.DescribeTableRequest(table=name))).document
            for name in ("notes", "notebook", "inbox", "ajar.one")
        }
    assert {name: found.get("privileges") for name, found in seen.items()} == {
        "notes": ["read", "create", "update"],
        "notebook": None,
        "inbox": ["create"],
        "ajar.one": ["read"],
    }
    assert {each["name"]: each.get("privileges") for each in seen["notes"]["columns"]} == {
        "id": ["read", "create"],
        "tenant": ["read"],
        "text": None,
    }
    assert [each.get("privileges") for each in seen["inbox"]["columns"]] == [None, None]


@pytest.mark.parametrize(
    "request_, path",
    [
        pytest.param(
            pgmcp.UpdateRequest(table="notes", filters={"id": 1}, data={"tenant": 8}), "data.tenant", id="changed"
        ),
        pytest.param(pgmcp.CreateRequest(table="notes", data={"id": 9, "tenant": 8}), None, id="given"),
        pytest.param(
            pgmcp.CreateBatchRequest(
                table="notes",
                records=[{"id": 9}],
                on_conflict={"action": "update", "columns": ["id"], "update": ["id"]},
            ),
            None,
            id="changed where it exists",
        ),
    ],
)
async def test_a_column_without_its_grant_takes_no_value(
    dsn: str, driver: str, request_: Any, path: str | None
) -> None:
    """It is refused by its name, before anything is sent."""
    async with connect(dsn, driver) as client:
        with pytest.raises(PgmcpError) as raised:
            await client.call(request_)
    assert (raised.value.code.name, raised.value.path) == ("permission_denied", path)
    assert "column '" in raised.value.message


async def test_nothing_names_what_the_role_may_not_use(dsn: str, driver: str) -> None:
    """No hint, description or count: keys, partitions, schemas, and the near misses of names."""
    async with connect(dsn, driver) as client:
        document = (await client.call(pgmcp.DescribeTableRequest(table="notebook"))).document
        assert [each["table"] for each in document["foreign_keys"]] == ["notes"]
        assert "referenced_by" not in document
        assert (await client.call(pgmcp.DescribeTableRequest(table="closed"))).document["partitions"] == ["closed_2"]
        assert "partition_of" not in (await client.call(pgmcp.DescribeTableRequest(table="inbox"))).document
        schemas = await client.call(pgmcp.ListSchemasRequest())
        assert {row["name"]: row["tables"] for row in schemas.rows} == {"public": 4, "ajar": 1}
        for table, near in (("vaul", "vault"), ("locked.grante", "locked"), ("ajar.tow", "two")):
            for request in (pgmcp.ReadRequest(table=table), pgmcp.ExecuteQueryRequest(query=f"SELECT * FROM {table}")):
                with pytest.raises(PgmcpError) as raised:
                    await client.call(request)
                said = json.dumps(raised.value.document()).replace(table, "")
                assert near not in said
        for table in ("vault", "ajar.two", "locked.granted"):
            for refused in (
                pgmcp.DescribeTableRequest(table=table),
                pgmcp.ReadRequest(table=table, columns=["nothing"]),
                pgmcp.CreateRequest(table=table, data={"nothing": 1}),
            ):
                assert await code_of(client, refused) == "permission_denied"


async def test_the_connections_own_role_is_respected_too(dsn: str, driver: str) -> None:
    """Without a policy, and without a role to take."""
    limited = dsn.replace("//postgres@", "//pgmcp_support@")
    assert limited != dsn
    async with pgmcp.connect(limited, driver=driver, access="write") as client:
        listed = await client.call(pgmcp.ListTablesRequest())
        assert [row["name"] for row in listed.rows] == ["closed", "inbox", "notebook", "notes", "ajar.one"]
        assert await code_of(client, pgmcp.DescribeTableRequest(table="vault")) == "permission_denied"
        assert await code_of(client, pgmcp.DeleteRequest(table="notes", filters={"id": 1})) == "permission_denied"


async def test_a_partition_that_is_hidden_is_not_told_of(dsn: str, driver: str) -> None:
    """It is read through its parent, under the parent's rule."""
    policy = {"default": "allow", "tables": [{"match": "*.*_secret", "allow": []}]}
    async with connect(dsn, driver, policy) as client:
        described = await client.call(pgmcp.DescribeTableRequest(table="parted"))
        assert "partitions" not in described.document
        assert (await client.call(pgmcp.ReadRequest(table="parted"))).count == 0
        assert await code_of(client, pgmcp.ReadRequest(table="parted_secret")) == "unknown_table"


async def test_a_triggers_words_are_kept_back(dsn: str, driver: str) -> None:
    """They may hold what is hidden."""
    policy = {"default": "allow", "tables": [{"match": "public.told", "hide": ["ssn"]}]}
    async with connect(dsn, driver, policy) as client:
        with pytest.raises(PgmcpError) as raised:
            await client.call(pgmcp.CreateRequest(table="told", data={"id": 1}))
    assert "marker" not in json.dumps(raised.value.document()) + str(raised.value)
