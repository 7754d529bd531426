"""The Host and Origin headers that are served: what tells a browser's honest page from one that rebound its name."""

from __future__ import annotations

from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecuritySettings

from pgmcp.domain.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Addresses to listen on that nobody calls a server by.
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 -- listened on only where callers are asked who they are


def allowed(settings: Settings) -> TransportSecuritySettings:
    """What a request may name: loopback, the host that is listened on, the server's own URL, and what is set."""
    names = [*_LOOPBACK, *settings.allowed_hosts]
    if settings.host not in _ANY:
        names.append(bracketed(settings.host))
    if settings.oauth_resource is not None:
        names.append(bracketed(urlsplit(settings.oauth_resource).hostname or ""))
    hosts = [form for name in dict.fromkeys(names) if name for form in (name, f"{name}:*")]
    origins = [f"{scheme}://{form}" for scheme in ("http", "https") for form in hosts]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=hosts,
        allowed_origins=[*origins, *settings.allowed_origins],
    )


def bracketed(address: str) -> str:
    """An address as it stands in a URL (RFC 3986, section 3.2.2)."""
    return f"[{address}]" if ":" in address else address
