"""What a key of a filter names: a column, or a place inside a column's document.

A key is a column's exact name; that name in double quotes; or either of them followed by a path: `col->a->0->>b` or
`col.a.b`. A step of digits is a position in an array; a step in double quotes is a key as it stands.
Source: PostgreSQL documentation, section 9.16 (JSON Functions and Operators).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from attrs import frozen

from pgmcp.domain.errors import SecurityError, ValidationError, codes
from pgmcp.domain.filters.tree import Operand, View
from pgmcp.domain.places import shown
from pgmcp.domain.records import unknown_column
from pgmcp.domain.relations import Column, Relation
from pgmcp.domain.values.types import DOCUMENTS, JSONB, TEXT, Type

MAX_STEPS = 64

_QUOTED = r'"([^"]*(?:""[^"]*)*)"'
_QUOTED_NAME = re.compile(_QUOTED)
_ARROW_STEP = re.compile(rf'->(>?)(?:{_QUOTED}|(?!->)([^">](?:(?!->).)*))', re.DOTALL)
_DOT_STEP = re.compile(rf'\.()(?:{_QUOTED}|([^".][^.]*))')
_SEPARATOR = re.compile(r"->|\.")
_POSITION = re.compile(r"0|-?[1-9][0-9]{0,9}").fullmatch
_HINT = "Write col->a->0->>b, or col.a.b; a key with arrows or dots of its own stands in double quotes."


class Form(StrEnum):
    """How a key looks at its column."""

    COLUMN = "column"  # the column itself
    DOCUMENT = "document"  # a path that ends in `->`: the jsonb there
    TEXT = "text"  # a path that ends in `->>` or is written with dots: the text there


@frozen(kw_only=True)
class Target:
    """What a key names.

    Args:
        column: The column.
        type: Its type without domains; of a path, jsonb or text.
        form: The column itself, or what a path gives.
        path: Keys and positions, empty for the column itself.
    """

    column: Column
    type: Type
    form: Form = Form.COLUMN
    path: tuple[str | int, ...] = ()

    @property
    def is_document(self) -> bool:
        """Whether its value is a JSON document, not a text made of one."""
        return self.form is Form.DOCUMENT or (self.form is Form.COLUMN and self.type.tag in DOCUMENTS)

    @property
    def type_name(self) -> str:
        """What it is, for messages."""
        if self.form is Form.COLUMN:
            return f"column '{self.column.name}' of type {self.column.type_name}"
        return f"a path that gives {self.type.display}"

    def operand(self, type_: Type | None = None, view: View = View.PLAIN) -> Operand:
        """The operand of a condition, compared as `type_`: its own type when left out."""
        return Operand(column=self.column.name, type=type_ or self.type, path=self.path, view=view)


def resolve(key: str, relation: Relation, at: str) -> Target:
    """What a key names in a relation.

    Args:
        key: As the caller wrote it.
        relation: Whose columns may be named.
        at: The key's place in the request.

    Raises:
        ValidationError: `unknown_column` with the nearest names, or `filter_path_invalid`.
    """
    exact = relation.by_name.get(key)
    if exact is not None:
        refuse_masked(exact, at)
        return Target(column=exact, type=exact.type.root)
    column, path = _quoted(key, relation, at) if key.startswith('"') else _longest(key, relation, at)
    refuse_masked(column, at)
    if not path:
        return Target(column=column, type=column.type.root)
    if column.type.tag not in DOCUMENTS:
        raise ValidationError(
            codes.FILTER_PATH_INVALID,
            f"column '{column.name}' is {column.type_name}: a path walks into json and jsonb columns only",
            hint=f"Name the column alone: '{column.name}'.",
            path=at,
        )
    form, steps = parse_path(path, at)
    return Target(column=column, type=JSONB if form is Form.DOCUMENT else TEXT, form=form, path=steps)


def refuse_masked(column: Column, at: str) -> None:
    """Refuse to compare or to sort values that the caller sees masked: the answer would tell what they are.

    Raises:
        SecurityError: `column_masked`.
    """
    if column.mask is not None:
        raise SecurityError(
            codes.COLUMN_MASKED,
            f"column '{column.name}' is masked for you, so rows can't be found or ordered by it",
            hint="Use another column.",
            path=at,
        )


def _quoted(key: str, relation: Relation, at: str) -> tuple[Column, str]:
    """The column named in double quotes at a key's start, and what follows it."""
    match = _QUOTED_NAME.match(key)
    if match is None:
        raise _malformed("a double quote isn't closed", at)
    name, path = match[1].replace('""', '"'), key[match.end() :]
    column = relation.by_name.get(name)
    if column is None:
        raise unknown_column(shown(name), relation, at)
    if path and not _SEPARATOR.match(path):
        raise _malformed("after the quoted column comes neither -> nor a dot", at)
    return column, path


