"""A decision in words, for `pgmcp check --explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgmcp.domain import json
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.policy.attributes import Missing
from pgmcp.domain.policy.rules import Action
from pgmcp.domain.policy.views import Sight, View
from pgmcp.domain.suggestions import did_you_mean

EXECUTE = "execute"
_WORDS = (*Action, EXECUTE)


def explain(view: View, about: str, action: str, place: Callable[[str], str] = str) -> Iterator[str]:
    """The lines that explain what a caller may do.

    Args:
        view: The caller's view.
        about: A relation, or a function, with its schema: `public.customers`.
        action: `read`, `create`, `update`, `delete` or `execute`.
        place: Says where a rule stands, of its place in the policy.

    Raises:
        ValidationError: There is no such action, or no schema.
    """
    if action not in _WORDS:
        hint = did_you_mean(action, _WORDS, otherwise=f"One of {', '.join(_WORDS)}.")
        raise ValidationError(codes.UNKNOWN_CHOICE, f"there is no action '{action}'", hint=hint)
    schema, dot, name = about.partition(".")
    if not dot:
        raise ValidationError(codes.UNKNOWN_SCHEMA, f"'{about}' has no schema", hint=f"Write public.{about}.")
    if action == EXECUTE:
        word = {True: "allowed", False: "refused", None: "no rule speaks of it: the guard decides"}
        yield f"{view.principal} execute {about}: {word[view.may_execute(schema, name)]}"
    else:
        yield from _of_relation(view, view.relation(schema, name), Action(action), place)
    yield from _of_caller(view, place)


def _of_relation(view: View, sight: Sight, action: Action, place: Callable[[str], str]) -> Iterator[str]:
    if not sight.known:
        word = "not there"
    elif action in sight.actions:
        word = "allowed"
    else:
        word = "refused"
    yield f"{view.principal} {action} {sight.schema}.{sight.name}: {word}"
    yield f"  by {place(sight.rule)}"
    if not sight.known or sight.table is None:
        return
    rule = sight.table
    yield f"  actions: {', '.join(each for each in Action if each in sight.actions)}"
    if rule.hide:
        yield f"  hidden columns: {', '.join(pattern.text for pattern in rule.hide)}"
    if rule.mask:
        yield f"  masked columns: {', '.join(f'{pattern.text} ({mask})' for pattern, mask in rule.mask)}"
    if sight.missing is not None:
        yield f"  rows: none, as the caller has no attribute '{sight.missing}'"
    elif sight.rows is not None:
        yield f"  rows: {json.dumps(sight.rows)}"
    if rule.max_rows is not None:
        yield f"  rows at once: {rule.max_rows}"


def _of_caller(view: View, place: Callable[[str], str]) -> Iterator[str]:
    if view.rule is not None:
        yield f"  caller by {place(view.rule.at)}"
    if view.access is not None:
        yield f"  access: {view.access} at the most"
    try:
        standing = view.standing
    except Missing as absent:
        yield f"  refused altogether: a setting asks for the attribute '{absent.name}'"
        return
    if standing.role is not None:
        yield f"  role: {standing.role}"
    for name, _ in standing.settings:
        yield f"  sets {name}"
