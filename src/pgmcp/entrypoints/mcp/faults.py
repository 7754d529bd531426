"""What can be wrong with a frame before anybody looks at what it asks for."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.errors import Code, ValidationError, codes

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602

MAX_LEVELS = 200
MAX_DIGITS = 4300


@frozen(kw_only=True)
class Fault:
    """One thing wrong with a frame, told in JSON-RPC's words and in pgmcp's.

    Args:
        rpc_code: JSON-RPC's code for it (JSON-RPC 2.0, section 5.1).
        code: pgmcp's own code, for the answer to a `tools/call`.
        message: One sentence; holds nothing of the frame.
        hint: What to send instead.
    """

    rpc_code: int
    code: Code
    message: str
    hint: str

    def as_tool_error(self) -> ValidationError:
        """The same as an error that a tool could have answered."""
        return ValidationError(self.code, self.message, hint=self.hint)


def malformed(what: str, at: int | None) -> Fault:
    """The frame is not JSON.

    Args:
        what: What the parser missed.
        at: The character where it did, starting at 0; None where that isn't known.
    """
    where = "" if at is None else f" (character {at + 1})"
    return Fault(
        rpc_code=PARSE_ERROR,
        code=codes.MALFORMED_JSON,
        message=f"The request is not JSON: {what.removesuffix(' at')}{where}.",
        hint="Send one JSON-RPC object on one line.",
    )


def too_large(max_bytes: int) -> Fault:
    """The frame is longer than what is read.

    Args:
        max_bytes: The limit.
    """
    return Fault(
        rpc_code=INVALID_REQUEST,
        code=codes.REQUEST_TOO_LARGE,
        message=f"The request is larger than {max_bytes} bytes.",
        hint="Send fewer records in one call, or raise max_request_bytes.",
    )


def not_a_request(what: str, *, rpc_code: int = INVALID_REQUEST) -> Fault:
    """The frame is JSON, but no JSON-RPC request.

    Args:
        what: What is wrong with it, a sentence.
        rpc_code: JSON-RPC's code for it.
    """
    return Fault(
        rpc_code=rpc_code,
        code=codes.MALFORMED_JSON,
        message=what,
        hint='Send one object: {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{…}}.',
    )


A_BATCH = not_a_request("Batches are not served.")
NO_OBJECT = not_a_request("A request is an object.")
ID_IN_USE = not_a_request("A request with this id is still running.")
BROKEN_UTF8 = Fault(
    rpc_code=PARSE_ERROR,
    code=codes.MALFORMED_JSON,
    message="The request is not UTF-8.",
    hint="Encode the request as UTF-8.",
)
LONE_SURROGATE = Fault(
    rpc_code=PARSE_ERROR,
    code=codes.INVALID_TEXT,
    message="A text of the request holds half of a surrogate pair.",
    hint="Write a character beyond U+FFFF as itself, or as both of its escapes.",
)
TOO_MANY_DIGITS = Fault(
    rpc_code=PARSE_ERROR,
    code=codes.OUT_OF_RANGE,
    message=f"An integer of the request has more than {MAX_DIGITS} digits.",
    hint="Send a number of that size as a string.",
)
TOO_DEEP = Fault(
    rpc_code=INVALID_REQUEST,
    code=codes.OUT_OF_RANGE,
    message=f"The request is nested more than {MAX_LEVELS} levels deep.",
    hint="Use fewer levels; conditions that all must hold can stand side by side.",
)
