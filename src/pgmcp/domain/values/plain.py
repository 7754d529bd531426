"""Truth values, text, bytes, identifiers and network addresses in PostgreSQL's text form.

Source: PostgreSQL documentation, sections 8.3 (Character), 8.4 (Binary), 8.6 (Boolean), 8.9 (Network Address), 8.10
(Bit String) and 8.12 (UUID).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from pgmcp.domain.json import Number, digits
from pgmcp.domain.values.numbers import special_text
from pgmcp.domain.values.types import TEXTS, WITHOUT_INPUT
from pgmcp.domain.values.unfit import Unfit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRUTHS = {True: ("true", "yes", "on", "1"), False: ("false", "no", "off", "0")}
_UUID = re.compile(r"(?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}")
_HEX_BYTES = re.compile(r"\\x(?:\s*[0-9a-fA-F]{2})*\s*", re.ASCII)
_ESCAPED_BYTES = re.compile(r"(?:[^\\]|\\\\|\\[0-3][0-7]{2})*", re.DOTALL)
_NETWORK = re.compile(r"(?=.*[0-9:])[0-9a-fA-FxX:.]+(?:/[0-9]{1,3})?")
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+){3,}(?:/[0-9]+)?")
_HARDWARE = re.compile(r"[0-9a-fA-F]+(?:[-:.][0-9a-fA-F]+)*")
# Of more than one byte PostgreSQL would keep the first.
_BYTE = re.compile(r"[\x01-\x7f]?|\\[0-3][0-7]{2}")
_LONGEST_NAME = 63
_BITS = re.compile(r"[bB]?[01]*|[xX][0-9a-fA-F]*")

EXPECTED_BYTES = "bytes as hexadecimal digits such as \\xdeadbeef"
EXPECTED_UUID = "a UUID such as 123e4567-e89b-12d3-a456-426614174000"


def is_text(value: Any) -> bool:
    """Whether a value is a text, and no JSON number."""
    return isinstance(value, str) and not isinstance(value, Number)


def truth_of(text: str) -> bool | None:
    """What PostgreSQL reads as true or false, beginnings of the words included; None for anything else.

    >>> truth_of("T"), truth_of("of"), truth_of("o")
    (True, False, None)
    """
    bare = text.strip().lower()
    if not bare or bare == "o":
        return None
    return next((truth for truth, words in _TRUTHS.items() if any(word.startswith(bare) for word in words)), None)


def bool_text(value: Any) -> str:
    """A truth value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not is_text(value) or truth_of(value) is None:
        raise Unfit("true or false")
    return str(value)


def string_text(value: Any) -> str:
    """A text; a number is no text, so that nobody loses zeros by an oversight."""
    if not is_text(value):
        raise Unfit("a string")
    return str(value)


def _name_text(value: Any) -> str:
    """An identifier, which PostgreSQL would cut silently."""
    if not is_text(value) or len(value.encode(errors="surrogatepass")) > _LONGEST_NAME:
        raise Unfit(f"a string of at most {_LONGEST_NAME} bytes")
    return str(value)


