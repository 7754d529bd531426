"""Audits without a file: one for tests, and one for whoever asked for none."""

from __future__ import annotations

from collections import deque

from pgmcp.domain.audit_record import AuditRecord, Ended, record_of


class MemoryAuditLog:
    """Implements `AuditLog`: keeps the last records where a test can see them.

    Args:
        most: How many.
    """

    def __init__(self, most: int = 10_000) -> None:
        self.records: deque[AuditRecord] = deque(maxlen=most)

    async def intend(self, record: AuditRecord) -> None:
        self.records.append(record)

    def conclude(self, ended: Ended) -> bool:
        self.records.append(record_of(ended))
        return True

    async def room(self) -> None:
        """There always is."""

    async def close(self) -> None:
        """Nothing is open."""


class SilentAuditLog:
    """Implements `AuditLog`: keeps nothing."""

    async def intend(self, record: AuditRecord) -> None:
        """Let it pass."""

    def conclude(self, ended: Ended) -> bool:
        """Let it pass."""
        return True

    async def room(self) -> None:
        """There always is."""

    async def close(self) -> None:
        """Nothing is open."""
