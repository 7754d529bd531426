"""What a database has of all that a policy speaks of beside relations: functions, roles, settings."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from pgmcp.domain.relations import Name


@frozen(kw_only=True)
class RoleFacts:
    """A role that a policy has its callers take on.

    Args:
        taken: Whether the role that we connect as may take it on.
        superuser, bypasses_row_security: What it may do beyond tables.
        readable, writable: Relations outside the system's schemas that it may read, or change.
    """

    taken: bool
    superuser: bool = False
    bypasses_row_security: bool = False
    readable: int = 0
    writable: int = 0


@frozen(kw_only=True)
class PolicySurroundings:
    """What is there.

    Args:
        functions: Functions and procedures outside the system's schemas.
        roles: The roles that were asked about and exist, by name.
        settings: PostgreSQL's own settings, and whether we may make them.
    """

    functions: frozenset[Name] = frozenset()
    roles: Mapping[str, RoleFacts]
    settings: Mapping[str, bool]
