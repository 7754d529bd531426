"""What `pgmcp check` finds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.health import Finding, Level, ServerFacts, judge
from pgmcp.domain.settings import Access, Settings
from tests.fixtures.walked import cases

END = datetime(2027, 1, 31, tzinfo=UTC)
GOOD = ServerFacts(
    version="18.6",
    version_num=180006,
    tls="TLSv1.3",
    local=False,
    role="reader",
    superuser=False,
    bypasses_row_security=False,
    creates_roles=False,
    readable=5,
    writable=0,
    connections=10,
    max_connections=100,
    extensions=("hstore", "pg_trgm"),
    cipher="TLS_AES_256_GCM_SHA384",
    verified="verify-full",
)


def findings(settings: Settings | None = None, **facts: Any) -> dict[str, Finding]:
    """The findings by subject."""
    return {found.about: found for found in judge(evolve(GOOD, **facts), settings or Settings())}


def test_a_server_that_is_as_it_should_be() -> None:
    """A line a subject, all well."""
    assert list(judge(GOOD, Settings())) == [
        Finding("tls", Level.OK, "TLSv1.3 (TLS_AES_256_GCM_SHA384); the server's certificate and name are checked"),
        Finding("version", Level.OK, "PostgreSQL 18.6"),
        Finding("role", Level.OK, "reader"),
        Finding("privileges", Level.OK, "may read 5 and change 0 relations"),
        Finding("pool", Level.OK, "up to 10 connections; the server has 90 of 100 free"),
        Finding("extensions", Level.OK, "hstore, pg_trgm"),
        Finding("audit", Level.OK, "none kept by pgmcp; no pgaudit in the server"),
        Finding("guard", Level.OK, "raw SQL is judged by what it resolves to"),
    ]


@cases(
    "about, facts, level, text",
    [
        pytest.param(
            "search path",
            {"lost_schemas": ("nope", "We ird")},
            Level.WARN,
            "there is no such schema, or not for this role: nope, We ird",
            id="a search path that leads nowhere",
        ),
        pytest.param(
            "tls",
            {"bound": True},
            Level.OK,
            "TLSv1.3 (TLS_AES_256_GCM_SHA384), the password bound to it; the server's certificate and name are checked",
            id="bound to the channel",
        ),
        pytest.param(
            "tls",
            {"bound": False},
            Level.OK,
            "TLSv1.3 (TLS_AES_256_GCM_SHA384), the password not bound to it;"
            " the server's certificate and name are checked",
            id="not bound to the channel",
        ),
        pytest.param(
            "certificate",
            {"certificate_ends": END, "certificate_days": 40},
            Level.OK,
            "the server's holds until 2027-01-31",
            id="a certificate",
        ),
        pytest.param(
            "certificate",
            {"certificate_ends": END, "certificate_days": 13},
            Level.WARN,
            "the server's ends on 2027-01-31, in 13 days",
            id="a certificate that ends soon",
        ),
        pytest.param(
            "certificate",
            {"certificate_ends": END, "certificate_days": -1},
            Level.WARN,
            "the server's ended on 2027-01-31",
            id="a certificate that has ended",
        ),
        pytest.param(
            "tls",
            {"verified": "verify-ca", "client_certificate": True},
            Level.WARN,
            "TLSv1.3 (TLS_AES_256_GCM_SHA384), with a certificate of ours; the server's name isn't checked: "
            "sslmode=verify-full does",
            id="a name that nobody checks",
        ),
        pytest.param(
            "tls",
            {"verified": None, "cipher": None},
            Level.WARN,
            "TLSv1.3; the server could be anyone: sslmode=verify-full checks who it is",
            id="a server that nobody checks",
        ),
        pytest.param(
            "tls",
            {"tls": None, "local": True},
            Level.OK,
            "none; the connection doesn't leave this machine",
            id="no TLS, but here",
        ),
        pytest.param(
            "tls",
            {"tls": None},
            Level.WARN,
            "none: passwords and rows cross the network readable; add sslmode=verify-full",
            id="no TLS",
        ),
        pytest.param(
            "version",
            {"version": "14.9", "version_num": 149999},
            Level.FAIL,
            "PostgreSQL 14.9; 15 is the oldest that is served",
            id="too old",
        ),
        pytest.param(
            "version", {"version": "15.0", "version_num": 150000}, Level.OK, "PostgreSQL 15.0", id="the oldest"
        ),
        pytest.param(
            "role",
            {"superuser": True},
            Level.WARN,
            "reader is a superuser; a role with fewer rights is safer",
            id="a superuser",
        ),
        pytest.param(
            "role",
            {"superuser": True, "bypasses_row_security": True, "creates_roles": True},
            Level.WARN,
            "reader is a superuser, past row security, a maker of roles; a role with fewer rights is safer",
            id="everything at once",
        ),
        pytest.param(
            "privileges",
            {"readable": 0},
            Level.WARN,
            "may read 0 and change 0 relations; grant SELECT on what shall be read",
            id="nothing to read",
        ),
        pytest.param(
            "privileges",
            {"writable": 2},
            Level.WARN,
            "may read 5 and change 2 relations; with access read none needs to be changed",
            id="more than is needed",
        ),
        pytest.param(
            "privileges",
            {"writable": 2, "superuser": True},
            Level.OK,
            "may read 5 and change 2 relations",
            id="a superuser, who has been warned of",
        ),
        pytest.param(
            "pool",
            {"connections": 91},
            Level.WARN,
            "up to 10 connections; the server has 9 of 100 free",
            id="too few connections",
        ),
        pytest.param(
            "pool",
            {"connections": 90},
            Level.OK,
            "up to 10 connections; the server has 10 of 100 free",
            id="just enough connections",
        ),
        pytest.param("extensions", {"extensions": ()}, Level.OK, "none", id="no extensions"),
        pytest.param(
            "guard",
            {"quiet_log": False},
            Level.WARN,
            "the server's log gets a copy of each new statement's query tree; "
            "GRANT SET ON PARAMETER log_min_messages TO reader, or ALTER ROLE … SET it to fatal",
            id="a log that fills",
        ),
        pytest.param(
            "audit", {"pgaudit": "write, ddl"}, Level.OK, "none kept by pgmcp; pgaudit logs write, ddl", id="pgaudit"
        ),
    ],
)
def test_a_finding(about: str, facts: dict[str, Any], level: Level, text: str) -> None:
    """What it is and what to do about it."""
    assert findings(**facts)[about] == Finding(about, level, text)


def test_names_alone_are_a_step_down() -> None:
    """Whatever the log does."""
    assert findings(Settings(guard="names"), quiet_log=False)["guard"] == Finding(
        "guard", Level.WARN, "raw SQL is judged by names alone, which lets more through; guard=resolved"
    )


def test_who_may_write_has_to() -> None:
    """With access write the privilege is meant."""
    assert findings(Settings(access=Access.WRITE), writable=2)["privileges"].level is Level.OK


def test_an_audit_of_our_own() -> None:
    """Where it goes, and whether a write waits for it."""
    settings = Settings(audit_file="stderr", audit_required=True)
    assert findings(settings, pgaudit="")["audit"].text == "to stderr, required for writes; pgaudit logs none"
