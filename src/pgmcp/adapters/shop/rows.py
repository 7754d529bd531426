"""The sample shop's rows, made from a fixed seed: the same on every machine and in every database.

Values are Python's own (`Decimal`, aware `datetime`, lists for arrays, dicts for documents and composites); ranges are
PostgreSQL's text in its canonical form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from pgmcp.adapters.shop import words

SEED = 20_260_101
OPENED = datetime(2025, 1, 6, 8, tzinfo=UTC)
DAYS_OPEN = 520
CUSTOMERS, ORDERS, REVIEWS = 240, 900, 320

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


def shop_rows() -> Tables:
    """Every table's rows, in an order in which foreign keys hold.

    Returns:
        Rows by the table's name; each row has every column of its table that is not generated.
    """
    categories = _categories()
    products = _products(categories)
    customers = _customers()
    addresses = _addresses(customers)
    orders, order_items = _orders(addresses, products)
    return {
        "categories": categories,
        "products": products,
        "customers": customers,
        "addresses": addresses,
        "orders": orders,
        "order_items": order_items,
        "warehouses": [
            {"id": at, "city": city, "country": country} for at, (city, country) in _counted(words.WAREHOUSES)
        ],
        "stock": _stock(products),
        "reviews": _reviews(orders, order_items),
    }


def line_total(item: Row) -> Decimal:
    """What a line of an order costs: the generated column's rule, rounded half up to cents."""
    exact: Decimal = item["quantity"] * item["unit_price"] * (1 - item["discount"])
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _random(table: str) -> Random:
    """A generator of each table's own, so that one table's change leaves the others as they are."""
    return Random(f"{SEED}:{table}")  # noqa: S311 -- the rows have to be the same each time


def _counted(items: Sequence[Any]) -> enumerate[Any]:
    return enumerate(items, start=1)


def _moment(random: Random, start: datetime, days: int) -> datetime:
    """A moment within `days` from `start`, to the second."""
    return start + timedelta(seconds=random.randrange(days * 86_400))


def _categories() -> list[Row]:
    ids = {name: at for at, (name, _, _) in _counted(words.CATEGORIES)}
    return [
        {"id": ids[name], "name": name, "parent_id": None if parent is None else ids[parent]}
        for name, parent, _ in words.CATEGORIES
    ]


def _products(categories: Sequence[Row]) -> list[Row]:
    random = _random("products")
    ids = {row["name"]: row["id"] for row in categories}
    kinds = [(ids[category], thing) for category, _, things in words.CATEGORIES for thing in things]
    chosen = [(category, thing, model) for category, thing in kinds for model in random.sample(words.MODELS, 4)]
    return [
        {
            "id": at,
            "sku": f"{thing[:3].upper()}-{at:04}",
            "name": f"{thing.capitalize()} {model}",
            "category_id": category,
            "price": Decimal(random.randrange(190, 18_000)) / 100,
            "tags": random.sample(words.TAGS, random.randrange(4)),
            "attributes": _attributes(random),
            "active": random.random() < 0.92,
            "created_at": OPENED + timedelta(days=random.randrange(120)),
        }
        for at, (category, thing, model) in _counted(chosen)
    ]


def _attributes(random: Random) -> dict[str, Any]:
    """A product's document; not every product has a size."""
    document: dict[str, Any] = {
        "colour": random.choice(words.COLOURS),
        "weight_g": random.randrange(20, 4_000, 5),
        "materials": random.sample(words.MATERIALS, random.randrange(1, 4)),
    }
    if random.random() < 0.6:
        document["size"] = {"w": random.randrange(5, 120), "h": random.randrange(2, 90)}
    return document


