"""What a person at a terminal is told beside the answer: on stderr, as stdout is the answer's."""

from __future__ import annotations

import sys

from pgmcp.domain.errors import PgmcpError


def report(error: PgmcpError) -> None:
    """Print what went wrong, where, and what to do, on stderr."""
    where = f" ({error.path})" if error.path else ""
    print(f"pgmcp: {error.message}{where} [{error.code.name}]", file=sys.stderr)
    if error.hint:
        print(f"  hint: {error.hint}", file=sys.stderr)
    for other in error.details.get("errors", ())[1:]:
        print(f"  also: {other['message']} ({other['path']})", file=sys.stderr)


def say(text: str) -> None:
    """Tell the person who started it."""
    print(f"pgmcp: {text}", file=sys.stderr, flush=True)


def say_pooler() -> None:
    """Tell what is given up behind a transaction pooler."""
    say(
        "pooler=transaction: reads stay read-only, each in a transaction of its own; no prepared statement is kept, a "
        "statement costs two round trips more, and what can't run in a transaction (VACUUM) is refused"
    )


def say_embedded() -> None:
    """Tell which database this is, when nobody named one."""
    say("no address was given: using the embedded PostgreSQL with the sample shop")
