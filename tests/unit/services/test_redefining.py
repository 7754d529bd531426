"""What is forgotten of definitions where no cache hears of writes."""

from __future__ import annotations

import pytest

from pgmcp.adapters.metadata import KeptMetadata
from pgmcp.domain.changes import ANYTHING, CODE, DEFINITIONS, NOTHING, Changes
from pgmcp.domain.relations import Name
from pgmcp.domain.transactions import Outcome
from pgmcp.services.redefining import Redefining


@pytest.mark.parametrize(
    "changes, outcome, forgets",
    [
        pytest.param(DEFINITIONS, Outcome.COMMITTED, True, id="a-definition"),
        pytest.param(DEFINITIONS, Outcome.UNKNOWN, True, id="of-unknown-outcome"),
        pytest.param(DEFINITIONS, Outcome.ROLLED_BACK, False, id="rolled-back"),
        pytest.param(ANYTHING | DEFINITIONS, Outcome.COMMITTED, True, id="among-others"),
        pytest.param(ANYTHING, Outcome.COMMITTED, False, id="rows-of-whatever"),
        pytest.param(CODE, Outcome.COMMITTED, False, id="code-of-whatever"),
        pytest.param(Changes.of(Name("public", "t")), Outcome.COMMITTED, False, id="rows"),
        pytest.param(NOTHING, Outcome.COMMITTED, False, id="nothing"),
    ],
)
async def test_what_is_forgotten(changes: Changes, outcome: Outcome, *, forgets: bool) -> None:
    """All of it, where a definition is another one or may be."""
    forgotten: list[str] = []
    metadata = KeptMetadata()
    metadata.forgetting(lambda: forgotten.append("all"))
    await Redefining(metadata).changed(changes, outcome)
    assert forgotten == (["all"] if forgets else [])
