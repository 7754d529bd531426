"""How large a filter may be."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.tree import EVERYTHING, Literal, Member, Not, Or
from pgmcp.domain.values.types import INT4
from tests.fixtures.relations import THINGS
from tests.unit.domain.filters.reading import NOON, column, compare, document, refusal

N = column("n", INT4)
ONE = compare(N, "eq", "1")


class Unread(dict[str, Any]):
    """An object that nobody may look into."""

    def items(self) -> NoReturn:
        pytest.fail("it was looked into")

    keys = values = __iter__ = items


def nested(word: str, levels: int, innermost: dict[str, Any] | None = None) -> dict[str, Any]:
    """A condition inside so many levels of logic."""
    filters: dict[str, Any] = {"n": 1} if innermost is None else innermost
    for _ in range(levels):
        filters = {word: filters if word == "not" else [filters]}
    return filters


@pytest.mark.parametrize("word", ["and", "or", "not"])
def test_levels(word: str) -> None:
    """64 levels are read, 65 are not, and nothing that is deeper is looked at, however much there is."""
    found = parse(nested(word, 64), THINGS, NOON)
    for _ in range(64):
        found = found.part if isinstance(found, Not) else found
    assert found == ONE
    for deep in (nested(word, 65), nested(word, 65, Unread(n=1)), nested(word, 10_000)):
        answer = refusal(deep)
        step = f".{word}" if word == "not" else f".{word}[0]"
        assert answer == {
            "type": "validation_error",
            "code": "filter_too_large",
            "message": "a filter has 64 levels at the most",
            "hint": "Say it with 'in', or in several calls.",
            "retry": "fix_input",
            "details": {"path": "filters" + step * 65},
        }


def test_conditions() -> None:
    """1,000 conditions are read, one more is not; each operator counts."""
    assert parse({"or": [{"n": 1}] * 1000}, THINGS, NOON) == Or((ONE,) * 1000)
    answer = refusal({"or": [{"n": {"gt": 1, "lt": 9}}] * 501})
    assert (answer["code"], answer["message"], answer["details"]) == (
        "filter_too_large",
        "a filter has 1000 conditions at the most",
        {"path": "filters.or[500].n.gt"},
    )


def test_members() -> None:
    """10,000 members of a list are read, one more is not."""
    found = parse({"n": {"in": [1] * 10_000}}, THINGS, NOON)
    assert found == Member(operand=N, values=(Literal("1", INT4),) * 10_000)
    for filters, path in (
        ({"n": {"in": [1] * 10_001}}, "filters.n.in"),
        ({"ints": [1] * 10_001}, "filters.ints"),
        ({"doc": {"jsonb_contains": {"a": [[], [1] * 10_001]}}}, "filters.doc.jsonb_contains"),
    ):
        answer = refusal(filters)
        assert (answer["code"], answer["message"], answer["details"]) == (
            "filter_too_large",
            "a list of a filter has 10000 members at the most",
            {"path": path},
        )


def test_members_of_all_lists() -> None:
    """50,000 members of all lists together are read, one more is not; what stands inside values counts too."""
    full = [{"n": {"in": [1] * 10_000}}, *[{"doc": {"jsonb_contains": [1] * 10_000}}] * 4]
    assert isinstance(parse({"or": full}, THINGS, NOON), Or)
    for more, path in (
        ({"n": {"nin": [1]}}, "filters.or[5].n.nin"),
        ({"doc": {"jsonb_contains": {"a": [1]}}}, "filters.or[5].doc.jsonb_contains"),
    ):
        answer = refusal({"or": [*full, more]})
        assert (answer["code"], answer["message"], answer["details"]) == (
            "filter_too_large",
            "the lists of a filter have 50000 members together at the most",
            {"path": path},
        )
    assert refusal({"n": {"in": [[1] * 9_999] * 10}})["code"] == "filter_too_large"


def test_objects() -> None:
    """Lists of objects that say nothing are bounded too."""
    assert parse({"and": [{}] * 9_999}, THINGS, NOON) == EVERYTHING
    answer = refusal({"and": [{}] * 10_000})
    assert (answer["message"], answer["details"]) == (
        "a filter has 10000 objects at the most",
        {"path": "filters.and[9999]"},
    )
    answer = refusal({"and": [{}] * 10_001})
    assert (answer["message"], answer["details"]) == ("a list has 10000 members at the most", {"path": "filters.and"})


def test_levels_of_a_value() -> None:
    """A value has 64 levels at the most, whatever it is for."""
    value: Any = 1
    for _ in range(64):
        value = [value]
    assert parse({"doc": {"eq": value}}, THINGS, NOON) == compare(document("doc"), "eq", "[" * 64 + "1" + "]" * 64)
    for deep in ([value], {"a": value}):
        assert refusal({"doc": {"eq": deep}}) == {
            "type": "validation_error",
            "code": "filter_too_large",
            "message": "a value of a filter has 64 levels at the most",
            "retry": "fix_input",
            "details": {"path": "filters.doc.eq"},
        }


def test_value_inside_itself() -> None:
    """A list of Python's that holds itself, and twice at that, is refused before it is walked for ever."""
    endless: list[Any] = []
    endless += [endless, endless]
    assert refusal({"doc": {"eq": endless}})["code"] == "filter_too_large"
