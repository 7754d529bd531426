"""What libpq fills an address in with, and asyncpg doesn't: the service file, `hostaddr`, options of the session.

Source: PostgreSQL documentation, sections 32.1.2 (Parameter Key Words), 32.15 (Environment Variables) and 32.17 (The
Connection Service File).
"""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, Error
from pathlib import Path

from pgmcp.adapters.postgres.address import Address
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.suggestions import did_you_mean


def filled(address: Address, environment: Mapping[str, str]) -> Address:
    """The address with what asyncpg would leave out of it.

    Args:
        address: As it was given; what it says itself goes first, then its service, then the environment.
        environment: The variables of the process.

    Raises:
        ValidationError: `setting_invalid`, for a service that nobody defines.
    """
    said = address.parameters()
    service = said.get("service") or environment.get("PGSERVICE")
    found = (_parameters_of(service, said, environment) if service else {}) | said
    for key in ("service", "servicefile"):
        found.pop(key, None)
    if environment.get("PGOPTIONS"):
        found.setdefault("options", environment["PGOPTIONS"])
    numeric = found.pop("hostaddr", "") or ("" if found.get("host") else environment.get("PGHOSTADDR", ""))
    if numeric:
        found["host"] = numeric
    if found.get("host"):
        found["host"] = ",".join(map(_bracketed, found["host"].split(",")))
    return address if found == said else Address.of(found)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and host[0] not in "[/" else host


def _parameters_of(service: str, said: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """What a service file says of a service: the user's own first, then the system's."""
    own = said.get("servicefile") or environment.get("PGSERVICEFILE")
    home = environment.get("HOME")
    files = [Path(own)] if own else [Path(home, ".pg_service.conf")] if home else []
    if environment.get("PGSYSCONFDIR"):
        files.append(Path(environment["PGSYSCONFDIR"], "pg_service.conf"))
    names: list[str] = []
    for file in files:
        read = ConfigParser(delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        try:
            read.read(file, encoding="utf-8")
        except (Error, UnicodeDecodeError):
            raise _refused("the service file can't be read", "It has lines of [name] and of key=value.") from None
        if read.has_section(service):
            return dict(read[service])
        names += read.sections()
    known = f"Known are {', '.join(names)}." if names else "PGSERVICEFILE or ~/.pg_service.conf defines services."
    raise _refused(
        "there is no such service in the service file", did_you_mean(service, names, otherwise=known) or known
    )


def _refused(why: str, hint: str) -> ValidationError:
    return ValidationError(codes.SETTING_INVALID, f"The database address can't be read: {why}.", hint=hint, path="dsn")
