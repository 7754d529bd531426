"""Answers on a terminal."""

from __future__ import annotations

import pytest

from pgmcp.domain import json
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.entrypoints.cli.failures import report
from pgmcp.entrypoints.cli.printing import print_answer, table
from tests.fixtures.walked import cases


@cases(
    "text, lines",
    [
        pytest.param(
            '{"columns":["id","name"],"types":["int4","text"],"rows":[[1,"Ana"],[20,null]],"count":2}',
            ["id  name", "--  ----", "1   Ana", "20", "(2 rows)"],
            id="rows",
        ),
        pytest.param('{"columns":["n"],"rows":[],"count":0}', ["n", "-", "(0 rows)"], id="no rows"),
        pytest.param('{"columns":["n"],"rows":[[1.50]],"count":1}', ["n", "----", "1.50", "(1 row)"], id="every digit"),
        pytest.param(
            '{"columns":["doc"],"rows":[[{"a":[1,null]}],[true]],"count":2}',
            ["doc", "--------------", '{"a":[1,null]}', "true", "(2 rows)"],
            id="documents",
        ),
        pytest.param(
            '{"columns":["t"],"rows":[["a\\nb\\tc"]],"count":1}', ["t", "-----", "a⏎b c", "(1 row)"], id="one line each"
        ),
        pytest.param(
            json.dumps({"columns": ["t"], "rows": [["x" * 60], ["y" * 61]], "count": 2}),
            ["t", "-" * 60, "x" * 60, "y" * 59 + "…", "(2 rows)"],
            id="long values are cut",
        ),
        pytest.param(
            '{"columns":["n"],"rows":[[1]],"count":9,"next_cursor":"c","truncated":"rows","hint":"More."}',
            ["n", "-", "1", "(9 rows)", "truncated: rows", "hint: More.", "next_cursor: c"],
            id="what to do next",
        ),
        pytest.param('{"ok":true,"count":3}', ["ok: true", "count: 3"], id="an acknowledgement"),
        pytest.param(
            '{"table":"t","columns":[{"name":"id","nullable":false}],"primary_key":["id"],"unique":[["a"]],"rows":3,'
            '"checks":[]}',
            [
                "table: t",
                "columns:",
                "  name=id  nullable=false",
                "primary_key:",
                "  id",
                'unique: [["a"]]',
                "rows: 3",
                "checks: []",
            ],
            id="a description",
        ),
        pytest.param(
            '{"plan":["Limit","  -> Scan"],"cost":1.5}', ["plan:", "  Limit", "    -> Scan", "cost: 1.5"], id="a plan"
        ),
    ],
)
def test_table(text: str, lines: list[str]) -> None:
    """As a person reads it."""
    assert table(json.loads(text)).splitlines() == lines


@pytest.mark.parametrize(
    "as_table, printed",
    [
        pytest.param(True, "n\n----\n1.50\n(1 row)\n", id="as a table"),
        pytest.param(False, '{"columns":["n"],"rows":[[1.50]],"count":1}\n', id="as it came"),
    ],
)
def test_print_answer(capsys: pytest.CaptureFixture[str], as_table: bool, printed: str) -> None:
    """On stdout."""
    print_answer(b'{"columns":["n"],"rows":[[1.50]],"count":1}', as_table=as_table)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    "error, printed",
    [
        pytest.param(
            ValidationError(codes.WRONG_TYPE, "no", path="a.b", hint="Do."),
            "pgmcp: no (a.b) [wrong_type]\n  hint: Do.\n",
            id="where and what to do",
        ),
        pytest.param(ValidationError(codes.WRONG_TYPE, "no"), "pgmcp: no [wrong_type]\n", id="nothing but the message"),
        pytest.param(
            ValidationError(
                codes.WRONG_TYPE,
                "no",
                path="a",
                details={"errors": [{"message": "no", "path": "a"}, {"message": "not that", "path": "b"}]},
            ),
            "pgmcp: no (a) [wrong_type]\n  also: not that (b)\n",
            id="several",
        ),
    ],
)
def test_report(capsys: pytest.CaptureFixture[str], error: ValidationError, printed: str) -> None:
    """An error, on stderr alone."""
    report(error)
    assert capsys.readouterr() == ("", printed)
