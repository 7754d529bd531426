"""Verdicts: may a caller have a statement run that uses this? Pure; what a statement uses has been found out before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from pgmcp.domain import receipts
from pgmcp.domain.caching.basis import Basis
from pgmcp.domain.errors import NotFoundError, PgmcpError, SecurityError, codes
from pgmcp.domain.guard.builtins import SEQUENCES, builtin_refused, extension_refused, is_harmless, users_refused
from pgmcp.domain.guard.resolution import Resolution, UsedFunction, UsedRelation, Volatility
from pgmcp.domain.guard.veils import has_unknown_kin, is_veiled
from pgmcp.domain.plans import Effect
from pgmcp.domain.policy.refusals import (
    Refusal,
    action_refused,
    masked_column,
    no_such_column,
    no_such_table,
    some_rows,
)
from pgmcp.domain.policy.rules import Action
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Name
from pgmcp.domain.sql.functions import refused

_ACTIONS = {Effect.CREATE: Action.CREATE, Effect.UPDATE: Action.UPDATE, Effect.DELETE: Action.DELETE}
# Kinds that rules of tables don't speak of: sequences, and types that are nobody's rows.
_UNRULED = frozenset("Sc")
_CATALOG = "Use list_tables and describe_table, which show what you may know."


_NAMES_IDS = Refusal(
    code=codes.STATEMENT_NOT_ALLOWED,
    message="the statement turns ids into names of the catalogue, or texts into ids, which tells of what may be hidden",
    hint=_CATALOG,
    rule="names",
)


@frozen(kw_only=True)
class Verdict:
    """What was decided about a statement.

    Args:
        refusal: Why it is not run, with the rule that says so and the way out; None where it may run.
        mention: What the refusal is about, as the statement may name it: a relation, a column, a function.
        position: Where that stands in the statement, its character from 1; None where it is reached on the way.
        basis: What its rows hang on, where it may run; for whoever keeps them.
        tables: The columns that the statement touches, by the relation's full name; `*` for whole rows.
        rules: The rules of the policy about these.
        veiled: Whether a plan of the statement would tell of what its caller may not know.
        defines: Whether it calls code of the database's own, or an extension's, that may define something.
        max_rows: Rows of its answer at the most, by the rules about what it reads; None for no limit of theirs.
    """

    refusal: Refusal | None = None
    mention: str | None = None
    position: int | None = None
    basis: Basis | None = None
    tables: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)
    rules: tuple[str, ...] = ()
    veiled: bool = False
    defines: bool = False
    max_rows: int | None = None

    @property
    def allowed(self) -> bool:
        """Whether the statement may run."""
        return self.refusal is None

    def error(self) -> PgmcpError:
        """The error that the caller gets.

        Raises:
            ValueError: The statement may run.
        """
        if self.refusal is None:
            raise ValueError("nothing was refused")
        missing = self.refusal.code in {codes.UNKNOWN_TABLE, codes.UNKNOWN_COLUMN}
        kind = NotFoundError if missing else SecurityError
        error = kind(
            self.refusal.code, self.refusal.message, hint=self.refusal.hint, path="query", position=self.position
        )
        error.rule = self.refusal.rule
        return error


ALLOWED = Verdict()


def judge(resolution: Resolution, view: View, *, read_only: bool) -> Verdict:
    """The verdict on a statement; of several refusals the one that a caller can do most about comes first.

    Args:
        resolution: What it uses.
        view: What its caller may know and do.
        read_only: Whether it is to change nothing.
    """
    verdict = next(_refusals(resolution, view, read_only=read_only), ALLOWED)
    if not view.is_open and is_veiled(resolution, view):
        verdict = evolve(verdict, veiled=True)
    if any(map(_may_define, resolution.functions)):
        verdict = evolve(verdict, defines=True)
    touched = [each for each in resolution.relations if each.kind not in _UNRULED]
    if not touched:
        return verdict
    tables = {str(each.name): ("*",) if each.whole else tuple(sorted(each.columns | each.sets)) for each in touched}
    sights = [] if view.is_open else [view.relation(each.name.schema, each.name.name) for each in touched]
    return evolve(
        verdict,
        tables=tables,
        rules=tuple(dict.fromkeys(sight.rule for sight in sights)),
        max_rows=None if view.is_open else _max_rows(touched, view),
    )


def _max_rows(relations: Sequence[UsedRelation], view: View) -> int | None:
    """The least that the rules about the relations that are read, and about their parents, let one answer have."""
    names = (name for each in relations if each.reads for name in (each.name, *each.ancestors))
    limits = (view.relation(name.schema, name.name).max_rows for name in names)
    return min((limit for limit in limits if limit is not None), default=None)


def _may_define(function: UsedFunction) -> bool:
    """Whether a function may make, alter or drop something: what is not volatile changes nothing."""
    if function.volatility is not Volatility.VOLATILE or function.builtin:
        return False
    return function.extension is None or not is_harmless(function.name.name)


def _refusals(resolution: Resolution, view: View, *, read_only: bool) -> Iterator[Verdict]:
    writing = bool(resolution.effects - {Effect.READ}) or any(each.writes for each in resolution.relations)
    if read_only and writing:
        yield Verdict(
            refusal=Refusal(
                code=codes.WRITE_REFUSED,
                message="the statement changes or locks rows, and it is to read only",
                hint="Use the tools for writing, or pass read_only=false if that is meant and allowed.",
                rule="read_only",
            )
        )
    for relation in resolution.relations:
        if relation.name.schema == receipts.SCHEMA:
            # Whoever reads it knows what others were answered; whoever writes it settles what was done.
            yield _about(no_such_table(receipts.SCHEMA, relation.name.name, "receipts"), relation.name.name)
    if not view.is_open:
        for relation in resolution.relations:
            yield from _of_relation(relation, view, writing=writing)
        for type_ in resolution.types:
            if not view.may_know_schema(type_.schema):
                rule = view.relation(type_.schema, type_.name).rule
                yield _about(no_such_table(type_.schema, type_.name, rule), type_.name)
        if resolution.names_ids or (resolution.names_tables and has_unknown_kin(resolution, view)):
            yield Verdict(refusal=_NAMES_IDS)
    fixed = writing and not any(relation.kind in "vm" for relation in resolution.relations)
    for function in resolution.functions:
        verdict = _of_function(function, view, read_only=read_only, fixed=fixed)
        if verdict is not None:
            yield verdict


def _of_relation(relation: UsedRelation, view: View, *, writing: bool) -> Iterator[Verdict]:
    schema, name = relation.name.schema, relation.name.name
    if relation.kind in _UNRULED:
        if relation.kind == "S" and (relation.reads or not writing or not _counts(relation, view)):
            yield _about(no_such_table(schema, name, "sequences"), name)
        return
    refusals: list[Refusal | None] = []
    columns = None if relation.whole else sorted(relation.columns)
    if relation.reads:
        refusals.append(view.may_read_whole(schema, name, columns))
    refusals += [
        view.may_write(schema, name, _ACTIONS[effect], sorted(relation.sets)) for effect in sorted(relation.writes)
    ]
    if not relation.reads and not relation.writes:
        refusals.append(_of_name(relation, view))
    refusals += [_of_family(relation, each, view) for each in relation.ancestors]
    refusals += [_of_family(relation, each, view) for each in relation.descendants if relation.reads]
    if relation.reads and not _is_named(relation, view):
        # No rule names the view itself, so those of what it was filled from speak.
        refusals += [_of_family(evolve(relation, columns=each.columns), each.name, view) for each in relation.sources]
    for refusal in refusals:
        if refusal is not None:
            hint = _CATALOG if relation.system else refusal.hint
            yield _about(evolve(refusal, hint=hint), _mentioned(refusal, relation))


def _counts(sequence: UsedRelation, view: View) -> bool:
    """Whether a statement that writes may count a sequence: one that it names has to be the caller's to change."""
    changes = view.relation(sequence.name.schema, sequence.name.name).actions & {Action.CREATE, Action.UPDATE}
    return not sequence.named or bool(changes)


