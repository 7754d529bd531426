from __future__ import annotations

import pytest

from pgmcp.adapters.postgres.address import Address
from pgmcp.domain.errors import ValidationError
from tests.fixtures.walked import cases

URL = "postgresql://ana:hush%21@db.example:5433/shop?sslmode=require&sslpassword=hush2"


@pytest.mark.parametrize(
    "text, shown",
    [
        pytest.param(
            URL,
            "postgresql://ana:***@db.example:5433/shop?sslmode=require&sslpassword=***",
            id="url",
        ),
        pytest.param("postgres://ana@/shop?host=/run/pg", "postgres://ana@/shop?host=/run/pg", id="socket"),
        pytest.param("postgresql://a:hush@h1:1,h2:2/db", "postgresql://a:***@h1:1,h2:2/db", id="several hosts"),
        pytest.param(
            "host=/run/pg  dbname = 'my db' user=ana password='hu\\'sh'",
            "postgresql:///my%20db?host=/run/pg&user=ana&password=***",
            id="pairs",
        ),
        pytest.param("dbname=shop", "postgresql:///shop", id="database alone"),
        pytest.param(
            "postgresql://a:hush@h:1/?sslmode=require", "postgresql://a:***@h:1?sslmode=require", id="no name"
        ),
        pytest.param("host=h", "postgresql://?host=h", id="host alone"),
    ],
)
def test_an_address_shows_everything_but_its_secrets(text: str, shown: str) -> None:
    """`str` and `repr` of an address can go to a log."""
    address = Address.read(text)
    assert str(address) == shown
    assert "hush" not in repr(address)


@pytest.mark.parametrize(
    "text, why",
    [
        pytest.param("mysql://ana:hush@host/db", "it is neither a postgresql:// URL nor key=value pairs", id="scheme"),
        pytest.param("postgresql://ana:hush@host:port/db", "its host or port is none", id="port"),
        pytest.param("host=h port=hush", "its host or port is none", id="port of a pair"),
        pytest.param("host=h,i port=5432,99999 password=hush", "its host or port is none", id="ports of pairs"),
        pytest.param("hush", "a part of it is not of the form key=value", id="word"),
        pytest.param("password='hush", "a quote is not closed", id="quote"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str, why: str) -> None:
    """A mistyped address may hold a password all the same."""
    with pytest.raises(ValidationError) as refused:
        Address.read(text)
    assert refused.value.document() == {
        "type": "validation_error",
        "code": "setting_invalid",
        "message": f"The database address can't be read: {why}.",
        "hint": "Write it as postgresql://user:password@host:5432/database; special characters in user and password "
        "are percent-encoded.",
        "retry": "never",
        "details": {"path": "dsn"},
    }


@pytest.mark.parametrize(
    "text, found",
    [
        pytest.param(
            "postgresql://a%20b:c%40@[::1]:5,h2/d%2Fb?sslmode=require",
            {
                "user": "a b",
                "password": "c@",
                "host": "::1,h2",
                "port": "5,5432",
                "dbname": "d/b",
                "sslmode": "require",
            },
            id="url",
        ),
        pytest.param("host=h dbname=x", {"host": "h", "dbname": "x"}, id="pairs"),
        pytest.param("postgres://h1,h2", {"host": "h1,h2"}, id="no ports"),
        pytest.param("postgresql:///", {}, id="nothing"),
    ],
)
def test_the_parameters_of_an_address(text: str, found: dict[str, str]) -> None:
    """All that it says by libpq's key words, of which the same address can be made."""
    assert Address.read(text).parameters() == found
    assert Address.of(found).parameters() == found


def test_options_that_a_driver_does_not_know_can_be_left_out() -> None:
    """The rest of the address stays as it is."""
    address = Address.read("postgresql://ana@host/db?connect_timeout=3&sslmode=require")
    assert address.without_options(frozenset({"connect_timeout"})) == Address.read(
        "postgresql://ana@host/db?sslmode=require"
    )


def test_no_address_is_libpqs_own_business() -> None:
    """Nothing given means `PG*` variables, the service file and `~/.pgpass`."""
    assert (Address().url, str(Address()), Address().options()) == (None, "libpq's defaults", {})


@cases(
    "text, environment, places",
    [
        pytest.param("postgresql://a:b@h/db", {}, (("h", 5432),), id="a host"),
        pytest.param("postgresql://a@h1:1,[::1]:2,h3/db", {}, (("h1", 1), ("::1", 2), ("h3", 5432)), id="several"),
        pytest.param("host=h port=7 dbname=x", {"PGHOST": "other"}, (("h", 7),), id="pairs"),
        pytest.param("host=a,b port=1,2", {}, (("a", 1), ("b", 2)), id="lists"),
        pytest.param("host=a,b port=1", {}, (("a", 1), ("b", 1)), id="one port for all"),
        pytest.param("dbname=x", {"PGHOST": "h", "PGPORT": "7"}, (("h", 7),), id="the environment"),
        pytest.param("host=/run/pg", {}, (), id="a socket"),
        pytest.param("dbname=x", {}, (), id="nothing said"),
    ],
)
def test_the_places_of_an_address(text: str, environment: dict[str, str], places: tuple[tuple[str, int], ...]) -> None:
    """Hosts and ports that are reached over a network."""
    assert Address.read(text).places(environment) == places


@pytest.mark.parametrize(
    "text, environment, found",
    [
        pytest.param("host=h sslmode=verify-ca", {"PGSSLMODE": "verify-full"}, "verify-ca", id="the address first"),
        pytest.param("host=h", {"PGSSLMODE": "verify-full"}, "verify-full", id="the environment"),
        pytest.param("host=h sslmode=require", {}, None, id="nothing is checked"),
        pytest.param("host=h sslrootcert=system", {}, "verify-full", id="the system's roots"),
    ],
)
def test_how_a_server_is_checked(text: str, environment: dict[str, str], found: str | None) -> None:
    """By libpq's word."""
    assert Address.read(text).verification(environment) == found


def test_whether_a_password_is_bound_to_the_channel() -> None:
    """The address says it, else the environment, else it is libpq's default."""
    named = Address.read("host=h channel_binding=require")
    assert named.binding({"PGCHANNELBINDING": "disable"}) == "require"
    assert [Address.read("host=h").binding(said) for said in ({"PGCHANNELBINDING": "disable"}, {})] == [
        "disable",
        "prefer",
    ]
