"""Bearer tokens of our own: the configuration keeps digests, so whoever reads it can't call."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Self

from attrs import field, frozen

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Access
from pgmcp.entrypoints.mcp.identity.known import SCOPE, KnownToken, is_a_name, known

PREFIX = "pgmcp_"
_BYTES = 32
_DIGEST_CHARACTERS = 64


@frozen(kw_only=True)
class MadeToken:
    """A new token, and the line by which the configuration knows it.

    Args:
        text: The token, to be shown once.
        line: An item of the setting `http_tokens`.
    """

    text: str = field(repr=False)
    line: str


def make_token(name: str, access: Access) -> MadeToken:
    """A token of 256 random bits, so that its digest needs no salt and no slow hash.

    Raises:
        ValidationError: The name can't be a principal's.
    """
    if not is_a_name(name) or "," in name:
        raise ValidationError(
            codes.SETTING_INVALID,
            "the name can't be a principal's",
            hint="Up to 255 characters, all of them printable, none a comma.",
            path="NAME",
        )
    text = PREFIX + secrets.token_urlsafe(_BYTES)
    return MadeToken(text=text, line=f"{name}:{access}:{_digest(text)}")


@frozen
class StaticTokens:
    """The tokens that the setting `http_tokens` lists."""

    _by_digest: Mapping[str, KnownToken]

    @classmethod
    def read(cls, lines: Iterable[str], scope: str = SCOPE) -> Self:
        """Understand the setting's items.

        Args:
            lines: The items.
            scope: The scope that lets a token call at all.

        Raises:
            ValidationError: One is not of the form `NAME:ACCESS:DIGEST`; a digest is not repeated.
        """
        return cls(dict(_read(line, number, scope) for number, line in enumerate(lines)))

    def find(self, text: str) -> KnownToken | None:
        """The token, if it is one of these. A digest is looked up, so the time tells nothing of any token."""
        return self._by_digest.get(_digest(text))


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()


def _read(line: str, number: int, scope: str) -> tuple[str, KnownToken]:
    name, access, digest = ["", "", *line.rsplit(":", 2)][-3:]
    hexadecimal = len(digest) == _DIGEST_CHARACTERS and not set(digest) - set("0123456789abcdef")
    if not is_a_name(name) or access not in set(Access) or not hexadecimal:
        raise ValidationError(
            codes.SETTING_INVALID,
            f"item {number + 1} of setting 'http_tokens' is not one",
            hint="It takes NAME:ACCESS:DIGEST, as `pgmcp token NAME` prints it.",
            path="http_tokens",
        )
    return digest, known(Principal(name, access=Access(access)), scope=scope, issuer="pgmcp")
