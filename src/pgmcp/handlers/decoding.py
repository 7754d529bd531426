"""The first station: arguments become a frozen request, or an error that names everything that is wrong with them."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from functools import cache
from heapq import nsmallest
from typing import Any, TypeVar, cast

from attrs import NOTHING, fields, resolve_types
from cattrs import Converter
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError

from pgmcp.domain import json
from pgmcp.domain.arguments import Argument, facts_of
from pgmcp.domain.errors import Code, ValidationError, codes
from pgmcp.domain.json import Number
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.suggestions import did_you_mean

Q = TypeVar("Q", bound=RequestBase[Any])
Check = Callable[[Any], Any]
"""Gives the value that it takes, or raises what it expected."""

# A caller mends a few mistakes at a time, and looking for the name that was meant takes time for each.
_TOLD = 100
_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


class _MismatchError(ValueError):
    """A value of another kind than the argument takes."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def decode(request: type[Q], arguments: bytes | str | Mapping[str, Any]) -> Q:
    """A request from a caller's JSON text, or from values of a Python caller.

    Args:
        request: The class to make.
        arguments: A JSON object's text, every digit of which is kept, or a mapping.

    Raises:
        ValidationError: Malformed JSON, unknown, missing or duplicate arguments, values of the wrong kind or out of
            range. With several mistakes the first is the error itself, the first hundred stand in `details.errors`,
            and `details.errors_total` says how many there are beyond them.
    """
    values = arguments if isinstance(arguments, Mapping) else read_arguments(arguments)
    hashable = cast("Any", request)  # mypy doesn't see that a generic class can be hashed
    try:
        made: Q = _structure(hashable)(values if type(values) is dict else dict(values), request)
    except ClassValidationError as error:
        raise _gathered(request, error) from None
    facts = _facts(hashable)
    mistakes = []
    # Only what was given can be out of bounds; defaults are ours.
    for name in values:
        mistake = _out_of_bounds(name, getattr(made, name), facts[name])
        if mistake is not None:
            mistakes.append(mistake)
    if mistakes:
        raise _one(mistakes)
    return made


def read_arguments(text: bytes | str) -> dict[str, Any]:
    """A caller's JSON object.

    Raises:
        ValidationError: Malformed JSON, or no object.
    """
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValidationError(
            codes.WRONG_TYPE, "the arguments are not an object", hint='Send an object, such as {"table":"orders"}.'
        )
    return values


def given(request: RequestBase[Any]) -> dict[str, Any]:
    """The arguments of a request that differ from their defaults, as `decode` takes them."""
    kind: Any = type(request)
    found = {}
    for name, default in _defaults(kind):
        value = getattr(request, name)
        if default is NOTHING or value != default:
            found[name] = value
    return found


@cache
def _defaults(request: Any) -> Sequence[tuple[str, Any]]:
    return [(each.name, each.default) for each in fields(request)]


@cache
def _facts(request: Any) -> Mapping[str, Argument]:
    return {each.name: facts_of(each) for each in fields(resolve_types(request))}


@cache
def _structure(request: Any) -> Callable[[Any, Any], Any]:
    """What makes requests of a class, found once."""
    return _converter().get_structure_hook(request)


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook_factory(lambda _: True, _hook)
    for type_ in _WORDS:  # cattrs knows these by themselves, and would convert
        converter.register_structure_hook(type_, _hook(type_))
    converter.register_structure_hook_factory(
        lambda type_: isinstance(type_, type) and issubclass(type_, RequestBase),
        lambda type_: _maker(converter, type_),
    )
    return converter


def _maker(converter: Converter, type_: Any) -> Any:
    from cattrs.gen import make_dict_structure_fn

    return make_dict_structure_fn(type_, converter, _cattrs_forbid_extra_keys=True)


def _hook(type_: Any) -> Callable[[Any, Any], Any]:
    check = _check_of(type_)
    return lambda value, _: check(value)


def _check_of(type_: Any) -> Check:
    """What takes a value as its declared type, without any conversion but of a number's digits; made once a field."""
    origin = typing.get_origin(type_)
    if origin in (typing.Union, types.UnionType):
        return _one_of(typing.get_args(type_))
    if type_ in _WORDS:
        return lambda value: _scalar(value, type_)
    kind = origin or type_
    if kind is Mapping:
        return lambda value: _is(value, (dict, Mapping), "an object")
    if kind is Sequence:
        members = typing.get_args(type_)
        return _list_of(members[0] if members else Any)
    if kind in (Iterable, AsyncIterable):
        return lambda value: _records(value, kind)
    return lambda value: value


def _list_of(type_: Any) -> Check:
    member = _check_of(type_)

    def check(value: Any) -> Any:
        listed = _is(value, (list, tuple), "a list")
        try:
            return listed if type_ is Any else [member(each) for each in listed]
        except _MismatchError as mismatch:
            raise _MismatchError(f"a list, each member {mismatch.expected}") from None

    return check


