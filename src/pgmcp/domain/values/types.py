"""PostgreSQL's types as the domain knows them: what a value of a type looks like and what may be asked of it.

Source: PostgreSQL documentation, chapter 8 (Data Types) and section 53.64 (pg_type).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property

from attrs import field, frozen


class Kind(StrEnum):
    """How a type is built (`pg_type.typtype`, arrays told apart)."""

    BASE = "base"
    ARRAY = "array"
    COMPOSITE = "composite"
    DOMAIN = "domain"
    ENUM = "enum"
    RANGE = "range"
    MULTIRANGE = "multirange"
    PSEUDO = "pseudo"


@frozen
class Attribute:
    """A field of a composite type."""

    name: str
    type: Type


@frozen(kw_only=True, eq=False, slots=False)
class Type:
    """A type of PostgreSQL, with whatever it is made of.

    Args:
        name: `pg_type.typname`, such as `int4`, `_text` or `order_status`.
        schema: The schema it lives in.
        kind: How it is built.
        element: An array's element type, a range's subtype, a multirange's range type.
        base: What a domain stands on.
        labels: An enum's labels in their order.
        attributes: A composite's fields in their order.
        extension: The extension that brought it, such as `hstore`; None for the others.

    Types are compared by schema and name: two readings of the catalogue give equal types. What follows from a type is
    worked out once, as every value of every call asks for it.
    """

    name: str
    schema: str = "pg_catalog"
    kind: Kind = Kind.BASE
    element: Type | None = field(default=None, repr=False)
    base: Type | None = field(default=None, repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False)
    attributes: tuple[Attribute, ...] = field(default=(), repr=False)
    extension: str | None = field(default=None, repr=False)

    def __eq__(self, other: object) -> bool:
        """Whether both are the same type of one database."""
        return isinstance(other, Type) and (self.schema, self.name) == (other.schema, other.name)

    def __hash__(self) -> int:
        """By schema and name."""
        return hash((self.schema, self.name))

    @cached_property
    def root(self) -> Type:
        """The type itself, or what a domain stands on in the end."""
        at = self
        while at.base is not None:
            at = at.base
        return at

    @property
    def builtin(self) -> bool:
        """Whether it comes with every PostgreSQL."""
        return self.schema == "pg_catalog"

    @cached_property
    def tag(self) -> str:
        """What decisions hang on: a built-in's or an extension's own name, `''` for a type that nobody here knows."""
        root = self.root
        return root.name if root.builtin or root.extension is not None else ""

    @cached_property
    def display(self) -> str:
        """The name that answers use: `int4`, `text[]`, `order_status`."""
        if self.kind is Kind.ARRAY and self.element is not None:
            return f"{self.element.display}[]"
        return {"bpchar": "char"}.get(self.name, self.name) if self.builtin else self.name


def array_of(element: Type) -> Type:
    """The array type over `element`, by PostgreSQL's habit of naming it `_name`."""
    return Type(name=f"_{element.name}", schema=element.schema, kind=Kind.ARRAY, element=element)


BOOL, TEXT, INT4, INT8 = Type(name="bool"), Type(name="text"), Type(name="int4"), Type(name="int8")
NUMERIC, FLOAT8, JSON, JSONB = Type(name="numeric"), Type(name="float8"), Type(name="json"), Type(name="jsonb")
TIMESTAMP, TIMESTAMPTZ, DATE = Type(name="timestamp"), Type(name="timestamptz"), Type(name="date")
UNKNOWN = Type(name="unknown", kind=Kind.PSEUDO)

INTEGERS = frozenset({"int2", "int4", "int8"})
FLOATS = frozenset({"float4", "float8"})
NUMBERS = INTEGERS | FLOATS | {"numeric", "money", "oid"}
TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext"})
DOCUMENTS = frozenset({"json", "jsonb"})
INSTANTS = frozenset({"date", "timestamp", "timestamptz"})
NETWORKS = frozenset({"inet", "cidr"})
# Their input functions refuse everything: what the server keeps of plans, statistics and indexes.
# https://www.postgresql.org/docs/18/datatype-pseudo.html, and "cannot accept a value of type" in the server's source.
WITHOUT_INPUT = frozenset(
    {"pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list", "pg_brin_bloom_summary"}
    | {"pg_brin_minmax_multi_summary", "gtsvector", "ghstore", "ltree_gist"}
)
GEOMETRIES = frozenset({"point", "lseg", "line", "box", "path", "polygon", "circle"})
# No default btree operator class, so nothing can be sorted by them; hstore's is of operators with other names than `<`,
# so a page can't go on behind one. https://www.postgresql.org/docs/18/btree.html
UNORDERED = (
    frozenset({"json", "xml", "xid", "cid", "aclitem", "txid_snapshot", "pg_snapshot", "refcursor"})
    | {"jsonpath", "gtsvector", "hstore", "lquery", "ltxtquery", "query_int"}
    | GEOMETRIES
)

_UNEQUAL = frozenset(
    {"json", "jsonpath", "xml", "point", "polygon", "refcursor", "gtsvector", "pg_snapshot", "txid_snapshot"}
    | {"lquery", "ltxtquery", "query_int"}
)
# An `=` and no `<>`.
_WITHOUT_NOT_EQUAL = frozenset({"cid", "aclitem"})
_SURELY_ORDERED = (
    NUMBERS
    | TEXTS
    | INSTANTS
    | NETWORKS
    | {"bool", "bytea", "uuid", "time", "timetz", "interval", "jsonb", "macaddr", "macaddr8", "bit", "varbit", "pg_lsn"}
)


def is_ordered(type_: Type) -> bool:
    """Whether values of a type can be sorted and compared with `<`.

    A type that nobody here knows is taken to have an order; PostgreSQL has the last word.
    """
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return is_ordered(root.element)
    return root.tag not in UNORDERED


def is_surely_ordered(type_: Type) -> bool:
    """Whether values of a type can be sorted, whatever server keeps them: a type that nobody here knows may not be."""
    root = type_.root
    if root.element is not None and root.element.root.tag not in DOCUMENTS:
        return is_surely_ordered(root.element)
    return root.kind is Kind.ENUM or root.tag in _SURELY_ORDERED


def has_equality(type_: Type) -> bool:
    """Whether `=` works on a type; json, xml, points and some others have none."""
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        # The `=` of shapes compares areas and belongs to no operator class, which arrays go by.
        return has_equality(root.element) and root.element.root.tag not in GEOMETRIES
    return root.tag not in _UNEQUAL


def has_inequality(type_: Type) -> bool:
    """Whether `<>` works on a type: wherever `=` does, but for two."""
    return has_equality(type_) and type_.root.tag not in _WITHOUT_NOT_EQUAL
