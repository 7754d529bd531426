"""Verdicts on what statements use, with a policy and without."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.errors import NotFoundError, SecurityError, codes
from pgmcp.domain.guard.resolution import Resolution, Source, UsedFunction, UsedRelation, Volatility
from pgmcp.domain.guard.verdicts import ALLOWED, judge
from pgmcp.domain.plans import Effect
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View
from pgmcp.domain.relations import Name
from tests.fixtures.walked import cases

RULES: dict[str, Any] = {
    "default": "allow",
    "schemas": [{"match": "private", "allow": []}],
    "tables": [
        {"match": "public.person", "allow": ["read", "update"], "hide": ["pin"], "mask": {"email": "email"}},
        {"match": "public.event", "allow": ["read", "create"], "rows": {"tenant": {"eq": 1}}},
        {"match": "public.vault", "allow": []},
        {"match": "public.log", "allow": ["read", "create"]},
        {"match": "public.wide_*", "allow": ["read"]},
        {"match": "pg_catalog.pg_type", "allow": ["read"]},
    ],
    "functions": [{"match": "public.price", "allow": ["execute"]}],
}
RULED = View(policy=parse_policy(RULES))
WRITES = frozenset({Effect.CREATE})


def relation(name: str, *columns: str, schema: str = "public", **facts: Any) -> UsedRelation:
    """A relation that is read, unless the facts say otherwise."""
    known: dict[str, Any] = {"kind": "r", "reads": not facts.get("named") and not facts.get("writes")} | facts
    return UsedRelation(oid=1, name=Name(schema, name), columns=frozenset(columns), **known)


def function(name: str, volatility: str = "stable", *, of: str = "user", **facts: Any) -> UsedFunction:
    """A function of the database's own, of PostgreSQL's (`builtin`) or of an extension's."""
    builtin = of == "builtin"
    return UsedFunction(
        oid=1,
        name=Name("pg_catalog" if builtin else "public", name),
        volatility=Volatility(volatility),
        language=facts.pop("language", "c"),
        builtin=builtin,
        extension=None if of in {"user", "builtin"} else of,
        **facts,
    )


@pytest.mark.parametrize(
    "used",
    [
        pytest.param(relation("receipts", "answer", schema="pgmcp"), id="read"),
        pytest.param(relation("receipts", "key", schema="pgmcp", writes=WRITES), id="forged"),
        pytest.param(relation("receipts", schema="pgmcp", named=True), id="named"),
    ],
)
def test_receipts_are_nobodys(used: UsedRelation) -> None:
    """What pgmcp keeps in the database is reached by no statement, with or without a policy."""
    verdicts = [judge(Resolution(relations=(used,)), view, read_only=False) for view in (EVERYTHING_SEEN, RULED)]
    assert [each.refusal and each.refusal.code for each in verdicts] == [codes.UNKNOWN_TABLE] * 2


