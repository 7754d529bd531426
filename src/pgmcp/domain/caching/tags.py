"""Tags: what an entry hangs on. Whoever changes one of those things invalidates its tag.

Tags name tables, never values; what is in a table can't be read off them.
"""

from __future__ import annotations

from collections.abc import Iterable

from pgmcp.domain.relations import Name

EVERYTHING = "*"
"""The tag that every entry carries."""


def of_table(name: Name) -> str:
    """The tag of a table's rows.

    >>> of_table(Name("public", "orders"))
    't:public.orders'
    """
    return f"t:{name}"


def of_schema(schema: str) -> str:
    """The tag of all tables of a schema."""
    return f"s:{schema}"


def of_entry(tables: Iterable[Name]) -> tuple[str, ...]:
    """Every tag of an entry that was read from these tables, in one order.

    >>> of_entry([Name("public", "orders"), Name("public", "items")])
    ('*', 's:public', 't:public.items', 't:public.orders')
    """
    names = set(tables)
    return (EVERYTHING, *sorted({of_schema(name.schema) for name in names}), *sorted(of_table(name) for name in names))
