"""A Redis or Valkey server as a place of entries, tags and epochs: one command a method, atomic there by Lua."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from aiocache.backends.redis import RedisBackend
from aiocache.serializers import NullSerializer
from redis.asyncio.connection import AbstractConnection, BlockingConnectionPool, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from pgmcp.domain.caching.tags import EVERYTHING
from pgmcp.ports.caching import Contents, Ticket

# How long an epoch is kept that nobody asks for, in seconds: far longer than any entry lives.
_EPOCH_S = 86_400
_CONNECTIONS = 20
_SCRIPTS = ("look_up", "put", "invalidate", "open")
_RUN = re.compile(r"^run_id:(\w+)", re.MULTILINE)


class CacheServer(RedisBackend):  # type: ignore[misc]  # aiocache has no types
    """Entries as bytes, on a server.

    Args:
        url: `redis://user:password@host:port/number`, or `rediss://` for TLS.
        timeout_s: How long connecting may take, and waiting for a connection.
        opens_after_s: How long a server that has started anew serves nothing.

    Every method raises what redis-py raises: `redis.RedisError`, `OSError`. `prefix` stands before every key: one for
    each database.
    """

    NAME = "pgmcp-redis"

    def __init__(self, *, url: str, timeout_s: float, opens_after_s: float) -> None:
        options = dict(parse_url(url))
        secure = options.pop("connection_class", None) is not None
        super().__init__(
            endpoint=options.pop("host", "127.0.0.1"),
            port=options.pop("port", 6379),
            db=options.pop("db", 0),
            password=options.pop("password", None),
            ssl=secure,
            pool_max_size=_CONNECTIONS,
            create_connection_timeout=timeout_s,
            connection_pool_class=BlockingConnectionPool,
            connection_pool_kwargs=options
            | {
                "timeout": timeout_s,
                "protocol": 2,
                "retry": Retry(NoBackoff(), 0),
                "driver_info": None,
                "maint_notifications_config": MaintNotificationsConfig(enabled=False),
                "redis_connect_func": self._connected,
            },
            serializer=NullSerializer(),
            timeout=None,
        )
        self._opens_ms = int(opens_after_s * 1000)
        self._run = ""
        self._scripts = {name: self.client.register_script(_lua(name)) for name in _SCRIPTS}

    async def look_up(self, prefix: str, key: bytes, tags: Sequence[str]) -> tuple[bytes | None, Ticket] | None:
        """The entry under a key, still to be held against its epochs, and the ticket; None while nothing is served."""
        keys = [_state(prefix), _entry(prefix, key), *_tags(prefix, tags)]
        said, *answer = await self._script("look_up", keys, [await self._known_run(), secrets.token_hex(8), _EPOCH_S])
        if said == b"new":
            await self._script("open", [_state(prefix), *_tags(prefix, (EVERYTHING,))], [self._run, self._opens_ms])
        if said != b"open":
            return None
        entry, *epochs = answer
        return entry, Ticket(tuple([epoch.decode("latin-1") for epoch in epochs]))

    async def put(
        self, prefix: str, key: bytes, entry: bytes, tags: Sequence[str], ticket: Ticket, ttl_s: float
    ) -> bool:
        """Keep an entry unless an epoch has ended."""
        keys = [_state(prefix), _entry(prefix, key), *_tags(prefix, tags)]
        epochs = [epoch.encode("latin-1") for epoch in ticket.epochs]
        return bool(await self._script("put", keys, [self._run, max(1, int(ttl_s * 1000)), entry, *epochs]))

    async def invalidate(self, prefix: str, tags: Sequence[str], bar_s: float = 0.0) -> None:
        """End the epochs of tags."""
        await self._script("invalidate", _tags(prefix, tags), [int(bar_s * 1000)])

    async def contents(self) -> Contents:
        """What the server holds, whoever put it there."""
        memory = await self.client.info("memory")
        stats = await self.client.info("stats")
        return Contents(
            entries=await self.client.dbsize(),
            bytes=memory["used_memory"],
            capacity_bytes=memory.get("maxmemory") or None,
            evictions=stats["evicted_keys"],
        )

    async def _close(self, *args: Any, _conn: object = None, **kwargs: Any) -> None:
        await self.client.aclose()
        await self.client.connection_pool.disconnect()

    async def _script(self, name: str, keys: list[str], arguments: list[Any]) -> Any:
        return await self._scripts[name](keys, arguments)

    async def _known_run(self) -> str:
        if not self._run:
            await self.client.ping()
        return self._run

    async def _connected(self, connection: AbstractConnection) -> None:
        """Learn which run of the server a connection leads to: none outlives its run."""
        await connection.on_connect()
        await connection.send_command("INFO", "server")
        found = _RUN.search((await connection.read_response()).decode())
        self._run = found[1] if found else ""


def _lua(name: str) -> str:
    return files("pgmcp.adapters.cache").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


def _state(prefix: str) -> str:
    return f"{prefix}run"


def _entry(prefix: str, key: bytes) -> str:
    return f"{prefix}r:{key.hex()}"


def _tags(prefix: str, tags: Sequence[str]) -> list[str]:
    return [f"{prefix}e:{tag}" for tag in tags]