@cases(
    "used, code",
    [
        pytest.param(relation("other", "a", whole=True), None, id="what no rule narrows"),
        pytest.param(relation("person", "id", "name"), None, id="columns that are shown"),
        pytest.param(relation("person"), None, id="counting"),
        pytest.param(relation("person", "id", "pin"), codes.UNKNOWN_COLUMN, id="a hidden column"),
        pytest.param(relation("person", "email"), codes.COLUMN_MASKED, id="a masked column"),
        pytest.param(relation("person", "id", whole=True), codes.ROWS_FILTERED, id="the whole row"),
        pytest.param(relation("event"), codes.ROWS_FILTERED, id="filtered rows"),
        pytest.param(relation("vault"), codes.UNKNOWN_TABLE, id="what is not there"),
        pytest.param(relation("vault", named=True), codes.UNKNOWN_TABLE, id="naming what is not there"),
        pytest.param(relation("person", named=True), codes.ROWS_FILTERED, id="naming what has hidden columns"),
        pytest.param(relation("event", named=True), None, id="naming what is there"),
        pytest.param(
            relation("event_1", "id", ancestors=(Name("public", "event"),)), codes.ROWS_FILTERED, id="a part of it"
        ),
        pytest.param(
            relation("person_1", "pin", ancestors=(Name("public", "person"),)),
            codes.UNKNOWN_COLUMN,
            id="a part's hidden column",
        ),
        pytest.param(
            relation("person_1", "email", ancestors=(Name("public", "person"),)),
            codes.COLUMN_MASKED,
            id="a part's masked column",
        ),
        pytest.param(
            relation("person_1", whole=True, ancestors=(Name("public", "person"),)),
            codes.ROWS_FILTERED,
            id="a part's whole row",
        ),
        pytest.param(
            relation("person_1", "id", ancestors=(Name("public", "person"),)), None, id="a part's other column"
        ),
        pytest.param(
            relation("vault_1", ancestors=(Name("public", "vault"),)),
            codes.UNKNOWN_TABLE,
            id="a part of what is not there",
        ),
        pytest.param(
            relation("all", "id", descendants=(Name("public", "vault"),)),
            codes.UNKNOWN_TABLE,
            id="what has it as a part",
        ),
        pytest.param(
            relation("stored", "a", kind="m", sources=(Source(Name("public", "vault"), frozenset()),)),
            codes.UNKNOWN_TABLE,
            id="a view that was filled from what is not there",
        ),
        pytest.param(
            relation("stored", "a", kind="m", sources=(Source(Name("public", "person"), frozenset({"pin"})),)),
            codes.UNKNOWN_COLUMN,
            id="a view that was filled from a hidden column",
        ),
        pytest.param(
            relation("stored", "a", kind="m", sources=(Source(Name("public", "person"), frozenset({"id"})),)),
            None,
            id="a view that was filled from other columns",
        ),
        pytest.param(
            relation("log", "a", kind="m", sources=(Source(Name("public", "vault"), frozenset()),)),
            None,
            id="a filled view that a rule allows",
        ),
        pytest.param(
            relation("wide_1", "a", kind="m", sources=(Source(Name("public", "vault"), frozenset()),)),
            codes.UNKNOWN_TABLE,
            id="a filled view that a rule means among others",
        ),
        pytest.param(relation("pg_class", schema="pg_catalog"), codes.UNKNOWN_TABLE, id="a catalogue"),
        pytest.param(relation("pg_type", schema="pg_catalog"), None, id="a catalogue that a rule allows"),
        pytest.param(
            relation("tables", schema="information_schema", kind="v"), codes.UNKNOWN_TABLE, id="information_schema"
        ),
        pytest.param(relation("pair", kind="c", named=True), None, id="a type of nobody's rows"),
        pytest.param(relation("log_seq", kind="S"), codes.UNKNOWN_TABLE, id="a sequence that is read"),
        pytest.param(relation("log_seq", kind="S", named=True), codes.UNKNOWN_TABLE, id="a sequence that is named"),
    ],
)
def test_relations_under_a_policy(used: UsedRelation, code: codes.Code | None) -> None:
    """What a reader could read whole passes; without a policy all does."""
    verdict = judge(Resolution(relations=(used,)), RULED, read_only=True)
    assert (verdict.refusal.code if verdict.refusal else None) is code
    assert judge(Resolution(relations=(used,)), EVERYTHING_SEEN, read_only=True).allowed


