"""What a raw statement is, from its parse tree alone."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.sql.analysis import Analysis, Parameter

__all__ = ["Analysis", "Parameter", "SqlAnalyser"]


class SqlAnalyser(Protocol):
    """Parses SQL without a server."""

    async def analyse(self, text: str) -> Analysis:
        """What the text is.

        Raises:
            QueryError: `syntax_error` with its position, the line and a caret in the hint.
            ValidationError: `statement_too_large` for what is nested too deep to parse, or has too many words.
        """
        ...
