"""A text that nobody sees by accident: not in a log, an error or a traceback."""

from __future__ import annotations


class Secret:
    """A text that hides itself: its `repr` and `str` never show it.

    >>> Secret("hunter2")
    Secret('***')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide a text."""
        self._text = text

    def reveal(self) -> str:
        """The text itself, for whoever really needs it."""
        return self._text

    def __repr__(self) -> str:
        """Stars."""
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Whether both hide the same text."""
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        """By the text."""
        return hash((Secret, self._text))
