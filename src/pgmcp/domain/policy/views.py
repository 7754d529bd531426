"""A caller's view of the database: the one decision of the policy, made of its rules and whoever is calling.

Whatever plans, judges or keeps asks the view: what may be known, what may be done, and by which rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from attrs import field, fields, frozen, has

from pgmcp.domain.access import Access, lowest
from pgmcp.domain.policy.attributes import Missing, bound
from pgmcp.domain.policy.finding import SchemaRules, rules_of
from pgmcp.domain.policy.patterns import is_system
from pgmcp.domain.policy.refusals import (
    Refusal,
    action_refused,
    masked_column,
    no_such_column,
    no_such_table,
    some_rows,
)
from pgmcp.domain.policy.rules import EVERY_ACTION, OPEN, Action, Default, Policy, PrincipalRule, TableRule
from pgmcp.domain.policy.sights import Sight
from pgmcp.domain.policy.standing import Standing

if TYPE_CHECKING:
    # A relation says what may be done with it in the policy's words.
    from pgmcp.domain.relations import Name, Relation

_KEPT = 4000
_NOTHING: frozenset[Action] = frozenset()


@frozen(kw_only=True, slots=False, eq=False)
class View:
    """The database as one caller may know it. Decisions are kept, so asking again costs a look-up.

    Args:
        policy: The rules.
        principal: The caller's name.
        attributes: The caller's attributes from outside the policy, such as a token's; the policy's own win.
        ceiling: How far the caller may go by what is said outside the policy, such as a token's scopes.
    """

    policy: Policy = OPEN
    principal: str = "local"
    attributes: Mapping[str, Any] = field(factory=dict)
    ceiling: Access | None = None
    _narrowed: dict[Name, tuple[Relation, Relation]] = field(factory=dict, init=False, repr=False)
    _sights: dict[tuple[str, str], Sight] = field(factory=dict, init=False, repr=False)
    _rules: dict[str, SchemaRules] = field(factory=dict, init=False, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether there is no policy, so that nothing is narrowed."""
        return not self.policy.given

    @cached_property
    def rule(self) -> PrincipalRule | None:
        """The rule about the caller, if there is one."""
        return next((rule for rule in self.policy.principals if rule.match.matches(self.principal)), None)

    @cached_property
    def access(self) -> Access | None:
        """How far the caller may go; None where only the server's own mode says."""
        return lowest(self.ceiling, self.rule.access if self.rule is not None else None)

    @cached_property
    def known_attributes(self) -> Mapping[str, Any]:
        """What `$name` stands for; `$principal` is the caller's name."""
        return {**self.attributes, **(self.rule.attributes if self.rule else {}), "principal": self.principal}

    @cached_property
    def standing(self) -> Standing:
        """What the caller's statements run under.

        Raises:
            Missing: A setting asks for an attribute that the caller doesn't have.
        """
        if self.rule is None:
            return Standing()
        settings = bound(self.rule.settings, self.known_attributes)
        return Standing(role=self.rule.role, settings=tuple((name, str(value)) for name, value in settings.items()))

    @cached_property
    def digest(self) -> str:
        """The same for views that show and allow the same, whoever's they are; for keys of what is kept."""
        if self.is_open:
            return ""
        policy = self.policy
        rules = (
            [rule for rule in (*policy.schemas, *policy.tables, *policy.functions) if rule.is_for(self.principal)],
            self.rule,
            self.known_attributes,
            self.access,
            policy.default,
        )
        return sha256(repr(_in_one_order(rules)).encode(errors="replace")).hexdigest()

    def relation(self, schema: str, name: str) -> Sight:
        """What the caller may know of a relation and do with it."""
        found = self._sights.get((schema, name))
        if found is None:
            if len(self._sights) >= _KEPT:
                self._sights.clear()
            found = self._sights[schema, name] = self._decide(schema, name)
        return found

    def of(self, relation: Relation) -> Sight:
        """What the caller may know of a relation that is read from the catalogue: its rows are its parents' too."""
        sight = self.relation(relation.name.schema, relation.name.name)
        for parent in relation.ancestors:
            sight = sight.within(self.relation(parent.schema, parent.name))
        return sight

    def kept(self, relation: Relation) -> Relation | None:
        """A relation as the caller sees it, as it was kept; None where the catalogue has been read anew since."""
        found = self._narrowed.get(relation.name)
        return found[1] if found is not None and found[0] is relation else None

    def keep(self, relation: Relation, seen: Relation) -> Relation:
        """Keep a relation as the caller sees it."""
        if len(self._narrowed) >= _KEPT:
            self._narrowed.clear()
        self._narrowed[relation.name] = (relation, seen)
        return seen

    def may_know_schema(self, schema: str) -> bool:
        """Whether a schema may be known, as long as something in it is: a rule can hide it with all that it has."""
        return self._ceiling_of(schema)[0] != _NOTHING

    def may_execute(self, schema: str, name: str) -> bool | None:
        """Whether a function may be executed; None where no rule speaks of it."""
        rule = self._rules_of(schema).functions.find(name)
        if rule is not None:
            return rule.execute and self.may_know_schema(schema)
        return None if self.may_know_schema(schema) or is_system(schema) else False

    def may_read_whole(self, schema: str, name: str, columns: Collection[str] | None) -> Refusal | None:
        """Why a statement of the caller's own may not read these columns of a relation; None where it may.

        Args:
            schema: The relation's schema.
            name: The relation's name.
            columns: The columns that are read; None for the whole row.
        """
        if self.is_open:
            return None
        sight = self.relation(schema, name)
        if not sight.known:
            return no_such_table(schema, name, sight.rule)
        if Action.READ not in sight.actions:
            return action_refused(schema, name, Action.READ, sight.actions, sight.rule)
        if sight.table is not None and sight.table.rows is not None:
            return some_rows(schema, name, sight.rule)
        if columns is None:
            return None if sight.is_whole else some_rows(schema, name, sight.rule)
        return _of_columns(sight, columns)

    def may_write(self, schema: str, name: str, action: Action, columns: Collection[str] | None) -> Refusal | None:
        """Why a statement of the caller's own may not write to a relation; None where it may.

        Args:
            schema: The relation's schema.
            name: The relation's name.
            action: What it does.
            columns: The columns that are written; None where the whole row is.
        """
        if self.is_open:
            return None
        sight = self.relation(schema, name)
        if not sight.known:
            return no_such_table(schema, name, sight.rule)
        if action not in sight.actions:
            return action_refused(schema, name, action, sight.actions, sight.rule)
        if sight.table is not None and (sight.table.rows is not None or sight.max_rows is not None):
            return some_rows(schema, name, sight.rule)
        if columns is None:
            return None if sight.is_whole else some_rows(schema, name, sight.rule)
        return _of_columns(sight, columns)

    def _ceiling_of(self, schema: str) -> tuple[frozenset[Action], str | None]:
        """What may be done in a schema at the most, and the rule that says so, if one does."""
        rule = self._rules_of(schema).schema
        return (EVERY_ACTION, None) if rule is None else (rule.allow, rule.at)

    def _rules_of(self, schema: str) -> SchemaRules:
        found = self._rules.get(schema)
        if found is None:
            if len(self._rules) >= _KEPT:
                self._rules.clear()
            found = self._rules[schema] = rules_of(self.policy, self.principal, schema)
        return found

    def _decide(self, schema: str, name: str) -> Sight:
        if self.is_open:
            return Sight(schema=schema, name=name, actions=EVERY_ACTION, rule="no policy")
        ceiling, schema_rule = self._ceiling_of(schema)
        if not ceiling and schema_rule is not None:
            return Sight(schema=schema, name=name, actions=_NOTHING, rule=schema_rule)
        rule = self._rules_of(schema).tables.find(name)
        if rule is not None:
            return self._by(rule, rule.allow & ceiling, schema, name)
        if schema_rule is not None:
            return Sight(schema=schema, name=name, actions=ceiling, rule=schema_rule)
        allowed = self.policy.default is Default.ALLOW and not is_system(schema)
        return Sight(schema=schema, name=name, actions=EVERY_ACTION if allowed else _NOTHING, rule="policy.default")

    def _by(self, rule: TableRule, actions: frozenset[Action], schema: str, name: str) -> Sight:
        rows, missing = None, None
        try:
            rows = bound(rule.rows, self.known_attributes)
        except Missing as absent:
            missing = absent.name
        return Sight(schema=schema, name=name, actions=actions, rule=rule.at, table=rule, rows=rows, missing=missing)


def _in_one_order(value: Any) -> Any:
    """A value whose text is the same in every process: sets and objects in the order of their texts."""
    if has(type(value)):
        return [type(value).__name__, *(_in_one_order(getattr(value, each.name)) for each in fields(type(value)))]
    if isinstance(value, Mapping):
        return sorted((str(key), _in_one_order(each)) for key, each in value.items())
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return [_in_one_order(each) for each in value] if isinstance(value, list | tuple) else value


def _of_columns(sight: Sight, columns: Collection[str]) -> Refusal | None:
    """Why some of these columns can't be touched; a hidden one first, as it isn't there."""
    for column in columns:
        if sight.hides(column):
            return no_such_column(sight.schema, sight.name, column, sight.rule)
    for column in columns:
        if sight.mask(column) is not None:
            return masked_column(sight.schema, sight.name, column, sight.rule)
    return None


EVERYTHING_SEEN = View()
"""The view without a policy."""
