"""Where a PostgreSQL is: a libpq address whose password nobody gets to see by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from attrs import field, frozen

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Secret
from pgmcp.ports.driver import Need

TARGET = "target_session_attrs"
_WAYS = "postgresql://user:password@host:5432/database"
_VERIFYING = frozenset({"verify-ca", "verify-full"})
_SECRET_OPTIONS = frozenset({"password", "sslpassword"})


@frozen
class Address:
    """A PostgreSQL address.

    Whatever it leaves out is for libpq's own rules to fill in: `PG*` variables, the service file, `~/.pgpass`.
    See https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING.

    Args:
        url: The address as a URL; None leaves everything to those rules.
    """

    url: Secret | None = field(default=None)

    @classmethod
    def read(cls, text: str) -> Self:
        """Understand an address in either of libpq's forms.

        Args:
            text: `postgresql://…`, `postgres://…` or `host=… dbname=…`.

        Raises:
            ValidationError: `setting_invalid`; it doesn't repeat the text, which may hold a password.
        """
        stripped = text.strip()
        if "://" not in stripped:
            pairs = dict(_pairs(stripped))
            if not all(map(_is_port, pairs.get("port", "").split(","))):
                raise _not_an_address("its host or port is none")
            return cls.of(pairs)
        try:
            parts = urlsplit(stripped)
            # An address may name several hosts; each brings its own port, which urlsplit can't read as one.
            known = "," in parts.netloc or parts.port != -1
        except ValueError:
            raise _not_an_address("its host or port is none") from None
        if not known or parts.scheme not in {"postgresql", "postgres"}:
            raise _not_an_address("it is neither a postgresql:// URL nor key=value pairs")
        if parts.path == "/":  # no name is no database's, so libpq's rules say which one is meant
            stripped = f"{parts.scheme}://{parts.netloc}" + (f"?{parts.query}" if parts.query else "")
        return cls(Secret(stripped))

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """The address of libpq's parameters by their key words."""
        return cls(Secret(_url_of(dict(parameters))))

    def parameters(self) -> dict[str, str]:
        """All that it says, by libpq's key words."""
        if self.url is None:
            return {}
        parts = urlsplit(self.url.reveal())
        login, _, netloc = parts.netloc.rpartition("@")
        user, colon, password = login.partition(":")
        places = [_host_and_port(each) for each in netloc.split(",") if each]
        ports = ",".join(port or "5432" for _, port in places) if any(port for _, port in places) else ""
        found = {
            "user": unquote(user),
            "password": unquote(password) if colon else "",
            "host": ",".join(host for host, _ in places),
            "port": ports,
            "dbname": unquote(parts.path.removeprefix("/")),
        }
        return {key: value for key, value in found.items() if value} | self.options()

    def options(self) -> dict[str, str]:
        """The options of the URL's query, such as `sslmode`, by name."""
        return dict(parse_qsl(urlsplit(self.url.reveal()).query)) if self.url else {}

    def verification(self, environment: Mapping[str, str]) -> str | None:
        """How a connection checks who the server is: `verify-ca`, `verify-full`, or None for not at all.

        Args:
            environment: Where libpq looks for what the address leaves out.
        """
        said = self.options()
        mode = said.get("sslmode") or environment.get("PGSSLMODE")
        # libpq takes the system's roots for verify-full alone, and then without being told so.
        if "system" in (said.get("sslrootcert"), environment.get("PGSSLROOTCERT")):
            return "verify-full"
        return mode if mode in _VERIFYING else None

    def binding(self, environment: Mapping[str, str]) -> str:
        """Whether a password is to be bound to the TLS channel, by libpq's word; `prefer` is its default."""
        return self.options().get("channel_binding") or environment.get("PGCHANNELBINDING") or "prefer"

    def places(self, environment: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
        """Hosts and ports of the servers that are reached over a network; none where a service file may say them."""
        said = self.options()
        netloc = urlsplit(self.url.reveal()).netloc.rpartition("@")[2] if self.url else ""
        pairs = [_host_and_port(each) for each in netloc.split(",") if each]
        if not pairs:
            host = (
                said.get("host") or said.get("hostaddr") or environment.get("PGHOST") or environment.get("PGHOSTADDR")
            )
            hosts = (host or "").split(",")
            ports = (said.get("port") or environment.get("PGPORT") or "").split(",")
            pairs = [(host, ports[min(place, len(ports) - 1)]) for place, host in enumerate(hosts)]
        return tuple(
            (host, int(port) if port.isdigit() else 5432) for host, port in pairs if host and not host.startswith("/")
        )

    def without_options(self, names: frozenset[str]) -> Self:
        """The same address without these options, for a driver that doesn't know them."""
        if self.url is None:
            return self
        base, _, query = self.url.reveal().partition("?")
        kept = urlencode([pair for pair in parse_qsl(query) if pair[0] not in names], quote_via=quote)
        return type(self)(Secret(f"{base}?{kept}" if kept else base))

    def target_for(self, need: Need, environ: Mapping[str, str]) -> str | None:
        """Which of several servers a session of that need is to be on, where the address or the environment says it.

        `read-write` means, to libpq and asyncpg alike, a server whose sessions are not read-only by default. Ours for
        reading are, on every server, so for them it has to be the primary that is asked for.
        https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
        """
        wanted = self.options().get(TARGET) or environ.get("PGTARGETSESSIONATTRS") or None
        return "primary" if wanted == "read-write" and need is Need.READ else wanted

    def __str__(self) -> str:
        """The address as it may be shown: without its password and secret options."""
        if self.url is None:
            return "libpq's defaults"
        base, mark, query = self.url.reveal().partition("?")
        scheme, _, rest = base.partition("://")
        user, at, where = rest.rpartition("@")
        user = f"{user.partition(':')[0]}:***" if ":" in user else user
        shown = [(key, "***" if key in _SECRET_OPTIONS else value) for key, value in parse_qsl(query)]
        return f"{scheme}://{user}{at}{where}{mark}{urlencode(shown, safe='/*,')}"


def _is_port(text: str) -> bool:
    """Whether it is a port's number, or left out."""
    return not text or (text.isascii() and text.isdigit() and 0 < int(text) <= 65_535)


def _host_and_port(text: str) -> tuple[str, str]:
    """A host with or without a port; an IPv6 address stands in brackets."""
    host, bracket, rest = text.removeprefix("[").partition("]")
    if bracket:
        return host, rest.removeprefix(":")
    host, _, port = text.partition(":")
    return unquote(host), port


def _url_of(pairs: dict[str, str]) -> str:
    """The URL that says what key=value pairs said; what a URL has no place for goes to its query."""
    # A plus sign is no space in libpq's URLs, though it is one in those of web forms.
    path = quote(pairs.pop("dbname", ""), safe="")
    base = f"postgresql:///{path}" if path else "postgresql://"
    return f"{base}?{urlencode(pairs, quote_via=quote)}" if pairs else base


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """The pairs of a connection string: `key = value`, values quoted with ' and escaped with a backslash if need be."""
    at = 0
    while at < len(text):
        equals = text.find("=", at)
        name = text[at:equals].strip() if equals > 0 else ""
        if not name.isidentifier():
            raise _not_an_address("a part of it is not of the form key=value")
        at = equals + 1
        while at < len(text) and text[at].isspace():
            at += 1
        value, at = _quoted(text, at + 1) if text[at : at + 1] == "'" else _plain(text, at)
        yield name, value
        while at < len(text) and text[at].isspace():
            at += 1


def _plain(text: str, at: int) -> tuple[str, int]:
    """A value that ends at white space, and where it ends."""
    value = ""
    while at < len(text) and not text[at].isspace():
        at += text[at] == "\\"
        value += text[at : at + 1]
        at += 1
    return value, at


def _quoted(text: str, at: int) -> tuple[str, int]:
    """A value that ends at a quote, and where it ends."""
    value = ""
    while text[at : at + 1] != "'":
        at += text[at : at + 1] == "\\"
        if at >= len(text):
            raise _not_an_address("a quote is not closed")
        value += text[at]
        at += 1
    return value, at + 1


def _not_an_address(why: str) -> ValidationError:
    return ValidationError(
        codes.SETTING_INVALID,
        f"The database address can't be read: {why}.",
        hint=f"Write it as {_WAYS}; special characters in user and password are percent-encoded.",
        path="dsn",
    )
