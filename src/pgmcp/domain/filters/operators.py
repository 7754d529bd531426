"""The table of operators: what each is called, on which types it works, how its value is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.filters import comparisons, containers, documents, patterns, shapes
from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.keys import Form, Target
from pgmcp.domain.filters.tree import Filter
from pgmcp.domain.places import shown
from pgmcp.domain.suggestions import did_you_mean, nearest
from pgmcp.domain.values.types import (
    DOCUMENTS,
    GEOMETRIES,
    INSTANTS,
    NETWORKS,
    TEXTS,
    Kind,
    has_equality,
    has_inequality,
    is_ordered,
)

MODIFIERS = ("negate", "case_sensitive", "distance")


@frozen(kw_only=True)
class Operator:
    """An operator of the filter language.

    Args:
        fits: Whether it works on a target.
        read: Turns it and its value into a tree.
        example: A right form, for hints.
        folds: Whether it can ignore case.
    """

    fits: Callable[[Target], bool]
    read: Callable[[Condition], Filter]
    example: str
    folds: bool = False


def is_text_like(target: Target) -> bool:
    """Whether it is text: a column of a text type, or a path that gives text."""
    return target.form is Form.TEXT or (target.form is Form.COLUMN and target.type.tag in TEXTS)


def _anything(_: Target) -> bool:
    return True


def _equals(target: Target) -> bool:
    """PostgreSQL's `=` on shapes compares areas where there is one at all, so they have none here."""
    tag = target.type.tag
    return tag in DOCUMENTS or (has_equality(target.type) and tag not in GEOMETRIES)


def _differs(target: Target) -> bool:
    return _equals(target) and (target.type.tag in DOCUMENTS or has_inequality(target.type))


def _orders(target: Target) -> bool:
    return target.type.tag in DOCUMENTS or is_ordered(target.type)


def _is_searchable(target: Target) -> bool:
    return is_text_like(target) or target.type.tag == "tsvector"


def _is_document_like(target: Target) -> bool:
    return target.form is Form.TEXT or target.is_document


def _is_array(target: Target) -> bool:
    return target.type.kind is Kind.ARRAY


def _is_comparable_array(target: Target) -> bool:
    return _is_array(target) and has_equality(target.type)


def _is_range(target: Target) -> bool:
    return target.type.kind in {Kind.RANGE, Kind.MULTIRANGE}


def _is_network(target: Target) -> bool:
    return target.type.tag in NETWORKS


def _is_set(target: Target) -> bool:
    return _is_comparable_array(target) or _is_range(target) or _is_network(target)


def _is_instant(target: Target) -> bool:
    return target.form is Form.COLUMN and target.type.tag in INSTANTS


def _is_shape(*tags: str) -> Callable[[Target], bool]:
    return lambda target: target.type.tag in tags


