"""The fixtures of the whole suite, one plugin a subject."""

import gc

pytest_plugins = [
    "tests.fixtures.drivers",
    "tests.fixtures.postgres",
    "tests.fixtures.adapters",
    "tests.fixtures.planted",
    "tests.fixtures.hanging",
    "tests.fixtures.telemetry",
    "tests.fixtures.covered",
]


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over what was collected, thousands of tests: an eighth of the unit stage."""
    gc.collect()
    gc.freeze()
