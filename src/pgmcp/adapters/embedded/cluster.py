"""The data of an embedded server: made once, whole or not at all, and the settings that it runs with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from pgmcp.adapters.embedded.places import Account, Home
from pgmcp.domain.errors import DatabaseError, codes

_INITDB_TIMEOUT_S = 120.0


def server_command(binaries: Path, home: Home, sockets: Path, settings: Mapping[str, str]) -> list[str]:
    """The command line of the server.

    Args:
        binaries: The folder with `postgres`.
        home: Where the cluster is.
        sockets: The folder of the socket, the only way in.
        settings: Server settings of the caller's; they go before ours.
    """
    ours = {
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": _quoted(sockets),
        "unix_socket_permissions": "0700",
        # Messages below FATAL quote rows and statements of callers: they have no business in a file.
        "log_min_messages": "fatal",
        "log_min_error_statement": "panic",
        "log_line_prefix": "",
    }
    options = [part for name, value in (ours | dict(settings)).items() for part in ("-c", f"{name}={value}")]
    return [str(binaries / "postgres"), "-D", str(home.cluster), *options]


def ensure_cluster(binaries: Path, home: Home, owner: Account | None) -> None:
    """Make the cluster when there is none, under another name first, so that half of one is never taken for whole.

    Raises:
        DatabaseError: `embedded_failed`, when `initdb` fails, or the cluster is another major version's.
    """
    if home.cluster.exists():
        _require_same_version(binaries, home)
        return
    fresh = home.path / "cluster.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if owner is not None:
        shutil.chown(fresh, owner.uid, owner.gid)
    command = [str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    command += [f"--locale={_locale(sys.platform)}", "--no-sync", "--no-instructions"]
    done = run(command, owner, timeout_s=_INITDB_TIMEOUT_S)
    if done.returncode != 0:
        raise failure("initdb failed", done.stderr)
    fresh.rename(home.cluster)


def run(command: Sequence[str], owner: Account | None, *, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run one program as the server's account, in a folder and an environment that are nobody's, and wait."""
    return subprocess.run(
        command,
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
        **identity(owner),
    )


def environment() -> dict[str, str]:
    """An environment without the caller's PG* variables and locale, both of which PostgreSQL would take up."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


class Identity(TypedDict, total=False):
    """Arguments of `subprocess` that say whose the child is."""

    user: int
    group: int
    extra_groups: list[int]


def identity(owner: Account | None) -> Identity:
    """The server's account, without any other group; nothing where it is the caller's own."""
    return {} if owner is None else {"user": owner.uid, "group": owner.gid, "extra_groups": []}


def failure(what: str, output: str) -> DatabaseError:
    """An error that ends with the last lines that PostgreSQL wrote; it wrote them about itself, not about rows."""
    last = [line.strip() for line in output.splitlines() if line.strip()][-3:]
    return DatabaseError(
        codes.EMBEDDED_FAILED,
        f"The embedded PostgreSQL did not start: {what}.",
        hint="; ".join(last) or None,
    )


def _require_same_version(binaries: Path, home: Home) -> None:
    stored = (home.cluster / "PG_VERSION").read_text().strip()
    answer = run([str(binaries / "postgres"), "--version"], None, timeout_s=10).stdout
    number = next((word for word in answer.split() if word[0].isdecimal()), "")
    if stored != number.partition(".")[0]:
        raise DatabaseError(
            codes.EMBEDDED_FAILED,
            f"The embedded PostgreSQL's data is of version {stored}, its programs are of version {number}.",
            hint=f"Use programs of version {stored} (PGMCP_PG_BIN), or move {home.cluster} away to begin anew.",
        )


def _locale(platform: str) -> str:
    # macOS has no C.UTF-8 in its C library before version 15.
    return "C" if platform == "darwin" else "C.UTF-8"


def _quoted(path: Path) -> str:
    # The setting is a list of names: https://www.postgresql.org/docs/18/runtime-config-connection.html
    return '"' + str(path).replace('"', '""') + '"'
