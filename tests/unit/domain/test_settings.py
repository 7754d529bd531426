"""Settings as they are declared."""

from __future__ import annotations

import pytest
from attrs import asdict
from attrs.exceptions import FrozenInstanceError

from pgmcp.domain.settings import SETTING, Access, Secret, Setting, Settings, described, setting


def test_a_secret_hides_itself() -> None:
    """Its text comes out only where it is asked for."""
    secret = Secret("hunter2")
    assert (repr(secret), str(secret), f"{secret}", secret.reveal()) == (
        "Secret('***')",
        "Secret('***')",
        "Secret('***')",
        "hunter2",
    )


def test_secrets_are_compared_by_their_text() -> None:
    """Two of the same text are one, in sets too; a text is no secret."""
    same, other = {Secret("a"), Secret("a")}, Secret("b")
    assert len(same) == 1
    assert Secret("a") != other
    assert Secret("a") != "a"
    assert hash(Secret("a")) != hash(other)


def test_the_defaults() -> None:
    """What holds when nothing is said."""
    assert asdict(Settings(), filter=lambda each, _: SETTING in each.metadata) == {
        "dsn": None,
        "read_dsn": None,
        "lease_idle_s": 60.0,
        "lease_total_s": 600.0,
        "leases_per_principal": 4,
        "leases_max": 0,
        "leases_remembered": 1000,
        "settle_s": 5.0,
        "password_command": None,
        "password_ttl_s": 0.0,
        "receipt_every_write": False,
        "receipt_keep_s": 86_400.0,
        "driver": "asyncpg",
        "access": Access.READ,
        "tools": (),
        "principal": "local",
        "name": None,
        "description": None,
        "transport": "stdio",
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "http_connections": 500,
        "http_wait_s": 30.0,
        "http_sessions": 10_000,
        "http_session_idle_s": 1800.0,
        "http_tokens": (),
        "oauth_issuer": None,
        "oauth_jwks": None,
        "oauth_jwks_ttl_s": 300.0,
        "oauth_resource": None,
        "oauth_audience": None,
        "oauth_algorithms": ("RS256", "PS256", "ES256", "EdDSA"),
        "oauth_scopes": ("pgmcp:read", "pgmcp:write", "pgmcp:admin"),
        "oauth_principal_claim": "sub",
        "oauth_attributes": (),
        "refusals_per_second": 20,
        "allowed_hosts": (),
        "allowed_origins": (),
        "tls_cert": None,
        "tls_key": None,
        "pool_min": 1,
        "pool_max": 10,
        "pool_wait_s": 10.0,
        "pool_queue": 200,
        "pool_idle_s": 300.0,
        "pool_max_age_s": 3600.0,
        "pool_check_s": 30.0,
        "pooler": "none",
        "max_rows": 1000,
        "max_bytes": 262_144,
        "read_default_limit": 100,
        "max_write_rows": 1000,
        "max_received_bytes": 16_777_216,
        "max_query_bytes": 65_536,
        "max_query_tokens": 20_000,
        "max_request_bytes": 4_194_304,
        "statement_timeout_ms": 30_000,
        "lock_timeout_ms": 5_000,
        "call_timeout_s": 30.0,
        "shutdown_grace_s": 10.0,
        "retry_attempts": 3,
        "breaker_failures": 5,
        "breaker_cooldown_s": 10.0,
        "guard": "resolved",
        "without_parser": "tokens",
        "verdict_ttl_s": 10.0,
        "verdicts_kept": 2000,
        "prepared_calls": 1000,
        "time_zone": None,
        "search_path": None,
        "application_name": "pgmcp",
        "rate_per_minute": 0,
        "rate_by_tool": (),
        "calls_per_principal": 0,
        "rows_per_minute": 0,
        "bytes_per_minute": 0,
        "max_cost": 0.0,
        "max_cost_rows": 0,
        "statement_comments": True,
        "catalogue_ttl_s": 30.0,
        "cache": "off",
        "cache_url": None,
        "cache_ttl_s": 30.0,
        "cache_max_bytes": 67_108_864,
        "cache_timeout_ms": 250,
        "cache_without_triggers": False,
        "secret_key": None,
        "audit_file": None,
        "audit_required": False,
        "audit_fsync": "never",
        "audit_max_bytes": 104_857_600,
        "audit_keep": 9,
        "audit_queue": 10_000,
        "metrics_sample": 1.0,
        "metrics_history": 10_000,
        "opentelemetry": False,
        "log_level": "info",
        "log_format": "console",
    }


def test_settings_are_frozen() -> None:
    """Nothing changes them behind the back of whoever checked them."""
    with pytest.raises(FrozenInstanceError):
        Settings().max_rows = 1  # type: ignore[misc] # the assignment is the mistake that is shown


@pytest.mark.parametrize(
    "name, facts",
    [
        pytest.param("access", ("", ("read", "write", "admin"), None, None), id="choices"),
        pytest.param("port", ("", (), 0, 65535), id="bounds"),
        pytest.param("max_bytes", ("bytes", (), 1024, None), id="a unit and a least"),
        pytest.param("call_timeout_s", ("seconds", (), 0.001, None), id="seconds"),
        pytest.param("name", ("", (), None, None), id="a free text"),
    ],
)
def test_what_is_declared(name: str, facts: tuple[str, tuple[str, ...], float | None, float | None]) -> None:
    """Flags, environment, TOML and docs derive from these."""
    attribute, found = described()[name]
    assert attribute.name == name
    assert (found.unit, found.choices, found.minimum, found.maximum) == facts


def test_every_setting_is_described() -> None:
    """In the order of their declaration; a policy is no setting of one value."""
    assert [*described(), "policy"] == list(asdict(Settings()))


def test_a_setting_needs_its_sentence_only() -> None:
    """Everything else has a default that says nothing."""
    made = setting(1, "A number.")
    assert made.metadata == {"setting": Setting(doc="A number.", unit="", choices=(), minimum=None, maximum=None)}
