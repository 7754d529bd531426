"""How several processes share one server, and how the last one out stops it, however it goes.

A small shell starts the server and reads a named pipe that each user of the server holds open for writing. The shell
reads the pipe's end when the last of them has closed it or died, by SIGKILL too, and then asks the server to stop. To
open the pipe fails with ENXIO when no shell reads it: then no server runs. All of it happens under the home's lock.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from pgmcp.adapters.embedded.cluster import environment, failure, identity, run, server_command
from pgmcp.adapters.embedded.places import Account, Home, socket_folder

_START_TIMEOUT_S = 60.0
_JOIN_TIMEOUT_S = 10.0
_LEAVING_TIMEOUT_S = 3.0
_POLL_MS = 1

# Arguments: the folder for answers, the folder of the socket, the server's command line. Standard input: the pipe.
# The outer shell ends at once, so the lifeline is nobody's child and leaves no zombie. A reader that joins writes a
# word and waits for the file of that name: it has then been heard before any end of the pipe. At the end the pipe is
# let go before the server is told, so that nobody joins a server that is leaving.
_SCRIPT = """
run=$1 sockets=$2
shift 2
exec 3<&0 </dev/null
(
    "$@" 3<&- &
    server=$!
    (
        while read -r word; do true >"$run/joined.$word"; done
        exec </dev/null
        kill -INT "$server"
    ) <&3 3<&- &
    watcher=$!
    exec 3<&-
    wait "$server"
    kill "$watcher" 2>/dev/null
    [ "$sockets" = "$run" ] || rmdir "$sockets"
) &
"""


@frozen(kw_only=True)
class Hold:
    """One process's share in a running server.

    Args:
        writer: The pipe's descriptor; the server runs at least until it is closed.
        sockets: The folder of the server's socket.
    """

    writer: int
    sockets: Path


@frozen
class _Postmaster:
    """What `postmaster.pid` says. https://www.postgresql.org/docs/18/storage-file-layout.html."""

    pid: int
    started: str
    sockets: Path
    is_ready: bool


def lock(home: Home) -> int:
    """Wait for the home's lock; closing the descriptor that is returned lets it go, as does the process's end."""
    import fcntl  # not there on Windows, where this package is importable for its errors

    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def join(home: Home) -> Hold | None:
    """A share in the server that runs there, or None when none runs. The caller holds the lock.

    Raises:
        DatabaseError: `embedded_failed`, when the lifeline is there and does not answer.
    """
    try:
        writer = os.open(home.lifeline, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in {errno.ENXIO, errno.ENOENT}:
            return None
        raise
    try:
        heard = _is_heard(home, writer)
        postmaster = _postmaster(home) if heard else None
    except BaseException:
        os.close(writer)
        raise
    if postmaster is None:
        os.close(writer)
        return None
    return Hold(writer=writer, sockets=postmaster.sockets)


def start(binaries: Path, home: Home, owner: Account | None, settings: Mapping[str, str]) -> Hold:
    """Start the server of a home whose cluster is made, and wait until it takes connections. The caller holds the lock.

    Raises:
        DatabaseError: `embedded_failed`, when it does not come up; the hint has what it said last.
    """
    _see_off(binaries, home, owner)
    before = _postmaster(home)
    for answer in home.run.glob("joined.*"):
        answer.unlink()
    if not home.lifeline.exists():
        os.mkfifo(home.lifeline, 0o600)
    sockets = socket_folder(home, owner)
    reader = os.open(home.lifeline, os.O_RDONLY | os.O_NONBLOCK)
    try:
        writer = os.open(home.lifeline, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(reader, True)  # the shell is to wait in its read
        with home.log.open("wb") as log:
            subprocess.run(
                [
                    "/bin/sh",
                    "-c",
                    _SCRIPT,
                    "lifeline",
                    home.run,
                    sockets,
                    *server_command(binaries, home, sockets, settings),
                ],
                stdin=reader,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment(),
                start_new_session=True,  # a Ctrl-C at the terminal is not for the server
                check=True,
                **identity(owner),
            )
    finally:
        os.close(reader)
    try:
        _wait_until_ready(home, writer, before)
    except BaseException:
        os.close(writer)
        raise
    return Hold(writer=writer, sockets=sockets)


def wait_until_gone(home: Home, timeout_s: float) -> bool:
    """Wait for a server that is on its way out.

    Returns:
        Whether none runs there any more.
    """
    deadline = time.monotonic() + timeout_s
    while (postmaster := _postmaster(home)) is not None and _is_alive(postmaster.pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_MS / 1000)
    return True


def _is_heard(home: Home, writer: int) -> bool:
    word = f"{os.getpid()}.{time.monotonic_ns()}"
    answer = home.run / f"joined.{word}"
    try:
        os.write(writer, f"{word}\n".encode())
    except BrokenPipeError:
        return False
    deadline = time.monotonic() + _JOIN_TIMEOUT_S
    while not answer.exists():
        if _has_no_reader(writer):
            return False
        if time.monotonic() > deadline:
            raise failure("its lifeline does not answer", "")
    answer.unlink()
    return True


def _has_no_reader(writer: int) -> bool:
    poller = select.poll()
    poller.register(writer, 0)  # errors are reported whether asked for or not, and a pipe without reader is one
    return bool(poller.poll(_POLL_MS))


def _wait_until_ready(home: Home, writer: int, before: _Postmaster | None) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        now = _postmaster(home)
        if (
            now is not None
            and now.is_ready
            and (before is None or (now.pid, now.started) != (before.pid, before.started))
        ):
            return
        if _has_no_reader(writer):
            raise failure("the server ended", home.log.read_text(errors="replace"))
        if time.monotonic() > deadline:
            raise failure(f"it took longer than {_START_TIMEOUT_S:.0f} s", home.log.read_text(errors="replace"))


def _see_off(binaries: Path, home: Home, owner: Account | None) -> None:
    """Let an earlier server finish; stop one that has lost its lifeline. A stale pid file the new server can judge."""
    postmaster = _postmaster(home)
    if postmaster is None or not _is_alive(postmaster.pid):
        return
    if _is_listening(postmaster.sockets):  # so the pid is really the server's, and asking it twice does no harm
        command = [str(binaries / "pg_ctl"), "stop", "-D", str(home.cluster), "-m", "fast", "-w", "-t", "30"]
        run(command, owner, timeout_s=40)
    wait_until_gone(home, _LEAVING_TIMEOUT_S)


def _is_listening(sockets: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(sockets / ".s.PGSQL.5432")) == 0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # another account's process is not this server
        return False
    return True


def _postmaster(home: Home) -> _Postmaster | None:
    try:
        lines = (home.cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 5 or not lines[0].isdecimal():  # it is being written
        return None
    return _Postmaster(
        pid=int(lines[0]),
        started=lines[2],
        sockets=Path(lines[4]),
        is_ready=len(lines) > 7 and lines[7].strip() == "ready",
    )
