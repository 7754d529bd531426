"""Escapes of JSON that stand for what no PostgreSQL text can hold: U+0000, and code points that are half of a pair.

Source: RFC 8259, section 8.2, and PostgreSQL's documentation, section 8.14 (JSON Types).
"""

from __future__ import annotations

import re

# Backslashes stand in strings alone: once a text has parsed, its escapes can be walked without telling strings apart.
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<nul>u0000)|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def bad_escape(text: str) -> tuple[str, int] | None:
    r"""What the first such escape in a JSON text stands for, and where it is.

    >>> bad_escape(r'"\u00e9 \u0000"'), bad_escape(r'"\ud83d\ude00"')
    (('U+0000', 8), None)
    """
    # Each of them begins so, and hardly any text with escapes has one that does.
    if "\\u0000" not in text and "\\ud" not in text and "\\uD" not in text:
        return None
    found = next((found for found in _ESCAPES.finditer(text) if found.lastgroup), None)
    return found and ("U+0000" if found["nul"] else "half of a surrogate pair", found.start())


def unkeepable(text: str) -> str | None:
    """What in a JSON text no PostgreSQL text can hold: "U+0000" or "half of a surrogate pair"; None without either."""
    found = bad_escape(text)
    return found and found[0]
