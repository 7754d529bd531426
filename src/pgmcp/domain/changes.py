"""What a write may have changed: of which relations the rows are no longer what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    # A relation knows what a change of it alone is.
    from pgmcp.domain.relations import Name


@frozen(kw_only=True)
class Changes:
    """Relations whose rows may have changed.

    Args:
        relations: Those that are known by name; what triggers and cascades do besides isn't among them.
        anywhere: Whether nobody can tell which, as after a raw statement.
        definitions: Whether the relations themselves may be others now, as after CREATE, ALTER or DROP.
        code: Whether code ran of which nobody knows what it does, so that it may have defined something: seldom.

    >>> from pgmcp.domain.relations import Name
    >>> (Changes.of(Name("public", "a")) | Changes(anywhere=True)).anywhere
    True
    """

    relations: frozenset[Name] = frozenset()
    anywhere: bool = False
    definitions: bool = False
    code: bool = False

    @classmethod
    def of(cls, *names: Name) -> Changes:
        """Changes of relations that are known."""
        return cls(relations=frozenset(names))

    def __or__(self, other: Changes) -> Changes:
        """Both together."""
        # Most calls of a transaction write what one before them wrote.
        if other is self or not other:
            return self
        if not self:
            return other
        says_as_much = (
            (self.anywhere or not other.anywhere)
            and (self.definitions or not other.definitions)
            and (self.code or not other.code)
        )
        if says_as_much and other.relations <= self.relations:
            return self
        return Changes(
            relations=self.relations | other.relations,
            anywhere=self.anywhere or other.anywhere,
            definitions=self.definitions or other.definitions,
            code=self.code or other.code,
        )

    def __bool__(self) -> bool:
        """Whether anything may have changed at all."""
        return self.anywhere or bool(self.relations)


NOTHING = Changes()
ANYTHING = Changes(anywhere=True)
CODE = Changes(anywhere=True, code=True)
DEFINITIONS = Changes(anywhere=True, definitions=True)
