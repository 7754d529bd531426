"""From a filter as a caller writes it to the typed tree that plans hold.

An object's keys are columns, paths and `and`, `or`, `not`; all of them must hold. Every mistake is found here, with its
place, what was expected and how to say it; what only the server can tell is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.everyday import everyday
from pgmcp.domain.filters.keys import Target, resolve
from pgmcp.domain.filters.operators import MODIFIERS, OPERATORS, find, is_text_like
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import EVERYTHING, And, Filter, Not, Or
from pgmcp.domain.filters.values import MAX_LEVELS, MAX_MEMBERS, MAX_VALUES, check_size
from pgmcp.domain.places import step
from pgmcp.domain.relations import Relation

MAX_CONDITIONS = 1000
_LOGIC = frozenset({"and", "or", "not"})
_EXAMPLE = 'For example {"age":{"gte":18},"or":[{"vip":true},{"total":{"gt":100}}]}.'


def parse(filters: Mapping[str, Any], relation: Relation, moment: Moment) -> Filter:
    """The tree behind a filter.

    Args:
        filters: A JSON object of the filter language, its numbers as `Number`; or the same of Python's own values.
        relation: Whose columns it may name.
        moment: What relative times are taken from, once for all of them.

    Returns:
        The tree; `EVERYTHING` for a filter that says nothing.

    Raises:
        ValidationError: With the path of the mistake, beginning with `filters`.
    """
    return _Reading(relation, moment).filter(filters, "filters", 0)


class _Reading:
    """The reading of one filter, which counts what it has read."""

    def __init__(self, relation: Relation, moment: Moment) -> None:
        self.relation = relation
        self.moment = moment
        self.conditions = 0
        self.objects = 0
        self.values = 0

    def filter(self, filters: object, at: str, level: int) -> Filter:
        """An object whose keys must all hold."""
        # Whoever looks for an abstract class first looks long.
        if not isinstance(filters, (dict, Mapping)):
            raise _malformed("a filter is an object of columns and conditions", at)
        self.objects += 1
        if level > MAX_LEVELS:
            raise _too_large(f"a filter has {MAX_LEVELS} levels at the most", at)
        if self.objects > MAX_MEMBERS:
            raise _too_large(f"a filter has {MAX_MEMBERS} objects at the most", at)
        return all_of([self.entry(key, value, at, level) for key, value in filters.items()])

    def entry(self, key: object, value: object, at: str, level: int) -> Filter:
        """One key of an object with its value."""
        if not isinstance(key, str):
            raise _malformed("the keys of a filter are text", at)
        if key not in _LOGIC and (found := everyday(key, value, self.relation, at)) is not None:
            self.count(found.value.at if found.value is not None else at)
            return found
        here = step(at, key)
        match key:
            case "and":
                return all_of(self.members(_listed(value, here), here, level))
            case "or":
                return self.any(_listed(value, here), here, level)
            case "not":
                if isinstance(value, Mapping) and not value:
                    raise _malformed("'not' takes an object that says something", here)
                return Not(self.filter(value, here, level + 1))
        return self.column(resolve(key, self.relation, here), value, here)

    def members(self, filters: Sequence[object], at: str, level: int) -> list[Filter]:
        """The filters in a list."""
        return [self.filter(member, f"{at}[{position}]", level + 1) for position, member in enumerate(filters)]

    def any(self, filters: Sequence[object], at: str, level: int) -> Filter:
        """`or`: an empty list, or a member that says nothing, is a mistake."""
        if not filters:
            raise _malformed("'or' takes a list of one object at least", at)
        if {} in filters:
            raise _malformed("each object of 'or' says something", f"{at}[{filters.index({})}]")
        parts = self.members(filters, at, level)
        if EVERYTHING in parts:
            return EVERYTHING
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def column(self, target: Target, value: object, at: str) -> Filter:
        """The condition on one column or path: a value, or operators that hold together."""
        if not isinstance(value, Mapping) or (target.is_document and set(value) == {"$json"}):
            return self.condition("eq", target, value, {}, at, at)
        if not all(isinstance(name, str) for name in value):
            raise _malformed("the names of operators are text", at)
        negate, sensitive = _flag(value, "negate", at, default=False), _flag(value, "case_sensitive", at, default=True)
        names = [name for name in value if name not in MODIFIERS]
        if "distance" in value and "near" not in names:
            raise _malformed("'distance' stands beside 'near'", f"{at}.distance")
        if not names:
            raise _malformed("a column's object holds one operator at least", at)
        conditions = []
        for name in names:
            here = step(at, name)
            if not sensitive:
                _check_fold(name, target, here, at)
            conditions.append(self.condition(name, target, value[name], value, here, at))
        found = all_of(conditions)
        return Not(found) if negate else found

    def condition(
        self, name: str, target: Target, value: object, beside: Mapping[str, Any], at: str, base: str
    ) -> Filter:
        """One operator with its value."""
        self.count(at)
        operator = find(name, target, at)
        self.hold(check_size(value, at), at)
        return operator.read(
            Condition(
                target=target,
                operator=name,
                value=value,
                at=at,
                moment=self.moment,
                example=operator.example,
                fold=beside.get("case_sensitive") is False,
                beside=beside,
                base=base,
            )
        )

    def count(self, at: str) -> None:
        """Count a condition, which stands at `at`."""
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise _too_large(f"a filter has {MAX_CONDITIONS} conditions at the most", at)

    def hold(self, values: int, at: str) -> None:
        """Count the values that lists hold, of which the last ones stand at `at`."""
        self.values += values
        if self.values > MAX_VALUES:
            raise _too_large(f"the lists of a filter have {MAX_VALUES} members together at the most", at)


def all_of(parts: Sequence[Filter]) -> Filter:
    """All of several filters, in the simplest form."""
    if len(parts) == 1:
        return parts[0]
    telling = tuple(part for part in parts if part != EVERYTHING)
    return telling[0] if len(telling) == 1 else And(telling)


def _listed(value: object, at: str) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise _malformed("'and' and 'or' take a list of objects", at)
    if len(value) > MAX_MEMBERS:
        raise _too_large(f"a list has {MAX_MEMBERS} members at the most", at)
    return value


def _flag(value: Mapping[str, object], name: str, at: str, *, default: bool) -> bool:
    flag = value.get(name, default)
    if not isinstance(flag, bool):
        raise ValidationError(
            codes.FILTER_VALUE_INVALID,
            f"'{name}' is true or false",
            hint=f'For example {{"like":"a%","{name}":{"false" if default else "true"}}}.',
            path=f"{at}.{name}",
        )
    return flag


def _check_fold(name: str, target: Target, at: str, base: str) -> None:
    """Refuse `case_sensitive: false` where case can't be ignored."""
    if find(name, target, at).folds and is_text_like(target):
        return
    folding = ", ".join(known for known, operator in OPERATORS.items() if operator.folds)
    raise ValidationError(
        codes.FILTER_OPERATOR_MISMATCH,
        f"'case_sensitive': false doesn't work with '{name}' on {target.type_name}",
        hint=f"It works on text, with {folding}; 'ilike' and 'imatch' ignore case by themselves.",
        path=f"{base}.case_sensitive",
    )


def _malformed(message: str, at: str) -> ValidationError:
    return ValidationError(codes.FILTER_MALFORMED, message, hint=_EXAMPLE, path=at)


def _too_large(message: str, at: str) -> ValidationError:
    return ValidationError(codes.FILTER_TOO_LARGE, message, hint="Say it with 'in', or in several calls.", path=at)
