"""What became of a statement, read off an answer's bytes, however they are cut into pieces, or off libpq's results."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from attrs import frozen
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from pgmcp.adapters.asyncpg_.fates import Answer
from pgmcp.adapters.asyncpg_.meter import Meter
from pgmcp.adapters.psycopg_.line import fate_of
from pgmcp.ports.driver import Fate
from tests.fixtures.walked import cases


def message(kind: str, body: bytes = b"") -> bytes:
    """A message of the server's."""
    return kind.encode() + (len(body) + 4).to_bytes(4, "big") + body


BOUND = message("2")
# What a row holds may look like anything.
ROW = message("D", b"\x00\x01\x00\x00\x00\x06" + message("E") + b"Z")
DONE = message("C", b"INSERT 0 1\x00")
STOPPED = message("E", b"SERROR\x00C57014\x00Mcanceling statement due to user request\x00\x00")
NOTICE = message("N", b"SNOTICE\x00C00000\x00MCEZ\x00\x00")
READY = message("Z", b"I")

ANSWERS = [
    pytest.param([BOUND, DONE, READY], Fate.DONE, id="done"),
    pytest.param([BOUND, ROW, ROW, DONE, READY], Fate.DONE, id="rows that look like messages"),
    pytest.param([BOUND, NOTICE, DONE, READY], Fate.DONE, id="a notice"),
    pytest.param([DONE, ROW, DONE, READY], Fate.DONE, id="several commands"),
    pytest.param([STOPPED, READY], Fate.UNDONE, id="stopped at once"),
    pytest.param([BOUND, ROW, STOPPED, READY], Fate.UNDONE, id="stopped"),
    pytest.param([BOUND, DONE, STOPPED, READY], Fate.UNDONE, id="stopped while it was committed"),
    pytest.param([message("1"), message("n"), READY], Fate.UNDONE, id="only prepared"),
    pytest.param([BOUND, DONE, READY, STOPPED, READY], Fate.DONE, id="the next one's error"),
    pytest.param([STOPPED, READY, BOUND, DONE, READY], Fate.UNDONE, id="the next one's end"),
    pytest.param([], Fate.UNHEARD, id="nothing"),
    pytest.param([BOUND, DONE], Fate.UNHEARD, id="not committed yet"),
    pytest.param([BOUND, STOPPED], Fate.UNHEARD, id="an error that may be the session's end"),
]


@cases("said, fate", ANSWERS)
def test_an_answer_says_how_it_ended(said: Sequence[bytes], fate: Fate) -> None:
    """Whole, in two pieces cut anywhere, and byte by byte."""
    data = b"".join(said)
    assert Answer([data]).fate is fate
    assert {Answer([data[:cut], data[cut:]]).fate for cut in range(len(data) + 1)} == {fate}
    assert Answer(data[at : at + 1] for at in range(len(data))).fate is fate


@pytest.mark.parametrize("said, fate", ANSWERS)
@pytest.mark.parametrize("before", [0, 2000], ids=["short", "longer than what is kept"])
def test_a_meter_tells_it(said: Sequence[bytes], fate: Fate, before: int) -> None:
    """Of what was run since it was asked to follow."""
    passed: list[bytes] = []

    class Inner(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            passed.append(data)

    meter = Meter(Inner(), asyncio.Transport(), 1_000_000)
    meter.begin()
    assert meter.fate is Fate.UNDONE
    meter.data_received(READY)
    assert meter.fate is Fate.UNDONE
    meter.follow()
    sent = [message("D", b"x" * 100)] * before + list(said)
    for each in sent:
        meter.data_received(each)
    assert meter.fate is fate
    assert passed == [READY, *sent]
    meter.begin()
    assert meter.fate is Fate.UNDONE


@frozen
class Result:
    """What is asked of a result of libpq's."""

    status: ExecStatus


OK, ROWS = ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK
ERROR, SKIPPED = ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED


@cases(
    "statuses, standing, fate",
    [
        pytest.param([OK], TransactionStatus.IDLE, Fate.DONE, id="done"),
        pytest.param([OK, OK, ROWS], TransactionStatus.IDLE, Fate.DONE, id="prepared and run"),
        pytest.param([ROWS], TransactionStatus.INTRANS, Fate.DONE, id="inside a transaction"),
        pytest.param([ERROR], TransactionStatus.IDLE, Fate.UNDONE, id="stopped"),
        pytest.param([ERROR], TransactionStatus.INERROR, Fate.UNDONE, id="stopped inside a transaction"),
        pytest.param([OK, ERROR, SKIPPED], TransactionStatus.IDLE, Fate.UNDONE, id="stopped while it was prepared"),
        pytest.param([OK, ERROR], TransactionStatus.IDLE, Fate.UNDONE, id="stopped while it was committed"),
        pytest.param([ERROR], TransactionStatus.UNKNOWN, Fate.UNHEARD, id="the session's end"),
        pytest.param([OK], TransactionStatus.ACTIVE, Fate.UNHEARD, id="not committed yet"),
        pytest.param([], TransactionStatus.IDLE, Fate.UNHEARD, id="nothing"),
    ],
)
def test_results_say_how_it_ended(statuses: Sequence[ExecStatus], standing: TransactionStatus, fate: Fate) -> None:
    """Where the server has said that it is ready for more."""
    assert fate_of([cast("PGresult", Result(status)) for status in statuses], standing) is fate
