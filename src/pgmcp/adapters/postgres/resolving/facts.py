"""Who the ids of a query tree are, kept so that only what is new is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve, frozen

from pgmcp.adapters.postgres.kept import Kept, Tally
from pgmcp.adapters.postgres.naming import quote
from pgmcp.adapters.postgres.resolving.tree import FIRST_OF_USERS, Mentions
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.domain.guard.resolution import Source, UsedFunction, Volatility
from pgmcp.domain.policy.standing import Standing
from pgmcp.domain.relations import Name
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Transaction

T = TypeVar("T")

_KEPT = 5000
# PostgreSQL's own functions change with its version alone.
_BUILTINS_TTL_S = 600
_VOLATILITY = {"i": Volatility.IMMUTABLE, "s": Volatility.STABLE, "v": Volatility.VOLATILE}
_BUILTINS = "builtins"
# PostgreSQL's functions that make JSON of values of any type.
_MAKES_JSON = re.compile(r"((row|array)_)?to_jsonb?|jsonb?_(build|agg|object_agg)\w*")


@frozen(kw_only=True)
class RelationFacts:
    """What is known of a relation."""

    oid: int
    name: Name
    kind: str
    columns: Mapping[int, str]
    ancestors: tuple[Name, ...]
    sources: tuple[Source, ...]
    descendants: tuple[Name, ...]
    indexes: tuple[str, ...]
    computed: tuple[str, ...]
    keys: tuple[Name, ...]


@frozen
class FunctionFacts:
    """What is known of a function, and the ids of those that do its work, where it is an aggregate."""

    function: UsedFunction
    parts: tuple[int, ...] = ()


@frozen
class TypeFacts:
    """The functions that values of a type bring along, and the relations that have their rows of it.

    Args:
        functions: Those that making a value calls.
        relations: Those relations.
        json: The functions that making JSON of a value calls.
        name: The type's name; an array's is its element's.
        single: The type's id; an array's is its element's.
    """

    functions: tuple[int, ...]
    relations: tuple[int, ...]
    json: tuple[int, ...]
    name: Name
    single: int


@frozen(kw_only=True)
class Known:
    """What is known of everything that a tree mentions; and the functions that its making of JSON calls unmentioned."""

    relations: Mapping[int, RelationFacts]
    functions: Mapping[int, FunctionFacts]
    operators: Mapping[int, int]
    types: Mapping[int, TypeFacts]
    json: tuple[int, ...] = ()


class Facts:
    """The catalogue's answers by id.

    Args:
        runner: Asks the catalogue.
        clock: Tells when an answer is too old.
        ttl_s: Seconds that one is kept.
        tally: Where functions are counted.
    """

    def __init__(self, *, runner: Runner, clock: Clock, ttl_s: float, tally: Tally | None = None) -> None:
        self._runner = runner
        self._relations: Kept[int, RelationFacts] = Kept(clock, most=_KEPT, ttl_s=ttl_s)
        self._functions: Kept[int, FunctionFacts] = Kept(clock, most=_KEPT, ttl_s=ttl_s, tally=tally)
        self._operators: Kept[int, int] = Kept(clock, most=_KEPT, ttl_s=ttl_s)
        self._types: Kept[int, TypeFacts] = Kept(clock, most=_KEPT, ttl_s=ttl_s)
        self._named: Kept[tuple[tuple[str, ...], Standing], int] = Kept(clock, most=_KEPT, ttl_s=ttl_s)
        self._own: Kept[str, frozenset[str]] = Kept(clock, most=1, ttl_s=_BUILTINS_TTL_S)
        self._builtins: Kept[str, Mapping[int, FunctionFacts]] = Kept(clock, most=1, ttl_s=_BUILTINS_TTL_S)

    async def of(self, found: Mentions, call: CallContext, within: Transaction | None) -> Known:
        """What is known of all that is mentioned; no round trip where everything is kept, else one for all of it."""
        builtins = self._builtins.get(_BUILTINS) or await self._ask_builtins(call, within)
        functions = sorted(oid for oid in found.functions if oid >= FIRST_OF_USERS)
        makes_json = bool(found.kinds) or any(
            oid in builtins and _MAKES_JSON.fullmatch(builtins[oid].function.name.name) for oid in found.functions
        )
        types = found.types | found.carried if makes_json else found.types
        kept = self._kept(found, functions, types)
        if kept is None:
            wanted = ({*found.relations, *found.named}, functions, found.operators, types)
            statement = Statement(sql("resolve"), tuple([str(oid) for oid in sorted(each)] for each in wanted))
            era = self._relations.era  # all are cleared together
            rows = await self._runner.run(statement, call, need=Need.READ, kind="resolve", within=within)
            kept = self._keep(json.loads(rows.rows[0][0] or "{}"), era)
        return evolve(
            kept,
            functions={**builtins, **kept.functions},
            types={oid: facts for oid, facts in kept.types.items() if oid in found.types},
            json=tuple(oid for facts in kept.types.values() for oid in facts.json) if makes_json else (),
        )

    async def types_named(
        self, names: Collection[tuple[str, ...]], call: CallContext, within: Transaction | None
    ) -> set[int]:
        """The ids of the types that have these names and are not PostgreSQL's own; kept, also where there is none."""
        builtins = self._builtins.get(_BUILTINS) or await self._ask_builtins(call, within)
        own = self._own.get(_BUILTINS)
        if own is None:
            own = self._own.put(_BUILTINS, frozenset(facts.function.name.name for facts in builtins.values()))
        # Nearly every name is that of one of PostgreSQL's functions or types, which bring nothing along.
        wanted = sorted(name for name in names if name and name[0] != "pg_catalog" and not own.issuperset(name))
        outlook = call.view.standing.outlook
        known = {name: oid for name in wanted if (oid := self._named.get((name, outlook))) is not None}
        new = [name for name in wanted if name not in known]
        if new:
            era = self._named.era
            statement = Statement(sql("types_named"), ([".".join(map(quote, name)) for name in new],))
            rows = await self._runner.run(statement, call, need=Need.READ, kind="resolve", within=within)
            told = dict(json.loads(rows.rows[0][0] or "[]"))
            for number, name in enumerate(new, start=1):
                known[name] = self._named.put((name, outlook), told.get(number, 0), era)
        return {oid for oid in known.values() if _is_users(oid)}

    def forget(self) -> None:
        """Drop what is kept."""
        for each in (
            self._relations,
            self._functions,
            self._operators,
            self._types,
            self._named,
            self._own,
            self._builtins,
        ):
            each.clear()

    def _kept(self, found: Mentions, functions: Sequence[int], wanted: Collection[int]) -> Known | None:
        """What is known where all of it is kept; None where anything is not."""
        types = _all(self._types, wanted)
        operators = _all(self._operators, found.operators)
        if types is None or operators is None:
            return None
        brought = [oid for each in types.values() for oid in (*each.functions, *each.json)]
        called = _all(self._functions, filter(_is_users, (*functions, *operators.values(), *brought)))
        rows = [oid for each in types.values() for oid in each.relations]
        relations = _all(self._relations, (*found.relations, *found.named, *rows))
        if called is None or relations is None:
            return None
        parts = _all(self._functions, filter(_is_users, (oid for each in called.values() for oid in each.parts)))
        if parts is None:
            return None
        return Known(relations=relations, functions=called | parts, operators=operators, types=types)

    async def _ask_builtins(self, call: CallContext, within: Transaction | None) -> Mapping[int, FunctionFacts]:
        rows = await self._runner.run(Statement(sql("builtins")), call, need=Need.READ, kind="resolve", within=within)
        listed: Sequence[tuple[int, str, str, str]] = json.loads(rows.rows[0][0] or "[]")
        return self._builtins.put(
            _BUILTINS,
            {
                oid: FunctionFacts(
                    UsedFunction(
                        oid=oid, name=Name(schema, name), volatility=_VOLATILITY[volatility], language="", builtin=True
                    )
                )
                for oid, schema, name, volatility in listed
            },
        )

    def _keep(self, document: Mapping[str, Any], era: int) -> Known:
        known = Known(
            relations={each["oid"]: _relation(each) for each in document["relations"] or ()},
            functions={each["oid"]: _function(each) for each in document["functions"] or ()},
            operators=dict(document["operators"] or ()),
            types={each["oid"]: _type(each) for each in document["types"] or ()},
        )
        _put(self._relations, known.relations, era)
        _put(self._functions, known.functions, era)
        _put(self._operators, known.operators, era)
        _put(self._types, known.types, era)
        return known


