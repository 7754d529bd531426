"""What is read of frames and lines: exact, linear in time, bounded in memory."""

import asyncio
import os
import tracemalloc
from collections.abc import Iterator

import pytest

from pgmcp.entrypoints.mcp import faults
from pgmcp.entrypoints.mcp.frames import Called, Passed, Refused, Silent, read_frame
from pgmcp.entrypoints.mcp.lines import LineReader, Oversized

_MEGABYTES = 2**21


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe: where one reads, where one writes."""
    source, sink = os.pipe()
    yield source, sink
    for descriptor in (source, sink):
        os.close(descriptor)


@pytest.mark.parametrize(
    "frame, kind",
    [
        pytest.param(
            b'{"id":1,"method":"tools/call","params":{"arguments":"' + b'\\"' * _MEGABYTES, Refused, id="quotes"
        ),
        pytest.param(b'{"a":' * _MEGABYTES, Refused, id="braces"),
        pytest.param(b"[" * _MEGABYTES + b'"' + b"\\[" * _MEGABYTES, Refused, id="brackets-and-escapes"),
        pytest.param(b'{"jsonrpc":"2.0"' + b" " * _MEGABYTES, Refused, id="spaces"),
        pytest.param(b'{"a":"\\ud83d' + b"\\\\ud83d" * _MEGABYTES + b'"}', Refused, id="escapes"),
        pytest.param(b'"jsonrpc":"2.0","id":' * 100_000, Refused, id="false-tails"),
        pytest.param(
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"a":['
            + b'{"b":[1]},' * 200_000
            + b"1]}}}",
            Called,
            id="many-records",
        ),
    ],
)
def test_hostile_frames_take_linear_time(frame: bytes, kind: type) -> None:
    """A quadratic step anywhere would take minutes here, and a test has one."""
    assert isinstance(read_frame(frame), kind)


@pytest.mark.parametrize(
    "frame, expected",
    [
        pytest.param(
            b'{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"a","arguments":{"b":"1"}}}',
            Passed(
                message={
                    "jsonrpc": "2.0",
                    "id": 1,
                    "method": "prompts/get",
                    "params": {"name": "a", "arguments": {"b": "1"}},
                }
            ),
            id="arguments-of-another-method-stay",
        ),
        pytest.param(
            b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","arguments":{}}}',
            Passed(message={"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "a", "arguments": {}}}),
            id="a-notification-is-no-call",
        ),
        pytest.param(
            b'{"jsonrpc":"2.0","id":"\\ud83d\\ude00","method":"tools/call","params":{"name":5,"arguments":[ 1.0 ]}}',
            Called(
                message={"jsonrpc": "2.0", "id": "😀", "method": "tools/call", "params": {"name": 5}},
                arguments=b"[ 1.0 ]",
                tool="",
            ),
            id="a-call-without-a-name",
        ),
        pytest.param(
            b'{"jsonrpc":"2.0","id":"\\ud83d","method":"tools/call","params":{"name":"a"}}',
            Refused(id=None, method="tools/call", fault=faults.LONE_SURROGATE),
            id="an-id-that-can-not-be-sent-back",
        ),
        pytest.param(b" \r", Silent(), id="blank"),
    ],
)
def test_a_frame_is_told_for_what_it_is(frame: bytes, expected: object) -> None:
    """Only a request to call a tool is taken apart."""
    assert read_frame(frame) == expected


def test_a_long_frame_is_told_alike() -> None:
    """What is read beside the loop is read as a short one is, with every mistake in its place."""
    for frame in (
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"b":[1.50,1e400,{}]}}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":[NaN]}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":[1,]}}',
        b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 300 + b"]" * 300 + b"}",
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    ):
        assert read_frame(frame + b" " * 70_000) == read_frame(frame)


async def test_lines_are_read_one_by_one(pipe: tuple[int, int]) -> None:
    """However they are cut into writes; the limit counts the bytes of a line without its end."""
    source, sink = pipe
    reader = LineReader(source, 5)
    os.write(sink, b"one\n\ntwo\r\n12345\n123456\nla")
    assert [await reader.read() for _ in range(5)] == [b"one", b"", b"two\r", b"12345", Oversized(b"12345", b"123456")]
    waiting = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    os.write(sink, b"st\n")
    assert await waiting == b"last"


async def test_a_long_line_is_never_held_in_memory() -> None:
    """A hundred times the limit goes by; a few of its bytes at either end are all that is kept."""
    source, sink = os.pipe()
    reader = LineReader(source, 100_000)
    size = 100 * 100_000

    def feed() -> None:
        with os.fdopen(sink, "wb") as stream:
            stream.write(b"a" * 100_000)
            for _ in range(size // 10_000):
                stream.write(b"x" * 10_000)
            stream.write(b"end\nnext")

    tracemalloc.start()
    try:
        feeding = asyncio.create_task(asyncio.to_thread(feed))
        line = await reader.read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    await feeding
    assert isinstance(line, Oversized)
    assert (line.head, line.tail[-5:]) == (b"a" * 100_000, b"xxend")
    assert peak < 1_000_000
    assert [await reader.read(), await reader.read()] == [b"next", None]
    os.close(source)


async def test_a_file_is_read_like_a_pipe(tmp_path: object) -> None:
    """A regular file and the null device can't be watched, and are read all the same."""
    path = f"{tmp_path}/frames"
    with open(path, "wb") as stream:  # noqa: ASYNC230, PTH123 -- a small file of the test's own
        stream.write(b"a\nb")
    for name, lines in ((path, [b"a", b"b", None]), (os.devnull, [None])):
        descriptor = os.open(name, os.O_RDONLY)
        reader = LineReader(descriptor, 100)
        assert [await reader.read() for _ in lines] == lines
        os.close(descriptor)
