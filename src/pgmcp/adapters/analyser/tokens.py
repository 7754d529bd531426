"""What every analyser reads off the tokens."""

from __future__ import annotations

from pgmcp.domain.sql.analysis import Parameter
from pgmcp.domain.sql.lexer import TokenKind, tokens


def parameters_of(text: str) -> tuple[Parameter, ...]:
    """Where the parameters stand, in characters: a parser's tree counts bytes."""
    return tuple(
        Parameter(number=int(token.text[1:]), start=token.start)
        for token in tokens(text)
        if token.kind is TokenKind.PARAMETER
    )
