"""PostgreSQL's advanced regular expressions, translated for Python's `re` where both mean the same.

Whether there is a match at all is the same in both as long as an expression has no back reference, look-around or
option. Those are refused by name, and so is a text for which a class of characters depends on tables that Python lacks.

Source: PostgreSQL documentation, section 9.7.3 (POSIX regular expressions).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pgmcp.adapters.memory.faults import BAD_REGEX, fault
from pgmcp.adapters.memory.filters.casing import Casing
from pgmcp.adapters.memory.filters.regex_classes import CHARACTERS, FOLDED, NAMED, PLACES, SHORTHANDS
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.domain.errors import PgmcpError

_BOUND = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}")
_WIDEST_FOLDED_RANGE = 2_000


def regex(pattern: str, *, fold: Casing | None, path: str) -> Callable[[str], bool]:
    """A test for texts in which a regular expression finds a match, as `~` has it; with `fold`, `~*`.

    Args:
        pattern: The expression.
        fold: How case is ignored; None where it is not.
        path: Where it stands in the request.

    Raises:
        QueryError: `feature_not_supported` for what Python can't match alike, `bad_value` for what is malformed. The
            test itself raises the former for a text outside ASCII, if the expression has a class of letters.
    """
    translation = _Translation(pattern, fold=fold, path=path)
    search = re.compile(translation.python, re.DOTALL | re.ASCII).search
    if translation.exact:
        return lambda text: search(text) is not None

    def found(text: str) -> bool:
        if not text.isascii():
            raise refuse("classes of letters in a regular expression on a text outside ASCII", path)
        return search(text) is not None

    return found


class _Translation:
    """One pass over an expression.

    Attributes:
        python: The expression in Python's syntax.
        exact: Whether it holds for all texts, or for ASCII texts only.
    """

    def __init__(self, pattern: str, *, fold: Casing | None, path: str) -> None:
        self._pattern, self._fold, self._path = pattern, fold, path
        self._at = 0
        self.exact = True
        if pattern.startswith("***"):
            raise refuse("a director (***) in a regular expression", path)
        self.python, _ = self._branches(depth=0)

    def _branches(self, depth: int) -> tuple[str, bool]:
        """Alternatives up to the end or a closing parenthesis, and whether they can match the empty text."""
        if depth > 50:
            raise refuse("a regular expression with more than 50 nested groups", self._path)
        parts: list[str] = []
        nullable = False
        while True:
            branch, empty = self._branch(depth)
            parts.append(branch)
            nullable |= empty
            if self._peek() != "|":
                break
            self._at += 1
        if depth == 0 and self._peek() == ")":
            raise self._malformed("parentheses () not balanced")
        return "|".join(parts), nullable

    def _branch(self, depth: int) -> tuple[str, bool]:
        parts: list[str] = []
        nullable = True
        while self._peek() not in {"", "|", ")"}:
            atom, empty, repeatable = self._atom(depth)
            quantifier, optional = self._quantifier()
            if quantifier and not repeatable:
                raise self._malformed("quantifier operand invalid")
            if quantifier and empty:
                raise refuse("a repeated group that can match the empty text in a regular expression", self._path)
            parts.append(atom + quantifier)
            nullable &= empty or optional
        return "".join(parts), nullable

    def _atom(self, depth: int) -> tuple[str, bool, bool]:
        """An atom, whether it can match the empty text, and whether a quantifier may follow."""
        char = self._next()
        if char == "(":
            return self._group(depth)
        if char == "[":
            return self._bracket(), False, True
        if char == "\\":
            return self._escape()
        if char in "*+?" or (char == "{" and self._peek().isdigit()):
            raise self._malformed("quantifier operand invalid")
        if char == ".":
            return ".", False, True
        if char in "^$":
            return {"^": r"\A", "$": r"\Z"}[char], True, False
        return self._literal(char), False, True

    def _group(self, depth: int) -> tuple[str, bool, bool]:
        if self._peek() == "?":
            if self._pattern[self._at + 1 : self._at + 2] != ":":
                raise refuse("look-around and options in a regular expression", self._path)
            self._at += 2
        inside, nullable = self._branches(depth + 1)
        if self._next() != ")":
            raise self._malformed("parentheses () not balanced")
        return f"(?:{inside})", nullable, True

    def _quantifier(self) -> tuple[str, bool]:
        """A quantifier in Python's syntax, or nothing, and whether it allows for no repetition at all."""
        char = self._peek()
        if char and char in "*+?":
            self._at += 1
            quantifier, optional = char, char != "+"
        elif char == "{" and self._pattern[self._at + 1 : self._at + 2].isdigit():
            found = _BOUND.match(self._pattern, self._at)
            if found is None:
                raise self._malformed("braces {} not balanced")
            low, high = int(found[1]), int(found[3] or (found[1] if found[2] is None else 255))
            if not low <= high <= 255:
                raise self._malformed("invalid repetition count(s)")
            self._at = found.end()
            quantifier, optional = found[0], low == 0
        else:
            return "", False
        if self._peek() == "?":  # the shorter match first: no difference to whether there is one
            self._at += 1
        if self._peek() and (self._peek() in "*+?" or self._at_bound()):
            raise self._malformed("quantifier operand invalid")
        return quantifier, optional

    def _at_bound(self) -> bool:
        return self._peek() == "{" and self._pattern[self._at + 1 : self._at + 2].isdigit()

    def _escape(self) -> tuple[str, bool, bool]:
        char = self._next()
        if char in PLACES:
            self.exact &= char in "AZ"
            return f"(?:{PLACES[char]})", True, False
        if char.lower() in SHORTHANDS:
            known = SHORTHANDS[char.lower()]
            self.exact &= known.exact
            return f"[{'^' if char.isupper() else ''}{known.inside}]", False, True
        return self._literal(self._escaped(char)), False, True

    def _escaped(self, char: str) -> str:
        """The single character that an escape stands for."""
        if char in CHARACTERS:
            return CHARACTERS[char]
        if char == "u":
            digits = self._pattern[self._at : self._at + 4]
            if re.fullmatch(r"[0-9A-Fa-f]{4}", digits) is None:
                raise self._malformed("invalid escape \\ sequence")
            self._at += 4
            return chr(int(digits, 16))
        if not char:
            raise self._malformed("invalid escape \\ sequence")
        if char.isalnum():
            raise refuse("back references and rare escapes in a regular expression", self._path)
        return char

    def _literal(self, char: str) -> str:
        forms = self._fold.variants(char) if self._fold else char
        return re.escape(char) if len(forms) == 1 else f"[{re.escape(forms)}]"

    def _bracket(self) -> str:
        negated = self._peek() == "^"
        self._at += negated
        parts: list[str] = []
        while self._peek() != "]" or not parts:
            if self._pattern.startswith(("[:", "[.", "[="), self._at):
                parts.append(self._named())
                continue
            low = self._member(parts)
            if low is None:
                continue
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in {"]", ""}:
                self._at += 1
                parts.append(self._range(low))
            else:
                parts.append(re.escape(self._fold.variants(low) if self._fold else low))
        self._at += 1
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _member(self, parts: list[str]) -> str | None:
        """A single character of a bracket expression; None after a shorthand, which is added to the parts."""
        char = self._next()
        if not char:
            raise self._malformed("brackets [] not balanced")
        if char != "\\":
            return char
        escape = self._next()
        if escape not in SHORTHANDS:
            return self._escaped(escape)
        parts.append(SHORTHANDS[escape].inside)
        self.exact &= SHORTHANDS[escape].exact
        return None

    def _range(self, low: str) -> str:
        if self._pattern.startswith(("[:", "[.", "[="), self._at):
            raise refuse("collating elements in a regular expression", self._path)
        ends: list[str] = []
        high = self._member(ends)
        if high is None or high < low:
            raise self._malformed("invalid character range")
        if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in {"]", ""}:
            raise self._malformed("invalid character range")
        if self._fold is None:
            return f"{re.escape(low)}-{re.escape(high)}"
        if ord(high) - ord(low) > _WIDEST_FOLDED_RANGE:
            raise refuse("so wide a range of characters where case is ignored", self._path)
        return re.escape("".join(self._fold.variants(chr(code)) for code in range(ord(low), ord(high) + 1)))

    def _named(self) -> str:
        end = self._pattern.find(":]", self._at)
        if self._pattern[self._at + 1] != ":" or end < 0:
            raise refuse("collating elements in a regular expression", self._path)
        known = (FOLDED if self._fold else NAMED).get(self._pattern[self._at + 2 : end])
        if known is None:
            raise self._malformed("invalid character class")
        self._at = end + 2
        self.exact &= known.exact
        return known.inside

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += 1
        return char

    def _malformed(self, why: str) -> PgmcpError:
        return fault(BAD_REGEX, f"invalid regular expression: {why}", path=self._path)
