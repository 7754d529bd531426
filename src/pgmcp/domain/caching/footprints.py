"""What a read of a relation hangs on, and what a write to it may change besides."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.relations import Name


@frozen(kw_only=True)
class Touched:
    """What a write may change.

    Args:
        tables: Those whose rows it may change: its own, and those that foreign keys reach from there.
        known: Whether that is all: not where triggers or rules do who knows what.
    """

    tables: frozenset[Name]
    known: bool = True


@frozen(kw_only=True)
class Footprint:
    """What stands behind a relation.

    Args:
        sources: The tables that a read of it reads: through views, down to partitions and children; those above too, as
            a write that names them may go down to it.
        obstacle: Why a read of it can't be kept, whatever its filter; None if it can.
        watched: Whether each of the sources tells of its writes, whoever makes them.
        inserted: What an insert into it touches.
        changed: What an update or a delete touches.
    """

    sources: frozenset[Name]
    obstacle: str | None = None
    watched: bool = False
    inserted: Touched
    changed: Touched


@frozen(kw_only=True)
class Surroundings:
    """What the sessions have in common and a result hangs on.

    Args:
        database: What tells databases apart, by whatever address they are reached.
        role: The role that reads.
        search_path: Where names without a schema are looked up.
        time_zone: The zone that moments are shown in.
    """

    database: str
    role: str
    search_path: str
    time_zone: str
