"""Hypothesis, for every property."""

from importlib import import_module
from pkgutil import walk_packages

from hypothesis import settings

import pgmcp

# Its own profile for CI, everywhere: the same examples in every run, and no deadline on a busy machine.
# Searching at random is for a session of its own: `pytest --hypothesis-profile=default`.
settings.load_profile("ci")

# It draws on the constants of whatever modules of ours are loaded: with all of them there, no test that ran before, and
# no other worker's share, makes it draw others.
for module in walk_packages(pgmcp.__path__, "pgmcp."):
    if not module.name.endswith("__main__"):
        import_module(module.name)
