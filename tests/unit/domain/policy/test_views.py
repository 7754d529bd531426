"""What callers may know and do, by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pgmcp.domain.access import Access
from pgmcp.domain.policy.attributes import Missing
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.rules import EVERY_ACTION, Action
from pgmcp.domain.policy.standing import Standing
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View
from pgmcp.domain.relations import Name, Relation, RelationKind
from tests.fixtures.walked import cases

RULES: Mapping[str, Any] = {
    "default": "deny",
    "schemas": [
        {"match": "internal*", "allow": []},
        {"match": "reports", "allow": ["read"]},
        {"match": "shared", "for": ["writer"], "allow": ["read", "create"]},
    ],
    "tables": [
        {"match": "public.secret", "for": ["support-*"], "allow": []},
        {
            "match": "public.customers",
            "allow": ["read", "update"],
            "hide": ["ssn", "_*"],
            "mask": {"email": "email"},
            "rows": {"tenant_id": {"eq": "$tenant"}},
            "max_rows": 5,
        },
        {"match": "public.*", "for": ["analyst-?"], "allow": ["read"]},
        {"match": "reports.*", "allow": ["read", "delete"]},
        {"match": "pg_catalog.pg_class", "for": ["dba"], "allow": ["read"]},
        {"match": "*", "for": ["dba"], "allow": ["read", "create", "update", "delete"]},
    ],
    "functions": [
        {"match": "public.price_of", "allow": ["execute"]},
        {"match": "public.*", "for": ["analyst-*"], "allow": []},
    ],
    "principals": [
        {
            "match": "support-*",
            "access": "read",
            "role": "support_ro",
            "settings": {"app.tenant": "$tenant", "app.user": "$principal"},
            "attributes": {"tenant": 7},
        }
    ],
}
POLICY = parse_policy(RULES)


def view(principal: str, **more: Any) -> View:
    """A caller's view."""
    return View(policy=POLICY, principal=principal, **more)


@cases(
    "principal, relation, actions, rule",
    [
        pytest.param("x", "public.customers", {"read", "update"}, "policy.tables[1]", id="for everyone"),
        pytest.param("x", "public.orders", set(), "policy.default", id="the default"),
        pytest.param("support-1", "public.secret", set(), "policy.tables[0]", id="hidden from some"),
        pytest.param("analyst-1", "public.secret", {"read"}, "policy.tables[2]", id="a rule for others is passed over"),
        pytest.param("analyst-10", "public.orders", set(), "policy.default", id="one character for a question mark"),
        pytest.param("dba", "internal_x.t", set(), "policy.schemas[0]", id="a hidden schema"),
        pytest.param("x", "reports.daily", {"read"}, "policy.tables[3]", id="a schema's rule is a ceiling"),
        pytest.param("dba", "pg_catalog.pg_class", {"read"}, "policy.tables[4]", id="a system's table by name"),
        pytest.param("dba", "pg_catalog.pg_stats", set(), "policy.default", id="no star means the system's tables"),
        pytest.param("writer", "shared.t", {"read", "create"}, "policy.schemas[2]", id="a schema's rule alone"),
        pytest.param("dba", "any.thing", set(Action), "policy.tables[5]", id="a star"),
    ],
)
def test_the_first_rule_that_matches_decides(principal: str, relation: str, actions: set[str], rule: str) -> None:
    """Actions, and the place of the rule."""
    schema, _, name = relation.partition(".")
    sight = view(principal).relation(schema, name)
    assert (set(sight.actions), sight.rule, sight.known) == (actions, rule, bool(actions))


def test_columns_rows_and_limits_come_from_the_tables_rule() -> None:
    """Patterns of columns too; attributes are put in."""
    sight = view("support-1").relation("public", "customers")
    columns = ("id", "ssn", "_row", "email")
    assert [sight.hides(each) for each in columns] == [False, True, True, False]
    assert [sight.mask(each) for each in columns] == [None, None, None, Mask.EMAIL]
    assert (sight.rows, sight.missing, sight.max_rows, sight.is_whole) == ({"tenant_id": {"eq": 7}}, None, 5, False)


def test_an_attribute_that_is_missing_is_said_so() -> None:
    """No row may be seen then; the attributes of a call stand in where the policy has none."""
    assert view("x").relation("public", "customers").missing == "tenant"
    assert view("x", attributes={"tenant": 9}).relation("public", "customers").rows == {"tenant_id": {"eq": 9}}
    assert view("support-1", attributes={"tenant": 9}).relation("public", "customers").rows == {"tenant_id": {"eq": 7}}


def test_a_principal_has_a_ceiling_and_a_standing() -> None:
    """The lower of both ceilings; settings with attributes put in."""
    support = view("support-1", ceiling=Access.ADMIN)
    assert support.access is Access.READ
    assert support.standing == Standing(role="support_ro", settings=(("app.tenant", "7"), ("app.user", "support-1")))
    assert (view("x").access, bool(view("x").standing)) == (None, False)


def test_a_setting_without_its_attribute_is_missing() -> None:
    """Nothing runs under half of its settings."""
    policy = parse_policy({"principals": [{"match": "x", "settings": {"app.t": "$tenant"}}]})
    with pytest.raises(Missing):
        _ = View(policy=policy, principal="x").standing


