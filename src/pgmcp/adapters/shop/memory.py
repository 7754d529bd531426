"""The sample shop for the memory database: what shop.sql defines, declared in Python, with the same rows.

Expressions are spelled as PostgreSQL spells them when it is asked for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.adapters.memory.declare import (
    ColumnSpec,
    TableSpec,
    check,
    column,
    composite,
    enum,
    expression,
    foreign_key,
    now,
    table,
    view,
)
from pgmcp.adapters.shop.rows import line_total, shop_rows
from pgmcp.adapters.shop.views import order_summary, product_sales
from pgmcp.domain.values.types import TEXT, Type

_STATUS = enum("order_status", "new", "paid", "shipped", "delivered", "cancelled", "refunded")
_ADDRESS = composite("postal_address", street=TEXT, postal_code=TEXT, city=TEXT, country=Type(name="bpchar"))
_LINE_TOTAL = "round((((quantity)::numeric * unit_price) * ((1)::numeric - discount)), 2)"


def shop_tables() -> dict[str, TableSpec]:
    """Every relation of the shop by name, for `pgmcp.memory(tables=…)`."""
    rows = shop_rows()
    return {
        "categories": table(
            columns={
                "id": _identity(),
                "name": _required("text"),
                "parent_id": column("int4", comment="Null at the top"),
            },
            primary_key="id",
            unique=["name"],
            foreign_keys=[foreign_key("parent_id", "categories")],
            rows=rows["categories"],
            comment="Product categories, two levels",
        ),
        "products": table(
            columns={
                "id": _identity(),
                "sku": _required("varchar(12)"),
                "name": _required("text"),
                "category_id": _required("int4"),
                "price": _required("numeric(10,2)", comment="In euros, VAT included"),
                "tags": _required("text[]", default=expression("'{}'::text[]", list)),
                "attributes": _required(
                    "jsonb",
                    default=expression("'{}'::jsonb", dict),
                    comment="colour, weight_g, materials, size {w, h} in cm",
                ),
                "active": _required("bool", default=True, comment="False once it is no longer sold"),
                "created_at": _required("timestamptz", default=now()),
            },
            primary_key="id",
            unique=["sku"],
            foreign_keys=[foreign_key("category_id", "categories")],
            checks=[check("(price >= (0)::numeric)", lambda row: row["price"] >= 0, columns="price")],
            rows=rows["products"],
            comment="What is sold",
        ),
        "customers": table(
            columns={
                "id": _identity(),
                "email": _required("text"),
                "name": _required("text"),
                "phones": _required("text[]", default=expression("'{}'::text[]", list)),
                "preferences": column("jsonb", comment="language, newsletter; null if never set"),
                "vip": _required("bool", default=False),
                "created_at": _required("timestamptz", default=now()),
            },
            primary_key="id",
            unique=["email"],
            checks=[check("(email ~~ '%_@_%'::text)", lambda row: "@" in row["email"][1:-1], columns="email")],
            rows=rows["customers"],
            comment="People with an account",
        ),
        "addresses": table(
            columns={
                "id": _identity(),
                "customer_id": _required("int4"),
                "label": _required("text"),
                "address": _required(_ADDRESS),
            },
            primary_key="id",
            unique=[("customer_id", "label")],
            foreign_keys=[foreign_key("customer_id", "customers", on_delete="cascade")],
            rows=rows["addresses"],
            comment="Where customers get their parcels",
        ),
        "orders": table(
            columns={
                "id": _identity(),
                "customer_id": _required("int4"),
                "address_id": column("int4"),
                "status": _required(_STATUS, default="new"),
                "total": _required("numeric(12,2)", default=0, comment="In euros: the sum of its lines"),
                "note": column("text"),
                "created_at": _required("timestamptz", default=now()),
                "paid_at": column("timestamptz", comment="Null until paid"),
            },
            primary_key="id",
            foreign_keys=[
                foreign_key("customer_id", "customers"),
                foreign_key("address_id", "addresses", on_delete="set null"),
            ],
            checks=[check("(total >= (0)::numeric)", lambda row: row["total"] >= 0, columns="total")],
            rows=rows["orders"],
            comment="Orders; their lines are in order_items",
        ),
        "order_items": table(
            columns={
                "order_id": _required("int4"),
                "line": _required("int2"),
                "product_id": _required("int4"),
                "quantity": _required("int4"),
                "unit_price": _required("numeric(10,2)", comment="Price when it was ordered"),
                "discount": _required("numeric(3,2)", default=0, comment="Part of the price: 0.10 is 10 %"),
                "line_total": column("numeric(12,2)", generated=expression(_LINE_TOTAL, line_total)),
            },
            primary_key=("order_id", "line"),
            foreign_keys=[
                foreign_key("order_id", "orders", on_delete="cascade"),
                foreign_key("product_id", "products"),
            ],
            checks=[
                check("(quantity > 0)", lambda row: row["quantity"] > 0, columns="quantity"),
                check(
                    "((discount >= (0)::numeric) AND (discount < (1)::numeric))",
                    lambda row: 0 <= row["discount"] < 1,
                    columns="discount",
                ),
            ],
            rows=rows["order_items"],
            comment="Lines of orders",
        ),
        "warehouses": table(
            columns={"id": _identity(), "city": _required("text"), "country": _required("char(2)")},
            primary_key="id",
            unique=["city"],
            rows=rows["warehouses"],
            comment="Where stock lies",
        ),
        "stock": table(
            columns={
                "product_id": _required("int4"),
                "warehouse_id": _required("int4"),
                "quantity": _required("int4", default=0),
                "target": _required("int4range", comment="Quantities wanted; below it more is ordered"),
                "delivery": column("daterange", comment="Days between which the next delivery comes"),
            },
            primary_key=("product_id", "warehouse_id"),
            foreign_keys=[
                foreign_key("product_id", "products", on_delete="cascade"),
                foreign_key("warehouse_id", "warehouses"),
            ],
            checks=[check("(quantity >= 0)", lambda row: row["quantity"] >= 0, columns="quantity")],
            rows=rows["stock"],
            comment="Pieces of a product in a warehouse",
        ),
        "reviews": table(
            columns={
                "id": _identity(),
                "product_id": _required("int4"),
                "customer_id": _required("int4"),
                "stars": _required("int2"),
                "title": _required("text"),
                "body": column("text"),
                "created_at": _required("timestamptz", default=now()),
            },
            primary_key="id",
            unique=[("product_id", "customer_id")],
            foreign_keys=[
                foreign_key("product_id", "products", on_delete="cascade"),
                foreign_key("customer_id", "customers", on_delete="cascade"),
            ],
            checks=[check("((stars >= 1) AND (stars <= 5))", lambda row: 1 <= row["stars"] <= 5, columns="stars")],
            rows=rows["reviews"],
            comment="What customers say of products",
        ),
        **_views(),
    }


def _views() -> Mapping[str, TableSpec]:
    return {
        "order_summary": view(
            columns={
                "order_id": "int4",
                "customer": "text",
                "status": _STATUS,
                "lines": "int8",
                "pieces": "int8",
                "total": "numeric(12,2)",
                "created_at": "timestamptz",
            },
            query=order_summary,
            comment="Orders with their customer and size",
        ),
        "product_sales": view(
            columns={
                "product_id": "int4",
                "name": "text",
                "pieces": "int8",
                "revenue": "numeric",
                "last_sold": "timestamptz",
            },
            query=product_sales,
            materialized=True,
            unique=["product_id"],
            comment="Sales by product, as of the last refresh",
        ),
    }


def _identity() -> ColumnSpec:
    return column("int4", nullable=False, identity="by default")


def _required(type_: str | Type, **facts: Any) -> ColumnSpec:
    return column(type_, nullable=False, **facts)
