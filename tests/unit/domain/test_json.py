"""JSON without loss: what is kept, what is refused and where."""

from __future__ import annotations

import gc
import json
from decimal import Decimal
from typing import Any

import pytest

from pgmcp.domain.aside import LONG_TEXT
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.escapes import unkeepable
from pgmcp.domain.json import MAX_DEPTH, Number, SpelledDecimal, digits, dumps, loads
from tests.fixtures.walked import cases

_RFC_HINT = "Send one JSON value as RFC 8259 has it: names and texts in double quotes, no comment, no trailing comma."
_TEXT_HINT = "Remove it, or send the bytes to a bytea column as hexadecimal digits."
_DEPTH_HINT = "Flatten it, or send it in parts."
_UTF8_HINT = "JSON travels as UTF-8 without a byte order mark."
_HALF = "A text holds half of a surrogate pair, which PostgreSQL can't store."
_NUL = "A text holds U+0000, which PostgreSQL can't store."


@cases(
    "text",
    [
        pytest.param("1.50", id="trailing-zero"),
        pytest.param("-0", id="negative-zero"),
        pytest.param("1E5", id="exponent"),
        pytest.param("1e400", id="beyond-a-double"),
        pytest.param("123456789012345678901234567890", id="thirty-digits"),
        pytest.param("9" * 5000, id="five-thousand-digits"),
        pytest.param('{"a":[1.0,{"b":null}],"c":true,"d":false,"":""}', id="nested"),
        pytest.param('"\\\\u0000 \\\\ud800"', id="escaped-backslashes-are-no-escapes"),
        pytest.param('"é😀\\"\\n"', id="text"),
        pytest.param("[]", id="empty-array"),
        pytest.param("{}", id="empty-object"),
        pytest.param("[" * MAX_DEPTH + "]" * MAX_DEPTH, id="deepest"),
        pytest.param('"' + "[" * 2 * MAX_DEPTH + '"', id="brackets-in-text"),
    ],
)
def test_what_is_read_is_written_again(text: str) -> None:
    """Compact JSON comes back character by character, from text and from bytes."""
    assert dumps(loads(text)) == text
    assert dumps(loads(text.encode())) == text


def test_kinds_of_values() -> None:
    """Every kind of JSON value has its Python type; only numbers have one of ours."""
    value = loads(' {"n": 1.50, "s": "1.50", "t": true, "f": false, "z": null, "a": ["\\ud83d\\ude00"]} ')
    assert value == {"n": "1.50", "s": "1.50", "t": True, "f": False, "z": None, "a": ["😀"]}
    assert [type(item) for item in value.values()] == [Number, str, bool, bool, type(None), list]
    assert repr(value["n"]) == "Number(1.50)"


