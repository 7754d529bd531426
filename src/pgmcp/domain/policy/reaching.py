"""A policy held against what the database has beside relations: functions, roles and settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pgmcp.domain.health import Finding, Level
from pgmcp.domain.policy.patterns import is_system
from pgmcp.domain.policy.rules import Policy, PrincipalRule
from pgmcp.domain.policy.surroundings import PolicySurroundings, RoleFacts
from pgmcp.domain.suggestions import nearest

ABOUT = "policy"

# A setting of one's own, which PostgreSQL takes without knowing it (GUC names with a dot).
_OWN = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)+", re.ASCII)


def judge_surroundings(policy: Policy, found: PolicySurroundings) -> Iterator[Finding]:
    """What is to be said of rules about functions and callers; of a role that can be taken, what it may do.

    Args:
        policy: The policy.
        found: What the database has.
    """
    names = [str(name) for name in found.functions]
    for rule in policy.functions:
        meant = any(rule.match.matches(name.schema, name.name) for name in found.functions)
        if not meant and not is_system(rule.match.schema.text):
            yield _warning(rule.at, f"no function matches '{rule.match}'{_near(str(rule.match), names)}")
    for principal in policy.principals:
        yield from _of_role(principal, found)
        yield from _of_settings(principal, found)


def _of_role(rule: PrincipalRule, found: PolicySurroundings) -> Iterator[Finding]:
    if rule.role is None:
        return
    at, role = f"{rule.at}.role", found.roles.get(rule.role)
    if role is None:
        yield _warning(at, f"there is no role '{rule.role}', so nothing of theirs would run")
    elif not role.taken:
        yield _warning(at, f"'{rule.role}' may not be taken on, so nothing of theirs would run; GRANT it to our role")
    elif beyond := _beyond(role):
        yield _warning(at, f"'{rule.role}' is {beyond}; a role with fewer rights is safer")
    else:
        may = f"may read {role.readable} and change {role.writable} relations"
        yield Finding(ABOUT, Level.OK if role.readable else Level.WARN, f"{at}: '{rule.role}' {may}")


def _beyond(role: RoleFacts) -> str:
    if role.superuser:
        return "a superuser"
    return "past row security" if role.bypasses_row_security else ""


def _of_settings(rule: PrincipalRule, found: PolicySurroundings) -> Iterator[Finding]:
    known = {name.casefold(): may for name, may in found.settings.items()}
    for name in rule.settings:
        may = known.get(name.casefold())
        if may is False:
            yield _warning(f"{rule.at}.settings", f"'{name}' may not be set by our role")
        elif may is None and not _OWN.fullmatch(name):
            near = _near(name, found.settings)
            yield _warning(f"{rule.at}.settings", f"there is no setting '{name}'{near}")


def _near(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known, limit=1)
    return f" (did you mean '{found[0]}'?)" if found else ""


def _warning(at: str, text: str) -> Finding:
    return Finding(ABOUT, Level.WARN, f"{at}: {text}")