@cases(
    "used, code",
    [
        pytest.param(relation("log", writes=WRITES, sets=frozenset({"a"})), None, id="what a rule allows"),
        pytest.param(relation("log", writes=frozenset({Effect.DELETE})), codes.ACTION_REFUSED, id="what it doesn't"),
        pytest.param(relation("event", writes=WRITES), codes.ROWS_FILTERED, id="filtered rows"),
        pytest.param(relation("vault", writes=WRITES), codes.UNKNOWN_TABLE, id="what is not there"),
        pytest.param(
            relation("person", writes=frozenset({Effect.UPDATE}), sets=frozenset({"pin"})),
            codes.UNKNOWN_COLUMN,
            id="a hidden column",
        ),
        pytest.param(
            relation(
                "person_1",
                writes=frozenset({Effect.UPDATE}),
                sets=frozenset({"pin"}),
                ancestors=(Name("public", "person"),),
            ),
            codes.UNKNOWN_COLUMN,
            id="a part's hidden column",
        ),
        pytest.param(
            relation("anything", writes=frozenset({Effect.DELETE}), ancestors=(Name("public", "log"),)),
            codes.ACTION_REFUSED,
            id="a part of what may not be removed from",
        ),
        pytest.param(
            relation("log_seq", kind="S", writes=frozenset({Effect.UPDATE})), None, id="an identity's sequence"
        ),
    ],
)
def test_writes_under_a_policy(used: UsedRelation, code: codes.Code | None) -> None:
    """What the policy lets be written to, as the statement writes to it."""
    resolution = Resolution(relations=(used,), effects=used.writes)
    verdict = judge(resolution, RULED, read_only=False)
    assert (verdict.refusal.code if verdict.refusal else None) is code
    assert judge(resolution, EVERYTHING_SEEN, read_only=False).allowed


@pytest.mark.parametrize(
    "resolution",
    [
        pytest.param(Resolution(effects=frozenset({Effect.READ, Effect.DELETE})), id="a CTE that writes"),
        pytest.param(Resolution(relations=(relation("t", writes=frozenset({Effect.UPDATE})),)), id="locked rows"),
    ],
)
def test_a_read_only_statement_changes_nothing(resolution: Resolution) -> None:
    """With and without a policy."""
    for view in (EVERYTHING_SEEN, RULED):
        refusal = judge(resolution, view, read_only=True).refusal
        assert refusal is not None
        assert (refusal.code, refusal.rule) == (codes.WRITE_REFUSED, "read_only")