def _is_named(relation: UsedRelation, view: View) -> bool:
    """Whether a rule names a relation outright: one that means many names knew nothing of this one's rows."""
    rule = view.relation(relation.name.schema, relation.name.name).table
    return rule is not None and rule.match.is_exact


def _of_name(relation: UsedRelation, view: View) -> Refusal | None:
    """Why a statement may not so much as name a relation, which tells that it is there, or the names of its columns."""
    sight = view.relation(relation.name.schema, relation.name.name)
    if not sight.known:
        return no_such_table(relation.name.schema, relation.name.name, sight.rule)
    if sight.table is not None and sight.table.hide:
        return some_rows(relation.name.schema, relation.name.name, sight.rule)
    return None


def _of_family(relation: UsedRelation, kin: Name, view: View) -> Refusal | None:
    """What a rule about a parent or a partition says of a relation: with shared rows nothing gets round a rule."""
    sight = view.relation(kin.schema, kin.name)
    schema, name = relation.name.schema, relation.name.name
    if sight.table is None:
        return None
    if not sight.actions:
        return no_such_table(schema, name, sight.rule)
    for effect in sorted(relation.writes):
        if _ACTIONS[effect] not in sight.actions:
            return action_refused(schema, name, _ACTIONS[effect], sight.actions, sight.rule)
    if sight.table.rows is not None or (relation.whole and not sight.is_whole):
        return some_rows(schema, name, sight.rule)
    for column in sorted(relation.columns | relation.sets):
        if sight.hides(column):
            return no_such_column(schema, name, column, sight.rule)
        if sight.mask(column) is not None:
            return masked_column(schema, name, column, sight.rule)
    return None