def _one_of(members: Sequence[Any]) -> Check:
    checks = [_check_of(member) for member in members if member is not types.NoneType]
    optional = types.NoneType in members

    def check(value: Any) -> Any:
        if value is None and optional:
            return None
        expected = []
        for each in checks:
            try:
                return each(value)
            except _MismatchError as mismatch:
                expected.append(mismatch.expected)
        raise _MismatchError(" or ".join(dict.fromkeys(expected)))

    return check


def _records(value: Any, kind: Any) -> Any:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, kind):
        raise _MismatchError("a list of objects")
    return value


def _scalar(value: Any, type_: type) -> Any:
    if type_ is int and isinstance(value, Number):
        try:
            return int(value)
        except ValueError:
            raise _MismatchError(_WORDS[int]) from None
    if type_ is float and isinstance(value, int | float | Number) and not isinstance(value, bool):
        return _finite(value)
    if isinstance(value, Number) or not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
        raise _MismatchError(_WORDS[type_])
    return value


def _finite(value: float | Number) -> float:
    """A number of seconds and the like, where digits beyond a double say nothing."""
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _MismatchError(_WORDS[float]) from None
    if not math.isfinite(number):
        raise _MismatchError(_WORDS[float])
    return number


def _is(value: Any, kind: Any, expected: str) -> Any:
    if not isinstance(value, kind):
        raise _MismatchError(expected)
    return value


def _gathered(request: type[RequestBase[Any]], error: ClassValidationError) -> ValidationError:
    names = [each.name for each in fields(request)]
    mistakes: list[ValidationError] = []
    noted, others = error.group_exceptions()
    total = len(noted)
    for other in others:
        if isinstance(other, ForbiddenExtraKeysError):
            total += len(other.extra_fields)
            mistakes += [_unknown(name, names) for name in nsmallest(_TOLD, map(str, other.extra_fields))]
    for mistake, note in noted:
        if isinstance(mistake, KeyError):
            mistakes.append(
                _mistake(codes.MISSING_ARGUMENT, f"argument '{note.name}' is missing", f"Give {note.name}.", note.name)
            )
        else:
            expected = mistake.expected if isinstance(mistake, _MismatchError) else "another kind of value"
            mistakes.append(
                _mistake(
                    codes.WRONG_TYPE, f"argument '{note.name}' is of the wrong kind", f"Expected {expected}.", note.name
                )
            )
    return _one(mistakes, total)


def _unknown(name: str, names: Sequence[str]) -> ValidationError:
    hint = did_you_mean(name, names, otherwise=f"It takes {', '.join(names)}.")
    return _mistake(codes.UNKNOWN_ARGUMENT, f"there is no argument '{name}'", hint, name)


def _mistake(code: Code, message: str, hint: str | None, path: str) -> ValidationError:
    return ValidationError(code, message, hint=hint, path=path)


def _one(mistakes: Sequence[ValidationError], total: int = 0) -> ValidationError:
    """The first mistake, with those that are told in its details where there are several."""
    first = mistakes[0]
    if len(mistakes) > 1:
        first.details["errors"] = [
            {"path": each.path, "code": each.code.name, "message": each.message} for each in mistakes[:_TOLD]
        ]
    if total > _TOLD:
        first.details["errors_total"] = total
    return first


def _out_of_bounds(name: str, value: Any, facts: Argument) -> ValidationError | None:
    if isinstance(value, str):
        return _bad_text(name, value, facts)
    if facts.minimum is not None and value is not None and value < facts.minimum:
        return _mistake(codes.OUT_OF_RANGE, f"argument '{name}' is too small", f"The least is {facts.minimum}.", name)
    if facts.above is not None and value is not None and value <= facts.above:
        return _mistake(codes.OUT_OF_RANGE, f"argument '{name}' is too small", f"It is more than {facts.above}.", name)
    if facts.maximum is not None and value is not None and value > facts.maximum:
        return _mistake(codes.OUT_OF_RANGE, f"argument '{name}' is too large", f"The most is {facts.maximum}.", name)
    return None


def _bad_text(name: str, value: str, facts: Argument) -> ValidationError | None:
    if facts.choices and value not in facts.choices:
        hint = did_you_mean(value, facts.choices, otherwise=f"One of {', '.join(facts.choices)}.")
        return _mistake(codes.UNKNOWN_CHOICE, f"argument '{name}' is none of those allowed", hint, name)
    if "\0" in value:
        return _mistake(codes.INVALID_TEXT, f"argument '{name}' holds NUL", "Take out the NUL character.", name)
    try:
        value.encode()
    except UnicodeEncodeError:
        hint = "Send characters beyond U+FFFF as a whole pair."
        return _mistake(codes.INVALID_TEXT, f"argument '{name}' holds half of a surrogate pair", hint, name)
    return None
