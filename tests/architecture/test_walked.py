"""A table of cases in one test tells which of them fail, all of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.walked import cases

TABLE = [pytest.param(1, 1, id="right"), pytest.param(2, 3, id="wrong"), pytest.param(3, 3, id="right too"), (4, 5)]


def compare(a: int, b: int) -> None:
    """Fail where the two are not the same."""
    assert a == b


def test_where_one_fails_its_failure_has_its_name() -> None:
    """And is raised as it is."""
    with pytest.raises(AssertionError) as caught:
        cases("a, b", TABLE[:3])(compare)()
    assert caught.value.__notes__ == ["case: wrong"]


def test_those_behind_one_that_fails_are_tried_too() -> None:
    """All failures are told of, each with its name; one without an id is named by its values."""
    with pytest.raises(BaseExceptionGroup, match="2 of 4 cases") as caught:
        cases("a, b", TABLE)(compare)()
    assert [each.__notes__ for each in caught.value.exceptions] == [["case: wrong"], ["case: (4, 5)"]]


def test_what_does_not_raise_is_told_of() -> None:
    """That failure of pytest's is no `Exception`."""

    def silent(value: Any) -> None:
        with pytest.raises(ValueError, match="never"):
            str(value)

    with pytest.raises(pytest.fail.Exception) as caught:
        cases("value", ["a"])(silent)()
    assert caught.value.__notes__ == ["case: 'a'"]


def test_what_takes_something_else_is_refused_at_once() -> None:
    """A fixture would never be given; a table without a case would prove nothing."""
    for names, table in (("a", TABLE), ("a, b, tmp_path", TABLE), ("a, b", [])):
        with pytest.raises(TypeError, match="of a table, and nothing else"):
            cases(names, table)(compare)
