"""altered: what `attrs.evolve` gives, of the classes that it is used on."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest
from attrs import evolve, fields

from pgmcp.domain.altering import altered
from pgmcp.domain.calls import CallContext, CallId, LeaseId
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse, PlanResponse
from pgmcp.domain.results import WireRows
from pgmcp.domain.transactions import Lease, Limits, TransactionOptions

THINGS: list[Any] = [
    pytest.param(CallContext(id=CallId("1"), tool="t", deadline=1.0), {"deadline": 2.0}, id="call"),
    pytest.param(
        Lease(
            id=LeaseId("1"),
            owner="ana",
            options=TransactionOptions(),
            limits=Limits(total_s=2, idle_s=1),
            began_at=1.0,
            used_at=1.0,
        ),
        {"used_at": 2.0, "statements": 3},
        id="lease",
    ),
    pytest.param(AcknowledgementResponse(count=1), {"transaction_id": "1"}, id="acknowledgement"),
    pytest.param(
        DataResponse(columns=("a",), types=("text",), data=WireRows(("{}",)), count=1),
        {"transaction_id": "1"},
        id="data",
    ),
    pytest.param(PlanResponse(plan=("Result",), cost=1.0, rows=1), {"transaction_id": "1"}, id="plan"),
]


@pytest.mark.parametrize("thing, changes", THINGS)
def test_it_is_what_evolve_gives(thing: Any, changes: dict[str, Any]) -> None:
    """And the thing itself stays as it is."""
    before = evolve(thing)
    assert altered(thing, **changes) == evolve(thing, **changes) != thing
    assert thing == before


@pytest.mark.parametrize("thing, changes", THINGS)
def test_nothing_of_it_would_be_wrong_in_another(thing: Any, changes: dict[str, Any]) -> None:
    """It has no slots, converts and checks nothing, and keeps nothing that follows from its attributes."""
    kind = type(thing)
    assert set(thing.__dict__) == {each.name for each in fields(kind)} > set(changes)
    assert all(each.converter is None and each.validator is None for each in fields(kind))
    assert not [each for each in vars(kind).values() if isinstance(each, cached_property)]
