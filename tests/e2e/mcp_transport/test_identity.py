"""Who calls over HTTP: tokens of our own and of an authorization server; what forged ones get."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from attrs import define, field

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Access, Settings
from pgmcp.entrypoints.mcp.identity.door import Door
from pgmcp.entrypoints.mcp.identity.jwts import JwtRules, JwtVerifier
from pgmcp.entrypoints.mcp.identity.keys import KeySource
from pgmcp.entrypoints.mcp.identity.patience import Patience
from pgmcp.entrypoints.mcp.identity.setup import door_of
from pgmcp.entrypoints.mcp.identity.tokens import StaticTokens, make_token
from pgmcp.entrypoints.mcp.identity.verifier import Verifier
from tests.e2e.mcp_transport.web import VERSIONS, WebClient, WebServer, messages, web_server
from tests.fixtures.issuer import ISSUER, RESOURCE, Issuer

ANA, BO = make_token("ana", Access.WRITE), make_token("bo: the second", Access.READ)
GOOD, RSA = Issuer(), Issuer("k3", "RS256")
METADATA = "/.well-known/oauth-protected-resource/mcp"


def settings(keys: Path, **more: Any) -> Settings:
    """Both kinds of tokens."""
    return Settings(
        http_tokens=(ANA.line, BO.line),
        oauth_issuer=ISSUER,
        oauth_jwks=str(keys),
        oauth_resource=RESOURCE,
        oauth_attributes=("tenant",),
        **more,
    )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WebServer]:
    """A server that asks who calls."""
    keys = tmp_path_factory.mktemp("keys") / "jwks.json"
    keys.write_text(json.dumps({"keys": [GOOD.public(), RSA.public()]}))
    async with web_server(door=door_of(settings(keys))) as server:
        yield server


def bearer(token: str) -> dict[str, str]:
    """The header that a token comes in."""
    return {"authorization": f"Bearer {token}"}


async def post(server: WebServer, headers: dict[str, str], version: str = "2026-07-28") -> httpx.Response:
    """One call by hand; the sessionless version needs nothing before it."""
    async with httpx.AsyncClient(timeout=20) as http:
        client = WebClient(http, server.url, version)
        body = client.call_body("controls", "{}")
        return await http.post(server.url, content=body, headers=client.headers("tools/call", "controls") | headers)


@pytest.mark.asyncio(loop_scope="module")
class TestTokens:
    @pytest.mark.parametrize(
        "token, name",
        [
            pytest.param(lambda: ANA.text, "ana", id="of our own"),
            pytest.param(lambda: BO.text, "bo: the second", id="a name with a colon"),
            pytest.param(lambda: GOOD.token(sub="auth0|7", scope="openid pgmcp:write"), "auth0|7", id="a JWT"),
            pytest.param(lambda: GOOD.token(scope=None, scp=["pgmcp:admin"]), "ana", id="scopes in a list"),
            pytest.param(RSA.token, "ana", id="an RSA key"),
            pytest.param(lambda: GOOD.token(aud=["x", RESOURCE]), "ana", id="one of several audiences"),
        ],
    )
    async def test_a_known_token(self, server: WebServer, token: Any, name: str) -> None:
        """The call is made in its principal's name."""
        answer = await post(server, bearer(token()))
        assert answer.status_code == 200
        (found,) = messages(answer)
        assert json.loads(found["result"]["content"][0]["text"])["principal"] == name

    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param(dict, id="none"),
            pytest.param(lambda: {"authorization": "Bearer"}, id="an empty one"),
            pytest.param(lambda: {"authorization": f"Basic {ANA.text}"}, id="another scheme"),
            pytest.param(lambda: bearer(ANA.text[:-1]), id="cut"),
            pytest.param(lambda: bearer(ANA.text + "x"), id="longer"),
            pytest.param(lambda: bearer(ANA.line.rpartition(":")[2]), id="the digest itself"),
            pytest.param(lambda: bearer("é" * 10_000), id="no ASCII"),
            pytest.param(lambda: bearer("." * 60_000), id="many dots"),
            pytest.param(lambda: bearer(GOOD.token(exp=int(time.time()) - 60)), id="expired"),
            pytest.param(lambda: bearer(GOOD.token(exp=None)), id="without an end"),
            pytest.param(lambda: bearer(GOOD.token(nbf=int(time.time()) + 600)), id="not yet"),
            pytest.param(lambda: bearer(GOOD.token(aud="https://other.example")), id="another audience"),
            pytest.param(lambda: bearer(GOOD.token(aud=None)), id="no audience"),
            pytest.param(lambda: bearer(GOOD.token(iss="https://other.example")), id="another issuer"),
            pytest.param(lambda: bearer(GOOD.token(sub=None)), id="nobody"),
            pytest.param(lambda: bearer(GOOD.token(sub=7)), id="no name"),
            pytest.param(lambda: bearer(GOOD.token(sub="a\nb")), id="a name that breaks a line"),
            pytest.param(lambda: bearer(Issuer().token()), id="another key of that id"),
            pytest.param(lambda: bearer(Issuer("k2").token()), id="an unknown key"),
            pytest.param(
                lambda: bearer(GOOD.token(headers={"crit": ["x"], "x": 1})), id="an extension that is not known"
            ),
            pytest.param(lambda: bearer(GOOD.unsigned()), id="alg none"),
            pytest.param(lambda: bearer(GOOD.unsigned("None")), id="alg none, written otherwise"),
            pytest.param(lambda: bearer(GOOD.unsigned("ES256")), id="an empty signature"),
            pytest.param(lambda: bearer(GOOD.confused()), id="the public key as a secret"),
            pytest.param(lambda: bearer(RSA.confused()), id="the public RSA key as a secret"),
            pytest.param(
                lambda: bearer(GOOD.unsigned("ES256") + GOOD.token(sub="bo").rpartition(".")[2]),
                id="another token's signature",
            ),
        ],
    )
    async def test_any_other_token(self, server: WebServer, headers: Any) -> None:
        """Nothing is called, and the answer says where tokens come from."""
        answer = await post(server, {k: v.encode() for k, v in headers().items()})
        assert answer.status_code == 401
        url = f"http://127.0.0.1:8000{METADATA}"
        assert f'resource_metadata="{url}"' in answer.headers["www-authenticate"]

    @pytest.mark.parametrize("scope", [None, "", "openid", "pgmcp", "pgmcp:readx", 7])
    async def test_a_scope_is_missing(self, server: WebServer, scope: Any) -> None:
        """The token is known, and lets do nothing; the answer names the scope that does (RFC 6750, section 3)."""
        answer = await post(server, bearer(GOOD.token(scope=scope)))
        assert answer.status_code == 403
        asked = answer.headers["www-authenticate"]
        assert asked.startswith('Bearer error="insufficient_scope"')
        assert asked.endswith(', scope="pgmcp:read"')

    async def test_the_metadata(self, server: WebServer) -> None:
        """Anyone may know who gives tokens (RFC 9728)."""
        async with httpx.AsyncClient(timeout=20) as http:
            answer = await http.get(server.url.removesuffix("/mcp") + METADATA)
        found = answer.json()
        assert (found["resource"], found["authorization_servers"]) == (RESOURCE, [ISSUER])
        assert found["scopes_supported"] == ["pgmcp:read", "pgmcp:write", "pgmcp:admin"]

    @pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
    @pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/", "/other", METADATA + "/x"])
    async def test_every_way_in_is_behind_the_door(self, server: WebServer, method: str, path: str) -> None:
        """Whatever the method and the path."""
        async with httpx.AsyncClient(timeout=20) as http:
            url = server.url.removesuffix("/mcp") + path
            answer = await http.request(method, url, headers={"content-type": "application/json"})
            assert answer.status_code == 401

    @pytest.mark.parametrize("header", ["host", "origin"])
    async def test_a_rebound_name_is_refused_with_a_token_too(self, server: WebServer, header: str) -> None:
        """A page that stole a token still can't use it from its own name."""
        answer = await post(
            server, bearer(ANA.text) | {header: "http://evil.example" if header == "origin" else "evil"}
        )
        assert answer.status_code in {403, 421}

    @pytest.mark.parametrize("version", [version for version in VERSIONS if version < "2026"])
    async def test_a_session_is_its_makers_own(self, server: WebServer, version: str) -> None:
        """Another principal's token doesn't get into it."""
        async with httpx.AsyncClient(timeout=20, headers=bearer(ANA.text)) as http:
            client = WebClient(http, server.url, version)
            await client.handshake()
            body = client.call_body("controls", "{}")
            headers = client.headers("tools/call", "controls")
            assert (await http.post(server.url, content=body, headers=headers)).status_code == 200
            stolen = await http.post(server.url, content=body, headers=headers | bearer(BO.text))
            assert stolen.status_code == 404


