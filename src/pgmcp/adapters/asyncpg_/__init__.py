"""The driver over asyncpg."""

from pgmcp.adapters.asyncpg_.client import PostgreSQLClient

__all__ = ["PostgreSQLClient"]
