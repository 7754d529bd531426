"""From the tables of a TOML file to a policy; a mistake is named by its place, `policy.tables[1].mask.email`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pgmcp.domain.access import Access
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.places import step
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.policy.patterns import Pattern, QualifiedPattern
from pgmcp.domain.policy.rules import (
    EVERY_ACTION,
    Action,
    Default,
    FunctionRule,
    Policy,
    PrincipalRule,
    SchemaRule,
    TableRule,
)
from pgmcp.domain.suggestions import did_you_mean

T = TypeVar("T")

KEYS: Mapping[str, Mapping[str, str]] = {
    "policy": {
        "default": "What holds for a table that no rule names: `deny` (as when left out) or `allow`.",
        "schemas": "Rules of schemas.",
        "tables": "Rules of tables, views, materialized views and foreign tables.",
        "functions": "Rules of functions and procedures.",
        "principals": "Who may be calling.",
    },
    "schemas": {
        "match": "A schema's name; `*` and `?` as in file names.",
        "for": "Names of the callers that the rule is for, with `*` and `?`; everyone when left out.",
        "allow": "What may be done with its tables at the most: `read`, `create`, `update`, `delete`; `[]` hides it.",
    },
    "tables": {
        "match": "`schema.table`, with `*` and `?` in both; `*` for everything.",
        "for": "Names of the callers that the rule is for, with `*` and `?`; everyone when left out.",
        "allow": "`read`, `create`, `update`, `delete`; `[]` hides it. Needed, unless `default` is `allow`.",
        "hide": "Columns that are as if they did not exist.",
        "mask": "Columns and what they show: `full`, `last4`, `email`, `hash` or `null`.",
        "rows": "A filter as `read_table` takes it, ANDed to every plan; `$name` comes from the caller's attributes.",
        "max_rows": "Rows that one answer gives, or one update or delete changes, at the most.",
    },
    "functions": {
        "match": "`schema.function`, with `*` and `?` in both.",
        "for": "Names of the callers that the rule is for, with `*` and `?`; everyone when left out.",
        "allow": '`["execute"]`, or `[]` for never.',
    },
    "principals": {
        "match": "A caller's name: a token's subject, or the setting `principal`; with `*` and `?`.",
        "access": "A ceiling of their own: `read`, `write` or `admin`; never above the server's.",
        "role": "A role that their statements take on, by `SET LOCAL ROLE`.",
        "settings": "Settings for their statements, as by `SET LOCAL`; `$name` comes from the attributes.",
        "attributes": "Values for `$name` in `rows` and `settings`.",
    },
}
"""Every key of a policy and what it means, by the table that it stands in; the reference is made of it."""


def parse_policy(content: Mapping[str, Any], source: str | None = None) -> Policy:
    """The policy in a file's table `policy`.

    Args:
        content: The table, as a TOML parser gives it.
        source: The file's name.

    Raises:
        ValidationError: `policy_invalid`, with the path of the mistake and what it takes.
    """
    _table(content, "policy", "policy")
    default = Default(_choice(content.get("default", "deny"), tuple(Default), "policy.default"))
    listed: Mapping[str, Sequence[Any]] = {
        name: _rules(content, name) for name in ("schemas", "tables", "functions", "principals")
    }
    return Policy(
        default=default,
        schemas=tuple(_schema(each, at) for at, each in _numbered(listed["schemas"], "schemas")),
        tables=tuple(_relation(each, at, default) for at, each in _numbered(listed["tables"], "tables")),
        functions=tuple(_function(each, at) for at, each in _numbered(listed["functions"], "functions")),
        principals=tuple(_principal(each, at) for at, each in _numbered(listed["principals"], "principals")),
        source=source,
    )


def _schema(rule: Mapping[str, Any], at: str) -> SchemaRule:
    return SchemaRule(at=at, callers=_callers(rule, at), match=_pattern(rule, at), allow=_actions(rule, at))


def _relation(rule: Mapping[str, Any], at: str, default: Default) -> TableRule:
    if "allow" not in rule and default is Default.DENY:
        raise _wrong(f"{at}.allow", "'allow' is missing", 'Write allow = ["read"], or [] to hide the table.')
    mask = _expect(rule.get("mask", {}), Mapping, f"{at}.mask", 'a table such as { email = "email" }')
    rows = rule.get("rows")
    if rows is not None and not _expect(rows, Mapping, f"{at}.rows", "a filter"):
        raise _wrong(f"{at}.rows", "the filter says nothing", 'Write rows = { tenant_id = { eq = "$tenant" } }.')
    max_rows = rule.get("max_rows")
    if max_rows is not None and (isinstance(max_rows, bool) or not isinstance(max_rows, int) or max_rows < 1):
        raise _wrong(f"{at}.max_rows", "it is no number of rows", "It takes a whole number from 1.")
    return TableRule(
        at=at,
        callers=_callers(rule, at),
        match=_qualified(rule, at),
        allow=_actions(rule, at),
        hide=tuple(Pattern(name) for name in _texts(rule.get("hide", []), f"{at}.hide")),
        mask=tuple(
            (Pattern(name), Mask(_choice(word, tuple(Mask), step(f"{at}.mask", name)))) for name, word in mask.items()
        ),
        rows=rows,
        max_rows=max_rows,
    )


def _function(rule: Mapping[str, Any], at: str) -> FunctionRule:
    allowed = _texts(rule.get("allow", ["execute"]), f"{at}.allow")
    for place, word in enumerate(allowed):
        _choice(word, ("execute",), f"{at}.allow[{place}]")
    return FunctionRule(at=at, callers=_callers(rule, at), match=_qualified(rule, at), execute=bool(allowed))


def _principal(rule: Mapping[str, Any], at: str) -> PrincipalRule:
    access = rule.get("access")
    settings = _expect(rule.get("settings", {}), Mapping, f"{at}.settings", 'a table such as { "app.tenant" = "7" }')
    role = rule.get("role")
    if role is not None and not (isinstance(role, str) and role and role != "none"):
        raise _wrong(f"{at}.role", "it is no role's name", "It takes the name of one of PostgreSQL's roles.")
    return PrincipalRule(
        at=at,
        match=_pattern(rule, at),
        access=None if access is None else Access(_choice(access, tuple(Access), f"{at}.access")),
        role=role,
        settings={name: _setting(value, step(f"{at}.settings", name)) for name, value in settings.items()},
        attributes=dict(_expect(rule.get("attributes", {}), Mapping, f"{at}.attributes", "a table of values")),
    )


def _setting(value: object, at: str) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int | float):
        return str(value)
    raise _wrong(at, "it is no value of a setting", "It takes a text or a number.")


def _rules(content: Mapping[str, Any], name: str) -> Sequence[Any]:
    rules: list[Any] = _expect(content.get(name, []), list, f"policy.{name}", f"a list of tables: [[policy.{name}]]")
    return rules


def _numbered(rules: Sequence[Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [(at := f"policy.{name}[{place}]", _table(rule, name, at)) for place, rule in enumerate(rules)]


def _table(value: Any, name: str, at: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = _expect(value, Mapping, at, "a table")
    for key in table:
        if key not in KEYS[name]:
            hint = did_you_mean(key, KEYS[name], otherwise=f"It takes {', '.join(KEYS[name])}.")
            raise _wrong(step(at, key), f"a policy has no '{key}' there", hint)
    return table


def _callers(rule: Mapping[str, Any], at: str) -> tuple[Pattern, ...]:
    named = _texts(rule["for"], f"{at}.for") if "for" in rule else None
    if named == ():
        raise _wrong(f"{at}.for", "it names nobody", "Leave it out where the rule is for everyone.")
    return tuple(Pattern(name) for name in named or ())


def _pattern(rule: Mapping[str, Any], at: str) -> Pattern:
    return Pattern(_match(rule, at))


def _qualified(rule: Mapping[str, Any], at: str) -> QualifiedPattern:
    found = QualifiedPattern.read(_match(rule, at))
    if found is None:
        raise _wrong(f"{at}.match", "it has no schema", 'Write "public.customers", "public.*", or "*" for everything.')
    return found


def _match(rule: Mapping[str, Any], at: str) -> str:
    if "match" not in rule:
        raise _wrong(f"{at}.match", "'match' is missing", "It says what the rule is about.")
    match: str = _expect(rule["match"], str, f"{at}.match", "a name, with * and ?")
    if not match:
        raise _wrong(f"{at}.match", "it is empty", "It says what the rule is about.")
    return match


def _actions(rule: Mapping[str, Any], at: str) -> frozenset[Action]:
    if "allow" not in rule:
        return EVERY_ACTION
    words = _texts(rule["allow"], f"{at}.allow")
    return frozenset(Action(_choice(word, tuple(Action), f"{at}.allow[{place}]")) for place, word in enumerate(words))


def _texts(value: Any, at: str) -> tuple[str, ...]:
    listed = _expect(value, list, at, "a list of texts")
    return tuple(_expect(each, str, f"{at}[{place}]", "a text") for place, each in enumerate(listed))


def _choice(value: Any, known: Sequence[str], at: str) -> str:
    if not isinstance(value, str) or value not in known:
        otherwise = f"It takes {', '.join(known)}."
        raise _wrong(at, "the word is not known", did_you_mean(str(value), known, otherwise=otherwise))
    return value


def _expect(value: Any, kind: type[T] | Callable[..., T], at: str, what: str) -> Any:
    if not isinstance(value, kind):  # type: ignore[arg-type]  # Mapping is abstract, and so no type[T] for mypy
        raise _wrong(at, f"it is not {what}", f"It takes {what}.")
    return value


def _wrong(at: str, message: str, hint: str | None) -> ValidationError:
    return ValidationError(codes.POLICY_INVALID, f"the policy is wrong at {at}: {message}", hint=hint, path=at)
