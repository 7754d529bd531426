"""The comment on every statement: who runs it, as the server sees it."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from pgmcp.adapters.postgres.commenting import Commenter, comment_of
from pgmcp.domain.calls import CallContext, CallId, Principal
from pgmcp.ports.driver import Statement

FORM = re.compile(r"\n/\*action='([\w.%~-]*)',application='pgmcp',principal='([\w.%~-]*)'\*/", re.ASCII)


def call(name: str, tool: str = "read_table") -> CallContext:
    """A call of a principal."""
    return CallContext(id=CallId("a call"), tool=tool, principal=Principal(name), deadline=1)


@pytest.mark.parametrize("name", ["x" * 5_000, "é" * 5_000, "*/" * 5_000])
def test_a_long_name_is_cut(name: str) -> None:
    """Never inside an escape, and the statement stays short."""
    found = FORM.fullmatch(comment_of("t", name))
    assert found is not None
    assert 190 < len(found[2]) <= 200
    assert name.startswith(unquote(found[2], errors="ignore"))


def test_a_statement_keeps_what_it_was() -> None:
    """The text comes first, so positions of errors stay; parameters and marks are kept."""
    commenter = Commenter()
    found = commenter(Statement("SELECT $1", ("x",), dirties=True), call("ana"))
    assert found.text == "SELECT $1\n/*action='read_table',application='pgmcp',principal='ana'*/"
    assert (found.parameters, found.dirties) == (("x",), True)
    assert commenter(Statement("SELECT $1"), call("ana")).text == found.text


def test_names_do_not_fill_the_memory() -> None:
    """Callers bring their own."""
    commenter = Commenter()
    texts = {commenter(Statement("x"), call(str(number))).text for number in range(2_500)}
    assert len(texts) == 2_500
    assert len(vars(commenter)["_comments"]) <= 1_000


def test_texts_that_come_again_are_the_very_same() -> None:
    """Drivers know what they have prepared by its text; long ones and many are not held for that."""
    commenter = Commenter()
    first, again = (commenter(Statement("SELECT $1", (each,)), call("ana")) for each in "xy")
    assert first.text is again.text
    assert again.parameters == ("y",)
    assert commenter(Statement("SELECT $1"), call("bob")).text != first.text
    for number in range(1_200):
        commenter(Statement(f"SELECT {number}"), call("ana"))
    commenter(Statement("x" * 10_000), call("ana"))
    kept = vars(commenter)["_texts"]
    assert 0 < len(kept) <= 500
    assert max(map(len, kept.values())) <= 4_000
