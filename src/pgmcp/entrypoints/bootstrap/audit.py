"""The audit that the settings ask for, for the composition root."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from pgmcp.adapters.audit import AuditWriter, RotatingFile, SilentAuditLog, Sink, Stream, Sync
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.ports.auditing import AuditLog
from pgmcp.ports.observing import Observer

STDERR = "stderr"


def audit_log(settings: Settings, observer: Observer, resources: AsyncExitStack) -> AuditLog:
    """The audit; nothing is opened before its first record.

    Args:
        settings: Where it goes.
        observer: Told of what can't be kept.
        resources: Closes it at the end.

    Raises:
        ValidationError: `audit_required` without an `audit_file`.
    """
    if settings.audit_file is None:
        if settings.audit_required:
            raise ValidationError(
                codes.SETTING_INVALID,
                "setting 'audit_required' asks for an audit, and there is none",
                hint="Set audit_file, to a path or to stderr.",
                path="audit_file",
            )
        return SilentAuditLog()
    sink: Sink = Stream()
    if settings.audit_file != STDERR:
        sink = RotatingFile(
            Path(settings.audit_file).expanduser(),
            max_bytes=settings.audit_max_bytes,
            keep=settings.audit_keep,
            sync=Sync(settings.audit_fsync),
        )
    writer = AuditWriter(sink, observer, most=settings.audit_queue)
    resources.push_async_callback(writer.close)
    return writer
