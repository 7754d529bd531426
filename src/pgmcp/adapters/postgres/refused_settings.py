"""Settings that sessions can't start with, by the name that they were given under."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.ports.driver import Connection, Driver, DriverError, Fault, Need

# Ours that have another name on the server.
_OURS: Mapping[str, str] = {
    "application_name": "application_name",
    "lock_timeout": "lock_timeout_ms",
    "search_path": "search_path",
    "statement_timeout": "statement_timeout_ms",
    "TimeZone": "time_zone",
}
# A bad value, an unknown name, a name that is none, one that the role may not set, one that can't be set any more.
# https://www.postgresql.org/docs/18/errcodes-appendix.html
_REFUSED = frozenset({"22023", "42704", "42602", "42501", "55P02"})
# Of those, what a session that is being opened can't fail with for another reason.
_CERTAIN = frozenset({"22023", "42704", "42602"})
# A protocol violation; PgBouncer says so of start-up parameters, PostgreSQL never while a session is being opened.
_POOLER = "08P01"
# What libpq takes in an address, so that one of them which is misspelt is found.
_WORDS = (
    "host hostaddr port dbname user password passfile options service servicefile connect_timeout client_encoding "
    "application_name target_session_attrs sslmode sslcert sslkey sslpassword sslrootcert sslcrl channel_binding "
    "require_auth keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout gssencmode"
).split()


class NamedRefusals:
    """Opens sessions, and says which setting it was where the server refuses one; implements `Driver`.

    Args:
        driver: Opens them.
        options: The names of what the address says beside where the server is.
    """

    def __init__(self, driver: Driver, options: Collection[str]) -> None:
        self._driver = driver
        self._options = options

    async def connect(self, need: Need) -> Connection:
        """Open a session.

        Raises:
            DatabaseError: `setting_refused`.
            DriverError: As the driver's own, of anything else.
        """
        try:
            return await self._driver.connect(need)
        except DriverError as error:
            if error.fault.sqlstate == _POOLER:
                raise _pooled() from error
            if error.fault.sqlstate not in _REFUSED:
                raise
            name = _named(error.fault, [*_OURS, *self._options])
            if name is None and error.fault.sqlstate not in _CERTAIN:
                raise
            raise _refusal(name, error.fault) from error


def _named(fault: Fault, names: Collection[str]) -> str | None:
    """The name that the server's sentence is about: the first of ours in it, whatever its language.

    A value may hold another one; it stands behind the name.
    """
    found = {name: re.search(rf"(?<!\w){re.escape(name)}(?!\w)", fault.message, re.IGNORECASE) for name in names}
    places = {name: match.start() for name, match in found.items() if match is not None}
    return min(places, key=places.__getitem__, default=None)


def _refusal(name: str | None, fault: Fault) -> DatabaseError:
    if name is None:
        what = "PostgreSQL refuses a setting that sessions start with"
        hint = "Look at `time_zone`, at options of the address, and at PGOPTIONS and PGTZ."
    elif name in _OURS:
        what = f"PostgreSQL doesn't take the value of the setting '{_OURS[name]}'"
        hint = (
            f"Mend it where pgmcp is told of it: --{_OURS[name]}, PGMCP_{_OURS[name].upper()}, the configuration file."
        )
    else:
        what = f"PostgreSQL refuses '{name}', an option of the address, as a setting of its sessions"
        hint = did_you_mean(name, _WORDS, otherwise="Mend it in the address, or take it out.") or ""
    return DatabaseError(codes.SETTING_REFUSED, f"{what}.", hint=hint, sqlstate=fault.sqlstate)


def _pooled() -> DatabaseError:
    return DatabaseError(
        codes.SETTING_REFUSED,
        "What stands before PostgreSQL refuses a setting that sessions start with.",
        hint="Through PgBouncer use pooler=transaction.",
        sqlstate=_POOLER,
    )