def recognising(url: str) -> JwtVerifier:
    """Takes tokens by the keys at that URL, on a clock that stands still."""
    rules = JwtRules(issuer=ISSUER, audience=RESOURCE, algorithms=("ES256",), scopes=("pgmcp:read", "w", "a"))
    return JwtVerifier(KeySource(url, ttl_s=300, monotonic=lambda: 0.0), rules)


async def test_bad_tokens_cost_little_and_leave_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Of any kind, one by one and all at once: one look for keys, nothing remembered, nothing logged.

    How long good ones take beside them `benchmarks.bad_tokens` measures.
    """
    caplog.set_level("DEBUG", "pgmcp")
    async with key_server(GOOD) as keys:
        jwts = recognising(keys.url)
        verifier = Verifier(StaticTokens.read((ANA.line,)), jwts)
        forged, strange, unsigned = Issuer().token(), Issuer("k2").token(), GOOD.unsigned("ES256")
        kinds = ("pgmcp_{}", "{}", forged + "{}", strange + "{}", unsigned + "{}")
        bad = [kind.format(number) for number in range(300) for kind in kinds]
        for token in bad:
            assert await verifier.verify_token(token) is None
        assert set(await asyncio.gather(*map(verifier.verify_token, bad))) == {None}
        assert len(keys.asked) == 1
    assert vars(jwts)["_known"] == {}
    assert [record for record in caplog.records if record.name.startswith("pgmcp")] == []


def test_many_refusals_wait_their_turn() -> None:
    """Some are answered at once, those beyond wait up to a second, and quiet gives it back."""
    now = [0.0]
    patience = Patience(10, monotonic=lambda: now[0])
    assert {patience.wait_s() for _ in range(51)} == {0.0}
    waits = [patience.wait_s() for _ in range(30)]
    assert waits[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert waits[-1] == 1.0 == max(waits)
    now[0] += 1
    assert patience.wait_s() < 0.2
    now[0] += 10
    assert {patience.wait_s() for _ in range(51)} == {0.0}


class Endless(Patience):
    """Lets each refusal wait longer than the test."""

    def wait_s(self) -> float:
        return 3600.0


async def test_only_who_is_refused_waits() -> None:
    """Nobody with a good token, however many are refused meanwhile."""
    door = Door(verifier=Verifier(StaticTokens.read((ANA.line,))), patience=Endless(1))
    async with web_server(door=door) as server:
        refused = asyncio.create_task(post(server, bearer("another")))
        for _ in range(3):
            assert (await post(server, bearer(ANA.text))).status_code == 200
        assert not refused.done()
        refused.cancel()


async def test_a_long_token_is_not_looked_into() -> None:
    """Nor is a key looked for: what it may cost ends at 16 KB."""
    async with key_server(GOOD) as keys:
        assert await recognising(keys.url).find(GOOD.token(more="x" * 20_000)) is None
        assert keys.asked == []


async def test_recognised_tokens_are_remembered_within_bounds() -> None:
    """The oldest goes first, and none outlives its minute or its own end."""
    async with key_server(GOOD) as keys:
        jwts = recognising(keys.url)
        for number in range(1_010):
            assert await jwts.find(GOOD.token(sub=f"caller {number}")) is not None
        known = vars(jwts)["_known"]
        assert len(known) == 1_000
        assert await jwts.find(GOOD.token(exp=int(time.time()) + 20)) is not None
        ends = [until for _, until in known.values()]
        assert max(ends) <= time.time() + 60
        assert ends[-1] <= time.time() + 30  # ten seconds are forgiven


@pytest.mark.parametrize(
    "wrong, path",
    [
        pytest.param({"http_tokens": ("ana:write:hunter2",)}, "http_tokens", id="no digest"),
        pytest.param({"http_tokens": ("ana:root:" + "0" * 64,)}, "http_tokens", id="no access mode"),
        pytest.param({"http_tokens": (":read:" + "0" * 64,)}, "http_tokens", id="no name"),
        pytest.param({"oauth_issuer": ISSUER}, "oauth_jwks", id="no keys"),
        pytest.param({"oauth_issuer": ISSUER, "oauth_jwks": "k"}, "oauth_resource", id="no resource"),
        pytest.param(
            {"oauth_issuer": "nowhere", "oauth_jwks": "k", "oauth_resource": RESOURCE}, "oauth_issuer", id="no URL"
        ),
        pytest.param(
            {"oauth_issuer": ISSUER, "oauth_jwks": "http://issuer.example/k", "oauth_resource": RESOURCE},
            "oauth_jwks",
            id="keys without TLS",
        ),
        pytest.param(
            {"oauth_issuer": ISSUER, "oauth_jwks": "k", "oauth_resource": RESOURCE, "oauth_scopes": ("a",)},
            "oauth_scopes",
            id="too few scopes",
        ),
    ],
)
def test_a_door_that_is_not_whole(wrong: dict[str, Any], path: str) -> None:
    """Start-up ends, without repeating what might be a secret."""
    with pytest.raises(ValidationError) as caught:
        door_of(Settings(**wrong))
    assert (caught.value.code, caught.value.path) == (codes.SETTING_INVALID, path)
    assert "hunter2" not in str(caught.value.document())


def test_without_tokens_there_is_no_door() -> None:
    """Loopback alone is served then."""
    assert door_of(Settings()) is None


@define
class KeyServer:
    """An authorization server's keys by HTTP."""

    issuer: Issuer
    url: str = ""
    asked: list[bytes] = field(factory=list)
    answers: asyncio.Event = field(factory=asyncio.Event)
    waiting: asyncio.Event = field(factory=asyncio.Event)


