"""The rules of a policy, as they were written. Each says where it stands, so that a decision can name it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from pgmcp.domain.access import Access
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.policy.patterns import Pattern, QualifiedPattern


class Action(StrEnum):
    """What may be done with a relation's rows; knowing that it is there comes with any of them."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


EVERY_ACTION = frozenset(Action)


class Default(StrEnum):
    """What holds for a relation that no rule names."""

    ALLOW = "allow"
    DENY = "deny"


@frozen(kw_only=True)
class Rule:
    """What every rule has.

    Args:
        at: Its place in the policy, such as `policy.tables[1]`.
        callers: Patterns of the names that it is for; empty for everyone.
    """

    at: str
    callers: tuple[Pattern, ...] = ()

    def is_for(self, principal: str) -> bool:
        """Whether the rule is about a caller of that name."""
        return not self.callers or any(pattern.matches(principal) for pattern in self.callers)


@frozen(kw_only=True)
class SchemaRule(Rule):
    """What may be done in a schema at the most, whatever rules of tables say; nothing: it isn't there."""

    match: Pattern
    allow: frozenset[Action] = EVERY_ACTION


@frozen(kw_only=True)
class TableRule(Rule):
    """What may be done with a table or a view.

    Args:
        match: Which.
        allow: The actions; none: it isn't there.
        hide: Columns that are as if they did not exist.
        mask: Columns that show something in place of their values.
        rows: A filter that every row has to pass, as it is written; `$name` stands for an attribute of the caller.
        max_rows: Rows that one answer gives, or one update or delete changes, at the most.
    """

    match: QualifiedPattern
    allow: frozenset[Action]
    hide: tuple[Pattern, ...] = ()
    mask: tuple[tuple[Pattern, Mask], ...] = ()
    rows: Mapping[str, Any] | None = field(default=None, hash=False)
    max_rows: int | None = None


@frozen(kw_only=True)
class FunctionRule(Rule):
    """Whether a function may be executed."""

    match: QualifiedPattern
    execute: bool


@frozen(kw_only=True)
class PrincipalRule(Rule):
    """What holds for callers of a name.

    Args:
        match: Whose.
        access: A ceiling of their own.
        role: A role of PostgreSQL's that their statements take on.
        settings: Settings of PostgreSQL's for their statements; `$name` stands for an attribute.
        attributes: What `$name` stands for, in rules and in settings.
    """

    match: Pattern
    access: Access | None = None
    role: str | None = None
    settings: Mapping[str, str] = field(factory=dict, hash=False)
    attributes: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class Policy:
    """A policy; in each list the first rule that matches holds.

    Args:
        default: What holds for a relation that no rule names.
        source: The file that it was read from, if it was one.
        given: Whether there is one at all.
    """

    default: Default = Default.ALLOW
    schemas: tuple[SchemaRule, ...] = ()
    tables: tuple[TableRule, ...] = ()
    functions: tuple[FunctionRule, ...] = ()
    principals: tuple[PrincipalRule, ...] = ()
    source: str | None = field(default=None, eq=False)
    given: bool = True


OPEN = Policy(given=False)
"""No policy: everyone may do what the access mode and PostgreSQL's grants let through."""
