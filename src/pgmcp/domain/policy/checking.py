"""A policy held against a catalogue: rules that mean nothing that is there are mostly mistyped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.health import Finding, Level
from pgmcp.domain.policy.attributes import Missing, bound
from pgmcp.domain.policy.patterns import is_system
from pgmcp.domain.policy.rules import Policy, PrincipalRule, TableRule
from pgmcp.domain.relations import Name, Relation

ABOUT = "policy"


def judge_policy(policy: Policy, relations: Mapping[Name, Relation], moment: Moment) -> Iterator[Finding]:
    """What is to be said of a policy; one line that it is well where nothing is.

    Args:
        policy: The policy.
        relations: Every relation that is not the system's, with all its columns.
        moment: What relative times of filters are taken from.
    """
    if not policy.given:
        return
    found = [*_of_schemas(policy, relations), *_of_tables(policy, relations, moment)]
    yield from found
    if not found:
        rules = len(policy.schemas) + len(policy.tables) + len(policy.functions) + len(policy.principals)
        yield Finding(ABOUT, Level.OK, f"{rules} rules; what none names is {_WORDS[policy.default]}")


_WORDS = {"allow": "allowed", "deny": "not there"}


def _of_schemas(policy: Policy, relations: Iterable[Name]) -> Iterator[Finding]:
    known = {name.schema for name in relations}
    for rule in policy.schemas:
        if not is_system(rule.match.text) and not any(map(rule.match.matches, known)):
            yield _warning(rule.at, f"no schema with tables matches '{rule.match.text}'")


def _of_tables(policy: Policy, relations: Mapping[Name, Relation], moment: Moment) -> Iterator[Finding]:
    for rule in policy.tables:
        if is_system(rule.match.schema.text):
            continue
        meant = [each for name, each in relations.items() if rule.match.matches(name.schema, name.name)]
        if not meant:
            yield _warning(rule.at, f"no table or view matches '{rule.match}'")
            continue
        yield from _of_columns(rule, meant)
        yield from _of_rows(rule, meant, policy, moment)


def _of_columns(rule: TableRule, meant: Iterable[Relation]) -> Iterator[Finding]:
    names = {column for relation in meant for column in relation.stored}
    for what, patterns in (("hide", rule.hide), ("mask", tuple(pattern for pattern, _ in rule.mask))):
        for pattern in patterns:
            if not any(map(pattern.matches, names)):
                yield _warning(f"{rule.at}.{what}", f"no column matches '{pattern.text}'")


def _of_rows(rule: TableRule, meant: Iterable[Relation], policy: Policy, moment: Moment) -> Iterator[Finding]:
    """A filter that doesn't fit a relation shows none of its rows; so does one whose attributes are not given."""
    if rule.rows is None:
        return
    filters = _bound(rule, None)
    for principal in policy.principals if filters is None else ():
        filters = filters or _bound(rule, principal)
        if rule.is_for(principal.match.text) and _bound(rule, principal) is None:
            yield _warning(f"{principal.at}.attributes", f"they lack what {rule.at}.rows asks for")
    if filters is None:
        return
    for relation in meant:
        try:
            parse(filters, relation, moment)
        except PgmcpError as error:
            place = (error.path or "filters").replace("filters", f"{rule.at}.rows", 1)
            yield _warning(place, f"{error.message}; no row of {relation.name} is shown")


def _bound(rule: TableRule, principal: PrincipalRule | None) -> Mapping[str, Any] | None:
    """A rule's filter with a principal's attributes put in; None where some are not given."""
    attributes = principal.attributes if principal is not None else {}
    try:
        filters: Mapping[str, Any] = bound(rule.rows, {**attributes, "principal": "someone"})
    except Missing:
        return None
    return filters


def _warning(at: str, text: str) -> Finding:
    return Finding(ABOUT, Level.WARN, f"{at}: {text}")
