"""What the sample shop's views show, worked out from its rows: the memory database runs no SQL."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from pgmcp.adapters.shop.rows import Row, Tables, line_total

_SOLD = frozenset({"paid", "shipped", "delivered"})


def order_summary(tables: Tables) -> list[Row]:
    """The rows of the view `order_summary`, by order; orders without lines are not in it."""
    customers = {row["id"]: row["name"] for row in tables["customers"]}
    quantities: defaultdict[int, list[int]] = defaultdict(list)
    for item in tables["order_items"]:
        quantities[item["order_id"]].append(item["quantity"])
    return [
        {
            "order_id": order["id"],
            "customer": customers[order["customer_id"]],
            "status": order["status"],
            "lines": len(quantities[order["id"]]),
            "pieces": sum(quantities[order["id"]]),
            "total": order["total"],
            "created_at": order["created_at"],
        }
        for order in tables["orders"]
        if order["id"] in quantities
    ]


def product_sales(tables: Tables) -> list[Row]:
    """The rows of the materialised view `product_sales`, by product; products that were never sold are not in it."""
    sold = {order["id"]: order["created_at"] for order in tables["orders"] if order["status"] in _SOLD}
    lines: defaultdict[int, list[Row]] = defaultdict(list)
    for item in tables["order_items"]:
        if item["order_id"] in sold:
            lines[item["product_id"]].append(item)
    return [
        {
            "product_id": product["id"],
            "name": product["name"],
            "pieces": sum(item["quantity"] for item in lines[product["id"]]),
            "revenue": sum((line_total(item) for item in lines[product["id"]]), Decimal("0.00")),
            "last_sold": max(sold[item["order_id"]] for item in lines[product["id"]]),
        }
        for product in tables["products"]
        if lines[product["id"]]
    ]
