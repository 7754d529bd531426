"""Relative times as conditions."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pgmcp.domain.filters.relative import Moment, span
from pgmcp.domain.filters.tree import And, Between, Filter, Is, Literal, Member, Not, Operand, Or, Truth
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import DATE, TIMESTAMP, TIMESTAMPTZ, Type
from tests.fixtures.relations import ODD, THINGS
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import column, compare, places, refusal, tree

SEEN, DAY, LOCAL = column("seen", TIMESTAMPTZ), column("seen_d", DATE), column("seen_n", TIMESTAMP)
LISBON, SAO_PAULO = ZoneInfo("Europe/Lisbon"), ZoneInfo("America/Sao_Paulo")


NOT_ONE = "a relative time: now, today, this month, last week, last 30 days, next 2 hours"


def at(operand: Operand, op: str, text: str, type_: Type = TIMESTAMPTZ) -> Filter:
    """A comparison with an edge."""
    return compare(operand, op, text, type_)


NOW, DAY_START, DAY_END = "2024-03-13T12:30:15.250000+00:00", "2024-03-13T00:00:00+00:00", "2024-03-14T00:00:00+00:00"
AGO = "2024-03-11T12:30:15.250000+00:00"
TODAY = And((at(SEEN, "gte", DAY_START), at(SEEN, "lt", DAY_END)))
ROLLING = Between(operand=SEEN, low=Literal(AGO, TIMESTAMPTZ), high=Literal(NOW, TIMESTAMPTZ))
SOME = "2030-01-01T00:00:00Z"


@cases(
    "text, expected",
    [
        pytest.param('{"seen":{"relative":"today"}}', TODAY, id="alone"),
        pytest.param('{"seen":{"eq":{"relative":"today"}}}', TODAY, id="eq"),
        pytest.param('{"seen":{"relative":"today","negate":true}}', Not(TODAY), id="negated"),
        pytest.param('{"seen":{"ne":{"relative":"today"}}}', Not(TODAY), id="ne"),
        pytest.param('{"seen":{"gt":{"relative":"today"}}}', at(SEEN, "gte", DAY_END), id="gt-from-the-end"),
        pytest.param('{"seen":{"gte":{"relative":"today"}}}', at(SEEN, "gte", DAY_START), id="gte-from-the-start"),
        pytest.param('{"seen":{"lt":{"relative":"today"}}}', at(SEEN, "lt", DAY_START), id="lt-before-the-start"),
        pytest.param('{"seen":{"lte":{"relative":"today"}}}', at(SEEN, "lt", DAY_END), id="lte-before-the-end"),
        pytest.param(
            '{"seen":{"distinct_from":{"relative":"today"}}}',
            Not(And((Is(operand=SEEN, truth=Truth.NOT_NULL), TODAY))),
            id="distinct-from",
        ),
        pytest.param('{"seen":{"relative":"now"}}', at(SEEN, "eq", NOW), id="now-alone"),
        pytest.param('{"seen":{"ne":{"relative":"now"}}}', Not(at(SEEN, "eq", NOW)), id="now-ne"),
        pytest.param('{"seen":{"gt":{"relative":"now"}}}', at(SEEN, "gt", NOW), id="now-gt"),
        pytest.param('{"seen":{"gte":{"relative":"now"}}}', at(SEEN, "gte", NOW), id="now-gte"),
        pytest.param('{"seen":{"lt":{"relative":"now"}}}', at(SEEN, "lt", NOW), id="now-lt"),
        pytest.param('{"seen":{"lte":{"relative":"now"}}}', at(SEEN, "lte", NOW), id="now-lte"),
        pytest.param('{"seen":{"relative":"last 2 days"}}', ROLLING, id="rolling-alone"),
        pytest.param('{"seen":{"gt":{"relative":"last 2 days"}}}', at(SEEN, "gt", NOW), id="rolling-gt"),
        pytest.param('{"seen":{"gte":{"relative":"last 2 days"}}}', at(SEEN, "gte", AGO), id="rolling-gte"),
        pytest.param('{"seen":{"lt":{"relative":"last 2 days"}}}', at(SEEN, "lt", AGO), id="rolling-lt"),
        pytest.param('{"seen":{"lte":{"relative":"last 2 days"}}}', at(SEEN, "lte", NOW), id="rolling-lte"),
        pytest.param(
            '{"seen":{"between":[{"relative":"last 2 days"},{"relative":"today"}]}}',
            And((at(SEEN, "gte", AGO), at(SEEN, "lt", DAY_END))),
            id="between-both",
        ),
        pytest.param(
            f'{{"seen":{{"between":[{{"relative":"today"}},"{SOME}"]}}}}',
            And((at(SEEN, "gte", DAY_START), at(SEEN, "lte", SOME))),
            id="between-first",
        ),
        pytest.param(
            f'{{"seen":{{"between":["{SOME}",{{"relative":"now"}}]}}}}',
            And((at(SEEN, "gte", SOME), at(SEEN, "lte", NOW))),
            id="between-last",
        ),
        pytest.param('{"seen":{"in":[{"relative":"today"}]}}', TODAY, id="in"),
        pytest.param('{"seen":{"nin":[{"relative":"today"}]}}', Not(TODAY), id="nin"),
        pytest.param(
            f'{{"seen":{{"in":[{{"relative":"today"}},"{SOME}",{{"relative":"last 2 days"}}]}}}}',
            Or((Member(operand=SEEN, values=(Literal(SOME, TIMESTAMPTZ),)), TODAY, ROLLING)),
            id="in-with-others",
        ),
        pytest.param(
            f'{{"seen":{{"nin":[{{"relative":"today"}},"{SOME}"]}}}}',
            And((Member(operand=SEEN, values=(Literal(SOME, TIMESTAMPTZ),), negated=True), Not(TODAY))),
            id="nin-with-others",
        ),
    ],
)
def test_operators(text: str, expected: Filter) -> None:
    """Each operator beside a period, a moment and a rolling span."""
    assert tree(text) == expected


IN_LISBON = Moment(datetime(2024, 6, 5, 1, 15, tzinfo=LISBON))


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param(
            '{"seen":{"relative":"today"}}',
            And((at(SEEN, "gte", "2024-06-04T23:00:00+00:00"), at(SEEN, "lt", "2024-06-05T23:00:00+00:00"))),
            id="timestamptz",
        ),
        pytest.param(
            '{"seen_n":{"relative":"today"}}',
            And(
                (
                    at(LOCAL, "gte", "2024-06-05T00:00:00", TIMESTAMP),
                    at(LOCAL, "lt", "2024-06-06T00:00:00", TIMESTAMP),
                )
            ),
            id="timestamp",
        ),
        pytest.param(
            '{"seen_d":{"relative":"today"}}',
            And((at(DAY, "gte", "2024-06-05", DATE), at(DAY, "lt", "2024-06-06", DATE))),
            id="date",
        ),
        pytest.param(
            '{"seen_d":{"gte":{"relative":"now"}}}', at(DAY, "gte", "2024-06-05T01:15:00", TIMESTAMP), id="date-and-now"
        ),
        pytest.param(
            '{"seen_d":{"gte":{"relative":"this hour"}}}',
            at(DAY, "gte", "2024-06-05T01:00:00", TIMESTAMP),
            id="date-and-hour",
        ),
        pytest.param(
            '{"seen_d":{"relative":"last 7 days"}}',
            Between(
                operand=DAY,
                low=Literal("2024-05-29T01:15:00", TIMESTAMP),
                high=Literal("2024-06-05T01:15:00", TIMESTAMP),
            ),
            id="date-and-rolling",
        ),
        pytest.param(
            '{"seen_n":{"gte":{"relative":"last 2 hours"}}}',
            at(LOCAL, "gte", "2024-06-04T23:15:00", TIMESTAMP),
            id="timestamp-and-rolling",
        ),
    ],
)
def test_types(text: str, expected: Filter) -> None:
    """A date compares with dates at midnights, else with timestamps; a timestamp with the session's wall time."""
    assert tree(text, moment=IN_LISBON) == expected


