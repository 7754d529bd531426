"""However deep a value is, it is written and read without Python's stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgmcp.domain.json import dumps
from pgmcp.domain.nesting import read, within_levels
from tests.fixtures.walked import cases

DEEP = 5_000


def nested(levels: int) -> Any:
    """A list in a list, so many of them."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_what_is_deep_is_written_and_read() -> None:
    """Lists and objects, far beyond the depth of Python's stack."""
    for text in (
        "[" * DEEP + "]" * DEEP,
        '{"a":' * DEEP + "[1,2]" + "}" * DEEP,
        '[0,{"a":' * DEEP + "1" + "},2]" * DEEP,
    ):
        assert dumps(read(text, json.loads)) == text


def test_what_holds_itself_is_refused() -> None:
    """At once, however much it holds besides; what only stands twice is written twice."""
    holding = nested(DEEP)
    assert dumps([holding, holding]) == f"[{dumps(holding)},{dumps(holding)}]"
    holding[0][0].append({"a": holding})
    with pytest.raises(ValueError, match="holds itself"):
        dumps(holding)


@cases(
    "text",
    [
        pytest.param(text, id=text)
        for text in (
            "[]",
            "{}",
            "1",
            '"a"',
            "null",
            ' [ 1 , "a" , [ ] , { } , null ] ',
            '{"a": {"b": [1, 2.50]}, "c": false}',
            r'["[{\"\\", ",", ":", "]"]',
            '{",": ":", "{": "}"}',
            '["\n"]'.replace("\n", "\\n"),
            '{"a": 1, "a": 2}',
        )
    ],
)
def test_it_reads_as_pythons_reader_does(text: str) -> None:
    """What is JSON."""
    assert read(text, json.loads) == json.loads(text)


@cases(
    "text",
    [
        pytest.param(text, id=text)
        for text in (
            "",
            " ",
            ",",
            "1,2",
            "1 2",
            "[1 2]",
            "[1,]",
            "[,1]",
            "[,]",
            "[1,,2]",
            "[1:2]",
            "[",
            "]",
            "[]]",
            "[[]",
            "[}",
            "{]",
            '{"a"}',
            '{"a":}',
            '{"a",1}',
            '{"a":1:"b",2}',
            '{"a":1,}',
            '{"a":1 "b":2}',
            "{1:2}",
            "{[]:1}",
            '"',
            '["a]',
            "[a]",
            "[1]x",
            "[1.]",
        )
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    """As Python's reader refuses it."""
    for reader in (json.loads, lambda text: read(text, json.loads)):
        with pytest.raises(ValueError, match=r"."):
            reader(text)


@pytest.mark.parametrize(
    "value, levels",
    [
        pytest.param(1, 0, id="a number"),
        pytest.param("[[]]", 0, id="a text"),
        pytest.param([], 1, id="an empty list"),
        pytest.param({"a": 1}, 1, id="an object"),
        pytest.param([1, [2], {"a": (3,)}, 4], 3, id="the deepest counts"),
        pytest.param([[[]], 1], 3, id="wherever it stands"),
        pytest.param(nested(DEEP), DEEP, id="very many"),
    ],
)
def test_levels(value: Any, levels: int) -> None:
    """One for each list or object around the innermost."""
    assert within_levels(value, levels)
    assert not levels or not within_levels(value, levels - 1)
