"""Fingerprints of statements: the same for texts that differ in their constants only."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2s

_KEPT = 512
_LONGEST_KEPT = 4096
_BYTES = 8
# Constants and comments (PostgreSQL 18, section 4.1.2). The audit's fingerprints come from a lexer that takes fifty
# times as long; these are worked out on the way of a call.
_CONSTANT = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*+'|'(?:[^']|'')*+'|\$(\w*+)\$.*?\$\1\$|--[^\n]*+|/\*.*?\*/|(?<![\w$])[0-9][\w.]*+""",
    re.DOTALL,
)


class Fingerprints:
    """Tells which statements are of one form: the same but for their constants.

    The texts of structured plans come again and again, so what was worked out is kept, for short texts alone: all that
    is kept stays under 3 MB.
    """

    def __init__(self) -> None:
        self._kept = lru_cache(maxsize=_KEPT)(fingerprint)

    def of(self, text: str) -> str:
        """A statement's fingerprint."""
        return self._kept(text) if len(text) <= _LONGEST_KEPT else fingerprint(text)


def fingerprint(text: str) -> str:
    """A statement's fingerprint, worked out anew; of a long one's beginning."""
    text = text[:_LONGEST_KEPT]
    return blake2s(_CONSTANT.sub("?", text).encode("utf-8", "replace"), digest_size=_BYTES).hexdigest()
