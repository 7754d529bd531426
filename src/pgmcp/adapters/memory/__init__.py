"""A database in plain Python behind every port, for fast tests: it answers as PostgreSQL, or says that it can't."""

from pgmcp.adapters.memory.database import MemoryDatabase
from pgmcp.adapters.memory.queries import Answer, MemoryQueryRepository
from pgmcp.adapters.memory.schemas import MemorySchemaRepository
from pgmcp.adapters.memory.tables import MemoryTableRepository
from pgmcp.adapters.memory.transactions import MemoryUnitOfWork

__all__ = [
    "Answer",
    "MemoryDatabase",
    "MemoryQueryRepository",
    "MemorySchemaRepository",
    "MemoryTableRepository",
    "MemoryUnitOfWork",
]
