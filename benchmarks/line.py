"""A line to a database as between two machines: a proxy in a process of its own, which holds back what the server says.

It waits in threads: a loop's timers know no less than a millisecond.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_READ = 65_536


@asynccontextmanager
async def distant(host: str, port: int, delay_s: float) -> AsyncIterator[int]:
    """The port, here, of a line to a server.

    Args:
        host: Where the server is.
        port: Its port.
        delay_s: For how long its answers are held back, in seconds.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.line", host, str(port), str(delay_s)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def _pass_on(source: socket.socket, target: socket.socket, delay_s: float) -> None:
    """What one end says, to the other end, until either hangs up."""
    with suppress(OSError):
        while data := source.recv(_READ):
            if delay_s:
                time.sleep(delay_s)
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, server: tuple[str, int], delay_s: float) -> None:
    while True:
        client, _ = listener.accept()
        line = socket.create_connection(server)
        for each in (client, line):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, target, held in ((client, line, 0.0), (line, client, delay_s)):
            threading.Thread(target=_pass_on, args=(source, target, held), daemon=True).start()


def _main(host: str, port: int, delay_s: float) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, (host, port), delay_s), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
