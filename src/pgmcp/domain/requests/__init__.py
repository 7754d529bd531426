"""Requests: the commands, in the design's class names; closed, with the same defaults whichever way they come in."""

from pgmcp.domain.requests.base import QueryRequest, RequestBase, SchemaRequest, TableRequest
from pgmcp.domain.requests.caching import CacheRequest, ClearCacheRequest, GetCacheStatsRequest
from pgmcp.domain.requests.measuring import GetMetricsRequest, MetricsRequest, ResetMetricsRequest
from pgmcp.domain.requests.querying import ExecuteQueryRequest, ExplainQueryRequest
from pgmcp.domain.requests.reading import (
    DescribeTableRequest,
    ListSchemasRequest,
    ListTablesRequest,
    ReadRequest,
)
from pgmcp.domain.requests.transacting import (
    BeginTransactionRequest,
    CommitTransactionRequest,
    CreateSavepointRequest,
    GetTransactionRequest,
    ReleaseSavepointRequest,
    RollbackTransactionRequest,
    TransactionRequest,
)
from pgmcp.domain.requests.writing import CreateBatchRequest, CreateRequest, DeleteRequest, UpdateRequest

__all__ = [
    "BeginTransactionRequest",
    "CacheRequest",
    "ClearCacheRequest",
    "CommitTransactionRequest",
    "CreateBatchRequest",
    "CreateRequest",
    "CreateSavepointRequest",
    "DeleteRequest",
    "DescribeTableRequest",
    "ExecuteQueryRequest",
    "ExplainQueryRequest",
    "GetCacheStatsRequest",
    "GetMetricsRequest",
    "GetTransactionRequest",
    "ListSchemasRequest",
    "ListTablesRequest",
    "MetricsRequest",
    "QueryRequest",
    "ReadRequest",
    "ReleaseSavepointRequest",
    "RequestBase",
    "ResetMetricsRequest",
    "RollbackTransactionRequest",
    "SchemaRequest",
    "TableRequest",
    "TransactionRequest",
    "UpdateRequest",
]
