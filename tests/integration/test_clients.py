"""A client where it can't be used: in another event loop, closed, or in a process forked since."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import pgmcp
from tests.fixtures.postgres import MakeDatabase

ASKED = pgmcp.ListSchemasRequest()


def in_a_loop_of_its_own(work: Callable[[], Coroutine[Any, Any, Any]]) -> str:
    """What a call in another loop comes to."""
    with pytest.raises(RuntimeError) as refused:
        asyncio.run(work())
    return str(refused.value)


async def test_a_client_belongs_to_the_loop_of_its_first_call(make_database: MakeDatabase, driver: str) -> None:
    """Its connections can't be used in another one, which its calls and its tools say; its own goes on."""
    async with pgmcp.connect(await make_database(), driver=driver) as db:
        before = await db.call(ASKED)
        tool = db.tools()[0]
        for work in (lambda: db.call(ASKED), tool.call):
            assert "belong to the event loop of its first call" in await asyncio.to_thread(in_a_loop_of_its_own, work)
        assert await db.call(ASKED) == before


async def test_a_closed_client_says_that_it_is(make_database: MakeDatabase, driver: str) -> None:
    """Not that a server is stopping, and that trying later would help."""
    async with pgmcp.connect(await make_database(), driver=driver) as db:
        await db.call(ASKED)
    with pytest.raises(pgmcp.DatabaseError, match=r"The client is closed\.") as refused:
        await db.call(ASKED)
    assert (refused.value.code.name, refused.value.retry) == ("shutting_down", "never")
    answer = json.loads(await db.tools()[0].call())
    assert answer["error"]["message"] == "The client is closed."


FORKING = """
import os, signal, sys, pgmcp
with pgmcp.connect_sync("memory://") as db:
    db.call(pgmcp.ListSchemasRequest())
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # where it waits for a thread that is not there
        try:
            db.call(pgmcp.ListSchemasRequest())
        except RuntimeError as error:
            print(error)
    else:
        ended = os.waitpid(child, 0)[1]
        db.call(pgmcp.ListSchemasRequest())
if child:
    sys.exit(os.waitstatus_to_exitcode(ended))
"""


def test_a_forked_process_has_no_client() -> None:
    """It says so, and leaves the client's block, instead of waiting for a thread that stayed behind."""
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("process that forked")) == (0, 1), done.stderr
