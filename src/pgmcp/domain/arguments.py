"""How a request's arguments are declared: one place for what each means, its bounds and its short form in a schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import NOTHING, Attribute, field, frozen

MARK = "pgmcp"
Filters = Mapping[str, Any]
"""A filter of interface.md: columns, operators and `and`, `or`, `not`."""


@frozen(kw_only=True)
class Argument:
    """What is said about an argument beside its type.

    Args:
        doc: What it is for, in few words, as an agent reads it.
        minimum, maximum: Bounds of a number.
        above: What a number is larger than.
        choices: All values allowed, for a text.
        schema: The JSON schema where the type alone doesn't give it.
    """

    doc: str = ""
    minimum: int | None = None
    maximum: int | None = None
    above: int | None = None
    choices: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


def argument(
    default: Any = NOTHING,
    *,
    doc: str = "",
    minimum: int | None = None,
    maximum: int | None = None,
    above: int | None = None,
    choices: Sequence[str] = (),
    schema: Mapping[str, Any] | None = None,
) -> Any:
    """A field of a request, with what `Argument` keeps about it."""
    facts = Argument(doc=doc, minimum=minimum, maximum=maximum, above=above, choices=tuple(choices), schema=schema)
    return field(default=default, metadata={MARK: facts})


def facts_of(attribute: Attribute[Any]) -> Argument:
    """What was declared about a field."""
    found = attribute.metadata.get(MARK)
    return found if isinstance(found, Argument) else Argument()
