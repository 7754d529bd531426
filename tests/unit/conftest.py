"""What unit tests alone have: elsewhere the memory of this process is measured."""

import gc


def pytest_collection_finish() -> None:
    """Let the garbage collector look through young objects seldom: every 700 of them, it is a seventh of the time."""
    gc.set_threshold(50_000, 20, 20)
