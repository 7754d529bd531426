"""The policy as it is written, and every mistake in it with its place."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from pgmcp.domain.access import Access
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.patterns import Pattern, QualifiedPattern
from pgmcp.domain.policy.rules import (
    Action,
    Default,
    FunctionRule,
    Policy,
    PrincipalRule,
    SchemaRule,
    TableRule,
)
from tests.fixtures.walked import cases

WRITTEN = """
default = "deny"
[[schemas]]
match = "internal*"
allow = []
[[tables]]
match = "public.customers"
allow = ["read", "update"]
hide = ["ssn"]
mask = { email = "email", phone = "last4" }
rows = { tenant_id = { eq = "$tenant" } }
max_rows = 500
[[functions]]
match = "public.price_of"
allow = ["execute"]
[[tables]]
match = "public.*"
for = ["analyst-*"]
allow = ["read"]
[[principals]]
match = "support-*"
access = "read"
settings = { "app.tenant" = "$tenant" }
role = "support_ro"
attributes = { tenant = 7 }
"""


def test_a_policy_is_read_as_it_stands() -> None:
    """Every key of every rule, with the place of each."""
    assert parse_policy(tomllib.loads(WRITTEN)) == Policy(
        default=Default.DENY,
        schemas=(SchemaRule(at="policy.schemas[0]", match=Pattern("internal*"), allow=frozenset()),),
        tables=(
            TableRule(
                at="policy.tables[0]",
                match=QualifiedPattern(Pattern("public"), Pattern("customers")),
                allow=frozenset({Action.READ, Action.UPDATE}),
                hide=(Pattern("ssn"),),
                mask=((Pattern("email"), Mask.EMAIL), (Pattern("phone"), Mask.LAST4)),
                rows={"tenant_id": {"eq": "$tenant"}},
                max_rows=500,
            ),
            TableRule(
                at="policy.tables[1]",
                callers=(Pattern("analyst-*"),),
                match=QualifiedPattern(Pattern("public"), Pattern("*")),
                allow=frozenset({Action.READ}),
            ),
        ),
        functions=(
            FunctionRule(
                at="policy.functions[0]", match=QualifiedPattern(Pattern("public"), Pattern("price_of")), execute=True
            ),
        ),
        principals=(
            PrincipalRule(
                at="policy.principals[0]",
                match=Pattern("support-*"),
                access=Access.READ,
                role="support_ro",
                settings={"app.tenant": "$tenant"},
                attributes={"tenant": 7},
            ),
        ),
    )


def rule(**keys: Any) -> dict[str, Any]:
    """A policy of one table's rule."""
    return {"tables": [{"match": "public.t", "allow": ["read"], **keys}]}


@cases(
    "written, path, hint",
    [
        pytest.param({"defualt": "deny"}, "policy.defualt", "Did you mean 'default'?", id="unknown key"),
        pytest.param({"default": "no"}, "policy.default", "It takes allow, deny.", id="unknown default"),
        pytest.param({"tables": {}}, "policy.tables", "It takes a list of tables: [[policy.tables]].", id="no list"),
        pytest.param({"tables": ["t"]}, "policy.tables[0]", "It takes a table.", id="no table"),
        pytest.param(
            {"tables": [{"allow": []}]}, "policy.tables[0].match", "It says what the rule is about.", id="no match"
        ),
        pytest.param(
            {"tables": [{"match": "public.t"}]},
            "policy.tables[0].allow",
            'Write allow = ["read"], or [] to hide the table.',
            id="no allow",
        ),
        pytest.param(rule(hyde=["a"]), "policy.tables[0].hyde", "Did you mean 'hide'?", id="unknown key of a rule"),
        pytest.param(rule(allow=["raed"]), "policy.tables[0].allow[0]", "Did you mean 'read'?", id="unknown action"),
        pytest.param(
            rule(mask={"email": "emial"}), "policy.tables[0].mask.email", "Did you mean 'email'?", id="unknown mask"
        ),
        pytest.param(
            rule(match="customers"),
            "policy.tables[0].match",
            'Write "public.customers", "public.*", or "*" for everything.',
            id="no schema",
        ),
        pytest.param(
            rule(max_rows=0), "policy.tables[0].max_rows", "It takes a whole number from 1.", id="no number of rows"
        ),
        pytest.param(
            rule(rows={}),
            "policy.tables[0].rows",
            'Write rows = { tenant_id = { eq = "$tenant" } }.',
            id="an empty filter",
        ),
        pytest.param(
            {"principals": [{"match": "a", "role": "none"}]},
            "policy.principals[0].role",
            "It takes the name of one of PostgreSQL's roles.",
            id="no role",
        ),
        pytest.param(
            rule(**{"for": []}), "policy.tables[0].for", "Leave it out where the rule is for everyone.", id="for nobody"
        ),
    ],
)
def test_a_mistake_is_named_by_its_place(written: dict[str, Any], path: str, hint: str) -> None:
    """The path, and what would be right."""
    with pytest.raises(ValidationError) as raised:
        parse_policy(written)
    assert (raised.value.code.name, raised.value.path, raised.value.hint) == ("policy_invalid", path, hint)


def test_where_everything_is_allowed_a_rule_may_only_hide() -> None:
    """Without `allow` a rule keeps every action, as long as the default is to allow."""
    policy = parse_policy({"default": "allow", "tables": [{"match": "public.t", "hide": ["a"]}]})
    assert policy.tables[0].allow == frozenset(Action)
