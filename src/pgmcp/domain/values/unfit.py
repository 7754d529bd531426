"""What is raised when a value can't be one of a type."""

from __future__ import annotations

from typing import Self


class Unfit(Exception):  # noqa: N818 -- no error of the tree: whoever knows the place in the request makes one of it
    """A value that PostgreSQL would refuse for its type.

    Args:
        expected: What the type takes, to stand after "expected": `an integer from -32768 to 32767`.
        path: Where inside the value: positions of lists from 0, attributes of composites; empty for the value itself.
    """

    def __init__(self, expected: str, path: tuple[str | int, ...] = ()) -> None:
        """Keep what was expected, and where; never the value itself."""
        super().__init__(expected)
        self.expected = expected
        self.path = path

    def under(self, step: str | int) -> Self:
        """The same, seen from one level further out."""
        return type(self)(self.expected, (step, *self.path))
