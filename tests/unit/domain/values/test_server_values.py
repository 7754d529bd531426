"""Values as PostgreSQL 18 printed them: its text form, and the wire's JSON by the typed expressions, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import frozen

from pgmcp.domain.json import loads
from pgmcp.domain.values.native import decode, decode_row
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import DOCUMENTS, Kind, Type
from pgmcp.domain.values.wire import encode_row
from tests.fixtures.walked import cases
from tests.unit.domain.values.server_types import type_of


@frozen
class Case:
    """One value as the server printed it: the line of the file, its text, its wire."""

    line: int
    text: str
    wire: str


def _cases() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    lines = (Path(__file__).parent / "server_values.jsonl").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        case = json.loads(line)
        found.setdefault(case["type"], []).append(Case(number, case["text"], case["wire"]))
    return found


# By type, and every value of it in one test: there are so many that a test for each costs more than what it does. The
# lists that are compared name the line of each value.
CASES = _cases()
TYPES = [pytest.param(type_of(spelling), cases, id=spelling) for spelling, cases in CASES.items()]


def _has_documents(type_: Type) -> bool:
    """Whether documents are part of a type; PostgreSQL prints jsonb with blanks, the wire of Python has none."""
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return _has_documents(root.element)
    return root.tag in DOCUMENTS or any(_has_documents(attribute.type) for attribute in root.attributes)


@cases("type_, cases", TYPES)
def test_text_and_wire_are_the_same_python_value(type_: Type, cases: list[Case]) -> None:
    """The text form and the wire form of one value give the same Python value (NaN and -0 told apart by repr)."""
    natives = [(case.line, repr(decode_row(case.wire, [type_]))) for case in cases]
    assert [(case.line, repr((from_text(case.text, type_),))) for case in cases] == natives
    assert [(case.line, repr((decode(loads(case.wire)[0], type_),))) for case in cases] == natives


@cases("type_, cases", TYPES)
def test_python_values_make_the_same_wire(type_: Type, cases: list[Case]) -> None:
    """The Python value of a text form is encoded as the server encodes the value."""
    made = [(case.line, encode_row([from_text(case.text, type_)], [type_])) for case in cases]
    assert [(line, loads(wire)) for line, wire in made] == [(case.line, loads(case.wire)) for case in cases]
    if not _has_documents(type_):
        assert made == [(case.line, case.wire) for case in cases]


@cases("type_, cases", TYPES)
def test_what_was_read_is_written_back_unchanged(type_: Type, cases: list[Case]) -> None:
    """Wire and Python values, given back, are read by PostgreSQL's rules as the value that they came from."""
    whole = [(case.line, repr(from_text(case.text, type_))) for case in cases]
    assert [(case.line, _written_back(loads(case.wire)[0], type_)) for case in cases] == whole
    assert [(case.line, _written_back(decode_row(case.wire, [type_])[0], type_)) for case in cases] == whole


def _written_back(given: object, type_: Type) -> str:
    written = to_text(given, type_)
    assert written is not None
    return repr(from_text(written, type_))


@cases("spelling", sorted(CASES))
def test_null_is_null_in_every_form(spelling: str) -> None:
    """SQL NULL is None, null and None again, for every type."""
    type_ = type_of(spelling)
    assert to_text(None, type_) is None
    assert decode_row("[null]", [type_]) == (None,)
    assert encode_row([None], [type_]) == "[null]"
