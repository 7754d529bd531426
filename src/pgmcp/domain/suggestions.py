"""The nearest right name, for hints."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """The known names that look most like a mistyped one, nearest first.

    Case differences weigh nothing; at most 2,000 names are looked at.

    >>> nearest("custmers", ["orders", "customers"])
    ('customers',)
    """
    by_folded = {candidate.casefold(): candidate for _, candidate in zip(range(2000), known, strict=False)}
    found = get_close_matches(name.casefold()[:100], by_folded, n=limit, cutoff=0.6)
    return tuple(by_folded[folded] for folded in found)


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "") -> str | None:
    """A hint with the nearest names, or with `otherwise`; None where there is nothing to say.

    >>> did_you_mean("naem", ["name", "id"])
    "Did you mean 'name'?"
    """
    found = nearest(name, known)
    if not found:
        return otherwise or None
    listed = " or ".join(f"'{candidate}'" for candidate in found)
    return f"Did you mean {listed}?"
