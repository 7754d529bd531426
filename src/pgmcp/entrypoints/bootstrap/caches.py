"""The cache that the settings name, put together; its libraries are imported only where one is wanted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import cache
from hashlib import blake2b
from urllib.parse import urlsplit

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.ports.announcing import Announcements
from pgmcp.ports.caching import Cache
from pgmcp.ports.changing import ChangeListener
from pgmcp.ports.clock import Clock
from pgmcp.ports.lineage import Lineage
from pgmcp.ports.metadata import Metadata
from pgmcp.ports.observing import Observer
from pgmcp.services.cache import CacheService
from pgmcp.services.cache_operating import CacheInUse, CacheOperating
from pgmcp.services.caching import Caching, NoCaching
from pgmcp.services.grounds import CacheSecret, Grounds
from pgmcp.services.outdating import Outdating
from pgmcp.services.redefining import Redefining


def make_caching(
    settings: Settings,
    resources: AsyncExitStack,
    *,
    metadata: Metadata,
    lineage: Lineage,
    announcements: Announcements,
    clock: Clock,
    observer: Observer,
    key: Callable[[], bytes],
) -> tuple[Caching, ChangeListener, CacheOperating]:
    """The cache of results, what hears for it of writes, and what operates it.

    Args:
        settings: What to make it from.
        resources: Gets what is to be closed at the end.
        metadata: What is kept of definitions.
        lineage: Knows what results hang on.
        announcements: Tell of others' writes.
        clock: Tells ages.
        observer: Hears of it.
        key: Gives 32 bytes that every process with the same `secret_key` has.

    Raises:
        ValidationError: `setting_invalid`: an address is missing or bad, or its library.
    """
    if settings.cache == "off":
        return NoCaching(), Redefining(metadata), CacheOperating(None, metadata)
    if settings.read_dsn is not None:
        # A replica lags behind what a write has made old: what is read there would be kept as if it were new.
        raise ValidationError(
            codes.SETTING_INVALID,
            "A cache can't stand before a read replica.",
            hint="Leave out read_dsn, or set cache=off.",
            path="cache",
        )
    from pgmcp.adapters.cache.flights import SingleFlights
    from pgmcp.adapters.cache.ledger import CountingLedger

    ledger = CountingLedger(observer)
    observer = ledger
    made = (
        _memory(settings, clock)
        if settings.cache == "memory"
        else _shared(settings, announcements, clock, observer, key)
    )
    # Run in the other order: what hears is stopped before what it tells of is let go.
    resources.push_async_callback(made.close)
    resources.push_async_callback(announcements.close)
    outdating = Outdating(
        cache=made,
        lineage=lineage,
        metadata=metadata,
        announcements=announcements,
        clock=clock,
        observer=observer,
        settings=settings,
    )
    service = CacheService(
        cache=made,
        flights=SingleFlights(),
        grounds=Grounds(lineage, CacheSecret(cache(lambda: _derived(key(), b"keys"))), settings),
        announcements=announcements,
        clock=clock,
        observer=observer,
        settings=settings,
        outdating=outdating,
    )
    used = CacheInUse(settings.cache, _place(settings), clock, made, ledger, announcements, outdating)
    return service, outdating, CacheOperating(used, metadata)


def _place(settings: Settings) -> str:
    """Where the cache is, without its user and password."""
    if settings.cache_url is None:
        return "in this process"
    parts = urlsplit(settings.cache_url.reveal())
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _memory(settings: Settings, clock: Clock) -> Cache:
    from pgmcp.adapters.cache.memory import MemoryCache

    return MemoryCache(clock=clock, max_bytes=settings.cache_max_bytes)


def _shared(
    settings: Settings, announcements: Announcements, clock: Clock, observer: Observer, key: Callable[[], bytes]
) -> Cache:
    if settings.cache_url is None:
        raise _invalid("cache=redis needs cache_url.", "Say where it is: cache_url=redis://host:6379/0")
    try:
        from pgmcp.adapters.cache.codec import SealedCodec
        from pgmcp.adapters.cache.server import CacheServer
        from pgmcp.adapters.cache.shared import OPENS_AFTER_S, SharedCache
    except ImportError:
        raise _invalid("The library redis is not installed.", "Run: pip install 'pgmcp[redis]'") from None
    timeout_s = settings.cache_timeout_ms / 1000
    try:
        server = CacheServer(url=settings.cache_url.reveal(), timeout_s=timeout_s, opens_after_s=OPENS_AFTER_S)
    except (ValueError, TypeError):
        # From None: the text of the error has the address, and with it the password.
        raise _invalid("cache_url is not an address of a Redis.", "It looks like redis://host:6379/0") from None
    return SharedCache(
        server=server,
        codec=SealedCodec(_derived(key(), b"entries")),
        announcements=announcements,
        clock=clock,
        observer=observer,
        timeout_s=timeout_s,
    )


def _derived(key: bytes, use: bytes) -> bytes:
    """A key of its own for each use."""
    return blake2b(key, digest_size=32, person=use).digest()


def _invalid(message: str, hint: str) -> ValidationError:
    return ValidationError(codes.SETTING_INVALID, message, hint=hint, path="cache_url")