def test_wall_time_of_a_skipped_midnight() -> None:
    """A day whose midnight was skipped still begins at its midnight on the wall."""
    found = span("today", Moment(datetime(2018, 11, 4, 12, tzinfo=SAO_PAULO)))
    assert found.low.literal(TIMESTAMP, "x") == Literal("2018-11-04T00:00:00", TIMESTAMP)
    assert found.low.literal(DATE, "x") == Literal("2018-11-04", DATE)


EXAMPLE = 'For example {"gte":{"relative":"last 30 days"}} or {"relative":"this month"}.'


@pytest.mark.parametrize(
    "value, code, expected, hint",
    [
        pytest.param('{"relative":"soon"}', "filter_value_invalid", NOT_ONE, EXAMPLE, id="unknown"),
        pytest.param(
            '{"relative":"this mont"}',
            "filter_value_invalid",
            NOT_ONE,
            "Did you mean 'this month' or 'this minute' or 'this hour'?",
            id="near",
        ),
        pytest.param('{"relative":5}', "filter_value_invalid", "a relative time as text", EXAMPLE, id="number"),
        pytest.param('{"relative":null}', "filter_value_invalid", "a relative time as text", EXAMPLE, id="null"),
        pytest.param(
            '{"relative":"today","zone":"UTC"}',
            "filter_malformed",
            "nothing beside 'relative' in its object",
            EXAMPLE,
            id="something-beside",
        ),
    ],
)
def test_bad_relative(value: str, code: str, expected: str, hint: str) -> None:
    """What is no relative time is refused with examples."""
    assert refusal(f'{{"ts":{{"gte":{value}}}}}') == {
        "type": "validation_error",
        "code": code,
        "message": f"'gte' on column 'ts' of type timestamptz takes {expected}",
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": "filters.ts.gte"},
    }


