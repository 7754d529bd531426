"""ValidationService: names, kinds, bounds and data of a request against the relations; bytes and shape of raw SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgmcp.domain.aside import aside
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import Filter
from pgmcp.domain.plans import Effect
from pgmcp.domain.records import known_columns
from pgmcp.domain.relations import Relation
from pgmcp.domain.settings import Settings
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.sql.shape import check_bytes, check_explainable, effect_of
from pgmcp.ports.analysing import SqlAnalyser


class ValidationService:
    """Says what is wrong with a request, where, and what would be right; knows nothing of policy and does no I/O."""

    def __init__(self, analyser: SqlAnalyser, settings: Settings) -> None:
        """Judge statements by `analyser`, within the settings' bounds."""
        self._analyser = analyser
        self._settings = settings

    def columns(self, wanted: Sequence[str] | None, relation: Relation) -> tuple[str, ...]:
        """The columns to read; all where none are named.

        Raises:
            ValidationError: `unknown_column`.
        """
        if not wanted or list(wanted) == ["*"]:
            return relation.names
        return known_columns(wanted, relation, "columns")

    async def write_filter(self, filters: Mapping[str, Any], relation: Relation, moment: Moment) -> Filter:
        """The filter of an update or a delete, which must say something.

        Raises:
            ValidationError: `filter_empty`, or what the parser finds.
        """
        if not filters:
            raise ValidationError(
                codes.FILTER_EMPTY,
                "a write needs a filter",
                hint='Say which rows, such as {"id":1}; for all rows a condition that holds for all.',
                path="filters",
            )
        return await aside(filters, lambda: parse(filters, relation, moment))

    def writable(self, relation: Relation, effect: Effect) -> None:
        """See that PostgreSQL takes writes of that kind on a relation.

        Raises:
            ValidationError: `relation_read_only`.
        """
        allowed = relation.insertable if effect is Effect.CREATE else relation.updatable
        if not allowed:
            raise ValidationError(
                codes.RELATION_READ_ONLY,
                f"the {relation.kind} '{relation.display}' can't be written to",
                hint="Write to the tables behind it.",
                path="table",
            )

    async def statement(self, text: str) -> tuple[Analysis, Effect]:
        """What a raw statement is and what it does, from its bytes and its shape.

        Raises:
            ValidationError: Too large, more than one statement, or bytes that no parser should see.
            QueryError: It doesn't parse.
            SecurityError: Statements of its kind are never run.
        """
        check_bytes(text, max_bytes=self._settings.max_query_bytes)
        analysis = await self._analyser.analyse(text)
        return analysis, effect_of(analysis)

    async def explainable(self, text: str) -> tuple[Analysis, Effect]:
        """As `statement`, for a statement to be explained.

        Raises:
            QueryError: EXPLAIN doesn't take it.
        """
        check_bytes(text, max_bytes=self._settings.max_query_bytes)
        analysis = await self._analyser.analyse(text)
        effect = effect_of(analysis)
        check_explainable(analysis)
        return analysis, effect
