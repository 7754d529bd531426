"""The audit: who did what. It is told of a write before it runs, so that it can refuse, and of every call's end."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.audit_record import AuditRecord, Ended


class AuditError(Exception):
    """A record could not be kept."""


class AuditLog(Protocol):
    """Keeps records, in the order that they are given in; no more of them wait than a bound allows."""

    async def intend(self, record: AuditRecord) -> None:
        """Keep an intent; it is kept once this returns.

        Raises:
            AuditError: It could not be.
        """
        ...

    def conclude(self, ended: Ended) -> bool:
        """Take what a record of a call's end is made of; it is made, and kept, soon after. Never raises.

        What can't be kept is told to the observer as `AuditLost`.

        Returns:
            Whether another may come at once; where not, too many wait, and `room` is to be waited for.
        """
        ...

    async def room(self) -> None:
        """Wait until what was taken is kept, or lost. Never raises but when the task is cancelled."""
        ...

    async def close(self) -> None:
        """Keep what still waits, then let go of the file."""
        ...