@cases(
    "text, message, hint, code, details",
    [
        pytest.param(
            '{"a":1,"b":2,"a":3}',
            "An object names the same key twice, and readers differ on which one counts.",
            "Keep one of the two.",
            "duplicate_key",
            {"key": "a"},
            id="duplicate-key",
        ),
        pytest.param(
            "[NaN]",
            "JSON has no number NaN.",
            'Write it as text: "NaN".',
            "malformed_json",
            {"found": "NaN"},
            id="nan",
        ),
        pytest.param(
            "-Infinity",
            "JSON has no number -Infinity.",
            'Write it as text: "-Infinity".',
            "malformed_json",
            {"found": "-Infinity"},
            id="infinity",
        ),
        pytest.param(
            '["a\\ud800"]', _HALF, _TEXT_HINT, "invalid_text", {"path": "[0]", "position": 4}, id="escaped-half"
        ),
        pytest.param(
            '["\\udc00\\ud800"]', _HALF, _TEXT_HINT, "invalid_text", {"path": "[0]", "position": 3}, id="turned-pair"
        ),
        pytest.param('["\ud800"]', _HALF, _TEXT_HINT, "invalid_text", {"position": 3}, id="raw-half"),
        pytest.param('["\\\\\\u0000"]', _NUL, _TEXT_HINT, "invalid_text", {"path": "[0]", "position": 5}, id="nul"),
        pytest.param(
            '{"\\u0000":1}', _NUL, _TEXT_HINT, "invalid_text", {"path": '["\\u0000"]', "position": 3}, id="nul-in-a-key"
        ),
        pytest.param(
            "[" * 10_000,
            f"The JSON has more than {MAX_DEPTH} levels.",
            _DEPTH_HINT,
            "malformed_json",
            {"position": MAX_DEPTH + 1},
            id="ten-thousand-levels",
        ),
        pytest.param(
            '["]",' + '{"and":[' * 300 + "]}" * 300 + "]",
            f"The JSON has more than {MAX_DEPTH} levels.",
            _DEPTH_HINT,
            "malformed_json",
            {"position": 5 + 249 * 8 + 7 + 1},
            id="nested-and",
        ),
        pytest.param(
            '{"a":\n 1 2}',
            "The JSON is malformed: expecting ',' delimiter.",
            _RFC_HINT,
            "malformed_json",
            {"position": 10, "line": 2, "column": 4},
            id="missing-comma",
        ),
        pytest.param(
            "\n[1,\n 2 3,\n 4]",
            "The JSON is malformed: expecting ',' delimiter.",
            _RFC_HINT,
            "malformed_json",
            {"position": 9, "line": 3, "column": 4},
            id="in-the-midst-of-lines",
        ),
        pytest.param(
            "\nx",
            "The JSON is malformed: expecting value.",
            _RFC_HINT,
            "malformed_json",
            {"position": 2, "line": 2, "column": 1},
            id="behind-an-empty-line",
        ),
        pytest.param(
            "",
            "The JSON is malformed: expecting value.",
            _RFC_HINT,
            "malformed_json",
            {"position": 1, "line": 1, "column": 1},
            id="empty",
        ),
        pytest.param(
            "1 2",
            "The JSON is malformed: extra data.",
            _RFC_HINT,
            "malformed_json",
            {"position": 3, "line": 1, "column": 3},
            id="two-values",
        ),
        pytest.param(
            '"a\tb"',
            "The JSON is malformed: invalid control character.",
            _RFC_HINT,
            "malformed_json",
            {"position": 3, "line": 1, "column": 3},
            id="raw-control-character",
        ),
        pytest.param(
            b'"a\xff"', "The bytes are not UTF-8.", _UTF8_HINT, "malformed_json", {"byte": 3}, id="broken-utf8"
        ),
    ],
)
def test_refused(text: str | bytes, message: str, hint: str, code: str, details: dict[str, Any]) -> None:
    """What can't be read, or not without loss, is refused with its place and what to do."""
    with pytest.raises(ValidationError) as caught:
        loads(text)
    assert caught.value.document() == {
        "type": "validation_error",
        "code": code,
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": details,
    }


@cases(
    "value, text",
    [
        pytest.param(Number("1e400"), "1e400", id="number"),
        pytest.param(10**5000, "1" + "0" * 5000, id="long-int"),
        pytest.param(-(10**5000), "-1" + "0" * 5000, id="long-negative-int"),
        pytest.param(Decimal("1.50"), "1.50", id="decimal"),
        pytest.param(SpelledDecimal("1E5"), "1E5", id="spelled-decimal"),
        pytest.param(-0.0, "-0.0", id="float"),
        pytest.param((1, [None]), "[1,[null]]", id="tuple"),
        pytest.param({"a": {}, "b": []}, '{"a":{},"b":[]}', id="empty-parts"),
        pytest.param("\u2028\x01é", '"\u2028\\u0001é"', id="text"),
    ],
)
def test_python_values_are_written(value: Any, text: str) -> None:
    """Python's own numbers, text and containers are JSON too."""
    assert dumps(value) == text


