"""A PostgreSQL of one's own: shared by every pgmcp of one user, stopped by the last one out."""

from pgmcp.adapters.embedded.server import EmbeddedServer, Prepare, attach

__all__ = ["EmbeddedServer", "Prepare", "attach"]
