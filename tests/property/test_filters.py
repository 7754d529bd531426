"""What holds for any filter whatever."""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.filters.columns import columns_of
from pgmcp.domain.filters.keys import Form, resolve
from pgmcp.domain.filters.operators import MODIFIERS, OPERATORS
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import UNITS, Moment, span
from pgmcp.domain.filters.tree import Filter, Not
from pgmcp.domain.json import Number
from pgmcp.domain.order import parse_order
from pgmcp.domain.relations import Order
from pgmcp.domain.values.types import is_ordered
from tests.fixtures.relations import ODD, THINGS

NOON = Moment(datetime(2024, 3, 13, 12, 30, tzinfo=UTC))

numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)).map(lambda n: Number(repr(n)))
texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["today", "last 3 days", "[1,5)", "{1,2}", "(1,2)", "ok", "2024-01-01", "10.0.0.0/8", "$.a", "\ud800"]
    ),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts, st.integers(), st.floats(), st.decimals(), st.binary())
words = st.one_of(
    st.sampled_from([*OPERATORS, *MODIFIERS, "and", "or", "not", "relative", "query", "type", "language", "$json"]),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=8,
)
keys = st.one_of(
    st.sampled_from([*THINGS.by_name, *ODD.by_name, '"and"', "doc->a", "doc->>a", "doc.a.0", "js->0"]),
    st.builds("{}{}".format, st.sampled_from(["doc", "js", '"doc"', "n"]), st.text("->.\"'a0 ", max_size=8)),
    words,
)
conditions = st.one_of(values, st.dictionaries(st.sampled_from([*OPERATORS, *MODIFIERS]), values, max_size=3))
filters = st.recursive(
    st.dictionaries(keys, conditions, max_size=3),
    lambda inner: st.one_of(
        st.builds(lambda word, parts: {word: parts}, st.sampled_from(["and", "or"]), st.lists(inner, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def read(given_filters: Any, relation: Any = THINGS) -> Filter | ValidationError:
    """The tree of a filter, or why there is none."""
    try:
        return parse(given_filters, relation, NOON)
    except ValidationError as error:
        return error


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """How many functions of Python's are called: work that is the same on every machine."""
    calls, before = [0], sys.getprofile()

    def note(_: object, event: str, __: object) -> None:
        calls[0] += event == "call"

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@settings(max_examples=400, deadline=None)
@given(st.one_of(filters, values), st.sampled_from([THINGS, ODD]))
def test_a_filter_or_its_mistake(given_filters: Any, relation: Any) -> None:
    """Any value is a filter, or is refused with a place in it; nothing else comes out, and that of bounded work."""
    with counted_calls() as calls:
        found = read(given_filters, relation)
    # A quarter of it is the most that was ever seen.
    assert calls[0] < 100 * (10 + len(repr(given_filters)))
    if isinstance(found, ValidationError):
        assert (found.path or "").startswith("filters")
        assert found.code.retry == "fix_input"
        str(found.document()).encode()
    else:
        assert columns_of(found) <= set(relation.by_name)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(THINGS.by_name)), st.sampled_from(list(OPERATORS)), values)
def test_negate_turns_round(column: str, operator: str, value: Any) -> None:
    """`negate` is `Not` around whatever the column's condition is; a mistake stays the same mistake."""
    plain = read({column: {operator: value, "distance": 1} if operator == "near" else {operator: value}})
    beside = {"distance": 1} if operator == "near" else {}
    turned = read({column: {operator: value, "negate": True, **beside}})
    if isinstance(plain, ValidationError):
        assert isinstance(turned, ValidationError)
        assert turned.document() == plain.document()
    else:
        assert turned == Not(plain)
        assert read({"not": {column: {operator: value, **beside}}}) == turned


steps = st.lists(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    ),
    min_size=1,
    max_size=5,
)


@given(steps, st.booleans())
def test_quoted_steps_are_kept(path: list[str | int], as_text: bool) -> None:
    """A path whose keys stand in double quotes names exactly those keys, whatever is in them."""
    written = [str(step) if isinstance(step, int) else '"{}"'.format(step.replace('"', '""')) for step in path]
    arrows = "doc" + "".join(f"->{step}" for step in written[:-1]) + ("->>" if as_text else "->") + written[-1]
    target = resolve(arrows, THINGS, "filters")
    assert (target.path, target.form) == (tuple(path), Form.TEXT if as_text else Form.DOCUMENT)
    assert resolve("doc" + "".join(f".{step}" for step in written), THINGS, "filters").path == tuple(path)


@given(st.text(string.ascii_letters + string.digits + " _-äß", min_size=1), st.sampled_from(["->", "->>", "."]))
def test_plain_keys_are_kept(key: str, separator: str) -> None:
    """A key of letters, digits, blanks and dashes needs no quotes; digits are a position."""
    (step,) = resolve(f"doc{separator}{key}", THINGS, "filters").path
    assert str(step) == key


moments = st.builds(
    lambda days, seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=days, seconds=seconds),
    st.integers(0, 30_000),
    st.floats(0, 86_399),
)


@given(moments, st.sampled_from(UNITS), st.integers(1, 400))
def test_spans(now: datetime, unit: str, count: int) -> None:
    """A period holds its moment and meets its neighbours; rolling spans begin or end now."""
    moment = Moment(now)
    last, this, following = (span(f"{way} {unit}", moment) for way in ("last", "this", "next"))
    assert this.low.instant <= now < this.high.instant
    assert (last.high, this.high) == (this.low, following.low)
    back, ahead = span(f"last {count} {unit}s", moment), span(f"next {count} {unit}s", moment)
    assert back.low.instant < back.high.instant == now == ahead.low.instant < ahead.high.instant


orders = st.one_of(
    values, st.lists(st.one_of(keys, st.fixed_dictionaries({"column": keys}, optional={"path": texts})), max_size=4)
)


@settings(max_examples=200, deadline=None)
@given(orders)
def test_an_order_or_its_mistake(order_by: Any) -> None:
    """Any value is an order with its key, or is refused with a place in it."""
    try:
        found, keyed = parse_order(order_by, True, ODD)
    except ValidationError as error:
        place = error.path or ""
    else:
        place = "order_by" if keyed and found else ""
    assert place.startswith("order_by")


names = st.sampled_from([name for name, column in ODD.by_name.items() if is_ordered(column.type)])
asked = st.builds(
    lambda name, down, nulls: {"column": name, "descending": down} | ({"nulls": nulls} if nulls else {}),
    names,
    st.booleans(),
    st.sampled_from(["first", "last", None]),
)


@given(st.lists(asked, max_size=5))
def test_an_order_turned_round(order_by: list[Any]) -> None:
    """`ascending: false` turns round every key and every NULL, and changes nothing else."""
    there, back = (parse_order(order_by, ascending, ODD)[0] for ascending in (True, False))
    assert there == tuple(
        Order(operand=o.operand, descending=not o.descending, nulls_first=not o.nulls_first) for o in back
    )
