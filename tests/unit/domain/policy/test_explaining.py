"""Decisions in words, and policies held against a catalogue."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.policy.checking import judge_policy
from pgmcp.domain.policy.explaining import explain
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.rules import OPEN
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import INT4, TEXT

POLICY = parse_policy(
    {
        "schemas": [{"match": "internal", "allow": []}],
        "tables": [
            {
                "match": "public.customers",
                "allow": ["read"],
                "hide": ["ssn"],
                "mask": {"email": "email"},
                "rows": {"tenant": {"eq": "$tenant"}},
                "max_rows": 5,
            }
        ],
        "functions": [{"match": "public.f", "allow": ["execute"]}],
        "principals": [
            {"match": "ana", "access": "read", "role": "r", "settings": {"a.b": "1"}, "attributes": {"tenant": 7}},
            {"match": "lost", "settings": {"a.b": "$nothing"}},
        ],
    }
)


@pytest.mark.parametrize(
    "principal, about, action, lines",
    [
        pytest.param(
            "ana",
            "public.customers",
            "read",
            [
                "ana read public.customers: allowed",
                "  by policy.tables[0]",
                "  actions: read",
                "  hidden columns: ssn",
                "  masked columns: email (email)",
                '  rows: {"tenant":{"eq":7}}',
                "  rows at once: 5",
                "  caller by policy.principals[0]",
                "  access: read at the most",
                "  role: r",
                "  sets a.b",
            ],
            id="all that a rule says",
        ),
        pytest.param(
            "bo",
            "public.customers",
            "delete",
            [
                "bo delete public.customers: refused",
                "  by policy.tables[0]",
                "  actions: read",
                "  hidden columns: ssn",
                "  masked columns: email (email)",
                "  rows: none, as the caller has no attribute 'tenant'",
                "  rows at once: 5",
            ],
            id="refused",
        ),
        pytest.param(
            "bo", "internal.x", "read", ["bo read internal.x: not there", "  by policy.schemas[0]"], id="a schema"
        ),
        pytest.param("bo", "a.b", "read", ["bo read a.b: not there", "  by policy.default"], id="the default"),
        pytest.param("bo", "public.f", "execute", ["bo execute public.f: allowed"], id="a function"),
        pytest.param(
            "lost",
            "public.g",
            "execute",
            [
                "lost execute public.g: no rule speaks of it: the guard decides",
                "  caller by policy.principals[1]",
                "  refused altogether: a setting asks for the attribute 'nothing'",
            ],
            id="a function that no rule names",
        ),
    ],
)
def test_a_decision_is_explained(principal: str, about: str, action: str, lines: list[str]) -> None:
    """What is allowed, by which rule, and what else holds."""
    assert list(explain(View(policy=POLICY, principal=principal), about, action)) == lines


def test_what_can_not_be_explained() -> None:
    """Another word, or a name without its schema."""
    view = View(policy=POLICY)
    for about, action in (("public.t", "raed"), ("t", "read")):
        with pytest.raises(ValidationError):
            list(explain(view, about, action))


CUSTOMERS = Relation(
    name=Name("public", "customers"),
    kind=RelationKind.TABLE,
    columns=(Column(name="id", type=INT4), Column(name="email", type=TEXT)),
    hidden=(Column(name="tenant", type=INT4),),
)
RELATIONS = {CUSTOMERS.name: CUSTOMERS}
NOON = Moment(datetime(2024, 3, 13, 12, 30, tzinfo=UTC))


def test_rules_that_mean_nothing_are_warned_of() -> None:
    """Schemas, tables, columns, filters that don't fit and attributes that are not given."""
    policy = parse_policy(
        {
            "schemas": [{"match": "nowhere"}, {"match": "public"}, {"match": "pg_catalog", "allow": []}],
            "tables": [
                {"match": "public.custmers", "allow": ["read"]},
                {"match": "pg_catalog.pg_class", "allow": ["read"]},
                {
                    "match": "public.*",
                    "allow": ["read"],
                    "hide": ["tenant", "ssn"],
                    "mask": {"email": "full", "mail": "full"},
                    "rows": {"tennant": "$tenant"},
                },
                {"match": "public.customers", "allow": ["read"], "rows": {"id": "$other"}},
            ],
            "principals": [{"match": "ana", "attributes": {"tenant": 7}}],
        }
    )
    assert [(each.about, str(each.level), each.text) for each in judge_policy(policy, RELATIONS, NOON)] == [
        ("policy", "warn", "policy.schemas[0]: no schema with tables matches 'nowhere'"),
        ("policy", "warn", "policy.tables[0]: no table or view matches 'public.custmers'"),
        ("policy", "warn", "policy.tables[2].hide: no column matches 'ssn'"),
        ("policy", "warn", "policy.tables[2].mask: no column matches 'mail'"),
        (
            "policy",
            "warn",
            "policy.tables[2].rows.tennant: 'customers' has no column 'tennant'; no row of public.customers is shown",
        ),
        ("policy", "warn", "policy.principals[0].attributes: they lack what policy.tables[3].rows asks for"),
    ]


def test_a_policy_that_fits_has_one_line() -> None:
    """How many rules, and what holds otherwise; none without a policy."""
    policy = parse_policy({"tables": [{"match": "public.customers", "allow": ["read"], "rows": {"id": 1}}]})
    assert [each.text for each in judge_policy(policy, RELATIONS, NOON)] == ["1 rules; what none names is not there"]
    assert list(judge_policy(OPEN, RELATIONS, NOON)) == []
