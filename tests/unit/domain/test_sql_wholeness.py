from __future__ import annotations

import pytest

from pgmcp.domain.plans import StatementKind
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.sql.wholeness import is_whole
from tests.fixtures.walked import cases


@cases(
    "command, text, whole",
    [
        pytest.param("CreateStmt", "CREATE TABLE t ()", True, id="CREATE TABLE"),
        pytest.param("DropStmt", "DROP TABLE t", True, id="DROP"),
        pytest.param("DropStmt", "DROP INDEX Concurrently i", False, id="DROP INDEX CONCURRENTLY"),
        pytest.param("IndexStmt", "CREATE INDEX ON t (a)", True, id="CREATE INDEX"),
        pytest.param("IndexStmt", "CREATE INDEX CONCURRENTLY ON t (a)", False, id="CREATE INDEX CONCURRENTLY"),
        pytest.param("AlterTableStmt", "ALTER TABLE p DETACH PARTITION c CONCURRENTLY", False, id="DETACH"),
        pytest.param("CallStmt", "CALL p()", True, id="CALL, by the repository's word"),
        pytest.param("VacuumStmt", "VACUUM", False, id="VACUUM"),
        pytest.param("SomethingNewStmt", "DO IT", False, id="what nobody knows"),
    ],
)
def test_what_is_carried_out_whole(command: str, text: str, whole: bool) -> None:
    """Only of what is known to be one transaction is it said."""
    assert is_whole(_analysis(text, command, StatementKind.UTILITY)) is whole


def test_reads_and_changes_are_whole() -> None:
    """Whatever stands in them."""
    text = "INSERT INTO t VALUES ('concurrently')"
    assert is_whole(_analysis(text, "InsertStmt", StatementKind.CHANGE))


def _analysis(text: str, command: str, kind: StatementKind) -> Analysis:
    return Analysis(
        statements=1, text=text, command=command, kind=kind, nodes=frozenset(), writes=kind is StatementKind.CHANGE
    )
