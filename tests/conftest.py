"""The fixtures of the whole suite, one plugin a subject."""

from hypothesis import settings

pytest_plugins = ["tests.fixtures.drivers", "tests.fixtures.postgres", "tests.fixtures.adapters"]

# Hypothesis' own profile for CI, everywhere: the same examples in every run, and no deadline on a busy machine.
# Searching at random is for a session of its own: `pytest --hypothesis-profile=default`.
settings.load_profile("ci")
