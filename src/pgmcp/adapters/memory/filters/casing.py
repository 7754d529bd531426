"""Letters in upper and lower case as a UTF-8 database with the ctype `C.UTF-8` maps them: one character to one.

Source: PostgreSQL documentation, section 23.2.2.3.1 (standard collations); the tables of the C library's `C.UTF-8`.
"""

from __future__ import annotations

# The one letter whose simple mapping Python can't be asked for: its full mapping has two characters.
_LOWER = {"İ": "i"}
# Greek letters with a subscript: their simple capitals are title case letters; Python's `upper` writes them out.
_FIRST_TITLE, _LAST_TITLE = "\u1f80", "\u1fff"


def lower(text: str) -> str:
    """PostgreSQL's `lower(text)`.

    >>> lower("SÃO"), lower("İΣ")
    ('são', 'iσ')
    """
    if text.isascii():
        return text.lower()
    return "".join(map(_lower, text))


def variants(char: str) -> str:
    """A character with its lower and upper case forms, each once: what it matches where case is ignored.

    >>> variants("ã"), variants("5")
    ('ãÃ', '5')
    """
    return "".join(dict.fromkeys((char, _lower(char), _upper(char))))


def _lower(char: str) -> str:
    folded = char.lower()
    return folded if len(folded) == 1 else _LOWER.get(char, char)


def _upper(char: str) -> str:
    raised = char.upper()
    if len(raised) == 1:
        return raised
    return char.title() if _FIRST_TITLE <= char <= _LAST_TITLE and len(char.title()) == 1 else char