# Whether it may be called: reading without a policy, reading under one, writing without one, writing under one.
@cases(
    "used, verdicts",
    [
        pytest.param(function("lower", "immutable", of="builtin"), "yyyy", id="plain"),
        pytest.param(function("now", of="builtin"), "yyyy", id="stable"),
        pytest.param(function("random", "volatile", of="builtin"), "yyyy", id="random"),
        pytest.param(function("pg_sleep", "volatile", of="builtin"), "yyyy", id="time"),
        pytest.param(function("set_config", "volatile", of="builtin"), "nnnn", id="session"),
        pytest.param(function("pg_read_file", "volatile", of="builtin"), "nnnn", id="files"),
        pytest.param(function("query_to_xml", "volatile", of="builtin"), "nnnn", id="SQL as text"),
        pytest.param(function("table_to_xml", of="builtin"), "nnnn", id="a table by its name"),
        pytest.param(function("pg_input_is_valid", of="builtin"), "nnnn", id="a type by its name"),
        pytest.param(function("pg_hba_file_rules", "volatile", of="builtin"), "nnnn", id="files behind a view"),
        pytest.param(function("pg_future_thing", "volatile", of="builtin"), "nnnn", id="volatile and unknown"),
        pytest.param(function("ts_rewrite", "volatile", of="builtin"), "nnnn", id="a rewriting by SQL"),
        pytest.param(function("ts_rewrite", "immutable", of="builtin"), "yyyy", id="a rewriting"),
        pytest.param(function("nextval", "volatile", of="builtin"), "nnyy", id="a sequence"),
        pytest.param(function("currval", "volatile", of="builtin"), "ynyy", id="what a sequence gave"),
        pytest.param(function("setval", "volatile", of="builtin"), "nnyn", id="a sequence set back"),
        pytest.param(function("current_setting", of="builtin"), "ynyn", id="settings"),
        pytest.param(function("pg_get_viewdef", of="builtin"), "ynyn", id="definitions"),
        pytest.param(function("current_schemas", of="builtin"), "ynyn", id="the search path"),
        pytest.param(function("_pg_index_position", of="builtin"), "ynyn", id="an index by its id"),
        pytest.param(function("satisfies_hash_partition", "immutable", of="builtin"), "nnnn", id="a table by its id"),
        pytest.param(function("fmgr_sql_validator", of="builtin"), "nnnn", id="inner workings"),
        pytest.param(function("lo_get", "volatile", of="builtin"), "nnnn", id="large objects"),
        pytest.param(function("lo_price", "immutable"), "ynyn", id="a user's that is called like one"),
        pytest.param(function("pg_table_size", "volatile", of="builtin"), "ynyn", id="sizes"),
        pytest.param(function("has_table_privilege", of="builtin"), "ynyn", id="privileges"),
        pytest.param(function("pg_size_pretty", "immutable", of="builtin"), "yyyy", id="what tells of its argument"),
        pytest.param(function("pg_typeof", of="builtin"), "yyyy", id="types"),
        pytest.param(function("similarity", "immutable", of="pg_trgm"), "yyyy", id="an extension's"),
        pytest.param(function("unaccent", of="unaccent"), "yyyy", id="an extension's, in C"),
        pytest.param(function("report", of="acme", language="plpgsql"), "ynyn", id="an extension's, opaque"),
        pytest.param(function("crosstab", of="tablefunc"), "nnnn", id="an extension's SQL as text"),
        pytest.param(function("dblink", "volatile", of="dblink"), "nnnn", id="an extension's connection"),
        pytest.param(function("uuid_generate_v4", "volatile", of="uuid-ossp"), "yyyy", id="an extension's, random"),
        pytest.param(
            function("pg_stat_statements", "volatile", of="pg_stat_statements"), "ynyn", id="an extension's view"
        ),
        pytest.param(function("st_estimatedextent", of="postgis"), "nnnn", id="an extension's, a table by its name"),
        pytest.param(function("poke", "volatile", of="acme"), "nnyn", id="an extension's, volatile"),
        pytest.param(function("tax", "immutable"), "ynyn", id="a user's"),
        pytest.param(function("tax", "stable", security_definer=True), "ynyn", id="a user's, with its owner's rights"),
        pytest.param(function("touch", "volatile"), "nnyn", id="a user's, volatile"),
        pytest.param(function("price", "volatile"), "nyyy", id="a user's that the policy allows"),
    ],
)
def test_functions(used: UsedFunction, verdicts: str) -> None:
    """Each kind of function in each of the four circumstances."""
    found = "".join(
        "y" if judge(Resolution(functions=(used,)), view, read_only=read_only).allowed else "n"
        for read_only in (True, False)
        for view in (EVERYTHING_SEEN, RULED)
    )
    assert found == verdicts


def test_what_a_table_brings_along_is_its_own() -> None:
    """A default's or a check's function runs in every write; one in a view is reached because the caller reads it."""
    insert = relation("log", writes=WRITES, sets=frozenset({"a"}))
    view = relation("shown", kind="v")
    default = function("touch", "volatile")
    assert judge(Resolution(relations=(insert,), functions=(default,), effects=WRITES), RULED, read_only=False).allowed
    for resolution in (
        Resolution(relations=(insert, view), functions=(default,), effects=WRITES | {Effect.READ}),
        Resolution(relations=(view,), functions=(default,)),
        Resolution(relations=(insert,), functions=(function("touch", "volatile", position=9),), effects=WRITES),
    ):
        assert not judge(resolution, RULED, read_only=False).allowed


@pytest.mark.parametrize(
    "name, named, allowed",
    [
        pytest.param("log_id_seq", True, True, id="that the policy lets change"),
        pytest.param("vault", True, False, id="that it hides"),
        pytest.param("person", True, True, id="that it lets update"),
        pytest.param("vault", False, True, id="of a default or an identity"),
    ],
)
def test_a_sequence_is_counted(name: str, named: bool, allowed: bool) -> None:
    """One that a statement names is as much under the policy as a table."""
    insert, sequence = relation("log", writes=WRITES), relation(name, kind="S", named=named, reads=False)
    resolution = Resolution(relations=(insert, sequence), effects=WRITES)
    assert judge(resolution, RULED, read_only=False).allowed is allowed


