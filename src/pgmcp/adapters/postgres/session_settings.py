"""What every session is given when it starts, so that no call pays for it."""

from __future__ import annotations

from attrs import frozen

from pgmcp.adapters.postgres.keepalive import KeepAlive
from pgmcp.ports.driver import Need

# PostgreSQL's own defaults, pinned: ranges, arrays and types that nobody here knows come in their text form, which must
# not hang on what a role or a database sets.
_FORMS = {"DateStyle": "ISO", "IntervalStyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1"} | {
    "quote_all_identifiers": "off",
    # Off, it makes a text of each NULL in what is read as an array, parameters of a driver included.
    "array_nulls": "on",
    "xmloption": "content",
}
# The JSON of nested types is a long expression with estimates far too high: where PostgreSQL is built with LLVM, as
# Debian's is, compiling it took 16 s for four rows that are read in 2 ms without.
# https://www.postgresql.org/docs/18/jit-decision.html
_JIT = {"jit": "off"}

# While a statement runs, the server looks that often whether its client is still there: nothing goes on for a process
# that has been killed. https://www.postgresql.org/docs/18/runtime-config-connection.html
_CLIENT_CHECK = {"client_connection_check_interval": "1s"}

LIMIT_TO_DEFAULT = "SET LOCAL statement_timeout TO DEFAULT"
"""Gives a transaction the session's own limit back."""


@frozen(kw_only=True)
class SessionSettings:
    """The server's settings for our sessions.

    Args:
        application_name: What `pg_stat_activity` shows.
        statement_timeout_ms: The server stops a statement after that long; 0 for never.
        lock_timeout_ms: The server stops a statement that waits that long for a lock; 0 for never.
        idle_in_transaction_timeout_ms: The server ends a session that leaves a transaction alone for that long.
        search_path: Schemas in order, as `SET search_path` takes them; None leaves the role's own.
        time_zone: A zone's name; None leaves the role's own.
        watched: Whether the server shall watch that we are still there.
    """

    application_name: str = "pgmcp"
    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 5_000
    idle_in_transaction_timeout_ms: int = 60_000
    search_path: str | None = None
    time_zone: str | None = None
    watched: bool = True

    def start_up(self, need: Need) -> dict[str, str]:
        """The parameters of the start-up message, which cost no round trip.

        Sessions for reading are read-only by default; a transaction that has read can't be made writable again
        (PostgreSQL refuses), and nothing that a caller may run can change the default. A session for writing keeps
        what the role has: a role that its owner made read-only stays so.
        """
        parameters = {
            "application_name": self.application_name,
            "statement_timeout": str(self.statement_timeout_ms),
            "lock_timeout": str(self.lock_timeout_ms),
            "idle_in_transaction_session_timeout": str(self.idle_in_transaction_timeout_ms),
            "standard_conforming_strings": "on",
            **_FORMS,
            **_JIT,
        }
        if self.watched:
            parameters |= _CLIENT_CHECK | KeepAlive().settings()
        if need is Need.READ:
            parameters["default_transaction_read_only"] = "on"
        if self.search_path is not None:
            parameters["search_path"] = self.search_path
        if self.time_zone is not None:
            parameters["TimeZone"] = self.time_zone
        return parameters
