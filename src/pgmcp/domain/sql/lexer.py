"""SQL text as tokens: enough to find where a statement begins and ends, without knowing its grammar.

Source: PostgreSQL documentation, section 4.1 (Lexical Structure), and its scanner (parser/scan.l) for continued
strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from attrs import define


class TokenKind(StrEnum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted"  # an identifier in double quotes
    STRING = "string"
    NUMBER = "number"
    PARAMETER = "parameter"
    SIGN = "sign"  # one character of an operator or of punctuation


# Statements have thousands, and a frozen one takes twice as long to make.
@define
class Token:
    """A piece of a text that is neither white space nor a comment.

    Args:
        kind: What it is.
        text: Its characters.
        start: Where it begins, from 0.
    """

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the next character stands."""
        return self.start + len(self.text)

    def says(self, *words: str) -> bool:
        """Whether it is one of these words, whatever their case, or one of these signs."""
        return self.kind in {TokenKind.WORD, TokenKind.SIGN} and self.text.lower() in words


_BLANK = re.compile(r"(?:[ \t\n\r\f\v]+|--[^\n\r]*)+")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_PLAIN_STRING = re.compile(r"(?:[bBxXnN]|[uU]&)?'[^']*(?:''[^']*)*'?")
_ESCAPE_STRING = re.compile(r"[eE]'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'?", re.DOTALL)
# A string goes on behind a line break, by the rules that it began with.
_CONTINUED = re.compile(r"[ \t\f\v]*[\r\n](?:[ \t\n\r\f\v]+|--[^\n\r]*[\r\n])*(?=')")
_ESCAPE_TAIL = re.compile(r"'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'?", re.DOTALL)
_QUOTED = re.compile(r'(?:[uU]&)?"[^"]*(?:""[^"]*)*"?')
# Letters, the underscore and all beyond ASCII begin a name, digits may follow; said by what they are not, as a set of a
# million characters takes longer to compile than all other patterns of a start together.
_BEGINS = r"[^\x00-@\[-^`{-\x7f]"
_FOLLOWS = r"[^\x00-/:-@\[-^`{-\x7f]"
_FOLLOWS_OR_DOLLAR = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_DOLLAR = re.compile(rf"\$(?:{_BEGINS}{_FOLLOWS}*)?\$")
_PARAMETER = re.compile(r"\$[0-9]+")
_NUMBER = re.compile(r"[0-9][0-9A-Za-z_]*(?:\.[0-9A-Za-z_]*)?")
_WORD = re.compile(rf"{_BEGINS}{_FOLLOWS_OR_DOLLAR}*")
# The first rule that matches holds. One search finds a token with the white space before it; it fails at the end of the
# text and where a comment begins that may nest. What begins nothing else stands first, as most tokens are such.
_TOKEN = re.compile(
    rf"(?>{_BLANK.pattern})?+(?:(?P<sign>[^\w\s\x00-\x1f$'\"/\x80-\U0010ffff]|/(?!\*))|(?P<number>{_NUMBER.pattern})"
    rf"|(?P<escaped>{_ESCAPE_STRING.pattern})|(?P<dollar>{_DOLLAR.pattern})|(?P<string>{_PLAIN_STRING.pattern})"
    rf"|(?P<quoted>{_QUOTED.pattern})|(?P<parameter>{_PARAMETER.pattern})|(?P<word>{_WORD.pattern})"
    r"|(?P<other>[^/ \t\n\r\f\v]))",
    re.DOTALL,
)
_KINDS = {**{kind.value: kind for kind in TokenKind}, "escaped": TokenKind.STRING, "dollar": TokenKind.STRING}


def tokens(text: str) -> Iterator[Token]:
    r"""The tokens of a text in their order; what is never closed goes on to the end.

    >>> [token.text for token in tokens("SELECT 'it''s' -- why\n, $1")]
    ['SELECT', "'it''s'", ',', '$1']
    """
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            blank = _BLANK.match(text, at)
            at = at if blank is None else blank.end()
            if at == len(text):
                return
            at = _comment_end(text, at)
            continue
        rule = found.lastgroup or ""
        start, at = found.span(rule)
        if rule == "escaped":
            at = _continued(text, at)
        elif rule == "dollar":
            closing = text.find(found[rule], at)
            at = len(text) if closing < 0 else closing + at - start
        yield Token(_KINDS.get(rule, TokenKind.SIGN), text[start:at], start)


def _continued(text: str, end: int) -> int:
    """Where an escape string ends that may go on behind line breaks."""
    while (gap := _CONTINUED.match(text, end)) is not None:
        tail = _ESCAPE_TAIL.match(text, gap.end())
        if tail is None:
            break
        end = tail.end()
    return end


def _comment_end(text: str, at: int) -> int:
    """Where a comment ends; comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, at):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def trimmed(listed: Sequence[Token]) -> list[Token]:
    """The tokens of the first statement that there is, without the semicolons around it."""
    first = next((index for index, token in enumerate(listed) if not token.says(";")), len(listed))
    last = next((index for index in range(first, len(listed)) if listed[index].says(";")), len(listed))
    return list(listed[first:last])