def _is_users(oid: int) -> bool:
    return oid >= FIRST_OF_USERS


def _put(kept: Kept[int, T], values: Mapping[int, T], era: int) -> None:
    for oid, value in values.items():
        kept.put(oid, value, era)


def _all(kept: Kept[int, T], oids: Iterable[int]) -> dict[int, T] | None:
    """The values of all those ids; None where one is missing."""
    found: dict[int, T] = {}
    for oid in oids:
        value = kept.get(oid)
        if value is None:
            return None
        found[oid] = value
    return found


def _relation(facts: Mapping[str, Any]) -> RelationFacts:
    return RelationFacts(
        oid=facts["oid"],
        name=Name(*facts["name"]),
        kind=facts["kind"],
        columns=dict(facts["columns"] or ()),
        ancestors=tuple(Name(*each) for each in facts["ancestors"] or ()),
        sources=tuple(Source(Name(*name), frozenset(columns or ())) for name, columns in facts["sources"] or ()),
        descendants=tuple(Name(*each) for each in facts["descendants"] or ()),
        indexes=tuple(facts["indexes"] or ()),
        computed=tuple(facts["computed"] or ()),
        keys=tuple(Name(*each) for each in facts["keys"] or ()),
    )


def _type(facts: Mapping[str, Any]) -> TypeFacts:
    return TypeFacts(
        functions=tuple(facts["functions"] or ()),
        relations=tuple(facts["relations"] or ()),
        json=tuple(facts["json"] or ()),
        name=Name(*facts["name"]),
        single=facts["single"],
    )


def _function(facts: Mapping[str, Any]) -> FunctionFacts:
    function = UsedFunction(
        oid=facts["oid"],
        name=Name(*facts["name"]),
        volatility=_VOLATILITY[facts["volatility"]],
        language=facts["language"],
        security_definer=facts["security_definer"],
        builtin=facts["made"],
        extension=facts["extension"],
    )
    return FunctionFacts(function, tuple(facts["parts"] or ()))
