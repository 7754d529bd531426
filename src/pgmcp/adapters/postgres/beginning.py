"""What begins a transaction, with the limits that the server keeps by itself should we be gone.

Source: PostgreSQL documentation, BEGIN and section 19.11.1 (statement behaviour: the timeouts).
"""

from __future__ import annotations

import re
from functools import lru_cache

from pgmcp.domain.transactions import Isolation
from pgmcp.ports.transactions import TransactionOptions

# The server's own limits come this much later than ours, in seconds.
_GRACE_S = 1.0
# The first PostgreSQL with transaction_timeout.
_HAS_TOTAL_LIMIT = 17


# Transactions begin in a few ways, over and over.
@lru_cache(maxsize=100)
def begin_text(options: TransactionOptions, server_version: str) -> str:
    """What begins a transaction, with the limits that the server shall keep by itself.

    Args:
        options: How it shall begin.
        server_version: As the server reports it, such as `17.2`.

    >>> from pgmcp.domain.transactions import Limits
    >>> begin_text(TransactionOptions(limits=Limits(total_s=60, idle_s=5)), "16.9")
    'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL idle_in_transaction_session_timeout = 6000'
    """
    mode = "READ ONLY" if options.read_only else "READ WRITE"
    deferrable = " DEFERRABLE" if options.deferrable else ""
    text = f"BEGIN ISOLATION LEVEL {options.isolation.upper()} {mode}{deferrable}"
    if options.limits is None:
        return text
    text += f"; SET LOCAL idle_in_transaction_session_timeout = {_milliseconds(options.limits.idle_s)}"
    major = re.match(r"\d+", server_version)
    if major is not None and int(major[0]) >= _HAS_TOTAL_LIMIT:
        text += f"; SET LOCAL transaction_timeout = {_milliseconds(options.limits.total_s)}"
    return text


def reading_text(options: TransactionOptions) -> str | None:
    """What begins a part of a transaction that only reads, to its savepoint's release; None where all of it does.

    A serializable transaction takes its snapshot before, as one that may write: PostgreSQL no longer watches a
    transaction whose snapshot was taken read-only while nobody else wrote, and what it wrote later would pass unseen.
    https://www.postgresql.org/docs/18/transaction-iso.html#XACT-SERIALIZABLE

    >>> reading_text(TransactionOptions(isolation=Isolation.SERIALIZABLE))
    'SELECT; SAVEPOINT "pgmcp read"; SET LOCAL transaction_read_only = on'
    """
    if options.read_only:
        return None
    snapshot = "SELECT; " if options.isolation is Isolation.SERIALIZABLE else ""
    return f'{snapshot}SAVEPOINT "pgmcp read"; SET LOCAL transaction_read_only = on'


def _milliseconds(seconds: float) -> int:
    return round((seconds + _GRACE_S) * 1000)
