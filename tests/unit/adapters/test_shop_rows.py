"""The sample shop's rows: the same everywhere, and true to the shop's own rules."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from pgmcp.adapters.shop.rows import line_total, shop_rows

DIGEST = "5bea9683e35557df7d261f8c0e6430c7550d2449dad972f12e8d65d07da6b5a6"


def test_the_rows_are_the_same_everywhere() -> None:
    """Neither the Python nor the day changes them; who changes them on purpose changes the digest too."""
    text = json.dumps(shop_rows(), default=str, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST


def test_there_are_a_few_thousand() -> None:
    """Enough to page through, few enough to load at once."""
    assert {name: len(rows) for name, rows in shop_rows().items()} == {
        "categories": 10,
        "products": 136,
        "customers": 240,
        "addresses": 413,
        "orders": 900,
        "order_items": 2321,
        "warehouses": 3,
        "stock": 273,
        "reviews": 320,
    }


def test_orders_are_in_every_state() -> None:
    """Each label of the enum occurs, `paid` among them."""
    assert Counter(row["status"] for row in shop_rows()["orders"]) == {
        "delivered": 456,
        "paid": 159,
        "new": 104,
        "shipped": 92,
        "cancelled": 56,
        "refunded": 33,
    }


def test_an_order_costs_what_its_lines_cost() -> None:
    """The comment on `orders.total` is true."""
    tables = shop_rows()
    sums: defaultdict[int, Decimal] = defaultdict(Decimal)
    for item in tables["order_items"]:
        sums[item["order_id"]] += line_total(item)
    assert [sums[row["id"]] for row in tables["orders"]] == [row["total"] for row in tables["orders"]]


@pytest.mark.parametrize(
    "price, quantity, discount, expected",
    [
        pytest.param("0.05", 1, "0.10", "0.05", id="a half cent is rounded up"),
        pytest.param("9.99", 3, "0.00", "29.97", id="without discount"),
        pytest.param("19.99", 2, "0.25", "29.99", id="with discount"),
    ],
)
def test_a_line_is_rounded_as_postgresql_rounds(price: str, quantity: int, discount: str, expected: str) -> None:
    """Half a cent goes up, as `round(numeric, 2)` does."""
    item = {"unit_price": Decimal(price), "quantity": quantity, "discount": Decimal(discount)}
    assert line_total(item) == Decimal(expected)
