"""The name that stands at a place of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = re.compile(r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)(?:\s*\.\s*(?:"(?:[^"]|"")*"|[^\W\d][\w$]*))*')
_PART = re.compile(r'"((?:[^"]|"")*)"|([^\W\d][\w$]*)')


def name_at(text: str, position: int) -> tuple[str, ...]:
    """The parts of the name that begins at a place, as PostgreSQL reads them: plain ones in lower case.

    Args:
        text: The statement.
        position: Its character, from 1, as PostgreSQL counts.

    Returns:
        The parts; none where no name begins.

    >>> name_at('SELECT * FROM public."My Table"', 15)
    ('public', 'My Table')
    """
    found = _NAME.match(text, position - 1)
    return _parts(found[0]) if found is not None else ()


def names_in(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """All that could be names in a text: where each begins and ends, from 0, and its parts.

    >>> list(names_in("{public.orders}"))
    [(1, 14, ('public', 'orders'))]
    """
    return ((*found.span(), _parts(found[0])) for found in _NAME.finditer(text))


def _parts(name: str) -> tuple[str, ...]:
    parts = _PART.finditer(name)
    return tuple(part[2].lower() if part[2] is not None else part[1].replace('""', '"') for part in parts)
