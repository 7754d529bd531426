"""Responses: what a call ends with, in the design's class names."""

from pgmcp.domain.responses.base import ErrorResponse, ResponseBase, SuccessResponse
from pgmcp.domain.responses.data import DataResponse
from pgmcp.domain.responses.documents import AcknowledgementResponse, DescriptionResponse, PlanResponse
from pgmcp.domain.responses.transactions import TransactionResponse

__all__ = [
    "AcknowledgementResponse",
    "DataResponse",
    "DescriptionResponse",
    "ErrorResponse",
    "PlanResponse",
    "ResponseBase",
    "SuccessResponse",
    "TransactionResponse",
]
