"""A response as the compact JSON of the wire and the command line; rows are joined as they came, never parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from attrs import asdict

from pgmcp.domain.responses import (
    AcknowledgementResponse,
    DataResponse,
    DescriptionResponse,
    ErrorResponse,
    PlanResponse,
    ResponseBase,
    TransactionResponse,
)
from pgmcp.domain.results import WireRows


def render(response: ResponseBase) -> bytes:
    """A response's JSON.

    Raises:
        TypeError: Its rows are Python values; only the wire form can be rendered.
    """
    match response:
        case DataResponse():
            return _rows(response)
        case AcknowledgementResponse():
            head = {"ok": True} | _present({"count": response.count}) | dict(response.extra)
            return orjson.dumps(head | _present({"transaction_id": response.transaction_id}))
        case DescriptionResponse():
            return orjson.dumps(response.document)
        case PlanResponse():
            head = {"plan": response.plan, "cost": response.cost, "rows": response.rows}
            within = _present({"transaction_id": response.transaction_id})
            return orjson.dumps(head | dict(response.extra) | within)
        case TransactionResponse():
            return orjson.dumps(_present(asdict(response)))
        case ErrorResponse():
            return orjson.dumps({"error": response.error})
        case _:
            message = f"{type(response).__name__} has no form on the wire"
            raise TypeError(message)


def _rows(response: DataResponse) -> bytes:
    if not isinstance(response.data, WireRows):
        message = "native rows have no form on the wire"
        raise TypeError(message)
    head = orjson.dumps({"columns": response.columns, "types": response.types})
    tail = {
        "count": response.count,
        "next_cursor": response.next_cursor,
        "truncated": response.truncated,
        "hint": response.hint,
        "dry_run": response.dry_run,
        "transaction_id": response.transaction_id,
        "cached": response.cached,
        "as_of": response.as_of,
    }
    return b"".join((head[:-1], b',"rows":[', response.data.json, b"],", orjson.dumps(_present(tail))[1:]))


def _present(pairs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in pairs.items() if value is not None}
