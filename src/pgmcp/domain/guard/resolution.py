"""What a raw statement really uses, as the server itself resolved it: names, overloads, views and casts included."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from pgmcp.domain.plans import Effect
from pgmcp.domain.relations import Name


class Volatility(StrEnum):
    """What a function promises. https://www.postgresql.org/docs/18/xfunc-volatility.html"""

    IMMUTABLE = "immutable"
    STABLE = "stable"
    VOLATILE = "volatile"


SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast"})
"""Schemas of the server's own."""


@frozen
class Source:
    """A relation that a materialised view was filled from, and the columns that its rows were made of."""

    name: Name
    columns: frozenset[str]


@frozen(kw_only=True)
class UsedRelation:
    """A relation that a statement touches, be it through a view.

    Args:
        oid: Its id.
        name: Its name with its schema.
        kind: As `pg_class.relkind` tells it: `r`, `p`, `v`, `m`, `f`, `S` (a sequence), `c` (a composite type).
        reads: Whether rows of it are read; one that is only named is not.
        columns: The columns whose values are used, however: selected, compared, grouped by.
        whole: Whether whole rows of it are used, which is every column.
        named: Whether a constant (`'orders'::regclass`) or a type (`NULL::orders`) says that it is there.
        writes: What is done to its rows.
        sets: The columns that are given a value.
        ancestors: What it is a partition or a child of, nearest first.
        sources: What it was filled from, where it is a materialised view.
        descendants: Its partitions and children, whose rows a read of it includes.
        indexes: The names of its indexes, and of theirs.
        computed: What its virtual generated columns are computed by, and theirs: it stands in plans in their place.
        keys: The other tables of its foreign keys, and of theirs: those it refers to, and those that refer to it.
    """

    oid: int
    name: Name
    kind: str
    reads: bool = False
    columns: frozenset[str] = frozenset()
    whole: bool = False
    named: bool = False
    writes: frozenset[Effect] = frozenset()
    sets: frozenset[str] = frozenset()
    ancestors: tuple[Name, ...] = ()
    sources: tuple[Source, ...] = ()
    descendants: tuple[Name, ...] = ()
    indexes: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    keys: tuple[Name, ...] = ()

    @property
    def system(self) -> bool:
        """Whether it is the server's own."""
        return self.name.schema in SYSTEM_SCHEMAS


@frozen(kw_only=True)
class UsedFunction:
    """A function that a statement calls: by name, by an operator, a cast, an aggregate's parts or a domain's check.

    Args:
        oid: Its id.
        name: Its name with its schema.
        volatility: What it promises.
        language: What it is written in.
        security_definer: Whether it runs with its owner's rights.
        builtin: Whether it came with PostgreSQL itself, or makes the values of a range type.
        extension: The extension that it belongs to; None where it is nobody's but the database's.
        position: Where the statement calls it, its character from 1; None where it is called on the way.
    """

    oid: int
    name: Name
    volatility: Volatility
    language: str
    security_definer: bool = False
    builtin: bool = False
    extension: str | None = None
    position: int | None = None


@frozen(kw_only=True)
class Resolution:
    """Everything that a statement uses.

    Args:
        relations: Relations, through views down to the tables behind them; one entry each.
        functions: Functions, whatever calls them.
        types: Types that it makes values of and that are not PostgreSQL's own, less those of columns that it uses.
        names_ids: Whether it turns ids or texts into names of the catalogue (`16384::regclass::text`).
        names_tables: Whether it tells which table each row is of (`tableoid::regclass`).
        shielded: Whether conditions of row security are in it.
        unsteady: Whether something beside its functions gives another value for the same rows: `CURRENT_DATE` and the
            like, a text of a row that is read as a time, where a row is stored.
        effects: What the statement does, by its own command and those in its WITH list.
    """

    relations: tuple[UsedRelation, ...] = ()
    functions: tuple[UsedFunction, ...] = ()
    types: tuple[Name, ...] = ()
    names_ids: bool = False
    names_tables: bool = False
    shielded: bool = False
    unsteady: bool = False
    effects: frozenset[Effect] = frozenset({Effect.READ})

    @property
    def volatility(self) -> Volatility:
        """The least that its functions promise: only what is not volatile gives the same twice in one moment."""
        found = {function.volatility for function in self.functions}
        ordered = (Volatility.VOLATILE, Volatility.STABLE)
        return next((each for each in ordered if each in found), Volatility.IMMUTABLE)

    @property
    def tables(self) -> tuple[Name, ...]:
        """What holds the rows that it reads: tables, materialised views and foreign tables, views seen through."""
        return tuple(each.name for each in self.relations if each.reads and each.kind in "rpmf")
