"""Decisions in words, and policies held against a catalogue."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.policy.checking import judge_policy
from pgmcp.domain.policy.explaining import explain
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.reaching import judge_surroundings
from pgmcp.domain.policy.rules import OPEN
from pgmcp.domain.policy.surroundings import PolicySurroundings, RoleFacts
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import INT4, TEXT
from tests.fixtures.walked import cases

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
            },
            {"match": "public.open", "allow": ["read", "update"]},
        ],
        "functions": [{"match": "public.f", "allow": ["execute"]}],
        "principals": [
            {"match": "ana", "access": "read", "role": "r", "settings": {"a.b": "1"}, "attributes": {"tenant": 7}},
            {"match": "lost", "settings": {"a.b": "$nothing"}},
        ],
    }
)


NOBODY = "  no rule of policy.principals names the caller"
NOT_TAKEN = "may not be taken on, so nothing of theirs would run; GRANT it to our role"
GRANTS = "  PostgreSQL's own grants hold beside this"


@cases(
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
                GRANTS,
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
                NOBODY,
                GRANTS,
            ],
            id="refused",
        ),
        pytest.param(
            "bo",
            "internal.x",
            "read",
            ["bo read internal.x: not there", "  by policy.schemas[0]", NOBODY, GRANTS],
            id="a schema",
        ),
        pytest.param(
            "ana",
            "public.customers",
            "update",
            [
                "ana update public.customers: refused",
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
                GRANTS,
            ],
            id="not by the rule",
        ),
        pytest.param(
            "ana",
            "public.open",
            "update",
            [
                "ana update public.open: refused, as the caller has access read",
                "  by policy.tables[1]",
                "  actions: read, update",
                "  caller by policy.principals[0]",
                "  access: read at the most",
                "  role: r",
                "  sets a.b",
                GRANTS,
            ],
            id="not by the caller's access",
        ),
        pytest.param(
            "los",
            "public.custmers",
            "read",
            [
                "los read public.custmers: not there",
                "  by policy.default, as no rule names it",
                "  did you mean 'public.customers' or 'public.open'?",
                f"{NOBODY}; did you mean 'lost'?",
                GRANTS,
            ],
            id="names that are mistyped",
        ),
        pytest.param(
            "bo",
            "a.b",
            "read",
            ["bo read a.b: not there", "  by policy.default, as no rule names it", NOBODY, GRANTS],
            id="the default",
        ),
        pytest.param(
            "bo",
            "public.f",
            "execute",
            ["bo execute public.f: allowed", "  by policy.functions[0]", NOBODY, GRANTS],
            id="a function",
        ),
        pytest.param(
            "lost",
            "public.g",
            "execute",
            [
                "lost execute public.g: no rule speaks of it: the guard decides",
                "  did you mean 'public.f'?",
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


@pytest.mark.parametrize(
    "principal, about, action, message, hint",
    [
        pytest.param("ana", "public.t", "raed", "there is no action 'raed'", "Did you mean 'read'?", id="mistyped"),
        pytest.param(
            "ana", "public.t", "SELECT", "there is no action 'SELECT'", "Did you mean 'read'?", id="SQL's word"
        ),
        pytest.param(
            "ana",
            "read",
            "public.t",
            "there is no action 'public.t'",
            "The action comes last: ana public.t read.",
            id="the action before the table",
        ),
        pytest.param("ana", "t", "read", "'t' has no schema", "Write public.t.", id="no schema"),
        pytest.param(
            "public.t", "ana", "read", "'ana' has no schema", "The caller comes first: ana public.t read.", id="turned"
        ),
    ],
)
def test_what_can_not_be_explained(principal: str, about: str, action: str, message: str, hint: str) -> None:
    """It is said how to ask."""
    with pytest.raises(ValidationError) as caught:
        list(explain(View(policy=POLICY, principal=principal), about, action))
    assert (caught.value.message, caught.value.hint) == (message, hint)


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


def test_what_a_policy_speaks_of_beside_relations() -> None:
    """Functions, roles and settings that are not there, or not to be had, are warned of; roles say what they may."""
    policy = parse_policy(
        {
            "functions": [{"match": "public.price_fo"}, {"match": "public.price_of"}, {"match": "pg_catalog.nothing"}],
            "principals": [
                {"match": "a", "role": "gone"},
                {"match": "b", "role": "distant"},
                {"match": "c", "role": "root"},
                {"match": "d", "role": "free"},
                {"match": "e", "role": "reader", "settings": {"app.tenant": "7", "TimeZone": "UTC"}},
                {"match": "f", "role": "nobody", "settings": {"serach_path": "a", "wal_level": "x", "log_min": "y"}},
            ],
        }
    )
    found = PolicySurroundings(
        functions=frozenset({Name("public", "price_of")}),
        roles={
            "distant": RoleFacts(taken=False),
            "root": RoleFacts(taken=True, superuser=True),
            "free": RoleFacts(taken=True, bypasses_row_security=True),
            "reader": RoleFacts(taken=True, readable=3, writable=1),
            "nobody": RoleFacts(taken=True),
        },
        settings={"search_path": True, "wal_level": False, "TimeZone": True},
    )
    assert [(str(each.level), each.text) for each in judge_surroundings(policy, found)] == [
        ("warn", "policy.functions[0]: no function matches 'public.price_fo' (did you mean 'public.price_of'?)"),
        ("warn", "policy.principals[0].role: there is no role 'gone', so nothing of theirs would run"),
        ("warn", f"policy.principals[1].role: 'distant' {NOT_TAKEN}"),
        ("warn", "policy.principals[2].role: 'root' is a superuser; a role with fewer rights is safer"),
        ("warn", "policy.principals[3].role: 'free' is past row security; a role with fewer rights is safer"),
        ("ok", "policy.principals[4].role: 'reader' may read 3 and change 1 relations"),
        ("warn", "policy.principals[5].role: 'nobody' may read 0 and change 0 relations"),
        ("warn", "policy.principals[5].settings: there is no setting 'serach_path' (did you mean 'search_path'?)"),
        ("warn", "policy.principals[5].settings: 'wal_level' may not be set by our role"),
        ("warn", "policy.principals[5].settings: there is no setting 'log_min'"),
    ]
