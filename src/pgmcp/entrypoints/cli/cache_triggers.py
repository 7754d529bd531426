"""Prints the statements that make tables tell of writes: `python -m pgmcp.entrypoints.cli.cache_triggers TABLE…`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pgmcp.adapters.postgres import cache_triggers


def main(arguments: Sequence[str] | None = None) -> None:
    """Print them, for psql.

    Args:
        arguments: Names of tables, or `--remove`; None for the command line's own.
    """
    parser = argparse.ArgumentParser(prog="pgmcp.entrypoints.cli.cache_triggers", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="A table, with its schema or along the search path.")
    parser.add_argument("--remove", action="store_true", help="Print what takes out every trigger.")
    found = parser.parse_args(arguments)
    print(cache_triggers.remove() if found.remove else cache_triggers.make(found.tables), end=";\n")


if __name__ == "__main__":
    main()
