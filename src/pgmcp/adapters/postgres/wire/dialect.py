"""What PostgreSQL's versions have for writing JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

_JSON_SCALAR_SINCE = 17


@frozen
class Dialect:
    """How a scalar is written as JSON.

    Args:
        function: A function that gives what `to_json` does. `JSON_SCALAR` looks the type up once a statement, `to_json`
            once a value, which costs more than writing a short one.
            https://www.postgresql.org/docs/18/functions-json.html#FUNCTIONS-JSON-CREATION-TABLE
    """

    function: str

    def scalar(self, sql: str) -> str:
        """A value, neither an array nor a composite, as json; NULL for NULL."""
        return f"{self.function}({sql})"


ANY = Dialect("pg_catalog.to_json")
"""Every version takes it."""
NEWER = Dialect("JSON_SCALAR")
"""PostgreSQL 17 and later."""


def dialect_of(reported: Mapping[str, str]) -> Dialect:
    """What a server takes, by the `server_version` that it reports.

    >>> dialect_of({"server_version": "18.1 (Debian 18.1-1)"}) is NEWER
    True
    >>> dialect_of({"server_version": "16beta1"}) is dialect_of({}) is ANY
    True
    """
    major = re.match(r"\d+", reported.get("server_version", ""))
    return NEWER if major is not None and int(major[0]) >= _JSON_SCALAR_SINCE else ANY
