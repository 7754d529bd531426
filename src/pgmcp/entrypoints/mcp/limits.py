"""What the transports hold a caller and themselves to."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ServeLimits:
    """The bounds of serving.

    Args:
        max_request_bytes: The longest frame that is read, in bytes; a longer one is answered with an error and never
            held in memory.
        shutdown_grace_s: How long running calls may go on once the server was told to stop, in seconds.
        settle_s: How long a call that was cancelled may take to settle, in seconds: however little grace there was,
            its statement is to be stopped, and known to be, before the server ends.
        http_connections: Connections over HTTP at the most.
        http_wait_s: How long a client may take to send a request over HTTP, or to take its answer, in seconds.
        http_sessions: Sessions over HTTP at the most.
        http_session_idle_s: How long a session stays that has no request, in seconds.
    """

    max_request_bytes: int = 4 * 1024 * 1024
    shutdown_grace_s: float = 10.0
    settle_s: float = 5.0
    http_connections: int = 500
    http_wait_s: float = 30.0
    http_sessions: int = 10_000
    http_session_idle_s: float = 1800.0
