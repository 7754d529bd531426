"""ValidationService: which relations take which writes."""

from __future__ import annotations

import pytest
from attrs import evolve

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.plans import Effect
from tests.fixtures.relations import THINGS
from tests.unit.house import House


@pytest.mark.parametrize(
    "insertable, updatable, effect",
    [
        pytest.param(True, False, Effect.CREATE, id="rows can be added"),
        pytest.param(False, True, Effect.UPDATE, id="rows can be changed"),
        pytest.param(False, True, Effect.DELETE, id="rows can be removed"),
    ],
)
def test_a_relation_that_takes_one_kind_of_write(insertable: bool, updatable: bool, effect: Effect) -> None:
    """It takes that kind, and no other."""
    relation = evolve(THINGS, insertable=insertable, updatable=updatable)
    validation = House({}).validation
    validation.writable(relation, effect)
    with pytest.raises(ValidationError) as caught:
        validation.writable(evolve(relation, insertable=not insertable, updatable=not updatable), effect)
    error = caught.value
    assert (error.code.name, error.hint, error.path) == (
        "relation_read_only",
        "Write to the tables behind it.",
        "table",
    )
