"""The audit's file: whose it is, how it is put aside, what happens when it can't be written."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from pgmcp.adapters.audit import AuditWriter, RotatingFile, Sync
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import AuditLost
from pgmcp.ports.auditing import AuditError
from tests.contract.test_audit_log import RECORD
from tests.unit.house import Recorder


def a_file(path: Path, *, max_bytes: int = 1_000_000, keep: int = 2, sync: Sync = Sync.NEVER) -> RotatingFile:
    """A file of the audit."""
    return RotatingFile(path, max_bytes=max_bytes, keep=keep, sync=sync)


def lost(recorder: Recorder) -> int:
    """How many records were lost, as the observer heard it."""
    return sum(event.records for event in recorder.events if isinstance(event, AuditLost))


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Names of principals and tables are nobody else's business."""
    path = tmp_path / "audit"
    a_file(path).write(b"a line\n", intents=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("sync", [pytest.param(sync, id=sync) for sync in Sync])
def test_it_is_appended_to(tmp_path: Path, sync: Sync) -> None:
    """What was there stays, whatever is forced to the disk."""
    path = tmp_path / "audit"
    path.write_bytes(b"before\n")
    file = a_file(path, sync=sync)
    file.write(b"behind\n", intents=True)
    file.close()
    assert path.read_bytes() == b"before\nbehind\n"


def test_a_full_one_is_put_aside(tmp_path: Path) -> None:
    """So many old ones stay, the newest first; a line is never cut."""
    file = a_file(tmp_path / "audit", max_bytes=10)
    for number in range(1, 6):
        file.write(b"line %d...\n" % number, intents=False)
    file.close()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "audit": b"line 5...\n",
        "audit.1": b"line 4...\n",
        "audit.2": b"line 3...\n",
    }


def test_no_old_ones_are_kept_if_none_shall_be(tmp_path: Path) -> None:
    """The file starts anew."""
    file = a_file(tmp_path / "audit", max_bytes=5, keep=0)
    file.write(b"first\n", intents=False)
    file.write(b"second\n", intents=False)
    file.close()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"second\n"]


def test_a_file_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    """As logrotate does it."""
    path = tmp_path / "audit"
    file = a_file(path)
    file.write(b"first\n", intents=False)
    path.rename(tmp_path / "moved")
    file.write(b"second\n", intents=False)
    file.close()
    assert path.read_bytes() == b"second\n"


def _write_many(path: Path, name: str) -> None:
    file = a_file(path, max_bytes=2_000, keep=100)
    for number in range(200):
        file.write(b'"%s %d"\n' % (name.encode(), number), intents=False)
    file.close()


def test_processes_share_it(tmp_path: Path) -> None:
    """No line is lost or torn, however often they put it aside."""
    path = tmp_path / "audit"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_many, args=(path, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = [json.loads(line) for part in tmp_path.iterdir() for line in part.read_text().splitlines()]
    assert sorted(found) == sorted(f"{name} {number}" for name in ("a", "b") for number in range(200))


async def test_what_can_not_be_written_is_told(tmp_path: Path) -> None:
    """Whoever waits for an intent hears of it, the observer of everything; once there is a place again it goes on."""
    path = tmp_path / "missing" / "audit"
    recorder = Recorder()
    writer = AuditWriter(a_file(path), recorder, most=10)
    assert writer.conclude(RECORD)
    with pytest.raises(AuditError):
        await writer.intend(RECORD)
    assert {event.reason for event in recorder.events if isinstance(event, AuditLost)} == {"No such file or directory"}
    assert lost(recorder) == 2
    path.parent.mkdir()
    await writer.intend(RECORD)
    await writer.close()
    assert len(path.read_text().splitlines()) == 1


async def test_more_than_may_wait(tmp_path: Path) -> None:
    """Calls wait for the disk then; what fails is no error of theirs."""
    recorder = Recorder()
    writer = AuditWriter(a_file(tmp_path / "missing" / "audit"), recorder, most=1)
    for number in range(50):
        if not writer.conclude(RECORD._replace(call=CallId(str(number)))):
            await writer.room()
    await writer.close()
    assert lost(recorder) == 50


async def test_a_cancelled_intent_harms_nobody(tmp_path: Path) -> None:
    """Its line is written; nobody waits any more."""
    path = tmp_path / "audit"
    writer = AuditWriter(a_file(path), Recorder(), most=10)
    task = asyncio.ensure_future(writer.intend(RECORD))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await writer.intend(RECORD)
    await writer.close()
    assert len(path.read_text().splitlines()) == 2