@pytest.mark.parametrize(
    "value, error, message",
    [
        pytest.param(float("nan"), ValueError, "not a finite number", id="nan"),
        pytest.param([Decimal("-Infinity")], ValueError, "not a finite number", id="infinity"),
        pytest.param({1: 2}, TypeError, "a JSON object's keys are text", id="key"),
        pytest.param({"a": object()}, TypeError, "JSON has no object", id="object"),
        pytest.param(b"", TypeError, "JSON has no bytes", id="bytes"),
    ],
)
def test_what_json_has_no_word_for(value: Any, error: type[Exception], message: str) -> None:
    """Values beyond JSON are refused, never turned into something near."""
    with pytest.raises(error, match=message):
        dumps(value)


@pytest.mark.parametrize(
    "text, path",
    [
        pytest.param('{"data":{"note":["a","b\\u0000"]}}', "data.note[1]", id="a list's"),
        pytest.param('{"table":"t","data":{"a b":"\\ud83d"}}', 'data["a b"]', id="an object's"),
        pytest.param('{"data":{"a\\u0000":1}}', 'data["a\\u0000"]', id="a key"),
        pytest.param('[["a"],["\\u0000"]]', "[1][0]", id="of lists alone"),
        pytest.param('"\\u0000"', None, id="alone"),
        pytest.param('{"a":{"b":"\\ud83d\\ude00"},"c":"\\u0000","d":"\\u0000"}', "c", id="the first"),
    ],
)
def test_a_bad_text_has_its_place(text: str, path: str | None) -> None:
    """Beside the position, for whoever didn't write the text by hand."""
    with pytest.raises(ValidationError) as caught:
        loads(text)
    assert (caught.value.code.name, caught.value.path) == ("invalid_text", path)


@pytest.mark.parametrize(
    "text, found",
    [
        pytest.param('"a"', None, id="nothing"),
        pytest.param('"\\u0001"', None, id="another-escape"),
        pytest.param('"\\\\u0000"', None, id="escaped-backslash"),
        pytest.param('"\\ud83d\\ude00"', None, id="pair"),
        pytest.param('"\\u0000"', "U+0000", id="nul"),
        pytest.param('"\\ud83d"', "half of a surrogate pair", id="half"),
    ],
)
def test_unkeepable(text: str, found: str | None) -> None:
    """What jsonb has no room for is found behind its escapes."""
    assert unkeepable(text) == found


def test_spelled_decimals_are_decimals() -> None:
    """A spelling is kept beside the value, which computes like any other."""
    assert SpelledDecimal("1E5") == Decimal(100000)
    assert digits(SpelledDecimal("1.5E+2")) == "1.5E+2"
    assert json.loads(digits(SpelledDecimal("1E5"))) == 1e5


PADDING = " " * LONG_TEXT


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"total":1.50,"big":123456789012345678901234567890,"far":1e400,"list":[1,[],{}]}', id="numbers"),
        pytest.param('["\\u00e9 \\ud83d\\ude00",null,true]', id="the rest"),
    ],
)
def test_long_texts_are_read_alike(text: str) -> None:
    """Every digit is kept, and numbers are told from strings."""
    assert repr(loads(PADDING + text)) == repr(loads(text))
    assert repr(loads((text + PADDING).encode())) == repr(loads(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a":1,"a":2}', id="a key twice"),
        pytest.param("[NaN]", id="no number"),
        pytest.param("[1,]", id="malformed"),
        pytest.param('["\\u0000"]', id="nul"),
        pytest.param('["\\udc00"]', id="half of a pair"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), id="too deep"),
    ],
)
def test_long_texts_are_refused_alike(text: str) -> None:
    """By the same words, and Python's collector goes on as before."""
    refused = []
    for each in (text, text + PADDING):
        with pytest.raises(ValidationError) as caught:
            loads(each)
        refused.append((caught.value.code, caught.value.message, caught.value.details))
    assert refused[0] == refused[1]
    assert gc.isenabled()
