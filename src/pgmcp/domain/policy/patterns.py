"""Patterns of names: `*` stands for any characters, `?` for one, everything else for itself, case included."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Generic, TypeVar

from attrs import frozen

T = TypeVar("T")

_WILD = re.compile("[*?]")


@frozen(slots=False)
class Pattern:
    """A pattern of one name."""

    text: str

    @cached_property
    def _matches(self) -> re.Pattern[str]:
        parts = (
            ".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split("([*?])", self.text)
        )
        return re.compile("".join(parts), re.DOTALL)

    def matches(self, name: str) -> bool:
        """Whether a name is meant.

        >>> Pattern("support-*").matches("support-7"), Pattern("a?").matches("a")
        (True, False)
        """
        return name == self.text if self.is_exact else self._matches.fullmatch(name) is not None

    @cached_property
    def is_exact(self) -> bool:
        """Whether it means one name alone."""
        return "*" not in self.text and "?" not in self.text

    @property
    def beginning(self) -> str:
        """What every name begins with that it means."""
        return _WILD.split(self.text, maxsplit=1)[0]


class FirstMatch(Generic[T]):
    """The first of many patterns that means a name, found without a look at the others.

    Args:
        entries: The patterns in their order, each with what it stands for.
    """

    def __init__(self, entries: Iterable[tuple[Pattern, T]]) -> None:
        self._by_beginning: dict[str, list[tuple[int, Pattern, T]]] = {}
        for number, (pattern, meant) in enumerate(entries):
            self._by_beginning.setdefault(pattern.beginning, []).append((number, pattern, meant))

    def find(self, name: str) -> T | None:
        """What the first pattern stands for that means the name.

        >>> FirstMatch([(Pattern("a*"), 1), (Pattern("ab"), 2), (Pattern("*"), 3)]).find("ab")
        1
        """
        first: tuple[int, Pattern, T] | None = None
        for end in range(len(name) + 1):
            for entry in self._by_beginning.get(name[:end], ()):
                if (first is None or entry[0] < first[0]) and entry[1].matches(name):
                    first = entry
                    break
        return None if first is None else first[2]


@frozen
class QualifiedPattern:
    """A pattern of a schema's name and one of a name in it, such as `public.cust*`.

    The parts are matched apart, at the first dot: a table that is called `a.b` can't be mistaken for another schema's.
    """

    schema: Pattern
    name: Pattern

    @classmethod
    def read(cls, text: str) -> QualifiedPattern | None:
        """The pattern that a text stands for; None where it has no schema. `*` alone means everything."""
        if text == "*":
            return cls(Pattern("*"), Pattern("*"))
        schema, dot, name = text.partition(".")
        return cls(Pattern(schema), Pattern(name)) if dot and schema and name else None

    @property
    def is_exact(self) -> bool:
        """Whether it means one name of one schema alone."""
        return self.schema.is_exact and self.name.is_exact

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.schema.text}.{self.name.text}"

    def matches(self, schema: str, name: str) -> bool:
        """Whether a relation or a function is meant; the system's own only where its schema is named outright."""
        return self.matches_schema(schema) and self.name.matches(name)

    def matches_schema(self, schema: str) -> bool:
        """Whether anything of a schema may be meant, as above."""
        return (self.schema.is_exact or not is_system(schema)) and self.schema.matches(schema)


def is_system(schema: str) -> bool:
    """Whether a schema is PostgreSQL's own: its catalogues tell of everything, so no `*` means them."""
    return schema.startswith("pg_") or schema == "information_schema"
