"""Discretion: what a caller under a policy is told of a statement that names what is hidden.

The words are the server's own, for the same statement with names that nothing has in place of those: so whatever else
is wrong with it, a name that is hidden and one that is nobody's are told alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from attrs import frozen

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import NotFoundError, PgmcpError, QueryError, codes
from pgmcp.domain.guard.places import BLOT, blotted, names_in_strings, stars
from pgmcp.domain.guard.resolution import Resolution
from pgmcp.domain.policy.patterns import Pattern
from pgmcp.domain.policy.refusals import BY_NAME
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Name
from pgmcp.domain.sql.names import name_at
from pgmcp.ports.resolving import Resolver
from pgmcp.ports.transactions import Transaction

# What the server says of a name that isn't there: a table, a schema, a type; a column.
_NO_NAME = frozenset({"42P01", "3F000", "42704"})
_NO_COLUMN = "42703"
# What it says of numbers and types of columns, whether or not they are named.
_COUNTS, _ALIASES = frozenset({"42601", "42804"}), "42P10"
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_BLOTTED = re.compile(rf"[\w.]*{BLOT}[\w.{BLOT}]*")
_PLAINLY = "PostgreSQL refuses the statement as it is written."


@frozen(kw_only=True)
class Hidden:
    """What is hidden of the relations that a statement names.

    Args:
        relations: Those, and types, that the caller may not know.
        known: The names, without their schemas, of the others.
        columns: Patterns of the columns of the others that are not there.
    """

    relations: frozenset[Name] = frozenset()
    known: frozenset[str] = frozenset()
    columns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, named: Collection[Name], brought: Resolution, view: View) -> Hidden:
        """What a view hides of relations that are named, and of what names of types and functions bring."""
        names = {*named, *(each.name for each in brought.relations)}
        sights = [view.relation(name.schema, name.name) for name in names]
        types = (name for name in brought.types if not view.may_know_schema(name.schema))
        return cls(
            relations=frozenset((*(Name(sight.schema, sight.name) for sight in sights if not sight.known), *types)),
            known=frozenset(sight.name for sight in sights if sight.known),
            columns=tuple(
                pattern for sight in sights if sight.known and sight.table is not None for pattern in sight.table.hide
            ),
        )

    def has(self, name: Sequence[str]) -> bool:
        """Whether a name with its qualifier, as it stands in the statement, means what is hidden."""
        return self.has_relation(name) or any(pattern.matches(name[-1]) for pattern in self.columns)

    def has_relation(self, name: Sequence[str]) -> bool:
        """The same of a name that can be a relation's or a type's alone."""
        *schema, last = name[-2:]
        return any(
            each.name == last and (schema == [each.schema] or (not schema and last not in self.known))
            for each in self.relations
        )


async def hidden_in(
    resolver: Resolver,
    text: str,
    relations: Collection[tuple[str, ...]],
    brought: Resolution,
    call: CallContext,
    within: Transaction | None,
) -> Hidden:
    """What is hidden of what a statement names.

    Args:
        resolver: Knows whose names are.
        text: The statement, with its names written plainly.
        relations: The names that stand where relations do; those in strings may be relations' as well.
        brought: What its names of types and functions bring.
        call: Whose it is.
        within: The transaction that it would run in.
    """
    named = await resolver.named({*relations, *names_in_strings(text)}, call, within)
    return Hidden.of(named, brought, call.view)


async def without_hidden(
    resolver: Resolver, text: str, hidden: Hidden, call: CallContext, within: Transaction | None
) -> QueryError | None:
    """What the server would say of a statement were what is hidden not there.

    Args:
        resolver: Asks the server.
        text: The statement, with its names written plainly.
        hidden: What is hidden of it.
        call: Whose it is.
        within: The transaction that it would run in.

    Returns:
        None where nothing hidden is named, or nothing would be wrong.
    """
    changed = blotted(text, hidden.has, hidden.has_relation)
    if changed != text:
        try:
            await resolver.resolve(changed, call, within)
        except QueryError as error:
            _unblot(error, changed, text)
            return error
    return None


def _unblot(error: QueryError, changed: str, text: str) -> None:
    """Have an error name what the caller has written: at the place that it is about, or in a string."""
    said, meant = written(changed, error.position), written(text, error.position)
    if BLOT not in said and (found := _BLOTTED.search(error.message)) is not None:
        said, at = found[0], changed.find(found[0])
        meant = text[at : at + len(said)]
    if BLOT in said:
        error.message = error.message.replace(said, meant)
        error.args = (error.message,)


def discreet(error: QueryError, text: str, hidden: Hidden) -> PgmcpError:
    """The server's error in words that name nothing which the statement doesn't: what is hidden has no hints."""
    if is_missing(error):
        column = error.sqlstate == _NO_COLUMN
        return NotFoundError(
            codes.UNKNOWN_COLUMN if column else codes.UNKNOWN_TABLE,
            missing(written(text, error.position), column=column),
            hint=hint(column=column),
            path="query",
            position=error.position,
        )
    unnamed = error.sqlstate == _ALIASES or (error.sqlstate in _COUNTS and stars(text))
    if hidden.columns and unnamed:
        return NotFoundError(codes.UNKNOWN_COLUMN, missing("", column=True), hint=BY_NAME, path="query")
    if not _names_what_stands_there(error.message, text):
        error.message = _PLAINLY
        error.args = (error.message,)
    if error.hint is not None and ('"' in error.hint or BLOT in error.hint):
        error.hint = None
    return error


def is_missing(error: QueryError) -> bool:
    """Whether the server says that a name is nobody's."""
    return error.sqlstate in _NO_NAME or error.sqlstate == _NO_COLUMN


def missing(name: str, *, column: bool) -> str:
    """The message about a name that is not there, as far as the caller may know."""
    if not name:
        return "the statement reaches something that you may not use"
    return f"there is no {'column' if column else 'table or type'} '{name}' that you may use"


def hint(*, column: bool) -> str:
    """Where the names are to be had."""
    return "describe_table shows a table's columns." if column else "list_tables shows what there is."


def written(text: str, place: int | None) -> str:
    """The name that stands at a place of a statement."""
    return ".".join(name_at(text, place)) if place is not None else ""


def _names_what_stands_there(message: str, text: str) -> bool:
    """Whether all names in a message stand in the statement, or are made of names that do."""
    lowered = text.lower()
    words = set(re.findall(r"[\w$]+", lowered))
    return BLOT not in message and all(
        name.lower() in lowered or words.issuperset(name.lower().split(".")) for name in _QUOTED.findall(message)
    )
