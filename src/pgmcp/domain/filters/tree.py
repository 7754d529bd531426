"""The filter tree that plans hold and adapters carry out.

Every literal stands in PostgreSQL's own text form beside its type, so that one adapter can bind it and another decode
it.
NULL is as in SQL: a condition is true, false or unknown, and only true keeps a row.
Spellings (`negate`, dotted paths, `array_length_gt`, relative dates, …) are gone by the time a tree exists.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from pgmcp.domain.values.types import Type


@frozen
class Literal:
    """A value in PostgreSQL's text form.

    Args:
        text: What PostgreSQL's input function of `type` reads; never in a repr, as it may be a secret.
        type: The type it is read as.
        at: Where it stands in the request (`filters.n.gt`), so that a server's complaint can name the place.
    """

    text: str = field(repr=False)
    type: Type
    at: str = field(default="filters", eq=False)


class View(StrEnum):
    """How an operand is seen."""

    PLAIN = "plain"
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LENGTH = "length"


ALONE = frozenset({0, -1})
"""The positions at which a jsonb value that is neither object nor array has itself: it is kept as an array of one."""


@frozen(kw_only=True)
class Operand:
    """What a condition looks at: a column, or a place in its document, or an array's length.

    Args:
        column: The column's name.
        type: The type that comparison takes place in.
        path: Keys (text) and positions (int) into a json or jsonb column; empty for the column itself.
        view: How the operand is seen:
            `PLAIN` – the column's value, or with a path the jsonb at that place (`->`);
            `TEXT` – the text at the end of a path (`->>`, dots);
            `NUMBER` – the number at the end of a path, NULL where there is none;
            `BOOLEAN` – the boolean at the end of a path, NULL where there is none;
            `LENGTH` – the length of an array's first dimension, 0 when empty.
    """

    column: str
    type: Type
    path: tuple[str | int, ...] = ()
    view: View = View.PLAIN


class Comparison(StrEnum):
    """Operators that compare two values of one type."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    DISTINCT_FROM = "distinct_from"


@frozen(kw_only=True)
class Compare:
    """`operand op value`; with `fold` both in lower case. A None value stands for NULL, with `DISTINCT_FROM` only.

    The literal's type may differ from the operand's where PostgreSQL compares across types (a date with a timestamp).
    """

    operand: Operand
    op: Comparison
    value: Literal | None
    fold: bool = False


@frozen(kw_only=True)
class Between:
    """`low <= operand and operand <= high`."""

    operand: Operand
    low: Literal
    high: Literal


@frozen(kw_only=True)
class Member:
    """`operand` equals one of `values`; `negated` for `nin`. An empty list holds for no row (`nin`: for every one)."""

    operand: Operand
    values: tuple[Literal, ...]
    negated: bool = False
    fold: bool = False


class Truth(StrEnum):
    """What `is` can ask for."""

    NULL = "null"
    NOT_NULL = "not null"
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class Is:
    """`operand IS …`: never unknown. A path's NULL: the key is missing; seen as TEXT, a JSON null too."""

    operand: Operand
    truth: Truth


class Pattern(StrEnum):
    """Text operators. `LIKE` keeps PostgreSQL's backslash escape; `MATCH` is a POSIX regular expression."""

    LIKE = "like"
    MATCH = "match"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


@frozen(kw_only=True)
class Match:
    """A text pattern; with `fold` case is ignored (`ilike`, `imatch` are spellings of it)."""

    operand: Operand
    pattern: Pattern
    value: Literal
    fold: bool = False


class SetOp(StrEnum):
    """Operators between two arrays, ranges, networks or shapes; which of them fit is the parser's to know.

    Arrays: contains, contained_by, overlap. Ranges and multiranges: those and adjacent, left_of, right_of; `CONTAINS`
    with an element where the literal's type is the range's subtype. Networks: contains `>>=`, contained_by `<<=`,
    overlap `&&`, subnet_of `<<`, supernet_of `>>`.
    """

    CONTAINS = "contains"
    CONTAINED_BY = "contained_by"
    OVERLAP = "overlap"
    ADJACENT = "adjacent"
    LEFT_OF = "left_of"
    RIGHT_OF = "right_of"
    SUBNET_OF = "subnet_of"
    SUPERNET_OF = "supernet_of"


@frozen(kw_only=True)
class Array:
    """An operator between two arrays."""

    operand: Operand
    op: SetOp
    value: Literal


@frozen(kw_only=True)
class AnyElement:
    """`value = ANY (operand)`; a None operand element gives unknown unless another one matches."""

    operand: Operand
    value: Literal


@frozen(kw_only=True)
class Range:
    """An operator between two ranges or multiranges, or a range and an element."""

    operand: Operand
    op: SetOp
    value: Literal


@frozen(kw_only=True)
class Network:
    """An operator between two network addresses."""

    operand: Operand
    op: SetOp
    value: Literal


class JsonOp(StrEnum):
    """Operators on jsonb documents (json columns through a cast)."""

    CONTAINS = "jsonb_contains"
    CONTAINED_BY = "jsonb_contained_by"
    HAS_KEY = "has_key"
    HAS_ANY_KEYS = "has_any_keys"
    HAS_ALL_KEYS = "has_all_keys"
    PATH_EXISTS = "jsonb_path"
    PATH_MATCH = "jsonb_path_match"


@frozen(kw_only=True)
class Json:
    """`operand op value`: one literal (jsonb, text, jsonpath), or several texts for `HAS_ANY_KEYS`, `HAS_ALL_KEYS`."""

    operand: Operand
    op: JsonOp
    values: tuple[Literal, ...]


class SpatialOp(StrEnum):
    """Operators on geometric types."""

    NEAR = "near"  # distance to a point is at most `distance`
    WITHIN = "within"  # operand <@ shape
    CONTAINS_POINT = "contains_point"  # operand @> point
    INTERSECTS = "intersects"  # operand && shape, ?# for lines and paths
    BOUNDING_BOX = "bounding_box"  # overlaps that box; a point: lies in it


@frozen(kw_only=True)
class Spatial:
    """A geometric condition; `distance` only with `NEAR`."""

    operand: Operand
    op: SpatialOp
    shape: Literal
    distance: Literal | None = None


class SearchForm(StrEnum):
    """How the text of a full-text query is read: `plainto_tsquery`, `phraseto_`, `websearch_to_`, `to_tsquery`."""

    PLAIN = "plain"
    PHRASE = "phrase"
    WEBSEARCH = "websearch"
    RAW = "raw"


@frozen(kw_only=True)
class FullText:
    """A full-text match; `language` is a text search configuration, None for the database's own."""

    operand: Operand
    form: SearchForm
    query: Literal
    language: str | None = None


@frozen
class And:
    """All of `parts`; without any, true."""

    parts: tuple[Filter, ...]


@frozen
class Or:
    """At least one of `parts`; without any, false."""

    parts: tuple[Filter, ...]


@frozen
class Not:
    """The opposite; unknown stays unknown."""

    part: Filter


@frozen
class Shielded:
    """Both, where `part` is asked of no row that `only` leaves out: it could fail there, and tell of the row."""

    only: Filter
    part: Filter


Leaf = Compare | Between | Member | Is | Match | Array | AnyElement | Range | Network | Json | Spatial | FullText
Filter = Leaf | And | Or | Not | Shielded

EVERYTHING = And(())
