"""What a caller's statements run under in PostgreSQL: a role and settings of their own."""

from __future__ import annotations

from functools import cached_property

from attrs import frozen


@frozen(kw_only=True, cache_hash=True)
class Standing:
    """What a caller's statements run under, beside the caller's own rights in pgmcp.

    Args:
        role: A role of PostgreSQL's to take on; None for the session's own.
        settings: Settings to set for the statement's transaction.
    """

    role: str | None = None
    settings: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to set."""
        return self.role is not None or bool(self.settings)

    @cached_property
    def outlook(self) -> Standing:
        """The part of it that what PostgreSQL says of names, rights and types can hang on; for keys of what is kept.

        That is the role, and PostgreSQL's own settings, `search_path` above all. A setting with a dot in its name is an
        application's, which no look-up of a name reads; so callers that differ in those alone, as tenants do, share
        what is known. https://www.postgresql.org/docs/18/runtime-config-custom.html

        >>> Standing(role="r", settings=(("app.tenant", "7"), ("search_path", "b"))).outlook
        Standing(role='r', settings=(('search_path', 'b'),))
        """
        own = tuple((name, value) for name, value in self.settings if "." not in name)
        return self if own == self.settings else Standing(role=self.role, settings=own)
