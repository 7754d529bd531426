"""What the docs say of the declarations, made of them: pure functions that give Markdown for a region of a page.

A page holds prose of its own and regions between `<!-- name -->` and `<!-- /name -->`, which `scripts/docs` fills.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import NOTHING, Attribute, evolve, fields, resolve_types

from pgmcp.domain import json
from pgmcp.domain.arguments import facts_of
from pgmcp.domain.errors import Code, codes
from pgmcp.domain.filters.keys import Form, Target
from pgmcp.domain.filters.operators import OPERATORS, Operator
from pgmcp.domain.plans import Effect
from pgmcp.domain.policy.parsing import KEYS
from pgmcp.domain.relations import Column
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.settings import Secret, Setting, Settings, described
from pgmcp.domain.values.types import BOOL, INT4, JSONB, TEXT, TIMESTAMPTZ, Kind, Type, array_of
from pgmcp.handlers.base import HandlerBase
from pgmcp.handlers.registry import HANDLERS

AnyTool = type[HandlerBase[Any, Any, Any, Any]]

_WORDS = {str: "text", int: "integer", float: "number", bool: "boolean", Secret: "text, kept secret"}
_ACCESS = {Effect.READ: "read", Effect.RUN: "read", Effect.DEFINE: "admin", Effect.OPERATE: "admin"}
_SHAPES = ("point", "lseg", "path", "box", "polygon", "circle")
# A type for each kind that the operators tell apart.
_KINDS = {
    "numbers": INT4,
    "text": TEXT,
    "booleans": BOOL,
    "dates and timestamps": TIMESTAMPTZ,
    "arrays": array_of(INT4),
    "json": JSONB,
    "ranges": Type(name="int4range", kind=Kind.RANGE, element=INT4),
    "networks": Type(name="inet"),
    "tsvector": Type(name="tsvector"),
    **{name: Type(name=name) for name in _SHAPES},
}


def regions() -> Mapping[str, Mapping[str, str]]:
    """What every region of every page has to hold, by the page's path in the project and the region's name."""
    resolve_types(Settings)  # its annotations are texts until somebody asks
    return {
        "README.md": {"tools": tools_table(HANDLERS)},
        "docs/reference/tools.md": {"tools": tools_reference(HANDLERS)},
        "docs/reference/filters.md": {"operators": operators_reference(OPERATORS)},
        "docs/reference/settings.md": {"settings": settings_reference(described())},
        "docs/reference/policy.md": {"policy": policy_reference(KEYS)},
        "docs/reference/errors.md": {"errors": errors_reference(codes.catalogue())},
    }


def current(text: str, parts: Mapping[str, str]) -> str:
    """A page's text with its regions made anew.

    Raises:
        ValueError: The page has no region of a name.
    """
    for name, content in parts.items():
        text = replace_region(text, name, content)
    return text


def tools_table(tools: Iterable[AnyTool]) -> str:
    """The tools with their summaries, for the README."""
    rows = [(f"`{tool.name}`", tool.group, _access(tool), _first_sentence(tool.summary)) for tool in tools]
    return _table(("tool", "group", "access", "does"), rows)


def tools_reference(tools: Iterable[AnyTool]) -> str:
    """Every tool with its arguments and an example that works on the sample shop."""
    return "\n\n".join(_tool(tool) for tool in tools)


def settings_reference(settings: Mapping[str, tuple[Attribute[Any], Setting]]) -> str:
    """Every setting with its type, default, bounds and meaning."""
    rows = [
        (f"`{name}`", _setting_type(field, facts), _default(field.default), facts.doc)
        for name, (field, facts) in settings.items()
    ]
    return _table(("name", "type", "default", "meaning"), rows)


def policy_reference(tables: Mapping[str, Mapping[str, str]]) -> str:
    """Every key of a policy with its meaning, a section a table."""
    parts = []
    for name, keys in tables.items():
        heading = "[policy]" if name == "policy" else f"[[policy.{name}]]"
        parts.append(f"## `{heading}`\n" + _table(("key", "meaning"), [(f"`{key}`", doc) for key, doc in keys.items()]))
    return "\n\n".join(parts)


def errors_reference(catalogue: Mapping[str, Code]) -> str:
    """Every code of an error, with its class of retry and its meaning."""
    rows = [(f"`{code.name}`", f"`{code.retry}`", code.summary) for code in catalogue.values()]
    return _table(("code", "retry", "meaning"), rows)


def operators_reference(operators: Mapping[str, Operator]) -> str:
    """Every filter operator with what it works on, tried out on a column of each kind."""
    rows = [(f"`{name}`", f"`{operator.example}`", _works_on(operator)) for name, operator in operators.items()]
    return _table(("operator", "for example", "works on"), rows)


def replace_region(text: str, name: str, content: str) -> str:
    """A page with one of its regions made anew.

    Raises:
        ValueError: The page has no such region.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, found, rest = text.partition(start)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        message = f"there is no region {name!r}"
        raise ValueError(message)
    return f"{head}{start}\n{content.strip()}\n{end}{tail}"


