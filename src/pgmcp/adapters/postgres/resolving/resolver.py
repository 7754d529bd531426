"""What a statement uses, told by the server itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress

from attrs import evolve

from pgmcp.adapters.postgres.resolving.aloud import trees_alone, trees_within
from pgmcp.adapters.postgres.resolving.facts import Facts, Known, RelationFacts
from pgmcp.adapters.postgres.resolving.tree import (
    ACL_DELETE,
    ACL_INSERT,
    ACL_SELECT,
    ACL_UPDATE,
    Mentions,
    Note,
    Touch,
    mentions,
)
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.standing import standing_text
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import SecurityError, ValidationError, codes
from pgmcp.domain.guard.resolution import Resolution, UsedFunction, UsedRelation
from pgmcp.domain.plans import Effect
from pgmcp.domain.relations import Name
from pgmcp.ports.driver import Connection, Need, Statement
from pgmcp.ports.transactions import Transaction

# `CmdType` of nodes/nodes.h; the last one does nothing: a branch of MERGE.
_COMMANDS = {1: Effect.READ, 2: Effect.UPDATE, 3: Effect.CREATE, 4: Effect.DELETE, 5: Effect.UPDATE}
_NOTHING = 7
_WRITES = ((ACL_INSERT, Effect.CREATE), (ACL_UPDATE, Effect.UPDATE), (ACL_DELETE, Effect.DELETE))


# An honest statement's tree has some kilobytes; each takes some 0.07 ms to read.
_LONG, _MOST_CHARACTERS = 200_000, 16_000_000


class PostgresResolver:
    """Implements `Resolver`.

    Args:
        runner: Has statements prepared.
        facts: Knows whose the ids are.
    """

    def __init__(self, *, runner: Runner, facts: Facts) -> None:
        self._runner = runner
        self._facts = facts

    async def resolve(self, text: str, call: CallContext, within: Transaction | None = None) -> Resolution:
        async def alone(connection: Connection) -> Sequence[str]:
            # What names mean can hang on the role and the search path that the statement will have.
            return await trees_alone(connection, text, standing_text(call.view.standing), self._runner.remark(call))

        async def inside(connection: Connection) -> Sequence[str]:
            return await trees_within(connection, text, self._runner.remark(call))

        work = alone if within is None else inside
        trees = await self._runner.unlimited(work, call, kind="resolve", within=within)
        size = sum(map(len, trees))
        if size > _MOST_CHARACTERS:
            raise too_complex()
        # A long one is read beside the event loop, which goes on meanwhile.
        found = _mentioned(trees) if size < _LONG else await asyncio.to_thread(_mentioned, trees)
        found.commands.discard(_NOTHING)
        if not found.commands or not found.commands <= _COMMANDS.keys():
            raise SecurityError(
                codes.STATEMENT_UNRESOLVED,
                "The server doesn't tell what the statement uses, so it isn't run.",
                hint="Write it as one SELECT, INSERT, UPDATE, DELETE or MERGE.",
                path="query",
            )
        return await self._told(found, text, call, within)

    async def brought(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Resolution:
        types = await self._facts.types_named(names, call, within)
        found = Mentions(types=types, commands={1})
        return await self._told(found, "", call, within) if types else Resolution()

    async def named(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None = None
    ) -> Collection[Name]:
        wanted = sorted({name[-2:] for name in names if name})
        if not wanted:
            return ()
        schemas = ["" if len(name) == 1 else name[0] for name in wanted]
        statement = Statement(sql("relations_named"), (schemas, [name[-1] for name in wanted]))
        rows = await self._runner.run(statement, call, need=Need.READ, kind="resolve", within=within)
        return [Name(schema, name) for schema, name in json.loads(rows.rows[0][0] or "[]")]

    async def _told(self, found: Mentions, text: str, call: CallContext, within: Transaction | None) -> Resolution:
        """Mentions with their names; looked up again where what is kept is of before a change.

        Raises:
            SecurityError: `statement_unresolved`: something was dropped between the tree and the look-up.
        """
        for _ in range(2):
            known = await self._facts.of(found, call, within)
            with suppress(KeyError):
                return _resolution(found, known, text)
            self._facts.forget()
        raise SecurityError(
            codes.STATEMENT_UNRESOLVED,
            "What the statement uses is being changed right now, so it isn't run.",
            hint="Call again.",
            path="query",
        )

    def forget(self) -> None:
        self._facts.forget()


def too_complex() -> ValidationError:
    """For a statement that is short, and stands for more than anybody looks through."""
    return ValidationError(
        codes.STATEMENT_TOO_LARGE,
        "The statement comes to too much once its stars, joins and views are written out.",
        hint="Name the columns that are needed in place of *, or split the statement.",
        path="query",
    )


def _mentioned(trees: Sequence[str]) -> Mentions:
    found = Mentions()
    for tree in trees:
        mentions(tree, found)
    return found


def _resolution(found: Mentions, known: Known, text: str) -> Resolution:
    """Mentions with their names.

    Raises:
        KeyError: What is known of one isn't all of it.
    """
    octets = text.encode()
    brought = [oid for each in known.types.values() for oid in each.functions]
    # What making JSON calls, the statement itself calls, though it doesn't say where.
    places = dict.fromkeys([*known.operators.values(), *brought], -1) | dict.fromkeys(known.json, 0) | found.functions
    named = found.named | {oid for each in known.types.values() for oid in each.relations}
    relations = [_relation(known.relations[oid], touch, named=oid in named) for oid, touch in found.relations.items()]
    relations += [
        _relation(known.relations[oid], Touch(), named=True) for oid in sorted(named - found.relations.keys())
    ]
    return Resolution(
        relations=tuple(relations),
        functions=tuple(_functions(known, places, octets)),
        types=tuple(each.name for each in known.types.values() if each.single not in found.carried),
        names_ids=bool(found.naming),
        names_tables=Note.TABLE_NAMED in found.notes,
        shielded=Note.SHIELDED in found.notes,
        unsteady=bool(found.unsteady)
        or any(number < 0 for each in found.relations.values() for number in each.columns),
        effects=frozenset(_COMMANDS[command] for command in found.commands),
    )


def _relation(facts: RelationFacts, touch: Touch, *, named: bool) -> UsedRelation:
    return UsedRelation(
        oid=facts.oid,
        name=facts.name,
        kind=facts.kind,
        reads=bool(touch.perms & ACL_SELECT or touch.columns),
        columns=_names(facts, touch.columns),
        whole=0 in touch.columns,
        named=named,
        writes=frozenset(effect for bit, effect in _WRITES if touch.perms & bit),
        sets=_names(facts, touch.inserted | touch.updated),
        ancestors=facts.ancestors,
        sources=facts.sources,
        descendants=facts.descendants,
        indexes=facts.indexes,
        computed=facts.computed,
        keys=facts.keys,
    )


def _names(facts: RelationFacts, numbers: Iterable[int]) -> frozenset[str]:
    """Columns by name; a system column, whose number is below zero, belongs to the row and not to its values."""
    return frozenset(facts.columns[number] for number in numbers if number > 0)


def _functions(known: Known, places: dict[int, int], octets: bytes) -> Iterator[UsedFunction]:
    for oid, place in places.items():
        facts = known.functions[oid]
        position = None if place < 0 else len(octets[:place].decode(errors="ignore")) + 1
        for part in (facts, *(known.functions[each] for each in facts.parts)):
            yield evolve(part.function, position=position)
