"""Every setting, once: name, type, default and what it means. Flags, environment, TOML and docs derive from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import NOTHING, Attribute, field, fields, frozen

from pgmcp.domain.access import Access
from pgmcp.domain.policy.rules import OPEN, Policy
from pgmcp.domain.secret import Secret

__all__ = ["Access", "Secret", "Setting", "Settings", "described", "setting"]

SETTING: Final = "setting"

MOST_MS: Final = 2**31 - 1
"""The most that PostgreSQL takes of its own limits in milliseconds."""
# The server's limits of a transaction are set a little above ours.
MOST_LEASE_S: Final = 2_000_000


@frozen(kw_only=True)
class Setting:
    """What is said about a setting beside its type and default.

    Args:
        doc: One sentence.
        unit: Of a number: `seconds`, `ms`, `bytes`, `rows`.
        choices: All values allowed, for a text.
        minimum, maximum: Bounds of a number.
    """

    doc: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def setting(
    default: Any = NOTHING,
    doc: str = "",
    *,
    unit: str = "",
    choices: Sequence[str] = (),
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """A field of `Settings`, with what `Setting` keeps about it."""
    facts = Setting(doc=doc, unit=unit, choices=tuple(choices), minimum=minimum, maximum=maximum)
    return field(default=default, metadata={SETTING: facts})


@frozen(kw_only=True)
class Settings:
    """All settings of one server or client; frozen, checked when they are read."""

    dsn: Secret | None = setting(None, "Address of the database, a libpq URL; without any, the embedded PostgreSQL.")
    read_dsn: Secret | None = setting(
        None, "Address of a server for reads outside transactions, such as a standby; they may lag behind."
    )
    password_command: str | None = setting(
        None, "A command that prints the password of each new connection; run without a shell."
    )
    password_ttl_s: float = setting(
        0.0, "How long a password that it printed serves.", unit="seconds", minimum=0, maximum=900
    )
    driver: str = setting("asyncpg", "What talks to PostgreSQL.", choices=("asyncpg", "psycopg", "memory"))
    pooler: str = setting(
        "none",
        "What stands before PostgreSQL: `transaction` for a PgBouncer of that mode.",
        choices=("none", "transaction"),
    )
    access: Access = setting(Access.READ, "How far anyone may go.", choices=tuple(Access))
    tools: tuple[str, ...] = setting(
        (),
        "Groups of tools to serve, separated by commas; `core` when empty: `schema`, `data`, `query`, and with writes"
        " also `transactions`.",
        choices=("core", "schema", "data", "query", "transactions", "metrics", "cache"),
    )
    principal: str = setting("local", "Who is calling, where no one else says so.")
    name: str | None = setting(None, "A name of the database, told to the agent.")
    description: str | None = setting(None, "What is in the database, told to the agent.")

    transport: str = setting("stdio", "How `serve` talks.", choices=("stdio", "http"))
    host: str = setting(
        "127.0.0.1", "Where `serve --transport http` listens; beyond loopback with authentication only."
    )
    port: int = setting(8000, "The port it listens on; 0 takes a free one.", minimum=0, maximum=65535)

    workers: int = setting(
        1, "Processes that serve HTTP on one socket; more than one without transactions.", minimum=1, maximum=64
    )

    http_connections: int = setting(
        500, "Connections that one process has over HTTP at the most; one more is answered 503.", minimum=1
    )
    http_wait_s: float = setting(
        30.0, "How long a client may take to send a request, or to take its answer.", unit="seconds", minimum=0.001
    )
    http_sessions: int = setting(
        10_000, "MCP sessions open over HTTP at the most; one more is answered 503.", minimum=1
    )
    http_session_idle_s: float = setting(
        1800.0, "How long such a session stays that nobody uses.", unit="seconds", minimum=1
    )

    http_tokens: tuple[str, ...] = setting(
        (), "Bearer tokens over HTTP, as `pgmcp token NAME` prints them: name, access and digest of each."
    )
    oauth_issuer: str | None = setting(None, "The OAuth authorization server whose access tokens are taken, a URL.")
    oauth_jwks: str | None = setting(None, "Its public keys: an https URL, or a file.")
    oauth_jwks_ttl_s: float = setting(300.0, "How long its keys are kept.", unit="seconds", minimum=1)
    oauth_resource: str | None = setting(None, "This server's own URL, as clients and tokens name it.")
    oauth_audience: str | None = setting(None, "The audience that tokens must have; `oauth_resource` when empty.")
    oauth_algorithms: tuple[str, ...] = setting(
        ("RS256", "PS256", "ES256", "EdDSA"),
        "How tokens may be signed.",
        choices=(
            *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
            *("ES256", "ES384", "ES512", "EdDSA"),
        ),
    )
    oauth_scopes: tuple[str, ...] = setting(
        ("pgmcp:read", "pgmcp:write", "pgmcp:admin"), "The scopes that give access read, write and admin."
    )
    oauth_principal_claim: str = setting("sub", "The claim that names the principal.")
    oauth_attributes: tuple[str, ...] = setting((), "Claims that a policy may use as the principal's attributes.")
    refusals_per_second: int = setting(
        20, "Requests without a good token that are refused at once; those beyond wait, up to a second.", minimum=1
    )
    allowed_hosts: tuple[str, ...] = setting(
        (), "Names that a request's Host may have, beside those of loopback, of `host` and of `oauth_resource`."
    )
    allowed_origins: tuple[str, ...] = setting(
        (), "Origins that a browser's request may have, beside those of the hosts."
    )
    tls_cert: str | None = setting(None, "The certificate that the HTTP server shows, with its chain, a PEM file.")
    tls_key: str | None = setting(None, "The certificate's key, a PEM file; in the same file when empty.")

    pool_min: int = setting(1, "Connections kept open once opened.", minimum=0)
    pool_max: int = setting(10, "Connections at the most.", minimum=1)
    pool_wait_s: float = setting(10.0, "How long a call waits for a connection.", unit="seconds", minimum=0)
    pool_queue: int = setting(200, "Calls that may wait for a connection.", minimum=0)
    pool_idle_s: float = setting(
        300.0, "How long connections beyond `pool_min` stay that nobody needs.", unit="seconds", minimum=0.001
    )
    pool_max_age_s: float = setting(
        3600.0, "How old a connection may become before it is replaced.", unit="seconds", minimum=1
    )
    pool_check_s: float = setting(
        30.0, "A connection that was idle for so long is tried before it is used.", unit="seconds", minimum=0
    )

    max_rows: int = setting(1000, "Rows of one answer.", unit="rows", minimum=1)
    max_bytes: int = setting(262_144, "Bytes of one answer's rows.", unit="bytes", minimum=1024)
    read_default_limit: int = setting(100, "Rows of `read_table` without `limit`.", unit="rows", minimum=1)
    max_write_rows: int = setting(1000, "Rows that one update or delete may change.", unit="rows", minimum=1)
    max_received_bytes: int = setting(16_777_216, "What PostgreSQL may say at once.", unit="bytes", minimum=65_536)
    max_query_bytes: int = setting(65_536, "Bytes of a raw statement.", unit="bytes", minimum=1)
    max_query_tokens: int = setting(20_000, "Words and signs of a statement, less long lists of numbers.", minimum=1)
    max_request_bytes: int = setting(4_194_304, "Bytes of one request.", unit="bytes", minimum=1024)

    statement_timeout_ms: int = setting(30_000, "How long a statement may run.", unit="ms", minimum=1, maximum=MOST_MS)
    lock_timeout_ms: int = setting(
        5_000, "How long a statement waits for a lock.", unit="ms", minimum=1, maximum=MOST_MS
    )
    call_timeout_s: float = setting(30.0, "How long a call may take in all.", unit="seconds", minimum=0.001)
    shutdown_grace_s: float = setting(
        10.0, "How long running calls have when the server stops.", unit="seconds", minimum=0
    )

    lease_idle_s: float = setting(
        60.0,
        "How long a transaction may lie idle between two calls.",
        unit="seconds",
        minimum=0.001,
        maximum=MOST_LEASE_S,
    )
    lease_total_s: float = setting(
        600.0, "How long a transaction may be open.", unit="seconds", minimum=0.001, maximum=MOST_LEASE_S
    )
    leases_per_principal: int = setting(4, "Transactions that one principal may hold open.", minimum=1)
    leases_max: int = setting(0, "Transactions open in all, fewer than `pool_max`; 0: half of it.", minimum=0)
    leases_remembered: int = setting(
        1000, "Transactions that have ended of which it is still known how, the latest.", minimum=0
    )
    settle_s: float = setting(
        5.0,
        "How long a call that was stopped may take to settle (its statement to stop: two fifths of it), or the end of a"
        " transaction that nobody waits for any more, and the server be asked how one ended whose answer was lost.",
        unit="seconds",
        minimum=0.001,
    )

    receipt_every_write: bool = setting(
        default=False, doc="Whether every write gets an idempotency key of its own, so that its outcome can be settled."
    )
    receipt_keep_s: float = setting(
        86_400.0, "How long the receipt of a write with a key is kept.", unit="seconds", minimum=1
    )
    retry_attempts: int = setting(
        3, "How often a call tries what fails for a passing reason, the first time included.", minimum=1
    )
    breaker_failures: int = setting(
        5, "Failures to reach the server, one after another, after which it is left alone.", minimum=1
    )
    breaker_cooldown_s: float = setting(10.0, "How long it is left alone.", unit="seconds", minimum=0.001)

    guard: str = setting(
        "resolved",
        "What raw SQL is judged by: all that it resolves to, or `names` alone, which lets more through.",
        choices=("resolved", "names"),
    )
    without_parser: str = setting(
        "tokens",
        "What decides on raw SQL where no parser can be installed (Windows): tokens and resolution, or a refusal.",
        choices=("tokens", "refuse"),
    )
    verdict_ttl_s: float = setting(10.0, "How long a verdict on a statement is kept.", unit="seconds", minimum=0)
    verdicts_kept: int = setting(2000, "Verdicts that are kept.", minimum=1)

    prepared_calls: int = setting(
        1000, "Calls of reads that are known when they come again, and not planned anew; 0 for none.", minimum=0
    )

    time_zone: str | None = setting(None, "The sessions' time zone; the server's own when empty.")
    search_path: str | None = setting(None, "The sessions' search path; when empty the first one's, by its role.")
    application_name: str = setting("pgmcp", "What the sessions call themselves.")
    rate_per_minute: int = setting(0, "Calls that one principal may make in a minute; 0 for any number.", minimum=0)
    rate_by_tool: tuple[str, ...] = setting((), "The same for single tools, such as `execute_query=30`.")
    calls_per_principal: int = setting(0, "Calls of one principal at the same time; 0 for any number.", minimum=0)
    rows_per_minute: int = setting(
        0, "Rows that one principal may be given or change in a minute; 0 for any number.", unit="rows", minimum=0
    )
    bytes_per_minute: int = setting(
        0, "Bytes of rows that one principal may be given in a minute; 0 for any number.", unit="bytes", minimum=0
    )
    max_cost: float = setting(
        0.0, "The highest cost by EXPLAIN that a raw statement may have; 0 doesn't ask.", minimum=0
    )
    max_cost_rows: int = setting(
        0, "The most rows that EXPLAIN may expect in any part of it; 0 doesn't ask.", unit="rows", minimum=0
    )
    statement_comments: bool = setting(
        default=True, doc="Whether each statement says in a comment which tool runs it, and for whom."
    )
    catalogue_ttl_s: float = setting(30.0, "How long facts of the catalogue are kept.", unit="seconds", minimum=0)
    cache: str = setting(
        "off",
        "Where results of reads are kept: in this process, or on a Redis or Valkey server for several.",
        choices=("off", "memory", "redis"),
    )
    cache_url: Secret | None = setting(None, "Address of the Redis or Valkey server, `redis://` or `rediss://`.")
    cache_ttl_s: float = setting(30.0, "How long a result is kept at the most.", unit="seconds", minimum=0.001)
    cache_max_bytes: int = setting(67_108_864, "Bytes that `cache=memory` keeps.", unit="bytes", minimum=1024)
    cache_timeout_ms: int = setting(250, "How long a read waits for the cache's server.", unit="ms", minimum=1)
    cache_without_triggers: bool = setting(
        default=False,
        doc="Whether results are kept, for `cache_ttl_s`, of tables whose writes by others nobody hears of.",
    )
    secret_key: Secret | None = setting(
        None, "Seals cursors; when empty, made once and kept in the user's data directory."
    )
    audit_file: str | None = setting(
        None, "File that says of each call who did what, one JSON line each; `stderr` for there; none when empty."
    )
    audit_required: bool = setting(default=False, doc="Whether a write is refused when its line can't be written.")
    audit_fsync: str = setting(
        "never", "Which lines are forced to the disk before going on.", choices=("never", "writes", "always")
    )
    audit_max_bytes: int = setting(
        104_857_600, "Bytes of the audit file; a full one is put aside.", unit="bytes", minimum=1024
    )
    audit_keep: int = setting(9, "Full audit files that are kept.", minimum=0)
    audit_queue: int = setting(10_000, "Lines that may wait to be written before calls wait for them.", minimum=1)
    metrics_sample: float = setting(1.0, "The share of calls whose times are kept.", minimum=0, maximum=1)
    metrics_history: int = setting(
        10_000, "Samples kept of each kind: calls, statements and the parts of calls; 0 records no metrics.", minimum=0
    )
    opentelemetry: bool = setting(
        default=False, doc="Whether traces and metrics go to OpenTelemetry; needs `pgmcp[otel]`."
    )
    log_level: str = setting("info", "What is logged.", choices=("debug", "info", "warning", "error"))
    log_format: str = setting("console", "How it is logged.", choices=("console", "json"))

    policy: Policy = field(default=OPEN, repr=False)


def described() -> dict[str, tuple[Attribute[Any], Setting]]:
    """Every setting by name: its field and what is said about it. The policy is none: it has tables of its own."""
    return {each.name: (each, each.metadata[SETTING]) for each in fields(Settings) if SETTING in each.metadata}
