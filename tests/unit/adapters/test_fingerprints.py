"""Fingerprints of statements."""

from __future__ import annotations

import pytest

from pgmcp.adapters.postgres.fingerprints import Fingerprints


@pytest.mark.parametrize(
    "one, other",
    [
        pytest.param("select 1", "select 22.5e3", id="numbers"),
        pytest.param("select 'a'", "select 'it''s'", id="texts"),
        pytest.param(r"select E'a'", r"select E'it\'s'", id="texts with escapes"),
        pytest.param("select $$a$$", "select $$it's$$", id="dollar quotes"),
        pytest.param("select $x$a$x$", "select $x$it's $$ $x$", id="dollar quotes with a tag"),
        pytest.param("select 1 -- mine", "select 2 -- it's", id="comments"),
        pytest.param("select 1 /* a */", "select 2 /* it's */", id="block comments"),
    ],
)
def test_constants_make_no_difference(one: str, other: str) -> None:
    """Two statements of one form have one fingerprint."""
    prints = Fingerprints()
    assert prints.of(one) == prints.of(other)
    assert len(prints.of(one)) == 16


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("select t1.a from t1 where b = $2", id="another parameter"),
        pytest.param("select t2.a from t2 where b = $1", id="another table"),
        pytest.param('select "t1".a from t1 where b = $1', id="other quotes"),
    ],
)
def test_another_form_is_another_fingerprint(other: str) -> None:
    """Names and parameters count."""
    prints = Fingerprints()
    assert prints.of("select t1.a from t1 where b = $1") != prints.of(other)


def test_a_long_text() -> None:
    """Its beginning says enough."""
    prints = Fingerprints()
    long = "select " + ", ".join(f"c{number}" for number in range(3000))
    assert prints.of(long) == prints.of(long + " from t")
