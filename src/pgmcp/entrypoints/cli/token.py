"""`pgmcp token NAME`: a bearer token, and the line by which the configuration knows it."""

from __future__ import annotations

from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.cli.failures import say
from pgmcp.entrypoints.mcp.identity.tokens import make_token


def token(settings: Settings, name: str) -> int:
    """Print a new token for a principal of that name, with the access that the settings say."""
    made = make_token(name, settings.access)
    print(made.text)
    say(f"give this token to {name}; it is shown this once. Then add to the configuration:")
    say(f'http_tokens = ["{made.line}"]')
    return 0