OPERATORS: Mapping[str, Operator] = {
    "eq": Operator(fits=_equals, read=comparisons.equal, example='{"eq":5}', folds=True),
    "ne": Operator(fits=_differs, read=comparisons.unequal, example='{"ne":5}', folds=True),
    "gt": Operator(fits=_orders, read=comparisons.ordered, example='{"gt":5}'),
    "gte": Operator(fits=_orders, read=comparisons.ordered, example='{"gte":5}'),
    "lt": Operator(fits=_orders, read=comparisons.ordered, example='{"lt":5}'),
    "lte": Operator(fits=_orders, read=comparisons.ordered, example='{"lte":5}'),
    "between": Operator(fits=_orders, read=comparisons.between, example='{"between":[1,9]}'),
    "is": Operator(fits=_anything, read=comparisons.is_, example='{"is":"not null"}'),
    "distinct_from": Operator(fits=_equals, read=comparisons.distinct, example='{"distinct_from":5}'),
    "in": Operator(fits=_equals, read=comparisons.member, example='{"in":[1,2]}', folds=True),
    "nin": Operator(fits=_differs, read=comparisons.member, example='{"nin":[1,2]}', folds=True),
    "relative": Operator(fits=_is_instant, read=comparisons.relative, example='{"relative":"this month"}'),
    "like": Operator(fits=is_text_like, read=patterns.pattern, example='{"like":"a%"}', folds=True),
    "ilike": Operator(fits=is_text_like, read=patterns.pattern, example='{"ilike":"a%"}'),
    "match": Operator(fits=is_text_like, read=patterns.pattern, example='{"match":"^a"}', folds=True),
    "imatch": Operator(fits=is_text_like, read=patterns.pattern, example='{"imatch":"^a"}'),
    "starts_with": Operator(fits=is_text_like, read=patterns.pattern, example='{"starts_with":"a"}', folds=True),
    "ends_with": Operator(fits=is_text_like, read=patterns.pattern, example='{"ends_with":"z"}', folds=True),
    "fts": Operator(
        fits=_is_searchable,
        read=patterns.full_text,
        example='{"fts":"fat cat"} or {"fts":{"query":"fat cat","type":"phrase","language":"english"}}',
    ),
    "contains": Operator(fits=_is_set, read=containers.sets, example='{"contains":["a"]}'),
    "contained_by": Operator(fits=_is_set, read=containers.sets, example='{"contained_by":["a","b"]}'),
    "overlap": Operator(fits=_is_set, read=containers.sets, example='{"overlap":["a","b"]}'),
    "any": Operator(fits=_is_comparable_array, read=containers.any_element, example='{"any":5}'),
    "array_length": Operator(fits=_is_array, read=containers.array_length, example='{"array_length":2}'),
    "array_length_gt": Operator(fits=_is_array, read=containers.array_length, example='{"array_length_gt":2}'),
    "array_length_gte": Operator(fits=_is_array, read=containers.array_length, example='{"array_length_gte":2}'),
    "array_length_lt": Operator(fits=_is_array, read=containers.array_length, example='{"array_length_lt":2}'),
    "array_length_lte": Operator(fits=_is_array, read=containers.array_length, example='{"array_length_lte":2}'),
    "jsonb_contains": Operator(
        fits=_is_document_like, read=documents.containment, example='{"jsonb_contains":{"a":1}}'
    ),
    "jsonb_contained_by": Operator(
        fits=_is_document_like, read=documents.containment, example='{"jsonb_contained_by":{"a":1,"b":2}}'
    ),
    "has_key": Operator(fits=_is_document_like, read=documents.has_key, example='{"has_key":"a"}'),
    "has_any_keys": Operator(fits=_is_document_like, read=documents.has_keys, example='{"has_any_keys":["a","b"]}'),
    "has_all_keys": Operator(fits=_is_document_like, read=documents.has_keys, example='{"has_all_keys":["a","b"]}'),
    "jsonb_path": Operator(
        fits=_is_document_like, read=documents.json_path, example='{"jsonb_path":"$.items[*] ? (@.qty > 2)"}'
    ),
    "jsonb_path_match": Operator(
        fits=_is_document_like, read=documents.json_path, example='{"jsonb_path_match":"$.qty > 2"}'
    ),
    "adjacent": Operator(fits=_is_range, read=containers.sets, example='{"adjacent":"[10,20)"}'),
    "left_of": Operator(fits=_is_range, read=containers.sets, example='{"left_of":"[10,20)"}'),
    "right_of": Operator(fits=_is_range, read=containers.sets, example='{"right_of":"[10,20)"}'),
    "subnet_of": Operator(fits=_is_network, read=containers.sets, example='{"subnet_of":"10.0.0.0/8"}'),
    "supernet_of": Operator(fits=_is_network, read=containers.sets, example='{"supernet_of":"10.1.0.0/16"}'),
    "near": Operator(fits=_is_shape(*GEOMETRIES), read=shapes.near, example='{"near":[1,2],"distance":5}'),
    "within": Operator(fits=_is_shape(*shapes.WITHIN), read=shapes.within, example='{"within":[[0,0],[4,3]]}'),
    "contains_point": Operator(
        fits=_is_shape(*shapes.HOLDS_POINTS), read=shapes.contains_point, example='{"contains_point":[1,2]}'
    ),
    "intersects": Operator(
        fits=_is_shape(*shapes.INTERSECTS), read=shapes.intersects, example='{"intersects":[[0,0],[4,3]]}'
    ),
    "bounding_box": Operator(
        fits=_is_shape(*shapes.BOXED), read=shapes.bounding_box, example='{"bounding_box":[[0,0],[4,3]]}'
    ),
}

# What other languages call them, for hints alone.
_ELSEWHERE = {
    "=": "eq", "==": "eq", "equals": "eq", "!=": "ne", "<>": "ne", "neq": "ne", "not": "negate", ">": "gt", ">=": "gte",
    "<": "lt", "<=": "lte", "ge": "gte", "le": "lte", "greater": "gt", "more": "gt", "less": "lt", "not_in": "nin",
    "regex": "match", "~": "match", "~*": "imatch", "isnull": "is", "exists": "is", "elemmatch": "any",
    "@>": "contains", "<@": "contained_by", "&&": "overlap",
}  # fmt: skip


def working_on(target: Target) -> tuple[str, ...]:
    """The names of the operators that work on a target."""
    return tuple(name for name, operator in OPERATORS.items() if operator.fits(target))


def find(name: str, target: Target, at: str) -> Operator:
    """The operator of a name, if it works on a target.

    Raises:
        ValidationError: `filter_operator_unknown`, `filter_operator_mismatch`; with the nearest, or those that work.
    """
    operator = OPERATORS.get(name)
    if operator is None:
        raise _unknown(name, target, at)
    if operator.fits(target):
        return operator
    hint = f"There work: {', '.join(working_on(target))}."
    if target.form is Form.DOCUMENT and is_text_operator(operator):
        hint = "Write the path's last arrow as ->> to look at its text."
    raise ValidationError(
        codes.FILTER_OPERATOR_MISMATCH, f"'{name}' doesn't work on {target.type_name}", hint=hint, path=at
    )


def is_text_operator(operator: Operator) -> bool:
    """Whether it works on text alone."""
    return operator.fits is is_text_like or operator.fits is _is_searchable


def _unknown(name: str, target: Target, at: str) -> ValidationError:
    usable = working_on(target)
    listed = f"There work: {', '.join(usable)}."
    bare = name.casefold().removeprefix("$")
    known = bare if bare in usable else _ELSEWHERE.get(bare)
    if target.is_document and known is None and not nearest(name, OPERATORS):
        listed = (
            'A JSON value is compared with {"eq":{…}} or {"jsonb_contains":{…}}, a place in it by a key col->a->>b.'
        )
    return ValidationError(
        codes.FILTER_OPERATOR_UNKNOWN,
        f"there is no operator '{shown(name)}'",
        hint=f"Did you mean '{known}'?" if known else did_you_mean(name, (*usable, *MODIFIERS), otherwise=listed),
        path=at,
    )
