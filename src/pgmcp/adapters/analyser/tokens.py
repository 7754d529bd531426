"""What every analyser reads off the tokens."""

from __future__ import annotations

from collections.abc import Iterable

from pgmcp.domain.sql.analysis import Parameter
from pgmcp.domain.sql.lexer import Token, TokenKind


def parameters_of(listed: Iterable[Token]) -> tuple[Parameter, ...]:
    """Where the parameters stand, in characters: a parser's tree counts bytes."""
    return tuple(
        Parameter(number=int(token.text[1:]), start=token.start)
        for token in listed
        if token.kind is TokenKind.PARAMETER
    )
