"""What a server reports of itself, read when it is asked for: at every return of a session one setting is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# What PostgreSQL reports when a session starts, and at each change.
# https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-ASYNC
_NAMES = (
    "application_name client_encoding DateStyle default_transaction_read_only in_hot_standby integer_datetimes "
    "IntervalStyle is_superuser scram_iterations search_path server_encoding server_version session_authorization "
    "standard_conforming_strings TimeZone"
).split()


class Reported(Mapping[str, str]):
    """The parameters that a session's server has reported, by their names.

    Args:
        read: Gives a parameter as the driver knows it now; None where it knows none of that name.
    """

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self._read = read

    def __getitem__(self, name: str) -> str:
        value = self._read(name)
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """As any mapping's, without an exception for what isn't there: each return of a session asks."""
        value = self._read(name)
        return default if value is None else value

    def __iter__(self) -> Iterator[str]:
        return (name for name in _NAMES if self._read(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
