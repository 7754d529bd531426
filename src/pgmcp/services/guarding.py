"""Guard: the resolution layer. What a statement uses is found out once, judged, and the verdict kept."""

from __future__ import annotations

from attrs import evolve

from pgmcp.domain.caching.basis import basis_of
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, QueryError, codes
from pgmcp.domain.guard.places import explained, place_of
from pgmcp.domain.guard.resolution import Resolution
from pgmcp.domain.guard.verdicts import ALLOWED, Verdict, judge
from pgmcp.domain.plans import Effect, Explain, Plan, RawQuery, StatementKind
from pgmcp.domain.policy.refusals import Refusal
from pgmcp.domain.policy.views import View
from pgmcp.domain.sql.plainly import plainly
from pgmcp.ports.resolving import Resolver
from pgmcp.ports.transactions import Transaction
from pgmcp.ports.verdicts import VerdictKey, Verdicts
from pgmcp.services.discretion import (
    Hidden,
    discreet,
    hidden_in,
    hint,
    is_missing,
    missing,
    without_hidden,
    written,
)
from pgmcp.services.schemas import SchemaService
from pgmcp.services.transactions import TransactionService

_MISSING = frozenset({codes.UNKNOWN_TABLE, codes.UNKNOWN_COLUMN})

# Plans that hold a statement. As a tuple: a union would be made anew for each call.
_OF_THE_CALLERS_OWN = (RawQuery, Explain)


class Guard:
    """Judges raw statements by what they really use.

    Args:
        resolver: Finds that out; None where nobody can: then bytes and shape alone decide, and nothing passes a policy.
        verdicts: Keeps what was decided.
        transactions: Where statements run: in a lease, what it has defined so far is there for them.
        schemas: Knows the names that a mistyped one may have meant.
    """

    def __init__(
        self,
        resolver: Resolver | None,
        verdicts: Verdicts,
        transactions: TransactionService,
        schemas: SchemaService,
    ) -> None:
        self._resolver = resolver
        self._verdicts = verdicts
        self._transactions = transactions
        self._schemas = schemas

    async def judge(self, plan: Plan, call: CallContext) -> Verdict | None:
        """The verdict on a statement: whether its caller may have it run, what it touches, and why not.

        Args:
            plan: The statement, of a kind that its bytes and shape let through.
            call: Whose it is.

        Returns:
            The verdict; None for every other plan, which is made over what its caller may know.

        Raises:
            QueryError: PostgreSQL says that it can't be carried out as it stands.
            SecurityError: `statement_unresolved`.
        """
        if not isinstance(plan, _OF_THE_CALLERS_OWN):
            return None
        query = plan.query if isinstance(plan, Explain) else plan
        read_only = query.effect is Effect.READ if isinstance(plan, Explain) else query.read_only
        text = query.text
        if query.kind is StatementKind.UTILITY:
            inner = explained(text)
            if inner is None:
                return _under(call.view, _NO_QUERY)
            text = inner
        if self._resolver is None:
            return _under(call.view, _NOBODY_TELLS)
        key = VerdictKey(text=text, read_only=read_only, view=call.view.digest)
        verdict = self._verdicts.get(key)
        if verdict is None:
            era = self._verdicts.era
            try:
                verdict = await self._decide(self._resolver, text, query, call, read_only=read_only)
            except PgmcpError as error:
                _move(error, len(query.text) - len(text))
                raise
            self._verdicts.put(key, verdict, era)
        if text is query.text:
            return verdict
        # PostgreSQL's own text of a plan is told as it is, or not at all.
        if verdict.allowed and verdict.veiled:
            return evolve(verdict, refusal=_VEILED)
        return _moved(verdict, len(query.text) - len(text))

    def recalled(self, plan: Plan, call: CallContext) -> Verdict | None:
        """The verdict that `judge` would give, told at once; None where it would have to ask, or gives none."""
        if not isinstance(plan, RawQuery) or plan.kind is StatementKind.UTILITY:
            return None
        if self._resolver is None:
            return _under(call.view, _NOBODY_TELLS)
        return self._verdicts.recall(VerdictKey(text=plan.text, read_only=plan.read_only, view=call.view.digest))

    def ran(self, plan: Plan) -> None:
        """Hear that a plan has been carried out: a definition ends every verdict."""
        if isinstance(plan, RawQuery) and plan.effect is Effect.DEFINE:
            self.forget()

    def forget(self) -> None:
        """Drop what is kept: definitions have changed."""
        self._verdicts.clear()
        if self._resolver is not None:
            self._resolver.forget()

    async def _decide(
        self, resolver: Resolver, text: str, query: RawQuery, call: CallContext, *, read_only: bool
    ) -> Verdict:
        plain = plainly(text)

        async def work(within: Transaction | None, call: CallContext) -> Verdict:
            # Parsing may run what comes with a type, so that is judged first.
            brought = await resolver.brought(query.types, call, within) if query.types else Resolution()
            verdict = judge(brought, call.view, read_only=read_only)
            if verdict.allowed:
                try:
                    found = await resolver.resolve(text, call, within)
                except QueryError as error:
                    if call.view.is_open:
                        raise
                    hidden = await hidden_in(resolver, plain, query.relations, brought, call, within)
                    other = await without_hidden(resolver, plain, hidden, call, within)
                    raise discreet(other or error, plain, hidden) from error.__cause__
                verdict = evolve(judge(found, call.view, read_only=read_only), basis=basis_of(found, text))
            if verdict.refusal is None or call.view.is_open:
                return verdict
            hidden = await hidden_in(resolver, plain, query.relations, brought, call, within)
            left = await resolver.brought([each for each in query.types if not hidden.has(each)], call, within)
            if not judge(left, call.view, read_only=read_only).allowed:
                return _placed(verdict, plain)
            return _told(verdict, await without_hidden(resolver, plain, hidden, call, within), plain, hidden)

        try:
            return await self._transactions.read(work, call)
        except QueryError as error:
            if call.view.is_open:
                await self._schemas.point_out(error, text, call)
            raise


