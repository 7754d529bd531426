"""Letters in upper and lower case as a UTF-8 database with the ctype `C.UTF-8` maps them: one character to one.

Source: PostgreSQL documentation, section 23.2.2.3.1 (standard collations); the tables of the C library's `C.UTF-8`.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from pgmcp.domain.filters.tree import Operand

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


def _lower_ascii(text: str) -> str:
    return text.translate(_ASCII_LOWER)


def _variants_ascii(char: str) -> str:
    return variants(char) if char.isascii() else char


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@frozen(kw_only=True)
class Casing:
    """What ignoring case means for texts of a collation.

    Args:
        lower: A text in lower case.
        variants: A character with its lower and upper case forms, each once.
    """

    lower: Callable[[str], str]
    variants: Callable[[str], str]


_DATABASE = Casing(lower=lower, variants=variants)
_C = Casing(lower=_lower_ascii, variants=_variants_ascii)


def casing_of(operand: Operand) -> Casing:
    """The casing of an operand: columns of the type `name` are in the collation "C", where only ASCII has cases.

    Source: PostgreSQL documentation, section 8.3 (name) and 23.2 (Collation Support).
    """
    is_name = not operand.path and operand.type.root.tag == "name"
    return _C if is_name else _DATABASE
