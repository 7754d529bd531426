"""The official conformance suite, another client's view of the server."""

import pytest

from tests.conformance.server import fixture_server
from tests.conformance.suite import install, known_scenarios, run_scenarios, scenarios

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def test_every_scenario_has_its_place() -> None:
    """A scenario that the suite knows is run, or left out for a reason that is written down."""
    await install()
    table = scenarios()
    assert sorted([*table["fixtures"], *table["left_out"]]) == sorted(await known_scenarios())
    assert set(table["served"]) <= set(table["fixtures"])
    assert all(table["left_out"].values())


async def test_the_scenarios_of_what_is_offered_pass() -> None:
    """Tools, progress, errors, schemas, streams and the protection of loopback addresses."""
    await install()
    async with fixture_server() as url:
        assert await run_scenarios(url, scenarios()["fixtures"]) == {}