def _customers() -> list[Row]:
    random = _random("customers")
    names = [f"{random.choice(words.FIRST_NAMES)} {random.choice(words.LAST_NAMES)}" for _ in range(CUSTOMERS)]
    return [
        {
            "id": at,
            "email": f"customer{at}@example.{random.choice(('org', 'com', 'net'))}",
            "name": name,
            "phones": [f"+351 9{random.randrange(10_000_000, 100_000_000)}" for _ in range(random.randrange(3))],
            "preferences": None
            if random.random() < 0.2
            else {"language": random.choice(words.LANGUAGES), "newsletter": random.random() < 0.4},
            "vip": random.random() < 0.08,
            "created_at": _moment(random, OPENED, DAYS_OPEN // 2),
        }
        for at, name in _counted(names)
    ]


def _addresses(customers: Sequence[Row]) -> list[Row]:
    random = _random("addresses")
    wanted = [
        (customer["id"], label)
        for customer in customers
        for label in words.ADDRESS_LABELS[: random.choice((1, 1, 1, 2, 2, 3))]
    ]
    return [
        {"id": at, "customer_id": customer, "label": label, "address": _address(random)}
        for at, (customer, label) in _counted(wanted)
    ]


def _address(random: Random) -> dict[str, str]:
    city, country, code = random.choice(words.CITIES)
    return {
        "street": f"{random.choice(words.STREETS)} {random.randrange(1, 180)}",
        "postal_code": "".join(str(random.randrange(10)) if sign == "#" else sign for sign in code),
        "city": city,
        "country": country,
    }


# How often an order is in each state.
_STATES = (
    *(("delivered", 50), ("shipped", 12), ("paid", 18)),
    *(("new", 10), ("cancelled", 6), ("refunded", 4)),
)


def _orders(addresses: Sequence[Row], products: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Orders and their lines, together since an order's total is its lines'."""
    random = _random("orders")
    states, weights = zip(*_STATES, strict=True)
    orders: list[Row] = []
    lines: list[Row] = []
    for at, created in _counted(sorted(_moment(random, OPENED, DAYS_OPEN) for _ in range(ORDERS))):
        address = random.choice(addresses)
        (status,) = random.choices(states, weights)
        items = _items(random, at, products)
        paid = status in {"paid", "shipped", "delivered", "refunded"}
        orders.append(
            {
                "id": at,
                "customer_id": address["customer_id"],
                "address_id": None if random.random() < 0.05 else address["id"],
                "status": status,
                "total": sum((line_total(item) for item in items), Decimal("0.00")),
                "note": random.choice(words.NOTES) if random.random() < 0.1 else None,
                "created_at": created,
                "paid_at": created + timedelta(minutes=random.randrange(1, 3_000)) if paid else None,
            }
        )
        lines.extend(items)
    return orders, lines


def _items(random: Random, order: int, products: Sequence[Row]) -> list[Row]:
    return [
        {
            "order_id": order,
            "line": line,
            "product_id": product["id"],
            "quantity": random.choice((1, 1, 1, 2, 2, 3, 6)),
            "unit_price": product["price"],
            "discount": Decimal(random.choice(("0.00", "0.00", "0.00", "0.05", "0.10", "0.25"))),
        }
        for line, product in _counted(random.sample(products, random.choice((1, 1, 2, 2, 3, 4, 5))))
    ]


def _stock(products: Sequence[Row]) -> list[Row]:
    random = _random("stock")
    rows: list[Row] = []
    for product in products:
        for warehouse in sorted(random.sample(range(1, len(words.WAREHOUSES) + 1), random.choice((1, 2, 2, 3)))):
            low = random.randrange(2, 30)
            rows.append(
                {
                    "product_id": product["id"],
                    "warehouse_id": warehouse,
                    "quantity": random.randrange(80),
                    "target": f"[{low},{low + random.randrange(10, 60)})",
                    "delivery": _delivery(random) if random.random() < 0.3 else None,
                }
            )
    return rows


def _delivery(random: Random) -> str:
    first: date = (OPENED + timedelta(days=DAYS_OPEN + random.randrange(30))).date()
    return f"[{first},{first + timedelta(days=random.randrange(2, 9))})"


def _reviews(orders: Sequence[Row], items: Sequence[Row]) -> list[Row]:
    """Reviews by customers who bought the product, one each."""
    random = _random("reviews")
    buyers = {order["id"]: order for order in orders if order["status"] == "delivered"}
    bought = {
        (item["product_id"], buyers[item["order_id"]]["customer_id"]): buyers[item["order_id"]]["created_at"]
        for item in items
        if item["order_id"] in buyers
    }
    chosen = random.sample(sorted(bought), REVIEWS)
    return [
        {
            "id": at,
            "product_id": product,
            "customer_id": customer,
            "stars": random.choice((1, 2, 3, 4, 4, 5, 5, 5)),
            "title": random.choice(words.REVIEW_TITLES),
            "body": None if random.random() < 0.3 else random.choice(words.REVIEW_TEXTS),
            "created_at": _moment(random, bought[product, customer] + timedelta(days=3), 30),
        }
        for at, (product, customer) in _counted(chosen)
    ]