@asynccontextmanager
async def key_server(issuer: Issuer) -> AsyncIterator[KeyServer]:
    """Serve an issuer's keys, as long as `answers` is set."""
    found = KeyServer(issuer)
    found.answers.set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.asked.append(await reader.readuntil(b"\r\n\r\n"))
        found.waiting.set()
        await found.answers.wait()
        body = found.issuer.key_set().encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        with suppress(OSError):
            await writer.drain()
        writer.close()

    web = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with web:
        found.url = f"http://127.0.0.1:{web.sockets[0].getsockname()[1]}/jwks"
        yield found
        found.answers.set()


async def test_keys_are_looked_for_anew() -> None:
    """Once a new one's id turns up, though not for every such token; those that are withdrawn are gone then."""
    now = [0.0]
    async with key_server(Issuer("a")) as web:
        keys = KeySource(web.url, ttl_s=300, monotonic=lambda: now[0])
        assert await keys.find("a", "ES256") is not None
        assert await asyncio.gather(*(keys.find("b", "ES256") for _ in range(50))) == [None] * 50
        assert len(web.asked) == 1
        web.issuer = Issuer("b")
        now[0] += 11
        assert await keys.find("b", "ES256") is not None
        assert await keys.find("a", "ES256") is None
        assert len(web.asked) == 2
        assert await keys.find("b", "RS256") is None
        web.issuer = Issuer("c")
        now[0] += 301
        assert await keys.find("b", "ES256") is None


