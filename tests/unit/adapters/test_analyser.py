from __future__ import annotations

import pytest

from pgmcp.adapters.analyser.lexical import LexicalAnalyser
from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.adapters.analyser.remembering import Parser
from pgmcp.domain.errors import QueryError, ValidationError
from pgmcp.domain.plans import StatementKind
from pgmcp.domain.sql.analysis import Parameter
from tests.fixtures.walked import cases

ROWS, RETURNING, CHANGE, UTILITY = StatementKind


@cases(
    "text, command, kind, writes",
    [
        pytest.param("SELECT 1", "SelectStmt", ROWS, False, id="SELECT"),
        pytest.param("TABLE t", "SelectStmt", ROWS, False, id="TABLE"),
        pytest.param("VALUES (1)", "SelectStmt", ROWS, False, id="VALUES"),
        pytest.param("(WITH a AS (SELECT 1) TABLE a) UNION SELECT 2", "SelectStmt", ROWS, False, id="UNION"),
        pytest.param("WITH a AS (DELETE FROM t RETURNING 1) TABLE a", "SelectStmt", RETURNING, True, id="writing CTE"),
        pytest.param("SELECT 1 INTO t", "SelectStmt", UTILITY, False, id="SELECT INTO"),
        pytest.param("INSERT INTO t VALUES (1)", "InsertStmt", CHANGE, True, id="INSERT"),
        pytest.param("INSERT INTO t VALUES (1) RETURNING 1", "InsertStmt", RETURNING, True, id="INSERT RETURNING"),
        pytest.param("UPDATE t SET a = 1", "UpdateStmt", CHANGE, True, id="UPDATE"),
        pytest.param("DELETE FROM t RETURNING *", "DeleteStmt", RETURNING, True, id="DELETE RETURNING"),
        pytest.param("SHOW search_path", "VariableShowStmt", UTILITY, False, id="SHOW"),
        pytest.param("EXPLAIN DELETE FROM t", "ExplainStmt", UTILITY, False, id="EXPLAIN"),
        pytest.param("CREATE TABLE t AS SELECT 1", "CreateTableAsStmt", UTILITY, False, id="CREATE TABLE AS"),
    ],
)
def test_what_a_statement_is(text: str, command: str, kind: StatementKind, writes: bool) -> None:
    """Its command, how it can be answered, and whether it changes rows."""
    analysis = PgparseAnalyser().analyse(text)
    assert (analysis.command, analysis.kind, analysis.writes) == (command, kind, writes)


def test_the_text_stands_alone() -> None:
    """Comments, semicolons and white space around the statement go; places are counted in characters."""
    analysis = PgparseAnalyser().analyse("/* é */ ; WITH a AS (SELECT 'é', $2) SELECT $1 FROM a -- end\n ; ")
    text = "WITH a AS (SELECT 'é', $2) SELECT $1 FROM a"
    assert (analysis.statements, analysis.text, analysis.main) == (1, text, text.index("SELECT $1"))
    assert analysis.parameters == (
        Parameter(number=2, start=text.index("$2")),
        Parameter(number=1, start=text.index("$1")),
    )


@pytest.mark.parametrize(
    "text, statements",
    [
        pytest.param("SELECT 1; SELECT 2", 2, id="two"),
        pytest.param("-- nothing", 0, id="none"),
        pytest.param(";;", 0, id="semicolons"),
    ],
)
def test_statements_are_counted(text: str, statements: int) -> None:
    """There may be none, or several."""
    assert PgparseAnalyser().analyse(text).statements == statements


def test_nodes_and_what_is_explained() -> None:
    """Clauses of every level are among the nodes, and an EXPLAIN says what it is about."""
    analysis = PgparseAnalyser().analyse("EXPLAIN SELECT 1 FROM (SELECT 1 FROM t FOR UPDATE) AS s")
    assert analysis.explained == "SelectStmt"
    assert {"ExplainStmt", "LockingClause", "RangeSubselect"} <= analysis.nodes
    assert {"IntoClause", "WithClause"} <= PgparseAnalyser().analyse("WITH a AS (SELECT 1) SELECT 1 INTO t").nodes


def test_a_syntax_error_has_its_line_and_a_caret() -> None:
    """The place is counted in characters, from 1."""
    with pytest.raises(QueryError) as caught:
        PgparseAnalyser().analyse("SELECT 'é' FROM\nWHERE x")
    assert caught.value.document() == {
        "type": "query_error",
        "code": "syntax_error",
        "message": 'syntax error at or near "WHERE"',
        "hint": "WHERE x\n^",
        "retry": "fix_input",
        "position": 17,
        "details": {"path": "query"},
    }


def test_what_is_nested_too_deep_is_refused() -> None:
    """A parser that gives up is no crash."""
    with pytest.raises(ValidationError) as caught:
        PgparseAnalyser().analyse(f"SELECT {' + '.join(['1'] * 20000)}")
    assert caught.value.code.name == "statement_too_large"


def test_the_functions_that_a_statement_calls() -> None:
    """By their last names, wherever they stand; a column or a text of that name is none."""
    text = "SELECT a.lower, pg_catalog.set_config('x', 'now()', false) FROM \"Odd\"(1) WHERE upper(b) = 'count(1)'"
    assert PgparseAnalyser().analyse(text).functions == {"set_config", "Odd", "upper"}


@pytest.mark.parametrize("analyser", [PgparseAnalyser(), LexicalAnalyser()], ids=["parser", "tokens"])
@pytest.mark.parametrize(
    "text, relations",
    [
        pytest.param("SELECT a FROM t, s.u JOIN v ON true", {("t",), ("s", "u"), ("v",)}, id="FROM"),
        pytest.param('TABLE "T"', {("T",)}, id="TABLE"),
        pytest.param("SELECT (SELECT max(a) FROM t) WHERE EXISTS (SELECT FROM ONLY u)", {("t",), ("u",)}, id="inside"),
        pytest.param("INSERT INTO t SELECT * FROM u", {("t",), ("u",)}, id="INSERT"),
        pytest.param("UPDATE t SET a = 1 FROM u", {("t",), ("u",)}, id="UPDATE"),
        pytest.param("DELETE FROM t USING u", {("t",), ("u",)}, id="DELETE"),
    ],
)
def test_the_relations_of_a_statement(analyser: Parser, text: str, relations: set[tuple[str, ...]]) -> None:
    """Every name that stands where a relation does; tokens alone find some more."""
    assert analyser.analyse(text).relations >= relations


def test_a_with_list_gives_no_relation() -> None:
    """Its names are the statement's own."""
    analysed = PgparseAnalyser().analyse("WITH x AS (SELECT * FROM t) SELECT * FROM x, public.x")
    assert analysed.relations == {("t",), ("public", "x")}


@pytest.mark.parametrize("analyser", [PgparseAnalyser(), LexicalAnalyser()], ids=["parser", "tokens"])
def test_sources_are_counted(analyser: Parser) -> None:
    """Relations, subqueries and functions, however often they come."""
    text = "SELECT 1 FROM t, t AS u, (SELECT a FROM t) AS s, lower('A') AS f"
    assert analyser.analyse(text).sources >= 5