def _of_function(function: UsedFunction, view: View, *, read_only: bool, fixed: bool) -> Verdict | None:
    """Why a function may not be called.

    `fixed`: the statement writes and reads no view, so what it calls without saying so is in a default or a check of
    the table that it writes: the database's own doing, as in every other write.
    """
    policy = not view.is_open
    if policy and function.position is None and fixed and function.name.name in SEQUENCES:
        return None
    if function.builtin:
        reason = builtin_refused(function, policy=policy, writing=not read_only)
    elif function.extension is not None:
        reason = extension_refused(function, policy=policy, writing=not read_only)
    else:
        reason = users_refused(function, policy=policy, writing=not read_only)
    if reason is None or (not function.builtin and function.position is None and fixed):
        return None
    word = view.may_execute(function.name.schema, function.name.name) if policy else None
    name = function.name.name
    # What is refused by name is refused whatever a rule says: it would reach past every rule.
    if word is True and refused(name) is None:
        return None
    return _about(
        Refusal(
            code=codes.STATEMENT_NOT_ALLOWED,
            message=f"{name}() is not called here: {reason}",
            hint=_function_hint(function, policy=policy),
            rule="functions",
        ),
        name,
        function.position,
    )


def _function_hint(function: UsedFunction, *, policy: bool) -> str | None:
    if function.builtin:
        return None
    if policy:
        return "A rule under policy.functions can allow it."
    return "If it changes nothing, its owner can declare it STABLE; else pass read_only=false where writing is allowed."


def _about(refusal: Refusal, mention: str, position: int | None = None) -> Verdict:
    return Verdict(refusal=refusal, mention=mention, position=position)


def _mentioned(refusal: Refusal, relation: UsedRelation) -> str:
    """What a refusal is about: a column where it is one, else the relation."""
    if refusal.code in {codes.UNKNOWN_COLUMN, codes.COLUMN_MASKED}:
        columns = relation.columns | relation.sets
        return next((each for each in sorted(columns) if f"'{each}'" in refusal.message), relation.name.name)
    return relation.name.name
