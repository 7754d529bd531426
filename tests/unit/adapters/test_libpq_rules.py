"""What libpq would fill an address in with is filled in for asyncpg too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgmcp.adapters.postgres.address import Address
from pgmcp.adapters.postgres.libpq import filled
from pgmcp.domain.errors import ValidationError

SERVICES = """
# A comment
[shop]
host=db.example
port=5433
dbname=shop
user=ana
sslmode=verify-full

[odd name]
hostaddr=::1
password=per%cent
"""


@pytest.fixture
def services(tmp_path: Path) -> str:
    """A file of services."""
    file = tmp_path / "services"
    file.write_text(SERVICES)
    return str(file)


@pytest.mark.parametrize(
    "text, environment, found",
    [
        pytest.param(
            "service=shop user=bob",
            {"PGSERVICE": "other"},
            {"host": "db.example", "port": "5433", "dbname": "shop", "user": "bob", "sslmode": "verify-full"},
            id="the address goes before its service",
        ),
        pytest.param(
            "postgresql://h:1/?service=odd%20name",
            {},
            {"host": "[::1]", "port": "1", "password": "per%cent"},
            id="its hostaddr is where to go",
        ),
        pytest.param("", {"PGSERVICE": "odd name"}, {"host": "[::1]", "password": "per%cent"}, id="of the environment"),
        pytest.param("hostaddr=10.0.0.5", {"PGHOSTADDR": "10.0.0.6"}, {"host": "10.0.0.5"}, id="hostaddr"),
        pytest.param("dbname=x", {"PGHOSTADDR": "10.0.0.6"}, {"host": "10.0.0.6", "dbname": "x"}, id="PGHOSTADDR"),
        pytest.param("host=h", {"PGHOSTADDR": "10.0.0.6"}, {"host": "h"}, id="a host that is said"),
        pytest.param("host=::1,/run", {}, {"host": "[::1],/run"}, id="hosts as asyncpg reads them"),
        pytest.param("host=h", {"PGOPTIONS": "-c geqo=off"}, {"host": "h", "options": "-c geqo=off"}, id="PGOPTIONS"),
        pytest.param("options=-cx=1", {"PGOPTIONS": "-c geqo=off"}, {"options": "-cx=1"}, id="options that are said"),
    ],
)
def test_what_is_filled_in(services: str, text: str, environment: dict[str, str], found: dict[str, str]) -> None:
    """In libpq's order: the address, its service, the environment."""
    address = Address.read(text) if text else Address()
    assert filled(address, {"PGSERVICEFILE": services, **environment}).parameters() == found


def test_an_address_that_asyncpg_reads_alike_stays_as_it_is() -> None:
    """What asyncpg fills in itself is left to it."""
    for address in (Address(), Address.read("postgresql://ana@h1:1,h2/shop?sslmode=require")):
        assert filled(address, {"PGHOST": "h", "PGDATABASE": "x", "HOME": "/nonesuch"}) is address


def test_a_service_is_looked_for_where_libpq_looks(tmp_path: Path) -> None:
    """In the user's own file, then in the system's."""
    home, system = tmp_path / "home", tmp_path / "system"
    for folder, name, host in ((home, ".pg_service.conf", "mine"), (system, "pg_service.conf", "theirs")):
        folder.mkdir()
        (folder / name).write_text(f"[both]\nhost={host}\n[{host}]\nhost={host}\n")
    environment = {"HOME": str(home), "PGSYSCONFDIR": str(system)}
    hosts = [filled(Address.of({"service": name}), environment).parameters() for name in ("both", "mine", "theirs")]
    assert hosts == [{"host": "mine"}, {"host": "mine"}, {"host": "theirs"}]


@pytest.mark.parametrize(
    "content, why, hint",
    [
        pytest.param(SERVICES, "there is no such service in the service file", "Did you mean 'shop'?", id="mistyped"),
        pytest.param(
            "",
            "there is no such service in the service file",
            "PGSERVICEFILE or ~/.pg_service.conf defines services.",
            id="none",
        ),
        pytest.param("host=x", "the service file can't be read", "It has lines of [name] and of key=value.", id="odd"),
    ],
)
def test_a_service_that_nobody_defines(tmp_path: Path, content: str, why: str, hint: str) -> None:
    """Nothing is connected to that was not meant."""
    file = tmp_path / "services"
    file.write_text(content)
    with pytest.raises(ValidationError) as caught:
        filled(Address.read("service=shpo"), {"PGSERVICEFILE": str(file)})
    assert caught.value.document() == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": f"The database address can't be read: {why}.",
        "hint": hint,
        "retry": "never",
        "details": {"path": "dsn"},
    }
