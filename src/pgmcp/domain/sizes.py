"""Numbers of bytes as people write them.

Source: PostgreSQL documentation, section 20.1.1 (Parameter Names and Values): a kilobyte is 1024 bytes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_UNITS = ("b", "kb", "mb", "gb", "tb")
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?b)\s*", re.IGNORECASE | re.ASCII)


def size(value: Any) -> Any:
    """A text with a unit as a number of bytes, rounded as PostgreSQL does; anything else as it is.

    PostgreSQL itself tells `kB` from `KB`; nothing else could be meant, so here neither is wrong.

    >>> size("64kB"), size("1.5 MB"), size("7"), size(7)
    (65536, 1572864, '7', 7)
    """
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    return round(Decimal(found[1]) * 1024 ** _UNITS.index(found[2].lower()))
