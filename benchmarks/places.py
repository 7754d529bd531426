"""One PostgreSQL with TLS, and the ways to it: a socket, loopback, loopback with TLS, and lines as between machines."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from attrs import field, frozen

from benchmarks.database import BenchDatabase, bench_database
from benchmarks.line import distant
from pgmcp.adapters.embedded.places import account
from tests.fixtures.certificates import Authority
from tests.fixtures.postgres import celerp_binaries, make_folder

# A loopback address that nobody else listens on, at PostgreSQL's own port.
_HOST = f"127.{1 + os.getpid() // 65_536 % 250}.{os.getpid() // 256 % 256}.{1 + os.getpid() % 250}"
_PORT = 5432
# How far away another machine is, there and back, in seconds.
_FAR = {"0.5 ms away": 0.0005, "1 ms away": 0.001}
# A commit is on the disk before it is answered.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "listen_addresses": _HOST, "ssl": "on"}


@frozen(kw_only=True)
class Reached:
    """A database, and its addresses by how it is reached."""

    database: BenchDatabase
    dsns: Mapping[str, str] = field(repr=False)


@asynccontextmanager
async def reached() -> AsyncIterator[Reached]:
    """Start a server that is reached in all these ways."""
    folder = make_folder()
    pair = Authority(folder).certificate(_HOST)
    owner = account()
    if owner is not None:
        os.chown(pair.key, owner.uid, owner.gid)
    settings = _DURABLE | {"ssl_cert_file": str(pair.cert), "ssl_key_file": str(pair.key)}
    async with AsyncExitStack() as resources:
        resources.callback(shutil.rmtree, folder)
        database = await resources.enter_async_context(bench_database(settings, celerp_binaries()))
        parts = urlsplit(database.dsn)

        def tcp(host: str, port: int, sslmode: str) -> str:
            return f"{parts.scheme}://{parts.username or 'postgres'}@{host}:{port}{parts.path}?sslmode={sslmode}"

        dsns = {
            "a Unix socket": database.dsn,
            "TCP": tcp(_HOST, _PORT, "disable"),
            "TCP and TLS": tcp(_HOST, _PORT, "require"),
        }
        for name, delay_s in _FAR.items():
            port = await resources.enter_async_context(distant(_HOST, _PORT, delay_s))
            dsns[name] = tcp("127.0.0.1", port, "disable")
        yield Reached(database=database, dsns=dsns)
