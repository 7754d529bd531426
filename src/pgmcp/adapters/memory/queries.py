"""Raw statements in memory: no SQL is run here, only what a test has registered is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from pgmcp.adapters.memory.calling import own
from pgmcp.adapters.memory.engine import Engine
from pgmcp.adapters.memory.inferring import type_of_values
from pgmcp.adapters.memory.paging import cut, in_form, shape_of, too_large
from pgmcp.adapters.memory.transactions import MemoryTransaction
from pgmcp.adapters.memory.typenames import read_type
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import QueryError, ValidationError, codes
from pgmcp.domain.plans import Explain, RawQuery
from pgmcp.domain.results import Form, Result, ResultColumn
from pgmcp.domain.suggestions import nearest
from pgmcp.domain.tracking import track_execution_time
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.text import Unfit, to_text
from pgmcp.domain.values.types import Type
from pgmcp.ports.transactions import Transaction

Rows = Iterable[Mapping[str, Any]]


@frozen(kw_only=True)
class Answer:
    """What a registered statement gives, where rows alone don't say it.

    Args:
        rows: The rows, values by column.
        columns: All columns' types by name, in order; without them they follow from the values, if there are any.
        count: Rows changed, for a write; None to count the rows.
    """

    rows: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    columns: Mapping[str, str | Type] = field(factory=dict)
    count: int | None = None


Registered = Answer | Rows | Callable[[Sequence[Any]], "Answer | Rows"]
_QUOTED_OR_BARE = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|([^'"]+|.)""", re.DOTALL)
_SPACE = re.compile(r"\s+")


def normal(text: str) -> str:
    """A statement's text as it is looked up: outside quotes, white space is one blank and letters are in lower case.

    >>> normal("SELECT  now(), 'A  b' ;")
    "select now(), 'A  b'"
    """
    bare = text.strip().removesuffix(";").rstrip()
    return _QUOTED_OR_BARE.sub(lambda found: found[1] or _SPACE.sub(" ", found[2]).lower(), bare)


class MemoryQueryRepository:
    """Implements `QueryRepository`, from statements that were registered.

    Args:
        engine: The database.
        statements: What each statement gives: rows, an `Answer`, or a function of the parameters that gives either.
            An explain is registered with `explain ` before its statement, and gives EXPLAIN's JSON.
    """

    def __init__(self, engine: Engine, statements: Mapping[str, Registered]) -> None:
        self._engine = engine
        self._statements = {normal(text): given for text, given in statements.items()}

    @track_execution_time("QueryRepository.select", layer="repository")
    async def select(self, plan: RawQuery, call: CallContext, within: Transaction | None = None) -> Result:
        started = self._begin(call, within)
        given = self._registered(plan.text, plan.params)
        answer = given if isinstance(given, Answer) else Answer(rows=tuple(given))
        result = self._result(answer, plan, call.form)
        self._engine.observe(call, "query", started, result.count)
        return result

    def forget(self) -> None:
        """Nothing is kept."""

    @track_execution_time("QueryRepository.explain", layer="repository")
    async def explain(self, plan: Explain, call: CallContext, within: Transaction | None = None) -> Sequence[object]:
        started = self._begin(call, within)
        given = self._registered(f"explain {plan.query.text}", plan.query.params)
        found = list(given.rows if isinstance(given, Answer) else given)
        self._engine.observe(call, "explain", started)
        return found

    def _begin(self, call: CallContext, within: Transaction | None) -> float:
        started = self._engine.in_time(call)
        if within is not None:
            MemoryTransaction.of(within).reading()
        return started

    def _registered(self, text: str, params: Sequence[Any]) -> Answer | Rows:
        found = self._statements.get(normal(text))
        if found is None:
            alike = nearest(normal(text), self._statements, limit=1)
            registered = f" The nearest one registered is: {alike[0]}" if alike else ""
            raise QueryError(
                codes.UNREGISTERED_STATEMENT,
                "The memory database runs no SQL, and no answer is registered for this statement.",
                hint='Register it: pgmcp.memory(tables=…, statements={"<the statement>": [{"column": value}]}).'
                + registered,
            )
        return own("the answer of a registered statement", found)(params) if callable(found) else found

    def _result(self, answer: Answer, plan: RawQuery, form: Form) -> Result:
        names = tuple(answer.columns) or tuple(dict.fromkeys(name for row in answer.rows for name in row))
        shape = shape_of([ResultColumn(name, self._type(name, answer)) for name in names])
        rows = [tuple(_value(row.get(each.name), each.type) for each in shape.columns) for row in answer.rows]
        found = cut(rows, shape, plan.bounds.max_rows + 1, plan.bounds, form)
        if found.too_large and answer.count is None:
            raise too_large(rows[0], shape, plan.bounds)
        return Result(
            columns=shape.columns,
            rows=in_form(found, form, shape),
            count=len(found.rows) if answer.count is None else answer.count,
            more=found.more,
            truncated=found.truncated,
        )

    def _type(self, name: str, answer: Answer) -> Type:
        declared = answer.columns.get(name)
        if declared is None:
            return type_of_values(row.get(name) for row in answer.rows)
        return read_type(declared, self._engine.types).type


def _value(value: Any, type_: Type) -> Any:
    """A registered value as the database would give it.

    Raises:
        ValidationError: `value_invalid`.
    """
    try:
        text = to_text(value, type_)
        return None if text is None else from_text(text, type_)
    except Unfit as unfit:
        raise ValidationError(
            codes.VALUE_INVALID,
            f"a registered value doesn't fit the type {type_.display}",
            hint=f"Expected {unfit.expected}.",
        ) from None