def _tool(tool: AnyTool) -> str:
    meanings = _argument_docs(tool.request)
    rows = [
        (f"`{field.name}`", _type_words(field), _default(field.default), meanings.get(field.name, ""))
        for field in _ordered(fields(resolve_types(tool.request)))
    ]
    parts = [
        f"## {tool.name}",
        tool.summary,
        f"Group `{tool.group}`, access `{_access(tool)}`{_hints(tool)}; in Python `pgmcp.{tool.request.__name__}`.",
        _table(("argument", "type", "default", "meaning"), rows),
        f"```json\n{json.dumps(tool.example)}\n```",
    ]
    return "\n\n".join(parts)


def _ordered(declared: Iterable[Attribute[Any]]) -> list[Attribute[Any]]:
    """Required arguments first, what all tools take last, as declared otherwise."""
    shared = {field.name for field in fields(RequestBase)}
    return sorted(declared, key=lambda field: (field.name in shared, field.default is not NOTHING))


def _hints(tool: AnyTool) -> str:
    words = [word for word, holds in (("destructive", tool.destructive), ("idempotent", tool.idempotent)) if holds]
    return "".join(f", {word}" for word in words)


def _access(tool: AnyTool) -> str:
    return _ACCESS.get(tool.effect, "write")


def _argument_docs(request: type[RequestBase[Any]]) -> dict[str, str]:
    """What the docstrings of a request's classes say about each argument; a subclass has the last word."""
    found: dict[str, str] = {}
    for base in reversed(request.__mro__):
        found |= _section(base.__doc__ or "")
    return found


def _section(docstring: str) -> dict[str, str]:
    """The entries of a docstring's `Args:` section."""
    _, _, section = inspect.cleandoc(docstring).partition("\nArgs:\n")
    entries: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        text = line.strip()
        if not line.startswith("    ") or not text:
            break
        if line.startswith("     "):  # indented further than an entry: it goes on
            entries[name] += f" {text}"
            continue
        name, _, meaning = text.partition(": ")
        entries[name] = meaning
    return entries


def _type_words(field: Attribute[Any]) -> str:
    """An argument's type and bounds in words."""
    facts = facts_of(field)
    words = _words(field.type)
    if facts.choices:
        words = " or ".join(f"`{choice}`" for choice in facts.choices)
    over = "" if facts.above is None else f", more than {facts.above:,}"
    return words + over + _bounds(facts.minimum, facts.maximum)


def _setting_type(field: Attribute[Any], facts: Setting) -> str:
    words = " or ".join(f"`{choice}`" for choice in facts.choices) or _words(field.type)
    if facts.choices and typing.get_origin(field.type) is tuple:
        words = f"list of {words}"
    unit = f" ({facts.unit})" if facts.unit else ""
    return words + unit + _bounds(facts.minimum, facts.maximum)


def _bounds(minimum: float | None, maximum: float | None) -> str:
    least = "" if minimum is None else f", at least {minimum:,}"
    most = "" if maximum is None else f", at most {maximum:,}"
    return least + most


def _words(type_: Any) -> str:
    """A declared type in words; None among several stands for "may be left out" and is not mentioned."""
    origin = typing.get_origin(type_)
    if origin in {typing.Union, types.UnionType}:
        members = (_words(member) for member in typing.get_args(type_) if member is not types.NoneType)
        return " or ".join(dict.fromkeys(members))
    if origin is None:
        return _WORDS.get(type_, "any value")
    if issubclass(origin, Mapping):
        return "object"
    (first, *_) = typing.get_args(type_)
    return "list" if first is Any else f"list of {_words(first)}"


def _default(value: Any) -> str:
    if value is NOTHING:
        return "required"
    if value is None or value == ():
        return "–"
    shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    return f"`{shown}`"


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".") + "."


def _works_on(operator: Operator) -> str:
    targets = {words: _target(type_) for words, type_ in _KINDS.items()}
    targets["JSON paths as text"] = evolve(_target(TEXT), form=Form.TEXT)
    fitting = [words for words, target in targets.items() if operator.fits(target)]
    others = [words for words in targets if words not in fitting]
    if not others:
        return "everything"
    return f"everything but {_listed(others)}" if len(others) < len(fitting) else _listed(fitting)


def _listed(kinds: Sequence[str]) -> str:
    """Kinds in words; all shapes together are geometry."""
    if not set(_SHAPES) <= set(kinds):
        return ", ".join(kinds)
    return ", ".join([*(kind for kind in kinds if kind not in _SHAPES), "geometry"])


def _target(type_: Type) -> Target:
    return Target(column=Column(name="example", type=type_), type=type_)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