def bytes_text(value: Any) -> str:
    r"""Bytes as `\x` and hexadecimal digits, or PostgreSQL's escape form as it is."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\x{bytes(value).hex()}"
    if not is_text(value):
        raise Unfit(EXPECTED_BYTES)
    pattern = _HEX_BYTES if value.startswith("\\x") else _ESCAPED_BYTES
    if not pattern.fullmatch(value):
        raise Unfit(EXPECTED_BYTES)
    return str(value)


def uuid_text(value: Any) -> str:
    """A UUID, with or without hyphens and braces."""
    if isinstance(value, UUID):
        return str(value)
    if not is_text(value):
        raise Unfit(EXPECTED_UUID)
    bare = value[1:-1] if value.startswith("{") and value.endswith("}") else value
    if not _UUID.fullmatch(bare):
        raise Unfit(EXPECTED_UUID)
    return str(value)


def shown_address(value: Address | Interface | Network) -> str:
    """An address or a network as PostgreSQL prints it: an IPv4 address inside an IPv6 one with points.

    >>> shown_address(ipaddress.ip_interface("::ffff:1.2.3.4/96")), shown_address(ipaddress.ip_interface("10.0.0.1/32"))
    ('::ffff:1.2.3.4/96', '10.0.0.1')
    """
    if isinstance(value, Network):
        return f"{_shown(value.network_address)}/{value.prefixlen}"
    if isinstance(value, Interface):
        # One that is alone in its network stands without the mask.
        mask = "" if value.network.prefixlen == value.max_prefixlen else f"/{value.network.prefixlen}"
        return f"{_shown(value.ip)}{mask}"
    return _shown(value)


def _shown(address: Address) -> str:
    """An address alone."""
    whole = int(address)
    if address.version == 4 or not (whole >> 32 == 0xFFFF or 0xFFFF < whole <= 0xFFFFFFFF):
        return str(address)
    return f"::{'ffff:' if whole >> 32 else ''}{ipaddress.IPv4Address(whole & 0xFFFFFFFF)}"


def network_text(value: Any) -> str:
    """An address or a network."""
    if isinstance(value, Address | Interface | Network):
        return shown_address(value)
    if not is_text(value) or not _NETWORK.fullmatch(value.strip()) or not _is_address(value.strip()):
        raise Unfit("an address or a network such as 10.0.0.1 or 10.0.0.0/8")
    return str(value)


def _is_address(text: str) -> bool:
    """Whether an address written in full is one; PostgreSQL also reads IPv4 ones cut short, which only it can tell."""
    if ":" not in text and not _DOTTED.fullmatch(text):
        return True
    try:
        # Zeros before an octet are decimal to PostgreSQL and forbidden to Python.
        ipaddress.ip_interface(text if ":" in text else re.sub(r"\b0+(?=[0-9])", "", text))
    except ValueError:
        return False
    return True


def _pattern_writer(pattern: re.Pattern[str], expected: str, *, blanks: str | None = None) -> Callable[[Any], str]:
    """A writer of texts that a pattern tells apart, once `blanks` around them are gone: those of Unicode for None."""

    def write(value: Any) -> str:
        if not is_text(value) or not pattern.fullmatch(value.strip(blanks)):
            raise Unfit(expected)
        return str(value)

    return write


def other_text(value: Any, expected: str) -> str:
    """A value of a type that only PostgreSQL can read: its text, or a number's digits."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return bool_text(value)
    if isinstance(value, float | Decimal) and not Decimal(value).is_finite():
        return special_text(Decimal(value))
    if isinstance(value, int | float | Decimal):
        return digits(value)
    raise Unfit(expected)


def _refused(_: Any) -> str:
    """A value of a type whose input function refuses everything."""
    raise Unfit("nothing, or null: PostgreSQL alone makes values of this type")


PLAIN_WRITERS: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(TEXTS | {"xml", "tsvector", "tsquery", "jsonpath", "refcursor"}, string_text),
    **dict.fromkeys(WITHOUT_INPUT, _refused),
    "name": _name_text,
    "char": _pattern_writer(_BYTE, "one ASCII character, or a byte such as \\377", blanks=""),
    "bool": bool_text,
    "bytea": bytes_text,
    "uuid": uuid_text,
    "inet": network_text,
    "cidr": network_text,
    "macaddr": _pattern_writer(_HARDWARE, "a hardware address such as 08:00:2b:01:02:03"),
    "macaddr8": _pattern_writer(_HARDWARE, "a hardware address such as 08:00:2b:01:02:03:04:05"),
    "bit": _pattern_writer(_BITS, "a string of bits such as 1011"),
    "varbit": _pattern_writer(_BITS, "a string of bits such as 1011"),
}
