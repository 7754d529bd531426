"""What a caller's statements run under: settings and a role, for one transaction.

Source: PostgreSQL documentation, SET ROLE and section 9.28.1 (`set_config` with `is_local`).
"""

from __future__ import annotations

from pgmcp.adapters.postgres.naming import constant, quote
from pgmcp.domain.policy.standing import Standing


def standing_text(standing: Standing) -> str:
    r"""Statements to run behind BEGIN, each after a semicolon; empty where there is nothing to set.

    The settings come first: the role may not be allowed to make them. Both end with the transaction, and a rollback to
    a savepoint made behind them leaves them as they are.

    >>> standing_text(Standing(role="support", settings=(("app.tenant", "7"),)))
    '; SELECT pg_catalog.set_config(\'app.tenant\', \'7\', true); SET LOCAL ROLE "support"'
    """
    made = [
        f"; SELECT pg_catalog.set_config({constant(name)}, {constant(value)}, true)"
        for name, value in standing.settings
    ]
    if standing.role is not None:
        made.append(f"; SET LOCAL ROLE {quote(standing.role)}")
    return "".join(made)
