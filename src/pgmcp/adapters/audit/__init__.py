"""The audit's adapters: lines to a file or to stderr, records in memory, or none."""

from pgmcp.adapters.audit.files import RotatingFile, Sync
from pgmcp.adapters.audit.memory import MemoryAuditLog, SilentAuditLog
from pgmcp.adapters.audit.streams import Stream
from pgmcp.adapters.audit.writer import AuditWriter, Sink

__all__ = ["AuditWriter", "MemoryAuditLog", "RotatingFile", "SilentAuditLog", "Sink", "Stream", "Sync"]
