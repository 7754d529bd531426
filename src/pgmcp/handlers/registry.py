"""Every tool, in the order that a caller sees them."""

from __future__ import annotations

from typing import Any

from pgmcp.handlers.base import HandlerBase
from pgmcp.handlers.begin_transaction import BeginTransactionHandler
from pgmcp.handlers.clear_cache import ClearCacheHandler
from pgmcp.handlers.commit_transaction import CommitTransactionHandler
from pgmcp.handlers.create_record import CreateRecordHandler
from pgmcp.handlers.create_records import CreateRecordsHandler
from pgmcp.handlers.create_savepoint import CreateSavepointHandler
from pgmcp.handlers.delete_records import DeleteRecordsHandler
from pgmcp.handlers.describe_table import DescribeTableHandler
from pgmcp.handlers.execute_query import ExecuteQueryHandler
from pgmcp.handlers.explain_query import ExplainQueryHandler
from pgmcp.handlers.get_cache_stats import GetCacheStatsHandler
from pgmcp.handlers.get_metrics import GetMetricsHandler
from pgmcp.handlers.get_transaction import GetTransactionHandler
from pgmcp.handlers.list_schemas import ListSchemasHandler
from pgmcp.handlers.list_tables import ListTablesHandler
from pgmcp.handlers.read_table import ReadTableHandler
from pgmcp.handlers.release_savepoint import ReleaseSavepointHandler
from pgmcp.handlers.reset_metrics import ResetMetricsHandler
from pgmcp.handlers.rollback_transaction import RollbackTransactionHandler
from pgmcp.handlers.update_records import UpdateRecordsHandler

HANDLERS: tuple[type[HandlerBase[Any, Any, Any, Any]], ...] = (
    ListSchemasHandler,
    ListTablesHandler,
    DescribeTableHandler,
    ReadTableHandler,
    CreateRecordHandler,
    CreateRecordsHandler,
    UpdateRecordsHandler,
    DeleteRecordsHandler,
    ExecuteQueryHandler,
    ExplainQueryHandler,
    BeginTransactionHandler,
    CommitTransactionHandler,
    RollbackTransactionHandler,
    CreateSavepointHandler,
    ReleaseSavepointHandler,
    GetTransactionHandler,
    GetCacheStatsHandler,
    ClearCacheHandler,
    GetMetricsHandler,
    ResetMetricsHandler,
)
