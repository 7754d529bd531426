"""The fixtures of the whole suite, one plugin a subject."""

pytest_plugins = [
    "tests.fixtures.drivers",
    "tests.fixtures.postgres",
    "tests.fixtures.adapters",
    "tests.fixtures.planted",
]
