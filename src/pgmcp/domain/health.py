"""What stands between a configuration and a working server, judged from what the server says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from attrs import frozen

from pgmcp.domain.settings import Access, Settings

OLDEST = 150000
"""The oldest PostgreSQL that is served, as `server_version_num` counts."""

_SOON_DAYS = 14


class Level(StrEnum):
    """How much a finding matters: with `FAIL` the server would not serve."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@frozen
class Finding:
    """One line of `pgmcp check`."""

    about: str
    level: Level
    text: str


@frozen(kw_only=True)
class ServerFacts:
    """What a server says of itself and of the role.

    Args:
        version: As it names itself, such as `18.6`.
        version_num: As a number, such as 180006.
        tls: The protocol's version; None where the connection is not encrypted.
        cipher: The cipher's name.
        client_certificate: Whether we showed a certificate of our own.
        verified: How the server's identity was checked: `verify-full`, `verify-ca`, or None for not at all.
        bound: Whether the password was bound to the TLS channel, so that nobody in between can use it; None where there
            was none, or nobody can tell.
        certificate_ends: When the server's certificate ends, and `certificate_days` in how many days that is.
        local: Whether the connection is over a Unix socket or the loopback.
        role: Who we are there.
        superuser, bypasses_row_security, creates_roles: What the role may do beyond tables.
        readable, writable: Relations outside the system's schemas that the role may read, or change.
        connections, max_connections: In use, and at the most.
        extensions: Names of those installed.
        quiet_log: Whether the server's own log can be spared what is told to the session alone: the role may set
            `log_min_messages`, or it is as high as it gets.
        tables, watched: Tables that the role may read, and how many of them tell caches of their writes.
        unwatched: Names of some of the others.
        tells_definitions: Whether the database tells of changed definitions.
        lost_schemas: Names on the search path of which there is no schema, or none that the role may use.
        pgaudit: What pgaudit logs, its setting `pgaudit.log`; None where the server has not loaded it.
    """

    version: str
    version_num: int
    tls: str | None
    local: bool
    role: str
    superuser: bool
    bypasses_row_security: bool
    creates_roles: bool
    readable: int
    writable: int
    connections: int
    max_connections: int
    extensions: tuple[str, ...]
    quiet_log: bool = True
    pgaudit: str | None = None
    cipher: str | None = None
    client_certificate: bool = False
    verified: str | None = None
    bound: bool | None = None
    certificate_ends: datetime | None = None
    certificate_days: int | None = None
    tables: int = 0
    watched: int = 0
    unwatched: tuple[str, ...] = ()
    tells_definitions: bool = False
    lost_schemas: tuple[str, ...] = ()


def judge(facts: ServerFacts, settings: Settings) -> Iterator[Finding]:
    """The findings, one a subject."""
    yield _tls(facts)
    yield from _certificate(facts)
    yield _version(facts)
    yield from _role(facts, settings)
    yield from _search_path(facts)
    yield _pool(facts, settings)
    yield Finding("extensions", Level.OK, ", ".join(facts.extensions) or "none")
    yield _audit(facts, settings)
    yield _guard(facts, settings)


def _tls(facts: ServerFacts) -> Finding:
    if facts.tls is not None:
        return _encrypted(facts)
    if facts.local:
        return Finding("tls", Level.OK, "none; the connection doesn't leave this machine")
    return Finding("tls", Level.WARN, "none: passwords and rows cross the network readable; add sslmode=verify-full")


def _encrypted(facts: ServerFacts) -> Finding:
    text = facts.tls or ""
    if facts.cipher is not None:
        text += f" ({facts.cipher})"
    if facts.client_certificate:
        text += ", with a certificate of ours"
    if facts.bound is not None:
        text += ", the password bound to it" if facts.bound else ", the password not bound to it"
    if facts.verified == "verify-full":
        return Finding("tls", Level.OK, f"{text}; the server's certificate and name are checked")
    if facts.verified == "verify-ca":
        return Finding("tls", Level.WARN, f"{text}; the server's name isn't checked: sslmode=verify-full does")
    level = Level.OK if facts.local else Level.WARN
    return Finding("tls", level, f"{text}; the server could be anyone: sslmode=verify-full checks who it is")


def _certificate(facts: ServerFacts) -> Iterator[Finding]:
    if facts.certificate_ends is None or facts.certificate_days is None:
        return
    day, days = f"{facts.certificate_ends:%Y-%m-%d}", facts.certificate_days
    if days < 0:
        yield Finding("certificate", Level.WARN, f"the server's ended on {day}")
    elif days < _SOON_DAYS:
        yield Finding("certificate", Level.WARN, f"the server's ends on {day}, in {days} days")
    else:
        yield Finding("certificate", Level.OK, f"the server's holds until {day}")


def _version(facts: ServerFacts) -> Finding:
    if facts.version_num < OLDEST:
        return Finding("version", Level.FAIL, f"PostgreSQL {facts.version}; 15 is the oldest that is served")
    return Finding("version", Level.OK, f"PostgreSQL {facts.version}")


def _role(facts: ServerFacts, settings: Settings) -> Iterator[Finding]:
    beyond = [
        word
        for word, held in (
            ("a superuser", facts.superuser),
            ("past row security", facts.bypasses_row_security),
            ("a maker of roles", facts.creates_roles),
        )
        if held
    ]
    if beyond:
        yield Finding("role", Level.WARN, f"{facts.role} is {', '.join(beyond)}; a role with fewer rights is safer")
    else:
        yield Finding("role", Level.OK, facts.role)
    text = f"may read {facts.readable} and change {facts.writable} relations"
    if not facts.readable:
        yield Finding("privileges", Level.WARN, f"{text}; grant SELECT on what shall be read")
    elif settings.access is Access.READ and facts.writable and not facts.superuser:
        yield Finding("privileges", Level.WARN, f"{text}; with access read none needs to be changed")
    else:
        yield Finding("privileges", Level.OK, text)


def _search_path(facts: ServerFacts) -> Iterator[Finding]:
    if facts.lost_schemas:
        names = ", ".join(facts.lost_schemas)
        yield Finding("search path", Level.WARN, f"there is no such schema, or not for this role: {names}")


def _guard(facts: ServerFacts, settings: Settings) -> Finding:
    if settings.guard == "names":
        return Finding("guard", Level.WARN, "raw SQL is judged by names alone, which lets more through; guard=resolved")
    if not facts.quiet_log:
        text = "the server's log gets a copy of each new statement's query tree"
        way_out = f"GRANT SET ON PARAMETER log_min_messages TO {facts.role}, or ALTER ROLE … SET it to fatal"
        return Finding("guard", Level.WARN, f"{text}; {way_out}")
    return Finding("guard", Level.OK, "raw SQL is judged by what it resolves to")


def _pool(facts: ServerFacts, settings: Settings) -> Finding:
    free = facts.max_connections - facts.connections
    text = f"up to {settings.pool_max} connections; the server has {free} of {facts.max_connections} free"
    return Finding("pool", Level.OK if settings.pool_max <= free else Level.WARN, text)


def _audit(facts: ServerFacts, settings: Settings) -> Finding:
    ours = f"to {settings.audit_file}" if settings.audit_file else "none kept by pgmcp"
    if settings.audit_required:
        ours += ", required for writes"
    theirs = "no pgaudit in the server" if facts.pgaudit is None else f"pgaudit logs {facts.pgaudit or 'none'}"
    return Finding("audit", Level.OK, f"{ours}; {theirs}")