ORDERED = ("eq", "ne", "gt", "gte", "lt", "lte", "between", "is", "distinct_from", "in", "nin")
WORKING = {"filters.n.relative": ORDERED, "filters.home.relative": ORDERED}
ELSEWHERE = "no relative time; those are for columns of type date, timestamp and timestamptz"


@pytest.mark.parametrize(
    "text, relation, path, message",
    [
        pytest.param(
            '{"n":{"relative":"today"}}',
            THINGS,
            "filters.n.relative",
            "'relative' doesn't work on column 'n' of type int4",
            id="number-alone",
        ),
        pytest.param(
            '{"name":{"gte":{"relative":"today"}}}',
            THINGS,
            "filters.name.gte",
            f"'gte' on column 'name' of type text takes {ELSEWHERE}",
            id="text",
        ),
        pytest.param(
            '{"t":{"in":["12:00",{"relative":"now"}]}}',
            THINGS,
            "filters.t.in[1]",
            f"'in' on column 't' of type time takes {ELSEWHERE}",
            id="time-of-day",
        ),
        pytest.param(
            '{"doc.at":{"gte":{"relative":"today"}}}',
            THINGS,
            'filters["doc.at"].gte',
            f"'gte' on a path that gives text takes {ELSEWHERE}",
            id="path",
        ),
        pytest.param(
            '{"home":{"relative":"today"}}',
            ODD,
            "filters.home.relative",
            "'relative' doesn't work on column 'home' of type address",
            id="composite",
        ),
    ],
)
def test_other_types(text: str, relation: Relation, path: str, message: str) -> None:
    """Only dates and timestamps have days."""
    answer = refusal(text, relation)
    hint = "Give the value itself." if ELSEWHERE in message else f"There work: {', '.join(WORKING[path])}."
    assert (answer["code"], answer["message"], answer["hint"], answer["details"]) == (
        "filter_operator_mismatch",
        message,
        hint,
        {"path": path},
    )


def test_document_with_a_key_called_relative() -> None:
    """In a document an object is a value, whatever its keys are called."""
    expected = compare(Operand(column="doc", type=THINGS.by_name["doc"].type), "eq", '{"relative":"today"}')
    assert tree('{"doc":{"eq":{"relative":"today"}}}') == expected


@pytest.mark.parametrize(
    "value, code",
    [
        pytest.param('{"relative":"soon"}', "filter_value_invalid", id="unknown"),
        pytest.param('{"relative":"now","zone":"UTC"}', "filter_malformed", id="something-beside"),
    ],
)
def test_bad_relative_in_a_list(value: str, code: str) -> None:
    """A mistake in a list is shown at its member."""
    answer = refusal(f'{{"ts":{{"in":["{SOME}",{value}]}}}}')
    assert (answer["code"], answer["details"]) == (code, {"path": "filters.ts.in[1]"})


@pytest.mark.parametrize("column_name", ["seen", "seen_d", "seen_n"])
@pytest.mark.parametrize("spelling, count", [("now", 1), ("today", 2), ("last 2 days", 2)])
def test_places(column_name: str, spelling: str, count: int) -> None:
    """Both ends of a period stand where the period does."""
    found = tree(f'{{"{column_name}":{{"in":[{{"relative":"{spelling}"}}]}}}}')
    assert places(found) == [f"filters.{column_name}.in[0]"] * count
