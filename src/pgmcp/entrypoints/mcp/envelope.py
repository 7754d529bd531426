"""Read a frame's envelope: the members of its object and of `params`, and the raw text of `params.arguments`.

The standard library's decoder reads the values; only the walk over the two outer levels is done here, because no
parser of a whole document tells where a member's text begins and ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate
from typing import Any, Never

from attrs import define, field

from pgmcp.domain.aside import LONG_TEXT
from pgmcp.entrypoints.mcp import faults
from pgmcp.entrypoints.mcp.faults import MAX_LEVELS, Fault

_SPACE = re.compile(r"[ \t\n\r]*")
# A member's name without escapes, and its colon: nearly every name there is.
_PLAIN_NAME = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*')
_AFTER = re.compile(r"[ \t\n\r]*([,}])[ \t\n\r]*")
# One string, or what there is of one that never ends: the possessive loop keeps broken texts linear.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
# Every escape is taken whole, so that the second half of a pair or an escaped backslash is never read alone.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
# Where clients of the TypeScript SDK write the id: after everything else.
_LAST_ID = re.compile(r'"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(-?[0-9]{1,4300}|"(?:[^"\\]|\\.)*+")\s*\}\s*$')
_TAIL = 1024
_NOWHERE = -1


def _no_constant(name: str) -> Never:
    """Python's decoder reads NaN and Infinity, and doesn't say where; JSON has no such words."""
    raise json.JSONDecodeError(f"{name} is no number of JSON's", name, _NOWHERE)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
# For long texts, which are read in threads: functions of Python's let others have a turn, C alone lets none.
_PATIENT = json.JSONDecoder(
    parse_constant=_no_constant,
    parse_int=lambda digits: int(digits),  # noqa: PLW0108 -- as above
    parse_float=lambda digits: float(digits),  # noqa: PLW0108 -- as above
    object_pairs_hook=lambda pairs: dict(pairs),  # noqa: PLW0108 -- as above
)


@define(kw_only=True)
class Envelope:
    """What could be read of a frame, in full or up to its fault.

    Args:
        members: The members of the frame's object, decoded; of a repeated one the last.
        arguments: The text of `params.arguments`, exactly as sent; None when there is none.
        fault: What is wrong with the frame; None when nothing is.
    """

    members: dict[str, Any] = field(factory=dict)
    arguments: str | None = None
    fault: Fault | None = None

    def _walk(self, text: str, at: int, take: Callable[[str, int], int]) -> int:
        """Walk over the object that opens at `at`.

        Args:
            text: The whole frame.
            at: Where its brace is.
            take: Given each member's name and where its value starts; returns where the value ends.

        Returns:
            The position after the closing brace.

        Raises:
            ValueError: It is not JSON.
        """
        at = _skip(text, at + 1)
        if text[at : at + 1] == "}":
            return at + 1
        while True:
            if plain := _PLAIN_NAME.match(text, at):
                name, at = plain[1], plain.end()
            else:
                name, at = _spelled_name(text, at)
            at = take(name, at)
            after = _AFTER.match(text, at)
            if after is None:
                raise json.JSONDecodeError("a comma or a closing brace is missing", text, _skip(text, at))
            at = after.end()
            if after[1] == "}":
                return at

    def read(self, text: str) -> None:
        """Read a frame into this envelope.

        Args:
            text: The frame.

        Raises:
            ValueError: It is not JSON, or an integer is too long; what stood before is kept.
            RecursionError: It is nested deeper than the decoder goes.
        """
        raw_decode = (_DECODER if len(text) <= LONG_TEXT else _PATIENT).raw_decode

        def member(name: str, start: int) -> int:
            if name == "params" and text[start : start + 1] == "{":
                self.arguments = None
                params: dict[str, Any] = {}
                self.members[name] = params

                def parameter(name: str, start: int) -> int:
                    params[name], end = raw_decode(text, start)
                    if name == "arguments":
                        self.arguments = text[start:end]
                    return end

                return self._walk(text, start, parameter)
            self.members[name], end = raw_decode(text, start)
            return end

        start = _skip(text, 0)
        if text[start : start + 1] == "{":
            end = self._walk(text, start, member)
        else:
            other, end = raw_decode(text, start)
            self.fault = faults.A_BATCH if isinstance(other, list) else faults.NO_OBJECT
        end = _skip(text, end)
        if end != len(text):
            raise json.JSONDecodeError("something follows the request", text, end)

    def salvage_id(self, text: str) -> None:
        """Look for the id at the end of a frame that could not be read so far.

        Args:
            text: The frame, or its end.
        """
        if "id" not in self.members and (found := _LAST_ID.search(text[-_TAIL:])):
            # What only looks like an id (`00`, a control character in a text) is none.
            with suppress(ValueError):
                self.members["id"] = json.loads(found[1])


def read_envelope(text: str) -> Envelope:
    """Read a frame.

    Args:
        text: The frame; half surrogates stand for bytes that were no UTF-8.

    Returns:
        The envelope, with its fault if there is one. Never raises.
    """
    envelope = Envelope()
    try:
        envelope.read(text)
    except json.JSONDecodeError as error:
        envelope.fault = faults.malformed(error.msg, None if error.pos == _NOWHERE else error.pos)
    except ValueError:
        # The one other thing that the decoder raises: an integer beyond Python's own limit of digits.
        envelope.fault = faults.TOO_MANY_DIGITS
    except RecursionError:
        envelope.fault = faults.TOO_DEEP
    if text.count("{") + text.count("[") > MAX_LEVELS and _levels(text) > MAX_LEVELS:
        envelope.fault = faults.TOO_DEEP
    if envelope.fault is None and ("\\ud" in text or "\\uD" in text) and _has_lone_surrogate(text):
        envelope.fault = faults.LONE_SURROGATE
    if envelope.fault is not None:
        envelope.salvage_id(text)
    return envelope


def _spelled_name(text: str, at: int) -> tuple[str, int]:
    """A member's name that has escapes, and where its value starts; raises where there is none."""
    if text[at : at + 1] != '"':
        raise json.JSONDecodeError("a member's name in double quotes is missing", text, at)
    name, at = _DECODER.raw_decode(text, at)
    at = _skip(text, at)
    if text[at : at + 1] != ":":
        raise json.JSONDecodeError("a colon is missing", text, at)
    return str(name), _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    """The position of the first character from `at` on that is no white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _levels(text: str) -> int:
    """How deep a text is nested, brackets inside of strings left aside."""
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in brackets), default=0)


def _has_lone_surrogate(text: str) -> bool:
    """Whether an escape of the text is half of a surrogate pair."""
    return any(found[1] for found in _ESCAPE.finditer(text))
