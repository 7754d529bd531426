"""Names and constants inside SQL text: the one escaper.

Source: PostgreSQL documentation, sections 4.1.1 (Identifiers) and 4.1.2.1 (String Constants).
"""

from __future__ import annotations

from pgmcp.domain.relations import Name
from pgmcp.domain.values.types import Kind, Type


def quote(identifier: str) -> str:
    """An identifier in double quotes, whatever it holds.

    >>> quote('quote"d')
    '"quote""d"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def qualified(name: Name) -> str:
    """A relation's name with its schema.

    >>> qualified(Name("public", "a.b"))
    '"public"."a.b"'
    """
    return f"{quote(name.schema)}.{quote(name.name)}"


def constant(text: str) -> str:
    r"""A string constant for what belongs to a statement's shape, such as a field's name; never for a caller's value.

    The `E''` form reads the same whatever `standard_conforming_strings` says.

    >>> constant("it's"), constant("a\\b")
    ("'it''s'", "E'a\\\\b'")
    """
    doubled = text.replace("'", "''")
    return f"'{doubled}'" if "\\" not in doubled else "E'" + doubled.replace("\\", "\\\\") + "'"


def type_name(type_: Type) -> str:
    """A type as the target of a cast: a domain's base type, and never a modifier, whose cast would cut values silently.

    The name is always quoted, so that `bit` and `char` mean the types and not `bit(1)` and `character(1)`.

    >>> type_name(Type(name="bit"))
    '"pg_catalog"."bit"'
    """
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        element = root.element
        return f"{quote(element.schema)}.{quote(element.name)}[]"
    return f"{quote(root.schema)}.{quote(root.name)}"
