"""`pgmcp call`: one tool call from the command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from attrs import field, fields, frozen, resolve_types

from pgmcp.domain import json
from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import PgmcpError, ValidationError, codes
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.responses import ResponseBase
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.cli.failures import report, say_embedded
from pgmcp.entrypoints.cli.printing import print_answer
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.rendering import render
from pgmcp.handlers.dispatch import Caller
from pgmcp.handlers.registry import HANDLERS


@frozen(kw_only=True)
class Said:
    """What the command line says of a call.

    Args:
        tool: The tool's name.
        json: All arguments as one JSON object's text, `@FILE` or `-`.
        named: Arguments by name, as they were typed, each time that they were.
        format: `table` or `json`; None for what suits the output.
    """

    tool: str
    json: str | None = None
    named: Mapping[str, Sequence[str]] = field(factory=dict)
    format: str | None = None


def call(settings: Settings, said: Said) -> int:
    """Call a tool and print its answer.

    Returns:
        0, or 1 when the answer is an error.

    Raises:
        ValidationError: Arguments that can't be read, a setting that can't be; nothing was called.
    """
    handler = next(each for each in HANDLERS if each.name == said.tool)
    as_table = said.format == "table" or (said.format is None and sys.stdout.isatty())
    arguments = _arguments(said, handler.request)
    database = build(settings)  # a setting that can't be is no answer
    if database.embedded:
        say_embedded()
    try:
        response = asyncio.run(_called(database, settings, said.tool, arguments))
    except PgmcpError as error:
        if as_table:
            report(error)
        else:
            print(render(error.response).decode())
        return 1
    print_answer(render(response), as_table=as_table)
    return 0


async def _called(database: Database, settings: Settings, tool: str, arguments: Mapping[str, Any]) -> ResponseBase:
    try:
        caller = Caller(principal=Principal(settings.principal))
        return await database.call(tool, arguments, caller)
    finally:
        await database.aclose()


def _arguments(said: Said, request: type[RequestBase[Any]]) -> dict[str, Any]:
    """The arguments, those of `--json` first, each of its own flag over them.

    Raises:
        ValidationError: A file that can't be read, or text that is not JSON.
    """
    arguments: dict[str, Any] = {}
    if said.json is not None:
        text = _text(said.json, "--json")
        try:
            whole = json.loads(text)
        except ValidationError as error:
            raise error.with_details(path="--json") from None
        if not isinstance(whole, dict):
            raise ValidationError(codes.WRONG_TYPE, "--json is not an object", hint='Give {"table":"orders"}.')
        arguments |= whole
    types = {each.name: each.type for each in fields(resolve_types(request))}
    for name, texts in said.named.items():
        arguments[name] = _joined([_value(name, text, types[name]) for text in texts], types[name])
    return arguments


def _joined(values: Sequence[Any], type_: Any) -> Any:
    """What a flag says that stands several times: all members of a list, or its last word."""
    if len(values) == 1 or "Sequence" not in str(type_):
        return values[-1]
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _value(name: str, text: str, type_: Any) -> Any:
    if name == "records" and text.startswith("@"):
        return _lines(_open(text[1:], f"--{name}"))
    text = _text(text, f"--{name}")
    if type_ is str or type_ == str | None:
        return text
    try:
        return json.loads(text)
    except ValidationError as error:
        if text.startswith(("{", "[", '"')):
            raise error.with_details(path=name) from None
        # A bare word: what it should have been is for the request to say, where no text or list of texts would do.
        kinds = str(type_)
        names = "Sequence[str" in kinds and ("," in text or "Sequence[str] | None" in kinds)
        return text.split(",") if names else text


def _text(text: str, where: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if text.startswith("@"):
        with _open(text[1:], where) as file:
            return _decoded(file.read(), where)
    return text


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ValidationError(codes.INVALID_TEXT, f"{where}: the file is not UTF-8", hint="Convert it.") from None


def _open(name: str, where: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise ValidationError(
            codes.WRONG_TYPE, f"{where}: the file can't be read: {error.strerror}", hint="Check the name behind @."
        ) from None


def _lines(file: BinaryIO) -> Iterator[Any]:
    """The records of a file with one JSON object a line, read as they are asked for; the file may be of any size.

    Raises:
        ValidationError: A line is no JSON; `details.line` is the file's.
    """
    with file:
        record = 0
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValidationError as error:
                    raise error.with_details(path=f"records[{record}]", line=number) from None
                record += 1