# What is no query has no tree: SHOW tells settings, definitions go by their own tools.
_NO_QUERY = Verdict(
    refusal=Refusal(
        code=codes.STATEMENT_NOT_ALLOWED,
        message="under a policy, statements other than SELECT, INSERT, UPDATE, DELETE and MERGE are not run",
        hint="Use the tool for it: what a definition or a setting would show can't be told beforehand.",
        rule="shape",
    )
)
_VEILED = Refusal(
    code=codes.STATEMENT_NOT_ALLOWED,
    message="the plan of the statement would tell of what may be hidden",
    hint="explain_query shows it without names and conditions.",
    rule="plan",
)
_NOBODY_TELLS = Verdict(
    refusal=Refusal(
        code=codes.STATEMENT_UNRESOLVED,
        message="nobody can tell here what the statement really uses, so under a policy it isn't run",
        hint="Use read_table and the tools for writing; the setting guard=resolved lets statements be judged.",
        rule="resolution",
    )
)


def _under(view: View, verdict: Verdict) -> Verdict:
    """What holds under a policy; without one the access mode decides."""
    return ALLOWED if view.is_open else verdict


def _placed(verdict: Verdict, text: str) -> Verdict:
    """The verdict with its place, in words that tell no more of a name than that it is not the caller's to use.

    A name that is not there and one that may not be known are told alike; what is reached through a view alone is not
    named at all.
    """
    refusal = verdict.refusal
    if refusal is None or verdict.mention is None:
        return verdict
    place = verdict.position or place_of(text, verdict.mention)
    if refusal.code in _MISSING:
        name = written(text, place)
        column = refusal.code is codes.UNKNOWN_COLUMN
        way_out = hint(column=column) if name else refusal.hint
        refusal = evolve(refusal, message=missing(name, column=column), hint=way_out)
    elif place is None and verdict.mention.isidentifier() and refusal.rule != "functions":
        refusal = evolve(refusal, message="the statement reaches rows or columns that you may not read as they are")
    return evolve(verdict, refusal=refusal, position=place)


def _told(verdict: Verdict, other: QueryError | None, text: str, hidden: Hidden) -> Verdict:
    """A verdict that refuses, in the words that the server has where names are nobody's.

    Raises:
        QueryError: What the server would say is not that a name is missing.
    """
    if other is None or verdict.refusal is None:
        return _placed(verdict, text)
    if not is_missing(other):
        raise discreet(other, text, hidden) from other.__cause__
    told = discreet(other, text, Hidden())
    refusal = evolve(verdict.refusal, code=told.code, message=told.message, hint=told.hint)
    return evolve(verdict, refusal=refusal, position=told.position)


def _moved(verdict: Verdict, characters: int) -> Verdict:
    """The verdict with its place in the whole text, of which a part was judged."""
    return verdict if verdict.position is None else evolve(verdict, position=verdict.position + characters)


def _move(error: PgmcpError, characters: int) -> None:
    """Give the error its place in the whole text, as above."""
    error.position = error.position + characters if error.position is not None else None
