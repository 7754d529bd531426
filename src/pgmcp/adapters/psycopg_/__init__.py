"""The driver over psycopg."""

from pgmcp.adapters.psycopg_.client import PostgreSQLClient

__all__ = ["PostgreSQLClient"]