def _longest(key: str, relation: Relation, at: str) -> tuple[Column, str]:
    """The longest start of a key that is a column's name, documents first, and the path that follows it."""
    longest = max(map(len, relation.by_name), default=0)
    ends = [match.start() for match in _SEPARATOR.finditer(key, 0, longest + 2)]
    found = [relation.by_name[key[:end]] for end in ends if key[:end] in relation.by_name]
    if not found:
        head = _SEPARATOR.split(key, maxsplit=1)[0] or key
        raise unknown_column(shown(head), relation, at)
    documents = [column for column in found if column.type.tag in DOCUMENTS]
    column = (documents or found)[-1]
    return column, key[len(column.name) :]


def parse_path(path: str, at: str) -> tuple[Form, tuple[str | int, ...]]:
    """The steps of a path that begins with an arrow or a dot.

    Returns:
        What the path gives, and its keys (text) and positions (int).

    Raises:
        ValidationError: `filter_path_invalid` or, above 64 steps, `filter_too_large`.
    """
    if "\0" in path or path != shown(path, len(path)):
        raise _malformed("a key holds NUL or half of a surrogate pair", at)
    dotted = path.startswith(".")
    steps: list[str | int] = []
    as_text = dotted
    for text_arrow, step in _steps(path, dotted=dotted, at=at):
        if as_text and not dotted:
            raise _malformed("->> gives text, so that nothing can follow it", at)
        as_text = as_text or text_arrow
        steps.append(step)
        if len(steps) > MAX_STEPS:
            raise ValidationError(codes.FILTER_TOO_LARGE, f"a path has {MAX_STEPS} steps at the most", path=at)
    return Form.TEXT if as_text else Form.DOCUMENT, tuple(steps)


def _steps(path: str, *, dotted: bool, at: str) -> Iterator[tuple[bool, str | int]]:
    """Each step of a path, and whether its arrow is `->>`."""
    pattern = _DOT_STEP if dotted else _ARROW_STEP
    position = 0
    while position < len(path):
        match = pattern.match(path, position)
        if match is None:
            raise _malformed(_reason(path[position:]), at)
        arrow, quoted, plain = match.groups()
        yield bool(arrow), quoted.replace('""', '"') if plain is None else _plain(plain, dotted=dotted, at=at)
        position = match.end()


def _plain(step: str, *, dotted: bool, at: str) -> str | int:
    """A step without quotes: a position, or a key."""
    if dotted and "->" in step:
        raise _malformed("it mixes dots with arrows", at)
    if len(step) > 1 and step[0] == step[-1] == "'":
        raise _malformed("keys stand without single quotes", at)
    if _POSITION(step) and -(2**31) <= int(step) < 2**31:
        return int(step)
    return step


def _reason(rest: str) -> str:
    """Why no step could be read at the start of `rest`."""
    if rest in {"->", "->>", "."}:
        return f"it ends in {rest}"
    if rest.startswith(("->", ".")):
        return "a double quote isn't closed" if rest.lstrip("->.").startswith('"') else "a key is missing"
    return "a quoted key is followed by neither an arrow nor a dot"


def _malformed(reason: str, at: str) -> ValidationError:
    return ValidationError(codes.FILTER_PATH_INVALID, f"the path is malformed: {reason}", hint=_HINT, path=at)
