"""Plans: what will be done, decided wholly before any of it is. Adapters turn them into SQL or interpret them.

Names in a plan are resolved, values are typed literals, bounds are filled in: nothing here fails for want of knowledge.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from pgmcp.domain.caching.operating import CacheOperation
from pgmcp.domain.filters.tree import EVERYTHING, Filter, Literal
from pgmcp.domain.measuring import Measuring
from pgmcp.domain.places import inner, step
from pgmcp.domain.relations import Name, Order, Relation
from pgmcp.domain.transacting import Transacting

if TYPE_CHECKING:
    # What a statement uses is told in the effects of plans.
    from pgmcp.domain.caching.basis import Basis


class Effect(StrEnum):
    """What a tool, or a statement, does to the database.

    Access `read` admits `READ`; `write` adds `CREATE`, `UPDATE`, `DELETE`; `admin` adds `DEFINE` and `OPERATE`.
    A tool that is declared `RUN` has the effect that its arguments and its verdict give it.
    """

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RUN = "run"
    DEFINE = "define"
    OPERATE = "operate"


@frozen(kw_only=True)
class Bounds:
    """The caps of one answer.

    Args:
        max_rows: Rows at the most.
        max_bytes: Bytes of the rows' JSON at the most.
    """

    max_rows: int = 1000
    max_bytes: int = 262_144

    def held_to(self, max_rows: int | None) -> Bounds:
        """The same, with no more rows than that; None for no limit beside them."""
        return self if max_rows is None else evolve(self, max_rows=min(self.max_rows, max_rows))


@frozen(kw_only=True)
class Page:
    """Which part of an ordered result.

    Args:
        limit: Rows at the most; the repository looks for one more, to know whether more follow.
        offset: Rows to pass over.
        after: The order's values of the last row seen (None for NULL), to go on behind it; None at the start.
    """

    limit: int
    offset: int = 0
    after: tuple[Literal | None, ...] | None = None


@frozen(kw_only=True)
class Select:
    """Read rows of one relation.

    `keyed` says that the order is total, so that a page can go on behind a row: a result that more rows follow carries
    `last_key`.
    """

    relation: Relation
    columns: tuple[str, ...]
    filter: Filter = EVERYTHING
    order: tuple[Order, ...] = ()
    keyed: bool = False
    page: Page
    bounds: Bounds


class ConflictAction(StrEnum):
    """What happens to a record whose key exists."""

    ERROR = "error"
    IGNORE = "ignore"
    UPDATE = "update"


@frozen(kw_only=True)
class OnConflict:
    """What to do when a row with that key exists.

    Args:
        action: `error`, `ignore` or `update`.
        target: The unique columns that are meant; empty for any (with `ignore`).
        update: The columns that take the new values, with `update`.
    """

    action: ConflictAction = ConflictAction.ERROR
    target: tuple[str, ...] = ()
    update: tuple[str, ...] = ()


@frozen(kw_only=True)
class Batch:
    """Rows to insert that name the same columns, in PostgreSQL's text form; columns not named take their default.

    Args:
        columns: The columns' names, in the rows' order.
        rows: One tuple a row; None for NULL.
        first: The place of its first row among the request's `records`; None where the request's `data` is its one row.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...] = field(repr=False)
    first: int | None = field(default=None, eq=False)

    def place(self, column: str, row: int) -> dict[str, Any]:
        """Where in the request a value of it stands, as an error's details say it; `row` counts from 0 in the batch."""
        if self.first is None:
            return {"column": column, "path": step("data", column)}
        position = self.first + row
        return {"column": column, "row": position, "path": inner("records", position, column)}


@frozen(kw_only=True)
class Insert:
    """Add rows to one relation.

    `rows` are the rows where planning knows them all; None where they come in batches, as many as there are. `check`
    has to hold for every row that is added, or found by its key and changed, else nothing is done (`row_refused`).
    """

    relation: Relation
    returning: tuple[str, ...] = ()
    on_conflict: OnConflict = OnConflict()
    rows: Batch | None = None
    check: Filter = EVERYTHING
    bounds: Bounds


@frozen(kw_only=True)
class Assignment:
    """A column and its new value; None for NULL."""

    column: str
    value: Literal | None


@frozen(kw_only=True)
class Update:
    """Change rows of one relation; more than `max_rows`, or a row that then breaks `check`: an error, and no change."""

    relation: Relation
    assignments: tuple[Assignment, ...]
    filter: Filter
    returning: tuple[str, ...] = ()
    check: Filter = EVERYTHING
    max_rows: int
    dry_run: bool = False
    bounds: Bounds


@frozen(kw_only=True)
class Delete:
    """Remove rows of one relation; more than `max_rows` is an error and no change."""

    relation: Relation
    filter: Filter
    returning: tuple[str, ...] = ()
    max_rows: int
    dry_run: bool = False
    bounds: Bounds


@frozen(kw_only=True)
class RawQuery:
    """Run one statement of the caller's own.

    Args:
        text: The statement, without a trailing semicolon.
        kind: What it is, from its parse tree.
        effect: What it may do.
        params: The caller's values for `$1`, `$2`…, as JSON values or Python values.
        read_only: Whether it runs in a read-only transaction.
        types: Names that may be types', each with its parts: parsing a literal of a type can run code.
        relations: Names that stand where relations do, each with its parts.
        whole: Whether nothing is left of it where it is said to have been rolled back.
        basis: What its rows hang on, once the guard has found that out.
        veiled: Whether PostgreSQL's plan of it would tell of what its caller may not know, as the guard found out.
        defines: Whether it may define something: by itself, or by code of the database's own, as the guard found out.
    """

    text: str
    kind: StatementKind
    effect: Effect
    params: tuple[Any, ...] = field(default=(), repr=False)
    read_only: bool = True
    types: frozenset[tuple[str, ...]] = frozenset()
    relations: frozenset[tuple[str, ...]] = frozenset()
    whole: bool = True
    basis: Basis | None = None
    veiled: bool = False
    defines: bool = False
    bounds: Bounds


@frozen(kw_only=True)
class Explain:
    """Explain one statement; with `analyze` it is run too, inside a transaction that is rolled back."""

    query: RawQuery
    analyze: bool = False


class StatementKind(StrEnum):
    """How a raw statement can be answered.

    `ROWS` can be wrapped as a subquery; `RETURNING` is a write that gives rows and can be wrapped as a CTE; `CHANGE`
    is a write without rows; `UTILITY` gives what it gives (SHOW, CALL, EXPLAIN, DDL).
    """

    ROWS = "rows"
    RETURNING = "returning"
    CHANGE = "change"
    UTILITY = "utility"


@frozen(kw_only=True)
class ListSchemas:
    """List schemas."""

    include_system: bool = False


@frozen(kw_only=True)
class ListTables:
    """List relations of a schema, or along the search path and in all other schemas that are not the system's.

    `search` is found anywhere in name or comment, whatever its case; `after` is the name that the last page ended with.
    """

    schema: str | None = None
    search: str | None = None
    include_views: bool = True
    limit: int = 500
    after: Name | None = None


@frozen(kw_only=True)
class DescribeTable:
    """Describe one relation.

    Args:
        columns: Only these columns' details; empty for all.
        start: The first column to give, for wide tables.
    """

    relation: Relation
    columns: tuple[str, ...] = ()
    start: int = 0


Plan = (
    Transacting
    | Measuring
    | CacheOperation
    | Select
    | Insert
    | Update
    | Delete
    | RawQuery
    | Explain
    | ListSchemas
    | ListTables
    | DescribeTable
)
