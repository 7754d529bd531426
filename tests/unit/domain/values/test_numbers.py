"""Numbers as PostgreSQL prints and reads them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pgmcp.domain.json import Number
from pgmcp.domain.values.numbers import float4_text, float8_text, money_text, nearest_float4, special_text
from pgmcp.domain.values.unfit import Unfit
from tests.fixtures.walked import cases

_MONEY = "an amount such as 12.34, without a currency sign, from -92233720368547758.08 to 92233720368547758.07"


@cases(
    "number, text",
    [
        pytest.param(0.0, "0", id="zero"),
        pytest.param(-0.0, "-0", id="negative-zero"),
        pytest.param(123456.75, "123456.75", id="point-inside"),
        pytest.param(1.5, "1.5", id="point-behind-the-first"),
        pytest.param(100.0, "100", id="zeros-behind"),
        pytest.param(0.0001, "0.0001", id="least-without-an-exponent"),
        pytest.param(1e-05, "1e-05", id="small"),
        pytest.param(-1.25e-07, "-1.25e-07", id="small-with-a-fraction"),
        pytest.param(1e14, "100000000000000", id="largest-without-an-exponent"),
        pytest.param(1.2e15, "1.2e+15", id="large-with-a-fraction"),
        pytest.param(1.5e300, "1.5e+300", id="three-digits-of-exponent"),
        pytest.param(float("inf"), "Infinity", id="infinity"),
        pytest.param(float("-inf"), "-Infinity", id="negative-infinity"),
        pytest.param(float("nan"), "NaN", id="nan"),
    ],
)
def test_a_double(number: float, text: str) -> None:
    """In PostgreSQL's layout."""
    assert float8_text(number) == text


@pytest.mark.parametrize(
    "number, text",
    [
        pytest.param(0.1, "0.1", id="one-digit"),
        pytest.param(16777216.0, "1.6777216e+07", id="eight-digits"),
        pytest.param(1.3644169484905433e-05, "1.36441695e-05", id="nine-digits"),
        pytest.param(3.5e38, "Infinity", id="above-its-range"),
        pytest.param(-3.5e38, "-Infinity", id="below-its-range"),
    ],
)
def test_a_single(number: float, text: str) -> None:
    """With as few digits as tell it from its neighbours."""
    assert float4_text(number) == text


@pytest.mark.parametrize(
    "number, near",
    [
        pytest.param(0.5, 0.5, id="its-own"),
        pytest.param(0.1, 0.10000000149011612, id="rounded"),
        pytest.param(1e39, float("inf"), id="too-large"),
        pytest.param(-1e39, float("-inf"), id="too-small"),
    ],
)
def test_single_precision(number: float, near: float) -> None:
    """A double loses what a single has no room for."""
    assert nearest_float4(number) == near


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_has_no_digits(text: str) -> None:
    """PostgreSQL's words for it."""
    assert special_text(Decimal(text)) == text


@pytest.mark.parametrize(
    "given, text",
    [
        pytest.param(" 1_000.50 ", "1000.50", id="underscores-and-blanks"),
        pytest.param(Number("1.50"), "1.50", id="digits-as-they-are-written"),
        pytest.param(12, "12", id="int"),
        pytest.param(Decimal("1E+3"), "1E+3", id="decimal-with-an-exponent"),
        pytest.param(0.5, "0.5", id="float"),
        pytest.param(Decimal("92233720368547758.07"), "92233720368547758.07", id="most"),
        pytest.param(Decimal("-92233720368547758.08"), "-92233720368547758.08", id="least"),
    ],
)
def test_money(given: str | float | Decimal, text: str) -> None:
    """As a plain number."""
    assert money_text(given) == text


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(True, id="bool"),
        pytest.param([1], id="list"),
        pytest.param("1\u00a0", id="a-blank-that-postgresql-does-not-know"),
        pytest.param(Decimal("NaN"), id="nan"),
        pytest.param(Decimal("-92233720368547758.09"), id="too-little"),
    ],
)
def test_no_money(given: object) -> None:
    """It is told what would be."""
    with pytest.raises(Unfit) as caught:
        money_text(given)
    assert caught.value.expected == _MONEY
