"""Patterns of names: `*` stands for any characters, `?` for one, everything else for itself, case included."""

from __future__ import annotations

import re
from functools import cached_property

from attrs import frozen


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
        return self._matches.fullmatch(name) is not None

    @property
    def is_exact(self) -> bool:
        """Whether it means one name alone."""
        return "*" not in self.text and "?" not in self.text


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

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.schema.text}.{self.name.text}"

    def matches(self, schema: str, name: str) -> bool:
        """Whether a relation or a function is meant; the system's own only where its schema is named outright."""
        if is_system(schema) and not self.schema.is_exact:
            return False
        return self.schema.matches(schema) and self.name.matches(name)


def is_system(schema: str) -> bool:
    """Whether a schema is PostgreSQL's own: its catalogues tell of everything, so no `*` means them."""
    return schema.startswith("pg_") or schema == "information_schema"
