"""`$name` in a rule: the caller's attributes put in, wherever a text is nothing but a dollar sign and a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)").fullmatch


class Missing(Exception):  # noqa: N818 -- no error of its own: whoever asks says what it means
    """An attribute that a rule asks for and the caller doesn't have."""

    def __init__(self, name: str) -> None:
        """Keep its name."""
        super().__init__(name)
        self.name = name


def bound(value: Any, attributes: Mapping[str, Any]) -> Any:
    """A value of a rule with attributes put in; `$$` at a text's start stands for one dollar sign.

    Raises:
        Missing: An attribute is not there.

    >>> bound({"tenant_id": {"eq": "$tenant"}, "note": "$$5"}, {"tenant": 7})
    {'tenant_id': {'eq': 7}, 'note': '$5'}
    """
    if isinstance(value, str):
        return _text(value, attributes)
    if isinstance(value, Mapping):
        return {key: bound(each, attributes) for key, each in value.items()}
    return [bound(each, attributes) for each in value] if isinstance(value, list | tuple) else value


def _text(value: str, attributes: Mapping[str, Any]) -> Any:
    if value.startswith("$$"):
        return value[1:]
    found = _NAME(value)
    if found is None:
        return value
    if found[1] not in attributes:
        raise Missing(found[1])
    return attributes[found[1]]
