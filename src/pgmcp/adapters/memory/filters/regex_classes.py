"""Character classes of PostgreSQL's regular expressions, written for Python's `re`.

Source: PostgreSQL documentation, sections 9.7.3.2 (bracket expressions) and 9.7.3.3 (escapes).
"""

from __future__ import annotations

from attrs import frozen

# White space of the ctype `C.UTF-8`; Python's `\s` holds more.
_SPACE = r"\t-\r \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"


@frozen
class CharacterClass:
    """The inside of a bracket expression in Python's syntax.

    Args:
        inside: What stands between the brackets.
        exact: Whether it is right for every text, or for ASCII texts only.
    """

    inside: str
    exact: bool = False


NAMED = {
    "alpha": CharacterClass("A-Za-z"),
    "digit": CharacterClass("0-9", exact=True),
    "alnum": CharacterClass("0-9A-Za-z"),
    "upper": CharacterClass("A-Z"),
    "lower": CharacterClass("a-z"),
    "space": CharacterClass(_SPACE, exact=True),
    "blank": CharacterClass(r"\t "),
    "punct": CharacterClass(r"!-/:-@\[-`{-~"),
    "cntrl": CharacterClass(r"\x01-\x1f\x7f"),
    "print": CharacterClass(" -~"),
    "graph": CharacterClass("!-~"),
    "xdigit": CharacterClass("0-9A-Fa-f", exact=True),
    "word": CharacterClass("0-9A-Za-z_"),
}
# Where case is ignored, these two are all letters.
FOLDED = NAMED | {"upper": NAMED["alpha"], "lower": NAMED["alpha"]}

SHORTHANDS = {"d": NAMED["digit"], "w": NAMED["word"], "s": NAMED["space"]}

# Escapes for single characters; `\b` is a backspace and `\B` a backslash, unlike in Python.
CHARACTERS = {"a": "\a", "b": "\b", "B": "\\", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

# Escapes for places; Python's word boundaries mean the same in ASCII texts.
PLACES = {"A": r"\A", "Z": r"\Z", "m": r"\b(?=\w)", "M": r"\b(?<=\w)", "y": r"\b", "Y": r"\B"}
"""Those of `\\m`, `\\M`, `\\y` and `\\Y` are right for ASCII texts only."""
