"""What the transports hold a caller and themselves to."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ServeLimits:
    """The bounds of serving.

    Args:
        max_request_bytes: The longest frame that is read, in bytes; a longer one is answered with an error and never
            held in memory.
        shutdown_grace_s: How long running calls may go on once the server was told to stop, in seconds; cancelled
            calls get the same time to settle.
    """

    max_request_bytes: int = 4 * 1024 * 1024
    shutdown_grace_s: float = 10.0
