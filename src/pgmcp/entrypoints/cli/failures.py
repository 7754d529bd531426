"""What a person at a terminal is told beside the answer: on stderr, as stdout is the answer's."""

from __future__ import annotations

import sys
from textwrap import indent

from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.settings import Settings


def report(error: PgmcpError) -> None:
    """Print what went wrong, where, and what to do, on stderr."""
    where = f" ({error.path})" if error.path else ""
    print(f"pgmcp: {error.message}{where} [{error.code.name}]", file=sys.stderr)
    if error.hint:
        # A line of a statement stands right above its caret.
        hint = f"\n{indent(error.hint, '    ')}" if "\n" in error.hint else f" {error.hint}"
        print(f"  hint:{hint}", file=sys.stderr)
    for other in error.details.get("errors", ())[1:]:
        print(f"  also: {other['message']} ({other['path']})", file=sys.stderr)


def say(text: str) -> None:
    """Tell the person who started it."""
    print(f"pgmcp: {text}", file=sys.stderr, flush=True)


def say_pooler() -> None:
    """Tell what is given up behind a transaction pooler."""
    say(
        "pooler=transaction: reads stay read-only, each in a transaction of its own. Given up: prepared statements are "
        "not kept, a statement costs two round trips more, and what can't run in a transaction (VACUUM) is refused; "
        "nobody listens, so tables with triggers of the cache's are not cached; a held transaction keeps one of the "
        "pooler's server connections, get_transaction shows no locks of it, and whether its client is still there is "
        "the pooler's to watch"
    )


def say_no_parser(settings: Settings) -> None:
    """Tell what raw SQL is judged by where there is no parser."""
    if settings.without_parser == "refuse" or settings.guard == "names":
        say("no SQL parser is installed: execute_query and explain_query are refused")
    else:
        say("no SQL parser is installed: raw SQL is judged by its tokens and by what it resolves to")


def say_embedded() -> None:
    """Tell which database this is, when nobody named one."""
    say("no address was given: using the embedded PostgreSQL with the sample shop")
