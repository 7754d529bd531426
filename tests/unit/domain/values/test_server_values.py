"""Values as PostgreSQL 18 printed them: its text form, and the wire's JSON by the typed expressions, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pgmcp.domain.json import loads
from pgmcp.domain.values.native import decode, decode_row
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import DOCUMENTS, Kind, Type
from pgmcp.domain.values.wire import encode_row
from tests.unit.domain.values.server_types import type_of

_LINES = (Path(__file__).parent / "server_values.jsonl").read_text(encoding="utf-8").splitlines()
VALUES = [
    pytest.param(type_of(case["type"]), case["text"], case["wire"], id=f"{number}-{case['type']}")
    for number, case in enumerate(map(json.loads, _LINES), start=1)
]


def _has_documents(type_: Type) -> bool:
    """Whether documents are part of a type; PostgreSQL prints jsonb with blanks, the wire of Python has none."""
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return _has_documents(root.element)
    return root.tag in DOCUMENTS or any(_has_documents(attribute.type) for attribute in root.attributes)


@pytest.mark.parametrize("type_, text, wire", VALUES)
def test_text_and_wire_are_the_same_python_value(type_: Type, text: str, wire: str) -> None:
    """The text form and the wire form of one value give the same Python value (NaN and -0 told apart by repr)."""
    native = decode_row(wire, [type_])
    assert repr((from_text(text, type_),)) == repr(native)
    assert repr((decode(loads(wire)[0], type_),)) == repr(native)


@pytest.mark.parametrize("type_, text, wire", VALUES)
def test_python_values_make_the_same_wire(type_: Type, text: str, wire: str) -> None:
    """The Python value of a text form is encoded as the server encodes the value."""
    made = encode_row([from_text(text, type_)], [type_])
    assert loads(made) == loads(wire)
    if not _has_documents(type_):
        assert made == wire


@pytest.mark.parametrize("type_, text, wire", VALUES)
def test_what_was_read_is_written_back_unchanged(type_: Type, text: str, wire: str) -> None:
    """Wire and Python values, given back, are read by PostgreSQL's rules as the value that they came from."""
    whole = from_text(text, type_)
    for given in (loads(wire)[0], decode_row(wire, [type_])[0]):
        written = to_text(given, type_)
        assert written is not None
        assert repr(from_text(written, type_)) == repr(whole)


@pytest.mark.parametrize("spelling", sorted({json.loads(line)["type"] for line in _LINES}))
def test_null_is_null_in_every_form(spelling: str) -> None:
    """SQL NULL is None, null and None again, for every type."""
    type_ = type_of(spelling)
    assert to_text(None, type_) is None
    assert decode_row("[null]", [type_]) == (None,)
    assert encode_row([None], [type_]) == "[null]"
