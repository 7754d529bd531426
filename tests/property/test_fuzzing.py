"""A short run of `scripts/fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.mcp.frames import Refused, read_frame
from tests.fixtures.fuzzing import fuzz


async def test_nothing_that_comes_in_breaks_anything() -> None:
    """The same seeds each time, however fast the machine is; `scripts/fuzz` takes new ones."""
    assert await fuzz(range(1, 301)) == []


@pytest.mark.parametrize(
    "frame", [b'{"params": 1{"jsonrpc": "2.0", "id": 000}', b'{"a" 1{"jsonrpc": "2.0", "id": "$\x08tch"}']
)
def test_a_frame_whose_id_only_looks_like_one(frame: bytes) -> None:
    """Found by fuzzing: it is a broken frame like others, and answered."""
    assert isinstance(read_frame(frame), Refused)


@pytest.mark.parametrize("text", ["port = " + "9" * 5_000, "tools = " + "[" * 100_000, 'name = "\xff'])
def test_a_file_that_breaks_the_reader(tmp_path: Path, text: str) -> None:
    """Found by fuzzing: tomllib raises more than its own error."""
    path = tmp_path / "pgmcp.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValidationError) as caught:
        load({}, {}, path)
    assert caught.value.code is codes.SETTING_INVALID
