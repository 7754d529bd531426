"""Which calls are timed: drawn by their id, so that all that belongs to a call is kept, or nothing of it."""

from __future__ import annotations

from pgmcp.domain.calls import CallId

_CLASSES = 1 << 20


def is_drawn(call: CallId, share: float) -> bool:
    """Whether a call is among the share that is timed; the same answer for the same id, within one process.

    Args:
        call: The call's id, made at random.
        share: From 0, for none, to 1, for all.
    """
    # Python keeps a text's hash with the text, and salts it anew in each process.
    return share >= 1 or hash(call) % _CLASSES < share * _CLASSES
