"""A short run of `scripts/fuzz`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.entrypoints.configuration import load
from tests.fixtures.fuzzing import fuzz


async def test_nothing_that_comes_in_breaks_anything() -> None:
    """From a seed of its own each time; what fails names it."""
    assert await fuzz(5.0, random.SystemRandom().randrange(10**9)) == []


@pytest.mark.parametrize("text", ["port = " + "9" * 5_000, "tools = " + "[" * 100_000, 'name = "\xff'])
def test_a_file_that_breaks_the_reader(tmp_path: Path, text: str) -> None:
    """Found by fuzzing: tomllib raises more than its own error."""
    path = tmp_path / "pgmcp.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValidationError) as caught:
        load({}, {}, path)
    assert caught.value.code is codes.SETTING_INVALID
