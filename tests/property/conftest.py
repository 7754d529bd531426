"""Hypothesis, for every property."""

from hypothesis import settings

# Its own profile for CI, everywhere: the same examples in every run, and no deadline on a busy machine.
# Searching at random is for a session of its own: `pytest --hypothesis-profile=default`.
settings.load_profile("ci")
