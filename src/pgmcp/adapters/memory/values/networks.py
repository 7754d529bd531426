"""Network addresses: their order and what lies within what.

Source: PostgreSQL documentation, section 9.12 (Network Address Functions and Operators).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any

from attrs import frozen

Address = IPv4Address | IPv6Address | IPv4Interface | IPv6Interface | IPv4Network | IPv6Network


@frozen(order=True)
class Placed:
    """An address as numbers, in the order of their weight: family, network, its bits, the address whole."""

    family: int
    network: int
    bits: int
    whole: int


def key(value: Any) -> Placed:
    """What addresses are compared by."""
    return placed(value)


def placed(value: Address) -> Placed:
    """An address as numbers."""
    if isinstance(value, IPv4Network | IPv6Network):
        whole, bits = int(value.network_address), value.prefixlen
    elif isinstance(value, IPv4Interface | IPv6Interface):
        whole, bits = int(value.ip), value.network.prefixlen
    else:
        whole, bits = int(value), value.max_prefixlen
    return Placed(value.version, _masked(whole, bits, value.max_prefixlen), bits, whole)


def within(inner: Placed, outer: Placed, *, strictly: bool) -> bool:
    """Whether a network lies in another (`<<=`), and is smaller (`<<`)."""
    width = 32 if outer.family == 4 else 128
    longer = inner.bits > outer.bits if strictly else inner.bits >= outer.bits
    return inner.family == outer.family and longer and _masked(inner.whole, outer.bits, width) == outer.network


def overlap(left: Placed, right: Placed) -> bool:
    """Whether one of two networks lies in the other (`&&`)."""
    return within(left, right, strictly=False) or within(right, left, strictly=False)


def _masked(whole: int, bits: int, width: int) -> int:
    return whole >> (width - bits) << (width - bits)
