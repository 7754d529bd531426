"""Runs the official conformance suite: `python -m tests.conformance.suite [URL]`.

Without a URL the scenarios of `fixtures` run against the server of fixtures; with one, those of `served` run against
whatever serves there.
"""

import asyncio
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.conformance.server import fixture_server

HERE = Path(__file__).parent

_CLI = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
_AT_ONCE = 2


def scenarios() -> dict[str, Any]:
    """The table of scenarios."""
    return tomllib.loads((HERE / "scenarios.toml").read_text(encoding="utf-8"))


async def _run(*command: str) -> tuple[int, str]:
    """Run a command of Node's in this folder; gives its exit code and everything that it printed."""
    # The wheel puts node and npm beside Python; a Node of the system's comes after.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=HERE,
        env=os.environ | {"PATH": path},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def install() -> None:
    """Install what the lock file pins, unless that is there already."""
    installed, locked = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime:
        return
    # The registry is another machine: one that stumbles is asked again, and not for what isn't needed.
    code, printed = await _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=5")
    if code:
        raise RuntimeError(f"npm could not install the conformance suite:\n{printed}")


async def known_scenarios() -> set[str]:
    """The names of all server scenarios of the installed suite."""
    _, printed = await _run("node", _CLI, "list", "--server")
    return {line.split()[1] for line in printed.splitlines() if line.startswith("  - ")}


async def run_scenarios(url: str, names: list[str]) -> dict[str, str]:
    """Run scenarios against a server.

    Args:
        url: Where it serves.
        names: The scenarios.

    Returns:
        What the suite printed about each one that failed, by its name.
    """
    free = asyncio.Semaphore(_AT_ONCE)

    async def run(name: str) -> tuple[int, str]:
        async with free:
            return await _run("node", _CLI, "server", "--url", url, "--scenario", name)

    outcomes = await asyncio.gather(*(run(name) for name in names))
    return {name: printed for name, (code, printed) in zip(names, outcomes, strict=True) if code}


async def _main(url: str | None) -> int:
    """Run what there is to run and tell; the exit code."""
    await install()
    table = scenarios()
    listed = {*table["fixtures"], *table["left_out"]}
    if (known := await known_scenarios()) != listed:
        print(f"scenarios.toml and the suite differ in: {', '.join(sorted(known ^ listed))}")  # noqa: T201 -- a command
        return 2
    if url is None:
        names = table["fixtures"]
        async with fixture_server() as url_of_fixtures:
            failures = await run_scenarios(url_of_fixtures, names)
    else:
        names = table["served"]
        failures = await run_scenarios(url, names)
    for name in names:
        print(f"{'failed' if name in failures else 'passed'}  {name}\n{failures.get(name, '')}", end="")  # noqa: T201 -- a command
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1] if len(sys.argv) > 1 else None)))
