"""Which of many patterns is the first to mean a name."""

from __future__ import annotations

from itertools import product

import pytest

from pgmcp.domain.policy.patterns import FirstMatch, Pattern

_TEXTS = ("*", "a*", "a", "ab", "a?", "*b", "?", "ab*", "", "b*a", "[a]*", "a.*")


@pytest.mark.parametrize("name", ["", "a", "ab", "abb", "b", "bxa", "[a]b", "a.b", "a\nb", "ä"])
def test_the_first_one_holds(name: str) -> None:
    """As if each were tried in turn, whatever the order."""
    for texts in product(_TEXTS, repeat=3):
        patterns = [Pattern(text) for text in texts]
        first = next((number for number, pattern in enumerate(patterns) if pattern.matches(name)), None)
        assert FirstMatch((pattern, number) for number, pattern in enumerate(patterns)).find(name) == first


class _Counted(Pattern):
    """A pattern that counts how often it is looked at."""

    looked_at = 0

    def matches(self, name: str) -> bool:
        """As every pattern."""
        type(self).looked_at += 1
        return super().matches(name)


def test_others_are_not_looked_at() -> None:
    """Of ten thousand rules those alone that begin as the name does."""
    found = FirstMatch((_Counted(f"table_{number}_*"), number) for number in range(10_000))
    assert [found.find(f"table_{number}_x") for number in (0, 77, 9_999)] == [0, 77, 9_999]
    assert found.find("other") is None
    assert _Counted.looked_at == 3