async def test_keys_outlive_their_server_for_a_while() -> None:
    """An hour; unknown ones are looked for in vain, once for all who come with one."""
    now = [0.0]
    async with key_server(Issuer("a")) as web:
        keys = KeySource(web.url, ttl_s=300, monotonic=lambda: now[0])
        assert await keys.find("a", "ES256") is not None
    now[0] += 301
    assert await keys.find("a", "ES256") is not None
    assert await asyncio.gather(*(keys.find("b", "ES256") for _ in range(50))) == [None] * 50
    now[0] += 3600
    assert await keys.find("a", "ES256") is None


async def test_nobody_waits_twice_for_a_server_that_hangs() -> None:
    """The first one waits its time; after that it is looked for beside the calls, until it answers again."""
    now = [0.0]
    async with key_server(Issuer("a")) as web:
        keys = KeySource(web.url, ttl_s=300, monotonic=lambda: now[0], timeout_s=2.5)
        assert await keys.find("a", "ES256") is not None
        web.answers.clear()
        now[0] += 301
        assert await keys.find("a", "ES256") is not None
        assert len(web.asked) == 2
        now[0] += 11
        web.waiting.clear()
        assert await keys.find("a", "ES256") is not None
        await web.waiting.wait()
        looking = vars(keys)["_meanwhile"]
        assert not looking.done()
        assert await keys.find("a", "ES256") is not None
        web.issuer = Issuer("b")
        web.answers.set()
        await looking
        now[0] += 11
        assert await keys.find("b", "ES256") is not None
