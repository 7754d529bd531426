"""PostgreSQL for agents.

A database is made by `connect`, `connect_sync` or `memory` and called with requests; a request is the command, the same
whichever way it comes in. Nothing heavy is imported before it is used.
"""

from typing import TYPE_CHECKING, Any

from pgmcp.domain.errors import (
    DatabaseError,
    InternalError,
    NotFoundError,
    PgmcpError,
    QueryError,
    SecurityError,
    TransactionError,
    ValidationError,
)
from pgmcp.domain.errors.responses import (
    DatabaseErrorResponse,
    InternalErrorResponse,
    NotFoundErrorResponse,
    QueryErrorResponse,
    SecurityErrorResponse,
    TransactionErrorResponse,
    ValidationErrorResponse,
)
from pgmcp.domain.requests import (
    BeginTransactionRequest,
    CacheRequest,
    ClearCacheRequest,
    CommitTransactionRequest,
    CreateBatchRequest,
    CreateRequest,
    CreateSavepointRequest,
    DeleteRequest,
    DescribeTableRequest,
    ExecuteQueryRequest,
    ExplainQueryRequest,
    GetCacheStatsRequest,
    GetMetricsRequest,
    GetTransactionRequest,
    ListSchemasRequest,
    ListTablesRequest,
    MetricsRequest,
    QueryRequest,
    ReadRequest,
    ReleaseSavepointRequest,
    RequestBase,
    ResetMetricsRequest,
    RollbackTransactionRequest,
    SchemaRequest,
    TableRequest,
    TransactionRequest,
    UpdateRequest,
)
from pgmcp.domain.responses import (
    AcknowledgementResponse,
    DataResponse,
    DescriptionResponse,
    ErrorResponse,
    PlanResponse,
    ResponseBase,
    SuccessResponse,
    TransactionResponse,
)

if TYPE_CHECKING:
    from pgmcp.adapters.memory.declare import (
        check,
        column,
        composite,
        enum,
        expression,
        foreign_key,
        now,
        table,
        view,
    )
    from pgmcp.entrypoints.api.client import Client
    from pgmcp.entrypoints.api.connecting import connect, connect_sync, memory
    from pgmcp.entrypoints.api.sync import SyncClient
    from pgmcp.entrypoints.api.tools import Tool

__version__ = "0.1.0"

# Where the names are that are imported when they are first asked for.
_LATER = {
    "Client": "pgmcp.entrypoints.api.client",
    "SyncClient": "pgmcp.entrypoints.api.sync",
    "Tool": "pgmcp.entrypoints.api.tools",
    "check": "pgmcp.adapters.memory.declare",
    "column": "pgmcp.adapters.memory.declare",
    "composite": "pgmcp.adapters.memory.declare",
    "connect": "pgmcp.entrypoints.api.connecting",
    "connect_sync": "pgmcp.entrypoints.api.connecting",
    "enum": "pgmcp.adapters.memory.declare",
    "expression": "pgmcp.adapters.memory.declare",
    "foreign_key": "pgmcp.adapters.memory.declare",
    "memory": "pgmcp.entrypoints.api.connecting",
    "now": "pgmcp.adapters.memory.declare",
    "table": "pgmcp.adapters.memory.declare",
    "view": "pgmcp.adapters.memory.declare",
}

__all__ = [
    "AcknowledgementResponse",
    "BeginTransactionRequest",
    "CacheRequest",
    "ClearCacheRequest",
    "Client",
    "CommitTransactionRequest",
    "CreateBatchRequest",
    "CreateRequest",
    "CreateSavepointRequest",
    "DataResponse",
    "DatabaseError",
    "DatabaseErrorResponse",
    "DeleteRequest",
    "DescribeTableRequest",
    "DescriptionResponse",
    "ErrorResponse",
    "ExecuteQueryRequest",
    "ExplainQueryRequest",
    "GetCacheStatsRequest",
    "GetMetricsRequest",
    "GetTransactionRequest",
    "InternalError",
    "InternalErrorResponse",
    "ListSchemasRequest",
    "ListTablesRequest",
    "MetricsRequest",
    "NotFoundError",
    "NotFoundErrorResponse",
    "PgmcpError",
    "PlanResponse",
    "QueryError",
    "QueryErrorResponse",
    "QueryRequest",
    "ReadRequest",
    "ReleaseSavepointRequest",
    "RequestBase",
    "ResetMetricsRequest",
    "ResponseBase",
    "RollbackTransactionRequest",
    "SchemaRequest",
    "SecurityError",
    "SecurityErrorResponse",
    "SuccessResponse",
    "SyncClient",
    "TableRequest",
    "Tool",
    "TransactionError",
    "TransactionErrorResponse",
    "TransactionRequest",
    "TransactionResponse",
    "UpdateRequest",
    "ValidationError",
    "ValidationErrorResponse",
    "__version__",
    "check",
    "column",
    "composite",
    "connect",
    "connect_sync",
    "enum",
    "expression",
    "foreign_key",
    "memory",
    "now",
    "table",
    "view",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for the first time."""
    if name not in _LATER:
        message = f"module 'pgmcp' has no attribute '{name}'"
        raise AttributeError(message)
    from importlib import import_module

    found = getattr(import_module(_LATER[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """All public names."""
    return __all__
