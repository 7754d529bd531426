"""The name that stands at a place of a statement."""

from __future__ import annotations

import re

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
    if found is None:
        return ()
    parts = _PART.finditer(found[0])
    return tuple(part[2].lower() if part[2] is not None else part[1].replace('""', '"') for part in parts)
