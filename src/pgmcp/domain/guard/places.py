"""Where a statement speaks of something, so that a refusal can point at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pgmcp.domain.sql.lexer import Token, TokenKind, tokens
from pgmcp.domain.sql.names import names_in

_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})


def place_of(text: str, name: str) -> int | None:
    """The character (from 1) at which a statement first names something, with whatever it is qualified by.

    Returns:
        The place, as PostgreSQL itself would tell it; None where the name doesn't stand in the statement.

    >>> place_of('SELECT 1 FROM "Tab", app.secrets', "secrets")
    22
    """
    listed = list(tokens(text))
    at = next((index for index, token in enumerate(listed) if _is(token, name)), None)
    if at is None:
        return None
    while at > 1 and listed[at - 1].says(".") and listed[at - 2].kind in _NAMES:
        at -= 2
    return listed[at].start + 1


BLOT = "\N{LATIN EPIGRAPHIC LETTER SIDEWAYS I}"
"""A letter of which the names are made that stand for what shall not be there."""

# What a star stands for, or what joins by all columns of a name, says how many there are and of which types.
_BEFORE_STAR = ("select", ",", ".", "returning", "distinct", "all")


def blotted(
    text: str, is_hidden: Callable[[Sequence[str]], bool], is_hidden_relation: Callable[[Sequence[str]], bool]
) -> str:
    """A statement with other names, as long as they were, in place of those that shall not be there.

    Args:
        text: The statement, with its names written plainly.
        is_hidden: Says it of a name with its qualifier, where it has one.
        is_hidden_relation: Says it of a name in a string, which can be a relation's: `'t'::regclass`.

    >>> len(blotted("SELECT pin FROM t", lambda name: name == ["pin"], bool).replace(BLOT * 3, "pin"))
    17
    """
    listed = list(tokens(text))
    characters = list(text)
    for start, end, name in _in_strings(text, listed):
        if name is None or is_hidden_relation(name):
            characters[start:end] = BLOT * (end - start)
    for at, token in enumerate(listed):
        if token.kind not in _NAMES:
            continue
        qualified = at > 1 and listed[at - 1].says(".") and listed[at - 2].kind in _NAMES
        if is_hidden([*([_named(listed[at - 2])] if qualified else ()), _named(token)]):
            start, end = token.start, token.end
            if token.kind is TokenKind.QUOTED:
                start, end = text.index('"', start) + 1, end - 1
            characters[start:end] = BLOT * (end - start)
    return "".join(characters)


def names_in_strings(text: str) -> frozenset[tuple[str, ...]]:
    """All that could be names in the strings of a statement.

    >>> names_in_strings("SELECT 'app.seq'::regclass") == {("app", "seq")}
    True
    """
    return frozenset(name for _, _, name in _in_strings(text, list(tokens(text))) if name is not None)


def _in_strings(text: str, listed: Sequence[Token]) -> Iterator[tuple[int, int, tuple[str, ...] | None]]:
    """Where the names in a statement's strings stand; a string that can be read by its escapes alone has None for one.

    So has one that goes on behind a line break.
    """
    for at, token in enumerate(listed):
        if token.kind is not TokenKind.STRING:
            continue
        quote = token.text.index("$", 1) if token.text[0] == "$" else token.text.index("'")
        start, end = token.start + quote + 1, token.end - (quote + 1 if token.text[0] == "$" else 1)
        beside = [*listed[max(at - 1, 0) : at], *listed[at + 1 : at + 2]]
        if _escaped(token, beside) or any(other.kind is TokenKind.STRING for other in beside):
            yield start, end, None
        else:
            yield from ((start + first, start + last, name) for first, last, name in names_in(text[start:end]))


def _escaped(token: Token, beside: Sequence[Token]) -> bool:
    if token.text[0] not in "eEuU":
        return False
    return "\\" in token.text or any(other.says("uescape") for other in beside)


def stars(text: str) -> bool:
    """Whether a statement has columns that it doesn't name: by a star, `TABLE` or `NATURAL`.

    >>> stars("SELECT t.* FROM t"), stars("SELECT count(*), 2 * 3 FROM t")
    (True, False)
    """
    listed = list(tokens(text))
    starred = (token.says("*") and at > 0 and listed[at - 1].says(*_BEFORE_STAR) for at, token in enumerate(listed))
    return any(starred) or any(token.says("table", "natural") for token in listed)


def _named(token: Token) -> str:
    """A token's name, as PostgreSQL reads it."""
    return token.text[1:-1].replace('""', '"') if token.kind is TokenKind.QUOTED else token.text.lower()


def _is(token: Token, name: str) -> bool:
    return token.kind in _NAMES and _named(token) == name


def explained(text: str) -> str | None:
    """The statement that an EXPLAIN is about; None for any other statement.

    >>> explained("explain (analyze, format json) SELECT 1"), explained("SELECT 1")
    ('SELECT 1', None)
    """
    listed = list(tokens(text))
    if not listed or not listed[0].says("explain"):
        return None
    at = 1
    if at < len(listed) and listed[at].says("("):
        while at < len(listed) and not listed[at].says(")"):
            at += 1
        at += 1
    else:
        while at < len(listed) and listed[at].says("analyze", "analyse", "verbose"):
            at += 1
    return text[listed[at].start :] if at < len(listed) else ""
