"""Which of many patterns is the first to mean a name."""

from __future__ import annotations

from itertools import product

from pgmcp.domain.policy.patterns import FirstMatch, Pattern

_NAMES = ("", "a", "ab", "abb", "b", "bxa", "[a]b", "a.b", "a\nb", "ä")
_TEXTS = ("*", "a*", "a", "ab", "a?", "*b", "?", "ab*", "", "b*a", "[a]*", "a.*")


def test_the_first_one_holds() -> None:
    """As if each were tried in turn, whatever the order, for any name."""
    alone = {text: [Pattern(text).matches(name) for name in _NAMES] for text in _TEXTS}
    for texts in product(_TEXTS, repeat=3):
        found = FirstMatch((Pattern(text), number) for number, text in enumerate(texts))
        firsts = [
            next((number for number, text in enumerate(texts) if alone[text][at]), None) for at in range(len(_NAMES))
        ]
        assert [found.find(name) for name in _NAMES] == firsts, texts


class _Counted(Pattern):
    """A pattern that counts how often it is looked at."""

    looked_at = 0

    def matches(self, name: str) -> bool:
        """As every pattern."""
        type(self).looked_at += 1
        return super().matches(name)


def test_others_are_not_looked_at() -> None:
    """Of ten thousand rules those alone that begin as the name does."""
    before = _Counted.looked_at
    found = FirstMatch((_Counted(f"table_{number}_*"), number) for number in range(10_000))
    assert [found.find(f"table_{number}_x") for number in (0, 77, 9_999)] == [0, 77, 9_999]
    assert found.find("other") is None
    assert _Counted.looked_at - before == 3
