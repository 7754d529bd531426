"""Why our server may answer otherwise than the bare SDK: every reason that is allowed, and what proves it."""

import json
from collections.abc import Sequence
from typing import Any

from attrs import frozen
from pydantic_core import from_json

Answers = Sequence[Any]


@frozen
class Outcome:
    """What a server did with one message.

    Args:
        status: HTTP's status; None on stdio.
        answers: The messages that it sent.
    """

    status: int | None
    answers: Answers


def reason(ours: Outcome, bare: Outcome, frame: bytes) -> str | None:
    """The reason for a difference; None when none is allowed."""
    if len(ours.answers) != 1 or len(bare.answers) > 1:
        return None
    (mine,) = ours.answers
    if not bare.answers:
        return "the SDK leaves it unanswered" if _refuses(mine) else None
    (theirs,) = bare.answers
    if _refuses(mine) and bare.status in (None, 200) and (laxity := _laxity(bare, frame)):
        return laxity
    if _text(mine) is not None and _text(theirs) is not None and _same_to_the_sdk(mine, theirs):
        return "the SDK's parser changes the arguments"
    return _other_refusal(ours, bare, frame) if "error" in theirs else None


def _laxity(bare: Outcome, frame: bytes) -> str | None:
    """What the SDK lets pass and JSON does not, or not on every transport."""
    if b"NaN" in frame or b"Infinity" in frame:
        return "the SDK takes NaN for JSON"
    if bare.status is None:
        return None if _is_utf8(frame) else "the SDK puts other characters in the place of broken UTF-8"
    if b"\\ud" in frame:
        return "the SDK takes half of a surrogate pair for text"
    return "the SDK reads deeper over HTTP than on stdio" if frame.count(b"[") > 200 else None


def _other_refusal(ours: Outcome, bare: Outcome, frame: bytes) -> str | None:
    """How both refuse a message, and not in the same way."""
    (mine,), (theirs,) = ours.answers, bare.answers
    if "error" in mine:
        return "both refuse it, in other words" if (ours.status, bare.status) in ((400, 400), (None, None)) else None
    if _typed_error(mine) is not None:
        return "a broken call gets a tool's error"
    if theirs["error"]["code"] == -32602 and not _takes_an_object(frame):
        return "arguments that are no object are the toolbox's to refuse"
    return None


def _refuses(message: Any) -> bool:
    """Whether the frame layer, or the SDK, refused a message."""
    return "error" in message or _typed_error(message) is not None


def _text(message: Any) -> str | None:
    """The text block of a result; None for anything else."""
    content = message.get("result", {}).get("content")
    return content[0]["text"] if content else None


def _typed_error(message: Any) -> Any:
    """The typed error of a result that the frame layer made; None for anything else."""
    text = _text(message)
    if text is None or not message["result"]["isError"]:
        return None
    error = json.loads(text).get("error", {})
    return error if error.get("type") == "validation_error" else None


def _same_to_the_sdk(mine: Any, theirs: Any) -> bool:
    """Whether both texts are the same arguments once the SDK's parser has read them."""
    try:
        return bool(from_json(_text(mine) or "") == from_json(_text(theirs) or ""))
    except ValueError:
        return False


def _takes_an_object(frame: bytes) -> bool:
    """Whether the arguments of a well-formed call are a JSON object."""
    return isinstance(json.loads(frame)["params"]["arguments"], dict)


def _is_utf8(frame: bytes) -> bool:
    """Whether a frame is UTF-8."""
    try:
        frame.decode()
    except UnicodeDecodeError:
        return False
    return True