def test_ids_are_not_turned_into_names_under_a_policy() -> None:
    """They would tell what there is; without a policy everyone may know."""
    resolution = Resolution(names_ids=True)
    assert not judge(resolution, RULED, read_only=True).allowed
    assert judge(resolution, EVERYTHING_SEEN, read_only=True).allowed


@cases(
    "resolution, veiled",
    [
        pytest.param(Resolution(relations=(relation("other", "a"),)), False, id="nothing hidden"),
        pytest.param(Resolution(relations=(relation("other", "a"),), shielded=True), True, id="row security"),
        pytest.param(
            Resolution(relations=(relation("other", "a", descendants=(Name("private", "kept"),)),)),
            True,
            id="a part of a hidden schema",
        ),
        pytest.param(
            Resolution(relations=(relation("other", "a", descendants=(Name("public", "log"),)),)),
            False,
            id="a part that may be known",
        ),
        pytest.param(
            Resolution(relations=(relation("person", "id", indexes=("person_pin_idx",)),)), True, id="an index"
        ),
        pytest.param(
            Resolution(relations=(relation("person", "id", indexes=("person_pkey",)),)), False, id="another index"
        ),
        pytest.param(
            Resolution(relations=(relation("log", writes=WRITES, keys=(Name("private", "kept"),)),), effects=WRITES),
            True,
            id="a key of a table that is written",
        ),
        pytest.param(
            Resolution(relations=(relation("log", "a", keys=(Name("private", "kept"),)),)),
            False,
            id="of one that is read",
        ),
        pytest.param(Resolution(functions=(function("told", "stable", language="sql"),)), True, id="a body"),
        pytest.param(Resolution(functions=(function("told", "stable", language="plpgsql"),)), False, id="no body"),
    ],
)
def test_what_a_plan_would_tell(resolution: Resolution, veiled: bool) -> None:
    """Under a policy; without one there is nothing that it could tell too much of."""
    assert judge(resolution, RULED, read_only=True).veiled is veiled
    assert judge(resolution, EVERYTHING_SEEN, read_only=True).veiled is False


@cases(
    "resolution, allowed",
    [
        pytest.param(Resolution(types=(Name("private", "mood"),)), False, id="a type of a hidden schema"),
        pytest.param(Resolution(types=(Name("public", "mood"),)), True, id="another type"),
        pytest.param(
            Resolution(names_tables=True, relations=(relation("other", "a"),)), True, id="the name of its table"
        ),
        pytest.param(
            Resolution(names_tables=True, relations=(relation("other", "a", descendants=(Name("private", "kept"),)),)),
            False,
            id="the name of a hidden part",
        ),
    ],
)
def test_what_a_hidden_schema_has_is_not_named(resolution: Resolution, allowed: bool) -> None:
    """Types and tables alike; without a policy all may be named."""
    assert judge(resolution, RULED, read_only=True).allowed is allowed
    assert judge(resolution, EVERYTHING_SEEN, read_only=True).allowed


def test_a_verdict_is_an_error_with_its_place() -> None:
    """What is not there is not found; all else is refused; both point into the statement."""
    hidden = judge(Resolution(relations=(relation("vault"),)), RULED, read_only=True).error()
    called = judge(
        Resolution(functions=(function("set_config", "volatile", of="builtin", position=8),)), RULED, read_only=True
    ).error()
    assert isinstance(hidden, NotFoundError)
    assert isinstance(called, SecurityError)
    assert (hidden.path, called.path, called.position) == ("query", "query", 8)
    with pytest.raises(ValueError, match="nothing was refused"):
        ALLOWED.error()
