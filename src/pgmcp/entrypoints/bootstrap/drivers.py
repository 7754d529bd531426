"""What talks to PostgreSQL, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from pgmcp.adapters.clock import SystemClock
from pgmcp.domain.breaker import Breaker
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.ports.driver import Driver
from pgmcp.ports.observing import Observer

if TYPE_CHECKING:
    # The drivers' side is imported where it is used.
    from pgmcp.adapters.postgres.examining import Demanded
    from pgmcp.adapters.postgres.pool import Gate

EMBEDDED = "embedded://"
# Of the time that a stopped call has to settle: what its statement has to stop in. The rest is for asking how it ended.
_STOPPING = 0.4
# Any of these says where a server is, by libpq's own rules.
_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGPORT", "PGDATABASE")


def uses_embedded(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether nothing says where a server is, so that the embedded one is meant."""
    if settings.driver == "memory":
        return False
    if settings.dsn is not None:
        return settings.dsn.reveal().startswith(EMBEDDED)
    return not any(environment.get(name) for name in _LIBPQ)


def make_driver(
    settings: Settings, resources: AsyncExitStack, observer: Observer, *, embedded: bool
) -> tuple[Driver, Gate | None]:
    """The driver that the settings name, to the server that they name, behind its breaker.

    Args:
        settings: What to make it from.
        resources: Gets what is to be closed at the end.
        observer: Hears of the breaker.
        embedded: Whether the server is the embedded one, which is attached at the first connection.

    Returns:
        The driver, and what says at once that its breaker is open, and hears of what speaks for that.
    """
    from pgmcp.adapters.postgres.address import Address
    from pgmcp.adapters.postgres.breaking import BreakingDriver
    from pgmcp.adapters.postgres.passwords import PasswordCommand
    from pgmcp.adapters.postgres.plain import FallbackDriver
    from pgmcp.adapters.postgres.pooled import PooledDriver, PooledSettings
    from pgmcp.adapters.postgres.read_only import ReadOnlyDriver
    from pgmcp.adapters.postgres.refused_settings import NamedRefusals
    from pgmcp.adapters.postgres.replica import ReplicaDriver
    from pgmcp.adapters.postgres.search_paths import OnePathDriver, SearchPath
    from pgmcp.adapters.postgres.session_settings import SessionSettings

    # A whole answer at its cap has to be taken, whatever form it travels in.
    most_bytes = max(settings.max_received_bytes, 4 * settings.max_bytes)
    make = partial(_client(settings.driver), most_bytes=most_bytes, stop_s=_STOPPING * settings.settle_s)
    if settings.password_command is not None and not embedded:
        command = PasswordCommand.read(settings.password_command, SystemClock(), kept_s=settings.password_ttl_s)
        make = partial(make, password=command)
    kind = PooledSettings if settings.pooler == "transaction" else SessionSettings
    sessions = kind(
        application_name=settings.application_name,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
        time_zone=settings.time_zone,
    )
    path = SearchPath(settings.search_path)

    def along(schemas: str | None, address: Address) -> Driver:
        session = evolve(sessions, search_path=schemas)
        if isinstance(session, PooledSettings):
            # A prepared statement with a name would be looked for on whatever server process comes next.
            return PooledDriver(make(address=address, settings=session, statements_kept=0), session)
        plain = make(address=address, settings=evolve(session, watched=False))
        return ReadOnlyDriver(FallbackDriver(make(address=address, settings=session), plain))

    def client(dsn: str | None) -> BreakingDriver:
        address = Address.read(dsn) if dsn else Address()
        driver = NamedRefusals(OnePathDriver(partial(along, address=address), path), address.options())
        breaker = Breaker(failures_allowed=settings.breaker_failures, cooldown_s=settings.breaker_cooldown_s)
        return BreakingDriver(driver, breaker=breaker, clock=SystemClock(), observer=observer)

    if not embedded:
        direct = client(settings.dsn.reveal() if settings.dsn else None)
        if settings.read_dsn is None:
            return direct, direct
        both = ReplicaDriver(direct, client(settings.read_dsn.reveal()))
        return both, both
    from pgmcp.adapters.embedded.driver import EmbeddedDriver
    from pgmcp.adapters.embedded.server import attach
    from pgmcp.adapters.shop.load import DATABASE, load

    driver = EmbeddedDriver(lambda: attach(database=DATABASE, prepare=load), client)
    # Pushed before the pool's own end, so run after it: the last session closes before the server may stop.
    resources.push_async_callback(driver.close)
    return driver, None


def shown_address(settings: Settings, *, embedded: bool) -> str:
    """Where the database is, as it may be shown."""
    from pgmcp.adapters.postgres.address import Address

    if settings.driver == "memory":
        return "memory"
    if embedded:
        return "the embedded PostgreSQL"
    return str(Address.read(settings.dsn.reveal()) if settings.dsn else Address())


def shown_read_address(settings: Settings) -> str | None:
    """Where reads outside transactions go, as it may be shown; None where that is no place of its own."""
    from pgmcp.adapters.postgres.address import Address

    if settings.driver == "memory" or settings.read_dsn is None:
        return None
    return str(Address.read(settings.read_dsn.reveal()))


def demanded(settings: Settings, environment: Mapping[str, str]) -> Demanded:
    """What connections are to be like, by the address and what libpq reads beside it."""
    from pgmcp.adapters.postgres.address import Address
    from pgmcp.adapters.postgres.examining import Demanded
    from pgmcp.adapters.postgres.libpq import filled

    text = settings.dsn.reveal() if settings.dsn else ""
    address = Address() if not text or text.startswith(EMBEDDED) else Address.read(text)
    with suppress(ValidationError):  # libpq may know of a service file that we don't; who connects has the last word
        address = filled(address, environment)
    return Demanded(
        verified=address.verification(environment),
        # asyncpg never binds a password to the channel.
        binding=address.binding(environment) if settings.driver == "psycopg" else "disable",
        places=address.places(environment),
    )


def _client(name: str) -> Callable[..., Driver]:
    """What makes the driver of that name; its library is imported here and not before."""
    if name == "asyncpg":
        from pgmcp.adapters.asyncpg_ import PostgreSQLClient as AsyncpgClient

        return AsyncpgClient
    try:
        from pgmcp.adapters.psycopg_ import PostgreSQLClient as PsycopgClient
    except ImportError:
        raise ValidationError(
            codes.SETTING_INVALID,
            "The driver psycopg is not installed.",
            hint="Run: pip install 'pgmcp[psycopg]'",
            path="driver",
        ) from None
    return PsycopgClient
