"""How both ends of a connection find out that the other one is gone."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from attrs import frozen

_OPTIONS = ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")


@frozen(kw_only=True)
class KeepAlive:
    """TCP's probes on a line where nothing comes, and how long what was sent may stay unacknowledged.

    Systems wait two hours before they probe, and firewalls forget a line long before. With these a line whose other end
    is gone is known to be broken after a minute and a half, or half a minute once something has been sent.

    Args:
        keepalives_idle: Seconds of silence before the first probe.
        keepalives_interval: Seconds between probes.
        keepalives_count: Probes without an answer after which the line is broken.
        tcp_user_timeout: Milliseconds for which what was sent may stay unacknowledged.
    """

    keepalives_idle: int = 60
    keepalives_interval: int = 10
    keepalives_count: int = 3
    tcp_user_timeout: int = 30_000

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """What an address says of it, by libpq's names, and the defaults for what it leaves out."""
        return cls(**{name: int(options[name]) for name in _OPTIONS if options.get(name, "").isdigit()})

    def settings(self) -> dict[str, str]:
        """The same for the server's end. https://www.postgresql.org/docs/18/runtime-config-connection.html"""
        return {
            "tcp_keepalives_idle": str(self.keepalives_idle),
            "tcp_keepalives_interval": str(self.keepalives_interval),
            "tcp_keepalives_count": str(self.keepalives_count),
            "tcp_user_timeout": str(self.tcp_user_timeout),
        }

    def apply(self, line: socket.socket) -> None:
        """Set it on a socket; one that isn't TCP, and systems that lack an option, do without."""
        with suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", self.keepalives_idle),
            ("TCP_KEEPINTVL", self.keepalives_interval),
            ("TCP_KEEPCNT", self.keepalives_count),
            ("TCP_USER_TIMEOUT", self.tcp_user_timeout),
        ):
            if hasattr(socket, name) and line.family != getattr(socket, "AF_UNIX", None):
                with suppress(OSError):
                    line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
