"""A decision in words, for `pgmcp check --explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pgmcp.domain import json
from pgmcp.domain.access import Access
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.policy.attributes import Missing
from pgmcp.domain.policy.rules import Action, FunctionRule, TableRule
from pgmcp.domain.policy.sights import Sight
from pgmcp.domain.policy.views import View
from pgmcp.domain.suggestions import did_you_mean

EXECUTE = "execute"
_WORDS = (*Action, EXECUTE)
_OF_SQL = {"select": "read", "insert": "create", "call": "execute", "truncate": "delete"}
_DEFAULT = "policy.default"
_WORD = {True: "allowed", False: "refused", None: "no rule speaks of it: the guard decides"}


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
        raise ValidationError(codes.UNKNOWN_CHOICE, f"there is no action '{action}'", hint=_right(view, about, action))
    schema, dot, name = about.partition(".")
    if not dot:
        turned = f"The caller comes first: {about} {view.principal} {action}."
        hint = turned if "." in view.principal else f"Write public.{about}."
        raise ValidationError(codes.UNKNOWN_SCHEMA, f"'{about}' has no schema", hint=hint)
    if action == EXECUTE:
        yield from _of_function(view, schema, name, place)
    else:
        yield from _of_relation(view, view.relation(schema, name), Action(action), place)
    yield from _of_caller(view, place)


def _right(view: View, about: str, action: str) -> str | None:
    """The way to say it, where the action is none."""
    if about in _WORDS:
        return f"The action comes last: {view.principal} {action} {about}."
    if action.lower() in _OF_SQL:
        return f"Did you mean '{_OF_SQL[action.lower()]}'?"
    return did_you_mean(action, _WORDS, otherwise=f"One of {', '.join(_WORDS)}.")


def _of_function(view: View, schema: str, name: str, place: Callable[[str], str]) -> Iterator[str]:
    yield f"{view.principal} execute {schema}.{name}: {_WORD[view.may_execute(schema, name)]}"
    rules = [rule for rule in view.policy.functions if rule.is_for(view.principal)]
    rule = next((rule for rule in rules if rule.match.matches(schema, name)), None)
    if rule is not None:
        yield f"  by {place(rule.at)}"
    else:
        yield from _near(f"{schema}.{name}", rules)


def _of_relation(view: View, sight: Sight, action: Action, place: Callable[[str], str]) -> Iterator[str]:
    if not sight.known:
        word = "not there"
    elif action not in sight.actions:
        word = "refused"
    elif view.access is Access.READ and action is not Action.READ:
        word = "refused, as the caller has access read"
    else:
        word = "allowed"
    yield f"{view.principal} {action} {sight.schema}.{sight.name}: {word}"
    yield f"  by {place(sight.rule)}" + (", as no rule names it" if sight.rule == _DEFAULT else "")
    if sight.rule == _DEFAULT:
        yield from _near(f"{sight.schema}.{sight.name}", view.policy.tables)
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


def _near(name: str, rules: Iterable[TableRule | FunctionRule]) -> Iterator[str]:
    """The rule that was perhaps meant, where a name is mistyped."""
    hint = did_you_mean(name, (str(rule.match) for rule in rules))
    if hint is not None:
        yield f"  {hint[0].lower()}{hint[1:]}"


def _of_caller(view: View, place: Callable[[str], str]) -> Iterator[str]:
    if view.rule is not None:
        yield f"  caller by {place(view.rule.at)}"
    elif view.policy.principals:
        hint = did_you_mean(view.principal, (rule.match.text for rule in view.policy.principals))
        yield "  no rule of policy.principals names the caller" + (f"; {hint[0].lower()}{hint[1:]}" if hint else "")
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
    if view.policy.given:
        yield "  PostgreSQL's own grants hold beside this"
