"""What `pgmcp check` says of the cache: whether it can be used, and what it will do for which tables."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from pgmcp.domain.health import Finding, Level, ServerFacts
from pgmcp.domain.settings import Settings


@frozen(kw_only=True)
class CacheFacts:
    """What was found out about a cache that is on.

    Args:
        place: Where it is, as it may be shown.
        reached: Whether it could be used.
        capacity_bytes: What it may take; None where nothing bounds it, or nobody knows.
        listening: Whether the database's announcements are heard.
    """

    place: str
    reached: bool
    capacity_bytes: int | None
    listening: bool


def judge_cache(cache: CacheFacts | None, facts: ServerFacts, settings: Settings) -> Iterator[Finding]:
    """The findings about the cache; None for one that is off."""
    if cache is None:
        yield Finding("cache", Level.OK, "off")
        return
    yield _place(cache, settings)
    yield _listening(cache, settings)
    yield _tables(facts, settings)
    if settings.guard == "names":
        yield Finding("cached SQL", Level.WARN, "none: only guard=resolved tells what raw SQL hangs on")


def _place(cache: CacheFacts, settings: Settings) -> Finding:
    kept = f"each result for up to {settings.cache_ttl_s:g} s"
    if not cache.reached:
        return Finding("cache", Level.WARN, f"{cache.place} can't be reached: calls go on without it")
    if cache.capacity_bytes is None:
        text = f"{cache.place} answers, {kept}; it has no maxmemory, so nothing bounds it"
        return Finding("cache", Level.WARN, text)
    return Finding("cache", Level.OK, f"{cache.place}, {cache.capacity_bytes:,} bytes at the most, {kept}")


def _listening(cache: CacheFacts, settings: Settings) -> Finding:
    about = "cache listening"
    if cache.listening:
        return Finding(about, Level.OK, "writes to tables with triggers are heard, whoever makes them")
    if settings.pooler == "transaction":
        return Finding(about, Level.WARN, "not through a transaction pooler: tables with triggers are not cached")
    return Finding(about, Level.WARN, "announcements are not heard: tables with triggers are not cached until they are")


def _tables(facts: ServerFacts, settings: Settings) -> Finding:
    about = "cached tables"
    text = f"{facts.watched} of {facts.tables} tell of their writes"
    rest = facts.tables - facts.watched
    told = text if facts.tells_definitions else f"{text}; changed definitions are noticed within seconds"
    if not rest:
        return Finding(about, Level.OK, told)
    if settings.cache_without_triggers:
        ttl = f"{settings.cache_ttl_s:g} s"
        return Finding(
            about, Level.WARN, f"{told}; the other {rest} are kept for {ttl}, in which writes past pgmcp don't show"
        )
    named = " ".join(facts.unwatched) + (" …" if rest > len(facts.unwatched) else "")
    return Finding(about, Level.WARN, f"{told}; the other {rest} are not kept: pgmcp init --cache-triggers {named}")
