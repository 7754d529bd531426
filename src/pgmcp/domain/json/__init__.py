"""JSON without loss: what is read keeps every digit, and what JSON leaves open is refused instead of guessed.

A number becomes a `Number`, the very characters that were written: `1.50`, `-0`, `1E5` and `1e400` stay what they are.
Refused, each with its place: a key that stands twice, NaN and infinities, U+0000, half of a surrogate pair, and more
levels than `MAX_DEPTH`.

Source: RFC 8259, sections 4 (names should be unique), 6 (numbers), 8.2 (surrogates) and 9 (limits are the reader's).
"""

from __future__ import annotations

from pgmcp.domain.json.numbers import Number, SpelledDecimal, digits
from pgmcp.domain.json.reading import MAX_DEPTH, loads
from pgmcp.domain.json.writing import dumps, encode_text

__all__ = ["MAX_DEPTH", "Number", "SpelledDecimal", "digits", "dumps", "encode_text", "loads"]