def test_functions_are_allowed_refused_or_not_spoken_of() -> None:
    """What no rule speaks of is for the guard to say."""
    assert view("analyst-1").may_execute("public", "price_of") is True
    assert view("analyst-1").may_execute("public", "other") is False
    assert view("x").may_execute("public", "other") is None
    assert view("x").may_execute("internal", "f") is False
    assert view("x").may_execute("pg_catalog", "now") is None


@cases(
    "relation, columns, code",
    [
        pytest.param("public.customers", ("id",), "rows_filtered", id="a row filter"),
        pytest.param("public.orders", ("id",), "unknown_table", id="an unknown table"),
        pytest.param("reports.daily", ("id",), None, id="whole"),
        pytest.param("reports.daily", None, None, id="a whole row"),
        pytest.param("masked.t", ("id",), None, id="a column that is whole"),
        pytest.param("masked.t", ("id", "email"), "column_masked", id="a masked column"),
        pytest.param("masked.t", ("email", "ssn"), "unknown_column", id="a hidden column"),
        pytest.param("masked.t", None, "rows_filtered", id="the whole row of a table with masks"),
    ],
)
def test_a_statement_may_touch_what_is_whole(relation: str, columns: tuple[str, ...] | None, code: str | None) -> None:
    """What raw SQL reads has to be whole."""
    rules = [*RULES["tables"], {"match": "masked.t", "allow": ["read"], "hide": ["ssn"], "mask": {"email": "full"}}]
    policy = parse_policy({**RULES, "tables": rules})
    schema, _, name = relation.partition(".")
    refusal = View(policy=policy, principal="x").may_read_whole(schema, name, columns)
    assert (refusal.code.name if refusal else None) == code


def test_a_statement_may_write_where_the_action_is_allowed() -> None:
    """And where no filter or limit holds the caller to a part."""
    dba = view("dba")
    assert dba.may_write("any", "thing", Action.DELETE, None) is None
    refused = view("x").may_write("reports", "daily", Action.DELETE, None)
    assert refused is not None
    assert (refused.code.name, refused.hint, refused.rule) == (
        "action_refused",
        "What you may use on it: read_table.",
        "policy.tables[3]",
    )
    filtered = view("x").may_write("public", "customers", Action.UPDATE, ("name",))
    assert filtered is not None
    assert filtered.code.name == "rows_filtered"


def test_without_a_policy_everything_is_seen() -> None:
    """No rule, no ceiling, no digest."""
    sight = EVERYTHING_SEEN.relation("pg_catalog", "pg_class")
    assert (sight.actions, sight.rule) == (EVERY_ACTION, "no policy")
    assert EVERYTHING_SEEN.may_read_whole("a", "b", None) is None
    assert EVERYTHING_SEEN.may_write("a", "b", Action.READ, None) is None
    assert EVERYTHING_SEEN.may_execute("a", "b") is None
    assert EVERYTHING_SEEN.digest == ""


def test_the_digest_tells_views_apart() -> None:
    """By name, since rules may ask for it, and by attributes, ceiling and rules."""
    views = [view("x"), view("y"), view("x", attributes={"tenant": 9}), view("x", ceiling=Access.READ)]
    assert len({each.digest for each in views}) == len(views)
    assert view("x").digest == view("x").digest


def _part(name: str, *ancestors: str) -> Relation:
    above = tuple(Name("public", each) for each in ancestors)
    return Relation(name=Name("public", name), kind=RelationKind.TABLE, columns=(), ancestors=above)


def test_a_part_is_seen_under_its_parents_rule_too() -> None:
    """What either rule hides, masks, filters, limits or leaves out; a parent that no rule names changes nothing."""
    rules: Mapping[str, Any] = {
        "default": "allow",
        "tables": [
            {"match": "public.log", "allow": ["read", "create"], "hide": ["pin"], "rows": {"a": 1}, "max_rows": 9},
            {"match": "public.gone", "allow": []},
            {"match": "public.log_1", "allow": ["read", "delete"], "hide": ["x"], "rows": {"b": 2}, "max_rows": 5},
            {"match": "public.log_2", "allow": ["read"], "mask": {"mail": "null"}},
        ],
    }
    seen = View(policy=parse_policy(rules))
    one, two, three = seen.of(_part("log_1", "log")), seen.of(_part("log_2", "log")), seen.of(_part("log_3", "log"))
    assert (one.actions, one.max_rows) == (frozenset({Action.READ}), 5)
    assert one.rows == {"and": [{"b": 2}, {"a": 1}]}
    assert (one.hides("x"), one.hides("pin"), one.rule) == (True, True, "policy.tables[2]")
    assert (two.max_rows, two.mask("mail"), two.hides("pin")) == (9, Mask.NULL, True)
    assert two.rows == three.rows == {"a": 1}
    assert (three.actions, three.rule) == (frozenset({Action.READ, Action.CREATE}), "policy.tables[0]")
    assert not seen.of(_part("log_1", "other", "gone")).known
    assert seen.of(_part("log_2", "other")) == seen.relation("public", "log_2")
    assert EVERYTHING_SEEN.of(_part("log_1", "log")).actions == EVERY_ACTION
