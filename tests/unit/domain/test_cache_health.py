"""What `pgmcp check` says of the cache."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.caching.health import CacheFacts, judge_cache
from pgmcp.domain.health import Finding, Level
from pgmcp.domain.settings import Settings
from tests.fixtures.walked import cases
from tests.unit.domain.test_health import GOOD

CACHE = CacheFacts(place="redis://cache:6379/0", reached=True, capacity_bytes=1_000_000, listening=True)
WATCHED = evolve(GOOD, tables=3, watched=3, tells_definitions=True)


def test_off() -> None:
    """One word."""
    assert list(judge_cache(None, GOOD, Settings())) == [Finding("cache", Level.OK, "off")]


def test_all_as_it_should_be() -> None:
    """Where it is, that it hears, and that every table tells."""
    assert list(judge_cache(CACHE, WATCHED, Settings(cache="redis"))) == [
        Finding("cache", Level.OK, "redis://cache:6379/0, 1,000,000 bytes at the most, each result for up to 30 s"),
        Finding("cache listening", Level.OK, "writes to tables with triggers are heard, whoever makes them"),
        Finding("cached tables", Level.OK, "3 of 3 tell of their writes"),
    ]


@cases(
    "about, cache, facts, settings, text",
    [
        pytest.param("cache", {"reached": False}, {}, {}, "calls go on without it", id="away"),
        pytest.param("cache", {"capacity_bytes": None}, {}, {}, "no maxmemory", id="unbounded"),
        pytest.param("cache listening", {"listening": False}, {}, {}, "not cached until they are", id="unheard"),
        pytest.param(
            "cache listening", {"listening": False}, {}, {"pooler": "transaction"}, "transaction pooler", id="pooler"
        ),
        pytest.param(
            "cached tables",
            {},
            {"watched": 1, "unwatched": ("a", '"B c"')},
            {},
            '1 of 3 tell of their writes; the other 2 are not kept: pgmcp init --cache-triggers a "B c"',
            id="some-unwatched",
        ),
        pytest.param(
            "cached tables",
            {},
            {"watched": 0, "unwatched": ("a", "b")},
            {},
            "--cache-triggers a b …",
            id="more-of-them",
        ),
        pytest.param(
            "cached tables",
            {},
            {"watched": 1},
            {"cache_without_triggers": True},
            "the other 2 are kept for 30 s, in which writes past pgmcp don't show",
            id="by-time-alone",
        ),
        pytest.param("cached SQL", {}, {}, {"guard": "names"}, "only guard=resolved", id="names"),
    ],
)
def test_what_is_warned_of(
    about: str, cache: dict[str, Any], facts: dict[str, Any], settings: dict[str, Any], text: str
) -> None:
    """What won't be cached, or not as coherently as it could, and what to do."""
    given = Settings(**{"cache": "redis"} | settings)
    found = {each.about: each for each in judge_cache(evolve(CACHE, **cache), evolve(WATCHED, **facts), given)}
    assert found[about].level is Level.WARN
    assert text in found[about].text


def test_definitions_that_nobody_tells_of() -> None:
    """They are noticed all the same, later."""
    found = list(judge_cache(CACHE, evolve(WATCHED, tells_definitions=False), Settings(cache="redis")))[-1]
    assert found.text == "3 of 3 tell of their writes; changed definitions are noticed within seconds"
