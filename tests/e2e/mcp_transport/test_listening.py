"""TLS for listening, and which names a request may use."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import SecurityError, ValidationError, codes
from pgmcp.domain.settings import Access, Settings
from pgmcp.entrypoints.mcp.hosts import allowed
from pgmcp.entrypoints.mcp.http import http_gate, listening_socket, serve_http, serve_socket, url_of
from pgmcp.entrypoints.mcp.identity.setup import door_of
from pgmcp.entrypoints.mcp.identity.tokens import make_token
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.tls import tls_of
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox
from tests.fixtures.certificates import Authority

TOKEN = make_token("ana", Access.READ)


async def test_https(tmp_path: Path) -> None:
    """A client that trusts the certificate's maker gets in, on TLS alone."""
    authority = Authority(tmp_path)
    pair = authority.certificate("localhost")
    settings = Settings(tls_cert=str(pair.cert), tls_key=str(pair.key), http_tokens=(TOKEN.line,))
    listener = listening_socket("localhost", 0)
    gate = http_gate(MCPServer(FakeToolbox(), ServeLimits(), Principal()), allowed(settings), door_of(settings))
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_socket(gate, listener, stop, gate.close, ServeLimits(), tls_of(settings)))
    url = url_of(listener, tls=True).replace("127.0.0.1", "localhost")
    assert url.startswith("https://localhost:")
    trust = ssl.create_default_context(cafile=authority.cert)
    async with httpx.AsyncClient(verify=trust, timeout=20) as http:
        assert (await http.get(url)).status_code == 401
        assert (await http.get(url, headers={"authorization": f"Bearer {TOKEN.text}"})).status_code != 401
    async with httpx.AsyncClient(timeout=20) as http:
        with pytest.raises(httpx.HTTPError):
            await http.get(url.replace("https", "http"))
    stop.set()
    await serving


@pytest.mark.parametrize("cert, key", [("nowhere", None), (None, "nowhere"), ("bad", None), ("good", "other")])
def test_a_certificate_that_can_not_be_used(tmp_path: Path, cert: str | None, key: str | None) -> None:
    """Start-up ends before anything listens."""
    authority = Authority(tmp_path)
    files = {"good": authority.certificate("a").cert, "other": authority.certificate("b").key, "bad": tmp_path / "bad"}
    files["bad"].write_text("no PEM")
    named = [str(files.get(name, tmp_path / name)) if name is not None else None for name in (cert, key)]
    with pytest.raises(ValidationError) as caught:
        tls_of(Settings(tls_cert=named[0], tls_key=named[1]))
    assert caught.value.code is codes.SETTING_INVALID


async def test_beyond_loopback_only_with_a_door() -> None:
    """Nothing listens before the question is settled."""
    with pytest.raises(SecurityError) as caught:
        await serve_http(FakeToolbox(), ServeLimits(), Settings(host="0.0.0.0", port=0), listening=print)  # noqa: S104 -- refused is the test
    assert caught.value.code is codes.LISTEN_REFUSED
    with listening_socket("0.0.0.0", 0, guarded=True) as listener:  # noqa: S104 -- that it can be is the test
        assert url_of(listener).startswith("http://0.0.0.0:")


def test_the_names_of_a_server() -> None:
    """Loopback's, what it listens on, what its clients call it, and what is set."""
    settings = Settings(
        host="192.0.2.1",
        oauth_resource="https://db.example/mcp",
        allowed_hosts=("proxy",),
        allowed_origins=("https://app.example",),
    )
    found = allowed(settings)
    names = ["127.0.0.1", "localhost", "[::1]", "proxy", "192.0.2.1", "db.example"]
    assert found.allowed_hosts == [form for name in names for form in (name, f"{name}:*")]
    assert found.allowed_origins[-1] == "https://app.example"
    assert "0.0.0.0" not in allowed(Settings(host="0.0.0.0")).allowed_hosts  # noqa: S104 -- nobody is called so
