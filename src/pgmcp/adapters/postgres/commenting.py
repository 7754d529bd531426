"""A comment on every statement that says which tool ran it and for whom, for pg_stat_activity, logs and pgaudit.

In the form of sqlcommenter (https://google.github.io/sqlcommenter/spec/): keys in order, values percent-encoded, so
that nothing in a principal's name ends the comment or the quotes. It stands behind the statement, so positions in
errors stay as they are; it holds only what is the same from call to call, so statements stay prepared.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from pgmcp.domain.calls import CallContext
from pgmcp.ports.driver import Statement

# Beyond these the comments are made anew: callers bring their own names, which must not fill the memory.
_KEPT = 1_000
_LONGEST = 200
# Statements with their comments: as many as their writers keep, and no longer ones than come again.
_KEPT_TEXTS = 500
_LONGEST_TEXT = 4_000

Remark = Callable[[CallContext], str]
"""Gives the comment of whatever is run for a call."""


class Commenter:
    """Adds the comment."""

    def __init__(self) -> None:
        self._comments: dict[tuple[str, str], str] = {}
        self._texts: dict[tuple[str, str, str], str] = {}

    def __call__(self, statement: Statement, call: CallContext) -> Statement:
        """The statement with its comment."""
        return Statement(self.said(statement.text, call), statement.parameters, statement.dirties)

    def said(self, text: str, call: CallContext) -> str:
        """A statement's text with its comment."""
        known = (call.tool, call.principal.name, text)
        return self._texts.get(known) or self._commented(known, call)

    def _commented(self, known: tuple[str, str, str], call: CallContext) -> str:
        """A text with its comment; kept, as the drivers know what they have prepared by the very same text."""
        text = known[2] + self.remark(call)
        if len(text) <= _LONGEST_TEXT:
            if len(self._texts) >= _KEPT_TEXTS:
                self._texts.clear()
            self._texts[known] = text
        return text

    def remark(self, call: CallContext) -> str:
        """The comment alone, to stand behind a text of a call's."""
        known = (call.tool, call.principal.name)
        comment = self._comments.get(known)
        if comment is None:
            if len(self._comments) >= _KEPT:
                self._comments.clear()
            comment = self._comments[known] = comment_of(*known)
        return comment


def no_remark(_: CallContext) -> str:
    """In place of `remark` where statements stay as they are."""
    return ""


def comment_of(tool: str, principal: str) -> str:
    r"""The comment, with the white space before it.

    >>> comment_of("read_table", "ana's */")
    "\n/*action='read_table',application='pgmcp',principal='ana%27s%20%2A%2F'*/"
    """
    return f"\n/*action='{_encoded(tool)}',application='pgmcp',principal='{_encoded(principal)}'*/"


def _encoded(text: str) -> str:
    """A value as sqlcommenter wants it; a long one is cut, never inside an escape."""
    encoded = quote(text, safe="", errors="replace")
    return encoded if len(encoded) <= _LONGEST else encoded[:_LONGEST].rpartition("%")[0] or encoded[:_LONGEST]
